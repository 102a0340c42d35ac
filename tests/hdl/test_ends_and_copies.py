"""Asynchronous copies, thread blocks that end early, and tables of wide formats, as hardware."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hdl
import tilevm
from hdl.sim.external import missing
from tilevm import TileError
from tilevm.cli import main

EXAMPLES = Path(__file__).parents[2] / "examples"
X = np.random.default_rng(1).integers(-8, 8, 32)


def simulated(text: str, lanes: int, **arguments: Any) -> dict[str, Any]:
    (kernel,) = tilevm.parse(text).kernels.values()
    design = hdl.build(kernel, lanes=lanes)
    return design.simulate(arguments, stall=0.3, seed=4).outputs


DOUBLE_BUFFER = """
kernel f(x: global i8[32], y: global i8[32])
  grid (n = 2)
{
  s = alloc_shared i8[2, 4]
  copy_async s[0, 0], x[n * 16] {shape = [4]}
  commit
  for k in 0 .. 4 {
    if k < 3 {
      copy_async s[(k + 1) % 2, 0], x[n * 16 + k * 4 + 4] {shape = [4]}
    }
    commit
    wait {pending = 1}
    barrier
    t: i8[4] = load s[k % 2, 0]
    u = neg t
    store u, y[n * 16 + k * 4]
    barrier
  }
  wait
}
"""
THERE_AND_BACK = """
kernel f(x: global i8[32], y: global i8[32])
  grid (n = 8)
{
  s = alloc_shared i8[4]
  copy_async s[0], x[n * 4 + 2] {shape = [4], oob = value, value = 7}
  commit
  wait
  barrier
  copy_async y[n * 4], s[0] {shape = [4], oob = skip}
  commit
  wait
}
"""


@pytest.mark.parametrize("lanes", [1, 4])
def test_asynchronous_copies(lanes: int) -> None:
    assert np.array_equal(simulated(DOUBLE_BUFFER, lanes, x=X)["y"], -X)
    assert np.array_equal(simulated(THERE_AND_BACK, lanes, x=X)["y"], [*X[2:], 7, 7])


EARLY = """
kernel f(x: global i8[16], y: global i8[16], z: global i8[16])
  grid (n = 4)
{
  a: i8[4] = load x[n * 4]
  b = if n == 2 {
    store a, z[n * 4]
    return
  } else {
    c = neg a
    yield c
  }
  store b, y[n * 4]
  m = amax a
  t = full i8[] {value = 2}
  d = compare m, t {pred = gt}
  g = if d {
    h = if n > 0 {
      return
    } else {
      yield a
    }
    yield h
  } else {
    yield b
  }
  e = add g, a
  store e, z[n * 4]
}
"""


@pytest.mark.parametrize("lanes", [1, 4])
def test_thread_blocks_that_end_early(lanes: int) -> None:
    x = np.array([1, 2, 3, 4, 0, 1, 2, 1, 9, 8, 7, 6, 5, 4, 3, 2])
    y, z = np.full(16, 55), np.full(16, 66)
    want_y, want_z = y.copy(), z.copy()
    want_y[:8], want_y[12:] = -x[:8], -x[12:]  # block 2 ends before
    want_z[:4] = 2 * x[:4]  # block 0 goes on with what it loaded
    want_z[4:8] = 0  # block 1 with b = -a
    want_z[8:12] = x[8:12]  # block 2, before its end; block 3 ends behind its first store
    seen = simulated(EARLY, lanes, x=x, y=y, z=z)
    assert np.array_equal(seen["y"], want_y) and np.array_equal(seen["z"], want_z)


PARTLY_OUTSIDE = """\
kernel f(x: global i8[16], y: global i8[4])
{
  s = alloc_shared i8[4]
  none = full i8[4] {value = 0}
  store none, s[0]
  barrier
  copy_async s[0], x[14] {shape = [4], oob = skip}
  commit
  wait
  barrier
  t: i8[4] = load s[0]
  store t, y[0]
}
"""


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        pytest.param(PARTLY_OUTSIDE, 7, "what lies outside of `x` is left out", id="copy"),
    ],
)
def test_refused_at_the_line(text: str, line: int, said: str) -> None:
    kernel = tilevm.parse(text)["f"]
    assert len(tilevm.run(kernel, x=X[:16], y=X[: kernel.param("y").type.extents[0]])["y"])
    with pytest.raises(TileError) as refused:
        hdl.build(kernel)
    (problem,) = refused.value.diagnostics
    assert (problem.code, problem.labels[0].span.line) == ("TV0502", line), str(refused.value)
    assert said in problem.message and problem.help


EXP = """
kernel f(x: global f16[8], y: global f16[8])
{
  a: f16[8] = load x[0]
  b = exp a
  store b, y[0]
}
"""


def test_functions_are_tables_on_request() -> None:
    """Those that no circuit computes yet; what has one needs no table."""
    kernel = tilevm.parse(EXP.replace("exp", "sin"))["f"]
    with pytest.raises(TileError, match=r"TV0502(.|\n)*--max-table 16"):
        hdl.build(kernel)
    for made, units in ((kernel, "sin of f16"), (tilevm.parse(EXP)["f"], "exp of f16")):
        summaries = [actor.unit.summary for actor in hdl.build(made, max_table=16).netlist.actors]
        assert f"map {units}" in summaries
    summaries = [actor.unit.summary for actor in hdl.build(tilevm.parse(EXP)["f"]).netlist.actors]
    assert "map exp" in summaries


def test_the_table_in_verilog() -> None:
    if reason := missing("icarus"):
        pytest.skip(reason)
    kind = tilevm.dtype("e5m7")  # 13 bits
    x = np.array([0, -0.0, 1, -np.inf, np.inf, np.nan, 9.5, -7.25])
    design = hdl.build(tilevm.parse(EXP.replace("f16", "e5m7"))["f"], lanes=1, max_table=13)
    seen = design.simulate(x=x, simulator="icarus").outputs["y"]
    assert np.array_equal(seen, kind.decode(kind.encode(np.exp(x))), equal_nan=True)


def test_the_option_of_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "f.tile"
    file.write_text(EXP.replace("exp", "sin"))
    assert main(["report", str(file), "f"]) == 1
    assert "--max-table 16" in capsys.readouterr().err
    assert main(["report", str(file), "f", "--max-table", "16"]) == 0
