"""Stochastic rounding as hardware: random words by the number of each element, as the machine."""

from __future__ import annotations

import numpy as np
import pytest

import hdl
import tilevm
from hdl.evaluate import evaluate
from tests.hdl.test_prefixes_and_products import values_of
from tilevm.dtypes import FloatType
from tilevm.testing import Form, assert_same, simulated

TEXT = """
kernel k(x: global {kind}[3, 6], r: global {to}[2, 3, 6])
  grid (n = 2)
{{
  for i in 0 .. 3 {{
    a: {kind}[1, 6] = load x[i, 0]
    v = cast a {{to = {to}, rounding = stochastic, seed = 7, counter = n * 18 + i * 6{more}}}
    u = reshape v {{shape = [1, 1, 6]}}
    store u, r[n, i, 0]
  }}
}}
"""
CASES = [
    ("f32", "e4m3fn", ""),
    ("f32", "bf16", ""),
    ("f16", "i4", ""),
    ("f32", "i8", ", overflow = wrap"),
    ("f16", "e2m1fn", ", nan = zero"),
    ("f32", "e8m0fnu", ""),
    ("f16", "fixed(i8, -3)", ""),
    ("i32", "f16", ""),
    ("fixed(i16, -20)", "e5m2", ""),
    ("nf4", "e4m3fn", ""),
]


@pytest.mark.parametrize(("kind", "to", "more"), CASES)
def test_equal_to_the_machine(kind: str, to: str, more: str) -> None:
    kernel = tilevm.parse(TEXT.format(kind=kind, to=to, more=more))["k"]
    design = hdl.build(kernel, lanes=4)
    number = tilevm.dtype(kind)
    for seed in range(6):
        rng = np.random.default_rng(seed)
        values = values_of(number, (3, 6), rng)
        if isinstance(number, FloatType) and seed % 2:
            near = rng.standard_normal((3, 6)) * 2.0 ** rng.integers(-12, 8)
            values = number.quantise(near, overflow="sat")
        want = tilevm.run(kernel, x=values)
        beats = evaluate(design.netlist, design.feed({"x": values})).outputs
        got = design.collect(beats, {"x": values})
        assert_same(kernel, want, got, "by the models", f"seed {seed}")
    assert simulated(kernel, {"x": values}, want, Form(lanes=4, stall=0.4), f"seed {seed}")


def test_one_in_four_goes_up() -> None:
    """As the law says: away from zero where the word is below the fraction."""
    text = """
kernel k(x: global f32[64], r: global i8[64], w: global u32[64])
{
  a: f32[64] = load x[0]
  v = cast a {to = i8, rounding = stochastic, seed = 3, counter = 5}
  u = random u32[64] {seed = 3, counter = 5}
  store v, r[0]
  store u, w[0]
}
"""
    design = hdl.build(tilevm.parse(text)["k"], lanes=2)
    values = np.full(64, 2.25)
    found = design.collect(
        evaluate(design.netlist, design.feed({"x": values})).outputs, {"x": values}
    )
    assert (found["r"] == np.where(found["w"] < 1 << 30, 3, 2)).all()
    assert 4 < (found["r"] == 3).sum() < 32
