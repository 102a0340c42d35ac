"""Intervals of values: true for all values of random programs, and no wider than they must be."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tilevm
from tilevm.ir import Kernel, TileType, verify
from tilevm.passes import accumulators, canonicalise, narrow_accumulators, ranges, transform
from tilevm.passes.interval import Interval, narrowest
from tilevm.testing import Generated, inputs, kernels
from tilevm.vm import run


def observed(kernel: Kernel, arguments: dict[str, Any]) -> dict[Any, Interval]:
    """The least and the greatest element that each integer value had."""
    found: dict[Any, Interval] = {}

    def see(event: Any) -> None:
        if not isinstance(event.value.type, TileType) or not event.data.size:
            return
        if event.value.dtype.is_int:
            low, high = int(event.data.min()), int(event.data.max())
            if event.value in found:
                low, high = min(low, found[event.value].low), max(high, found[event.value].high)
            found[event.value] = Interval(low, high)

    run(kernel, arguments, observe=see, output=lambda line: None)
    return found


@given(kernels(buildable=False), st.booleans(), st.integers(0, 99))
def test_every_value_lies_in_its_interval(made: Generated, bound: bool, seed: int) -> None:
    kernel = canonicalise(made.kernel, made.sizes) if bound else made.kernel
    known = ranges(kernel)
    for value, seen in observed(kernel, inputs(made.kernel, made.sizes, seed=seed)).items():
        where = f"`{value.name}` was {seen}, not in {known[value]}\nseed {seed}\n{kernel}"
        assert seen.low in known[value] and seen.high in known[value], where


NESTED = """
kernel f(w: global u2[64], x: global i3[64], y: global i32[1])
{
  start = full i32[1] {value = 5}
  r = for i in 0 .. 4 carry (s = start) {
    t = for k in 0 .. 3 carry (p = s) {
      a: u2[8] = load w[i * 8]
      b: i3[8] = load x[k * 8]
      c = reshape a {shape = [1, 8]}
      d = dot c, b
      e = sub p, d
      q = add e, d {overflow = trap}
      m = sub q, d
      yield m
    }
    yield t
  }
  store r, y[0]
}
"""


def test_sums_and_loops_within_loops() -> None:
    kernel = tilevm.parse(NESTED)["f"]
    told = {each.name: each for each in accumulators(kernel)}
    assert told["d"].partial == Interval(-96, 72) and str(told["d"].narrowest) == "i8"
    # each round takes one product away, and one more comes and goes
    assert told["p"].partial == Interval(5 - 12 * (2 * 72 + 96), 5 + 12 * (2 * 96 + 72))
    assert told["s"].partial == Interval(5 - 12 * (2 * 72 + 96), 5 + 12 * (2 * 96 + 72))
    made = narrow_accumulators(kernel)
    assert narrow_accumulators(made) == made
    assert {op.out.dtype.name for op in made.body.walk() if op.name == "dot"} == {"i8"}


@pytest.mark.parametrize(
    ("low", "high", "kind"),
    [(0, 0, "u1"), (0, 1, "u1"), (0, 2, "u2"), (-1, 0, "i1"), (-1, 1, "i2"), (-2, 1, "i2"),
     (-3, 0, "i3"), (0, 2**64 - 1, "u64"), (-1, 2**63 - 1, "i64"), (-(2**63), 0, "i64"),
     (0, 2**64, None), (-1, 2**63, None)],
)  # fmt: skip
def test_the_narrowest_type(low: int, high: int, kind: str | None) -> None:
    found = narrowest(Interval(low, high))
    assert (found and found.name) == kind


LOOP = """
kernel f(x: global i8[{n}, 4], y: global i16[4])
{{
  zero = full i16[4] {{value = 0}}
  r = for k in 0 .. {n} carry (s = zero) {{
    t: i8[4] = load x[k, 0]
    u = cast t {{to = i16}}
    v = add s, u {{overflow = {mode}}}
    yield v
  }}
  store r, y[0]
}}
"""


@pytest.mark.parametrize("mode", ["wrap", "sat", "trap"])
@pytest.mark.parametrize(("rounds", "bits"), [(1, 8), (3, 10), (128, 15), (255, 16), (257, 16)])
def test_what_a_loop_adds_up_is_held_to_the_last_bit(rounds: int, bits: int, mode: str) -> None:
    """The extreme sums come out right in the narrow type; beyond 16 bits the type stays."""
    kernel = tilevm.parse(LOOP.format(n=rounds, mode=mode))["f"]
    made = narrow_accumulators(kernel)
    verify(made)
    carried = [op.params[0].dtype.bits for op in made.body.walk() if op.name == "for"]
    assert carried == [16 if mode == "sat" else bits]
    x = np.full((rounds, 4), -128, np.int8)
    x[:, 1], x[:, 2] = 127, np.arange(rounds) % 5 - 2
    if rounds < 256:
        want = x.sum(axis=0, dtype=np.int64)
        assert tilevm.run(made, x=x)["y"].tolist() == want.tolist()
    elif mode != "trap":
        assert tilevm.run(made, x=x)["y"].tolist() == tilevm.run(kernel, x=x)["y"].tolist()


def test_narrowing_follows_other_passes() -> None:
    kernel = tilevm.parse(LOOP.format(n=8, mode="wrap"))["f"]
    x = np.arange(32, dtype=np.int8).reshape(8, 4) - 100
    want = tilevm.run(kernel, x=x)["y"].tolist()
    for text in ("narrow_accumulators, unroll", "unroll(factor = 2), narrow_accumulators"):
        assert tilevm.run(transform(kernel, text), x=x)["y"].tolist() == want
