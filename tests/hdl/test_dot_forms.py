"""Products bit by bit and by additions alone, as hardware: the gemv example under random stalls."""

from pathlib import Path

import pytest

import hdl
import tilevm
from tilevm.cli.random_inputs import random_arrays
from tilevm.testing.oracles import Form, simulated
from tilevm.vm import bind_symbols

GEMV = (Path(__file__).parents[2] / "examples" / "gemv.tile").read_text("utf-8")
SIZES = {"N": 16, "K": 32}


@pytest.mark.parametrize("weights", ["i2", "i3", "u1"])
@pytest.mark.parametrize("dot", ["bitserial", "ternary"])
@pytest.mark.parametrize(("lanes", "stall"), [(16, 0.0), (5, 0.3), (64, 0.5)])
def test_gemv(weights: str, dot: str, lanes: int, stall: float) -> None:
    kernel = tilevm.parse(GEMV.replace("i3", weights))["gemv"]
    arguments = random_arrays(bind_symbols(kernel, SIZES), seed=5)
    want = tilevm.run(kernel, arguments)
    form = Form(dot=dot, lanes=lanes, stall=stall, seed=7)
    assert simulated(kernel, arguments, want, form), "it is built"


@pytest.mark.parametrize(("table", "planes"), [("activations", 3), ("weights", 8)])
@pytest.mark.parametrize("lanes", [16, 64])
def test_planes_that_would_leave_lanes_idle_come_one_by_one(
    table: str, planes: int, lanes: int
) -> None:
    """Three planes of 16 lanes would be 48 of 64; the lookups are what a launch has to do."""
    kernel = tilevm.parse(GEMV)["gemv"]
    sizes = {"N": 128, "K": 128}
    design = hdl.build(kernel, dot="lut", table=table, lanes=lanes, sizes=sizes)
    lookups = planes * 128 * 128 // 4
    assert lookups / lanes / design.cycles >= 0.95
    arguments = random_arrays(bind_symbols(kernel, SIZES), seed=5)
    want = tilevm.run(kernel, arguments)
    assert simulated(kernel, arguments, want, Form(dot="lut", table=table, lanes=lanes))


def test_a_ternary_product_has_no_multiplier() -> None:
    for weights, multiplies in (("i2", False), ("i3", True)):
        kernel = tilevm.parse(GEMV.replace("i3", weights))["gemv"]
        built = hdl.build(kernel, dot="ternary", sizes=SIZES).kernel
        assert any(op.name in ("dot", "mul") for op in built.body.walk()) == multiplies


STACKS = """
kernel f(a: global i4[2, 1, 2, 3], b: global i4[2, 3, 2], v: global i4[3], y: global i32[2, 2, 2, 2], z: global i32[2, 2])
{
  p: i4[2, 1, 2, 3] = load a[0, 0, 0, 0]
  q: i4[2, 3, 2] = load b[0, 0, 0]
  r = dot p, q
  store r, y[0, 0, 0, 0]
  u: i4[3] = load v[0]
  s = dot u, q
  store s, z[0, 0]
}
"""  # noqa: E501


@pytest.mark.parametrize("dot", ["mac", "lut", "bitserial"])
def test_stacks_of_matrices(dot: str) -> None:
    kernel = tilevm.parse(STACKS)["f"]
    arguments = random_arrays(bind_symbols(kernel, {}), seed=5)
    a, b, v = (arguments[name].astype(int) for name in "abv")
    for lanes in (1, 3, 8):
        found = hdl.build(kernel, dot=dot, lanes=lanes).simulate(arguments).outputs
        assert found["y"].tolist() == (a @ b).tolist()
        assert found["z"].tolist() == (v @ b).tolist()
