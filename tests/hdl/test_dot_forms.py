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


def test_a_ternary_product_has_no_multiplier() -> None:
    for weights, multiplies in (("i2", False), ("i3", True)):
        kernel = tilevm.parse(GEMV.replace("i3", weights))["gemv"]
        built = hdl.build(kernel, dot="ternary", sizes=SIZES).kernel
        assert any(op.name in ("dot", "mul") for op in built.body.walk()) == multiplies
