"""What hardware computed as a trace: compared with the virtual machine's, by `tilevm diff`."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

import hdl
import tilevm
from hdl import Design
from hdl.steps import hardware_steps
from tests.hdl.test_check import CHAIN, X, design, fails
from tilevm.testing import Generated, inputs, kernels
from tilevm.trace import Step, first_difference, record
from tilevm.trace.diff import Compared
from tilevm.vm import bind

GEMV = """
kernel gemv(w: global i3[N, K], x: global i8[K], y: global i32[N])
  grid (n = N / 4)
{
  zero = full i32[4] {value = 0}
  acc = for k in 0 .. K / 4 carry (sum = zero) {
    wt: i3[4, 4] = load w[n * 4, k * 4]
    xt: i8[4] = load x[k * 4]
    part = dot wt, xt {acc = i32}
    next = add sum, part
    yield next
  }
  store acc, y[n * 4]
}
"""


def compared(built: Design, **arguments: Any) -> Compared:
    """The program as built in the virtual machine, and what the hardware computes."""
    first: list[Step] = []
    arrays = {k: v for k, v in arguments.items() if k not in built.launch.symbols}
    record(bind(built.kernel, arrays), first.append, output=lambda line: None)
    result = built.simulate(arguments, stall=0.2, seed=1, record=True)
    return first_difference(first, list(hardware_steps(built, result)))


def test_beats_become_tiles_again() -> None:
    found = compared(design(), x=X)
    assert (found.difference, found.only_second) == (None, 0)
    assert found.both == 2 * 6 + 2  # `b` and `c` in six rounds, and two results
    found = compared(hdl.build(tilevm.parse(CHAIN)["chain"], lanes=4), x=np.arange(8))
    assert (found.difference, found.both, found.only_second) == (None, 4, 0)


@pytest.mark.parametrize("dot", ["mac", "lut", "bitserial"])
def test_a_product_with_a_carried_sum(dot: str) -> None:
    random = np.random.default_rng(3)
    built = hdl.build(tilevm.parse(GEMV)["gemv"], lanes=4, dot=dot, N=8, K=12)
    w, x = random.integers(-4, 4, (8, 12)), random.integers(-128, 128, 12)
    found = compared(built, w=w, x=x)
    assert (found.difference, found.only_second) == (None, 0)
    assert found.both >= 2 * 3 + 2 + 1  # `next`, `acc` and the result


@settings(max_examples=6)
@given(kernels(statements=8, depth=1))
def test_random_programs(made: Generated) -> None:
    try:
        built = hdl.build(made.kernel, lanes=4, sizes=made.sizes)
        found = compared(built, **inputs(made.kernel, made.sizes, seed=3))
    except tilevm.TileError:  # refused, or an error of the run itself: no matter of traces
        return
    assert (found.difference, found.only_second) == (None, 0)


@pytest.mark.parametrize(
    ("beat", "lane", "bit", "where"),
    [
        (0, 0, 0, "block 0, k = 4, element [0]: -48 and -47"),
        (3, 2, 5, "block 0, k = 7, element [6]: -20 and -52"),
        (10, 3, 7, "block 1, k = 10, element [3]: 38 and -90"),
    ],
)
def test_a_planted_fault_is_named_by_op_line_block_round_and_element(
    beat: int, lane: int, bit: int, where: str
) -> None:
    built = design()
    fails(built, beat, lane, bit)
    found = compared(built, x=X).difference
    assert str(found) == f"`add` of `b` in line 7, {where}"


def test_nothing_is_compared_where_beats_are_recorded() -> None:
    built = design()
    assert not built.simulate(x=X, check=False).taps
    right = built.simulate(x=X).taps
    fails(built, 0, 0, 0)
    wrong = built.simulate(x=X, record=True)
    assert wrong.compared == 0 and sorted(wrong.taps) == sorted(right) == ["b", "c"]
    assert np.argwhere(wrong.taps["b"] != right["b"]).tolist() == [[0, 0]]
    with pytest.raises(tilevm.TileError, match="TV0606"):
        built.simulate(x=X)
