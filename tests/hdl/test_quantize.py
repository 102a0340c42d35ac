"""`quantize` as hardware: scales, zero points and codes are the virtual machine's, bit by bit."""

from __future__ import annotations

import numpy as np
import pytest

import hdl
import tilevm
from hdl.evaluate import evaluate
from tilevm import TileError
from tilevm.dtypes import FloatType
from tilevm.testing import Form, assert_same, inputs, simulated

TEXT = """
kernel k(x: global {kind}[4, 6], q: global {to}[4, 6], s: global {scale}{groups}{param})
{{
  a: {kind}[4, 6] = load x[0, 0]
  {names} = quantize a {{to = {to}, group = {group}, scale = {scale}{zero}}}
  store c, q[0, 0]
  store t, s[0, 0]
  {store}
}}
"""
CASES = [
    ("f32", "e2m1fn", "e8m0fnu", (1, 3), None),  # OCP MX
    ("f32", "i8", "f32", (1, 6), None),  # row by row
    ("f16", "e4m3fn", "f16", (2, 2), None),
    ("bf16", "i4", "f16", (4, 1), None),
    ("f32", "u4", "f16", (1, 3), "u4"),
    ("e5m2", "i8", "e5m2", (2, 3), "i16"),
    ("f16", "i8", "e8m0fnu", (1, 1), "i8"),
    ("f32", "u32", "f32", (1, 2), "i32"),
    ("f32", "f16", "e8m0", (1, 2), None),
    ("f32", "i2", "e4m3fn", (1, 2), None),  # scales that are 0, or saturate
    ("e4m3fnu", "e3m2fnu", "f16", (1, 3), None),
]


def kernel_of(
    kind: str, to: str, scale: str, group: tuple[int, int], zero: str | None
) -> tilevm.Kernel:
    groups = [4 // group[0], 6 // group[1]]
    text = TEXT.format(
        kind=kind,
        to=to,
        scale=scale,
        groups=groups,
        group=list(group),
        names="c, t" if zero is None else "c, t, p",
        param="" if zero is None else f", z: global {zero}{groups}",
        zero="" if zero is None else f", zero = {zero}",
        store="" if zero is None else "store p, z[0, 0]",
    )
    return tilevm.parse(text)["k"]


def values_of(kind: FloatType, seed: int) -> np.ndarray:
    """Finite values: of random codes; of one size; all zero."""
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, 1 << kind.bits, (4, 6)).astype(np.uint64)
    values = kind.decode(codes)
    if seed % 2:
        near = rng.standard_normal((4, 6)) * 2.0 ** rng.integers(-20, 10)
        values = kind.quantise(near if kind.signed else np.abs(near), overflow="sat")
    return np.where(np.isfinite(values) & (seed % 7 != 0), values, 0.0 * np.sign(values))


@pytest.mark.parametrize(("kind", "to", "scale", "group", "zero"), CASES)
def test_equal_to_the_machine(
    kind: str, to: str, scale: str, group: tuple[int, int], zero: str | None
) -> None:
    kernel = kernel_of(kind, to, scale, group, zero)
    design = hdl.build(kernel, lanes=4)
    given = tilevm.dtype(kind)
    assert isinstance(given, FloatType)
    for seed in range(9):
        arguments = {"x": np.nan_to_num(values_of(given, seed), nan=0.0)}
        want = tilevm.run(kernel, arguments)
        beats = evaluate(design.netlist, design.feed(arguments)).outputs
        got = design.collect(beats, arguments)
        assert_same(kernel, want, got, "by the models", f"seed {seed}")
    assert simulated(kernel, arguments, want, Form(lanes=4, stall=0.4), f"seed {seed}")


USED = """
kernel k(x: global f32[4, 8], w: global i8[8, 3], r: global f32[4, 3], z: global u4[2, 4, 1])
  grid (n = 2)
{
  a: f32[2, 8] = load x[n * 2, 0]
  b: i8[8, 3] = load w[0, 0]
  c, s = quantize a {to = i4, group = [1, 4], scale = f16}
  v = dot_scaled c, b {scale_a = s, to = f32}
  store v, r[n * 2, 0]
  for i in 0 .. 2 {
    t: f32[2, 4] = load x[n * 2, i * 4]
    u = reshape t {shape = [4, 2]}
    d, e, p = quantize u {to = u4, group = [1, 2], zero = u4}
    store p, z[n, 0, 0]
  }
}
"""


@pytest.mark.parametrize("lanes", [1, 3])
def test_in_programs(lanes: int) -> None:
    """Codes that are multiplied at once, in a loop, and a zero point that alone is asked for."""
    kernel = tilevm.parse(USED)["k"]
    arguments = inputs(kernel, {}, seed=3)
    want = tilevm.run(kernel, arguments)
    assert simulated(kernel, arguments, want, Form(lanes=lanes, stall=0.3), "seed 3")


@pytest.mark.parametrize(
    ("kind", "scale", "zero", "said"),
    [
        ("f64", "f32", None, "a divider of f64 would be one path of 64 bits"),
        ("f32", "f64", None, "a divider of f64 would be one path of 64 bits"),
        ("f32", "f32", "i40", "zero points of i40 a quotient would have 42 bits, and 36 is"),
    ],
)
def test_what_is_too_wide(kind: str, scale: str, zero: str | None, said: str) -> None:
    with pytest.raises(TileError, match=rf"TV0502(.|\n)*{said}(.|\n)*help"):
        hdl.build(kernel_of(kind, "i8", scale, (1, 6), zero))


def test_a_float_without_a_sign_or_nan() -> None:
    with pytest.raises(TileError, match=r"TV0502.*no code in e4m3finiteu"):
        hdl.build(kernel_of("f32", "e4m3finiteu", "f32", (1, 6), None))
