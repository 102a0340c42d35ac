"""Programs with floats, fixed point, codebooks and scales as hardware: every beat is the machine's.

`Design.simulate` compares each named value with the virtual machine, and every firing with the
timed model.
"""

from __future__ import annotations

import numpy as np
import pytest

import hdl
import tilevm
from tests.hdl.test_external import need
from tilevm import TileError
from tilevm.testing import Form, inputs, simulated

ELEMENTWISE = """
kernel k(x: global {kind}[24], y: global {kind}[24], z: global {kind}[24], r: global {to}[24])
{{
  a: {kind}[24] = load x[0]
  b: {kind}[24] = load y[0]
  c: {kind}[24] = load z[0]
  v: {to}[24] = {op}
  store v, r[0]
}}
"""
OPS = [
    ("e4m3fn", "e4m3fn", "add a, b"),
    ("e5m2", "e5m2", "sub a, b {overflow = sat, rounding = down}"),
    ("bf16", "bf16", "mul a, b {rounding = toward_zero}"),
    ("f16", "f16", "fma a, b, c"),
    ("f32", "f32", "add a, b"),
    ("f32", "f32", "fma a, b, c {rounding = up}"),
    ("bf16", "bf16", "div a, b"),
    ("e4m3fnuz", "e4m3fnuz", "neg a"),
    ("f16", "f16", "abs a {overflow = sat}"),
    ("f32", "u1", "compare a, b {pred = ule}"),
    ("e4m3fn", "u1", "compare a, b {pred = ge}"),
    ("f16", "f16", "min a, b {nan = ignore}"),
    ("bf16", "bf16", "max a, b"),
    ("f32", "f32", "clip a {lo = -0.5, hi = 2.0}"),
    ("f32", "bf16", "cast a {to = bf16, rounding = nearest_away}"),
    ("f32", "e2m1fn", "cast a {to = e2m1fn, nan = zero}"),
    ("f32", "e8m0fnu", "cast a {to = e8m0fnu}"),
    ("i32", "f16", "cast a {to = f16}"),
    ("f16", "i8", "cast a {to = i8, overflow = wrap, rounding = down}"),
    ("f32", "fixed(i16, -6)", "cast a {to = fixed(i16, -6)}"),
    ("e4m3fn", "e4m3fn", "exp a"),
    ("e5m2", "e5m2", "rsqrt a"),
    ("e4m3", "e4m3", "sqrt a"),
    ("e4m3fn", "e4m3fn", "sigmoid a {overflow = sat}"),
    ("f32", "f32", "sqrt a {rounding = up}"),
    ("tf32", "tf32", "rsqrt a"),
    ("f16", "f16", "sqrt a"),
    ("f32", "f32", "exp a"),
    ("bf16", "bf16", "sigmoid a {rounding = down}"),
    ("nf4", "f32", "decode a"),
    ("nf4", "bf16", "cast a {to = bf16}"),
    ("i8", "nf4", "cast a {to = nf4}"),
    ("fixed(i8, -3)", "fixed(i8, -3)", "add a, b {overflow = sat}"),
    ("fixed(i8, -3)", "fixed(i8, -3)", "mul a, b"),
    ("fixed(u12, 2)", "fixed(u12, 2)", "max a, b"),
    ("fixed(i8, -3)", "u1", "compare a, b {pred = lt}"),
    ("fixed(i16, -5)", "f16", "cast a {to = f16}"),
    ("u16", "bf16", "bitcast a {to = bf16}"),
]


@pytest.mark.parametrize(("kind", "to", "op"), OPS)
def test_elementwise(kind: str, to: str, op: str) -> None:
    kernel = tilevm.parse(ELEMENTWISE.format(kind=kind, to=to, op=op))["k"]
    check(kernel, Form(lanes=3, stall=0.3))


def check(kernel: tilevm.Kernel, *forms: Form) -> None:
    for seed, form in enumerate(forms):
        arguments = inputs(kernel, {}, seed=seed)
        want = tilevm.run(kernel, arguments)
        assert simulated(kernel, arguments, want, form, str(form)), "it is built"


QUOTIENT = """
kernel k(x: global {kind}[24], y: global {kind}[24], r: global {kind}[24])
{{
  a: {kind}[24] = load x[0]
  b: {kind}[24] = load y[0]
  zero = full {kind}[24] {{value = 0.0}}
  other = full {kind}[24] {{value = {other}}}
  none = compare b, zero {{pred = eq}}
  c = select none, other, b
  v = div a, c {{rounding = {rounding}, overflow = {overflow}}}
  store v, r[0]
}}
"""


@pytest.mark.parametrize(
    ("kind", "other", "rounding", "overflow"),
    [
        ("fixed(i8, -3)", 0.125, "nearest_even", "sat"),
        ("fixed(u7, -4)", 0.25, "up", "wrap"),
        ("fixed(i6, 2)", -4.0, "nearest_away", "wrap"),
        ("fixed(i5, 0)", 7.0, "down", "sat"),
        ("fixed(i1, 0)", -1.0, "toward_zero", "wrap"),
    ],
)
def test_quotients_of_fixed_point(kind: str, other: float, rounding: str, overflow: str) -> None:
    given = {"kind": kind, "other": other, "rounding": rounding, "overflow": overflow}
    kernel = tilevm.parse(QUOTIENT.format(**given))["k"]
    check(kernel, Form(lanes=3, stall=0.3), Form(lanes=24))


def test_a_wide_divider_is_refused() -> None:
    kind = "fixed(i16, -20)"
    text = f"""
kernel k(x: global {kind}[4], r: global {kind}[4])
{{
  a: {kind}[4] = load x[0]
  v = div a, a
  store v, r[0]
}}
"""
    with pytest.raises(TileError, match="TV0502") as refused:
        hdl.build(tilevm.parse(text)["k"])
    assert f"a divider of {kind} would be one path of 36 bits" in str(refused.value)


PRODUCT = """
kernel k(x: global {a}[2, 12], w: global {b}[12, 3], r: global {acc}[2, 3])
{{
  a: {a}[2, 12] = load x[0, 0]
  b: {b}[12, 3] = load w[0, 0]
  v: {acc}[2, 3] = dot a, b {{acc = {acc}}}
  store v, r[0, 0]
}}
"""
PRODUCTS = [
    ("e4m3fn", "e4m3fn", "f32"),
    ("e5m2", "e4m3fn", "bf16"),
    ("f16", "i4", "f32"),
    ("e2m1fn", "i8", "f32"),
    ("bf16", "bf16", "f32"),
    ("f32", "f32", "f32"),
    ("i8", "nf4", "f32"),
    ("codebook(i8, [-1, 0, 1, 7])", "i8", "i32"),
    ("i8", "i8", "f16"),
    ("fixed(i8, -4)", "fixed(i8, -2)", "fixed(i16, -5)"),
    ("e2m1fn", "e2m1fn", "e4m3fn"),
]


@pytest.mark.parametrize(("a", "b", "acc"), PRODUCTS)
def test_dot(a: str, b: str, acc: str) -> None:
    kernel = tilevm.parse(PRODUCT.format(a=a, b=b, acc=acc))["k"]
    check(kernel, Form(dot="mac", lanes=4, stall=0.3), Form(lanes=64))


REDUCTION = """
kernel k(x: global {kind}[3, 10], r: global {to}[3])
{{
  a: {kind}[3, 10] = load x[0, 0]
  v: {to}[3] = {op}
  store v, r[0]
}}
"""


@pytest.mark.parametrize(
    ("kind", "to", "op"),
    [
        ("f16", "f32", "sum a {dims = [1]}"),
        ("e5m2", "bf16", "sum a {dims = [1], acc = bf16}"),
        ("f16", "f16", "amax a {dims = [1]}"),
        ("e4m3fn", "e4m3fn", "amin a {dims = [1], nan = ignore}"),
        ("i16", "f16", "sum a {dims = [1], acc = f16}"),
    ],
)
def test_reductions(kind: str, to: str, op: str) -> None:
    kernel = tilevm.parse(REDUCTION.format(kind=kind, to=to, op=op))["k"]
    check(kernel, Form(lanes=2, stall=0.3), Form(lanes=30))


SCALED = """
kernel k(x: global {code}[4, 8], s: global {scale}[4, 2], r: global {to}[4, 8])
{{
  a: {code}[4, 8] = load x[0, 0]
  t: {scale}[4, 2] = load s[0, 0]
  v: {to}[4, 8] = dequantize a, t {{to = {to}}}
  store v, r[0, 0]
}}
"""


@pytest.mark.parametrize(
    ("code", "scale", "to"), [("e2m1fn", "e8m0fnu", "f32"), ("i4", "f16", "bf16")]
)
def test_dequantize(code: str, scale: str, to: str) -> None:
    kernel = tilevm.parse(SCALED.format(code=code, scale=scale, to=to))["k"]
    check(kernel, Form(lanes=4, stall=0.3))


POINTS = """
kernel k(x: global u4[2, 8], s: global f16[2, 2], p: global u4[2, 2], o: global f16[2, 2],
    r: global f16[2, 8])
{
  a: u4[2, 8] = load x[0, 0]
  t: f16[2, 2] = load s[0, 0]
  z: u4[2, 2] = load p[0, 0]
  m: f16[2, 2] = load o[0, 0]
  v: f16[2, 8] = dequantize a, t {zero = z, offset = m, to = f16}
  store v, r[0, 0]
}
"""
DOT_SCALED = """
kernel k(x: global e2m1fn[2, 8], s: global e8m0fnu[2, 2], w: global e4m3fn[8, 3],
    u: global e8m0fnu[2, 3], r: global f32[2, 3], q: global f32[2, 3])
{
  a: e2m1fn[2, 8] = load x[0, 0]
  t: e8m0fnu[2, 2] = load s[0, 0]
  b: e4m3fn[8, 3] = load w[0, 0]
  n: e8m0fnu[2, 3] = load u[0, 0]
  v: f32[2, 3] = dot_scaled a, b {scale_a = t, scale_b = n}
  g: f32[2, 3] = dot_scaled a, b {scale_a = t, to = bf16}
  store v, r[0, 0]
  store g, q[0, 0]
}
"""
CODES = """
kernel k(x: global nf4[2, 8], s: global f16[2, 2], w: global codebook(i8, [-4, -1, 1, 4])[8, 3],
    z: global i4[8, 3], u: global e8m0fnu[2, 3], r: global f32[2, 3], q: global bf16[2, 3])
{
  a: nf4[2, 8] = load x[0, 0]
  t: f16[2, 2] = load s[0, 0]
  b: codebook(i8, [-4, -1, 1, 4])[8, 3] = load w[0, 0]
  p: i4[8, 3] = load z[0, 0]
  n: e8m0fnu[2, 3] = load u[0, 0]
  v: f32[2, 3] = dot_scaled a, b {scale_a = t, to = bf16}
  g: bf16[2, 3] = dot_scaled a, b {scale_b = n, zero_b = p, acc = bf16}
  store v, r[0, 0]
  store g, q[0, 0]
}
"""
CARRIED = """
kernel k(x: global f16[12, 3], r: global f16[3])
{
  zero = full f16[3] {value = 0}
  total = for i in 0 .. 12 carry (s = zero) {
    a: f16[1, 3] = load x[i, 0]
    b: f16[3] = reshape a {shape = [3]}
    t: f16[3] = add s, b
    yield t
  }
  store total, r[0]
}
"""


FLOAT_POINTS = """
kernel k(x: global u4[2, 8], s: global f16[2, 2], p: global f16[2, 2], w: global i8[8, 3],
    r: global bf16[2, 8], q: global f32[2, 3])
{
  a: u4[2, 8] = load x[0, 0]
  t: f16[2, 2] = load s[0, 0]
  z: f16[2, 2] = load p[0, 0]
  v: bf16[2, 8] = dequantize a, t {zero = z, to = bf16}
  store v, r[0, 0]
  b: i8[8, 3] = load w[0, 0]
  g: f32[2, 3] = dot_scaled a, b {scale_a = t, zero_a = z, to = f32}
  store g, q[0, 0]
}
"""
# words of bits that become floats: some of them NaN, of which one code is kept
WORDS = """
kernel k(x: global u32[6], y: global u4[8], r: global e4m3fn[24], q: global f16[2],
    p: global e5m2[24], o: global e2m1fn[48])
{
  a: u32[6] = load x[0]
  b: u4[8] = load y[0]
  c = unpack a {to = e4m3fn}
  store c, r[0]
  d = pack b {to = f16}
  store d, q[0]
  e: e5m2[24] = view a
  store e, p[0]
  f = unpack a {to = e2m1fn}
  store f, o[0]
}
"""
VECTORS = """
type quarters = codebook(i8, [[1, 2, -3], [4, -5, 6], [7, 8, 9], [-1, 0, 1]])
type pairs = codebook(f16, [[0.5, -1.5], [2, 3], [1, 0]])

kernel k(x: global quarters[2, 4], y: global pairs[6], r: global i8[12, 2], q: global f16[12])
{
  a: quarters[2, 4] = load x[0, 0]
  b = decode a
  c = transpose b {perm = [1, 0]}
  store c, r[0, 0]
  d: pairs[6] = load y[0]
  e = decode d
  store e, q[0]
}
"""


@pytest.mark.parametrize(
    "text",
    [POINTS, DOT_SCALED, CODES, CARRIED, FLOAT_POINTS, WORDS, VECTORS],
    ids=["zero", "dot", "codes", "carried", "float zero", "words", "vectors"],
)
def test_programs(text: str) -> None:
    check(tilevm.parse(text)["k"], Form(lanes=4, stall=0.3), Form(lanes=64))


@pytest.mark.parametrize(
    ("kind", "to", "op", "message"),
    [
        ("f32", "f32", "sin a", "table of all codes"),
        ("e4m30", "e4m30", "exp a", "up to 24 bits how close"),
        ("f16", "f16", "add a, b {overflow = trap}", "cannot stop on overflow"),
        ("e2m1fn", "e2m1fn", "div a, b", "no code in e2m1fn"),
        ("f16", "e2m1fn", "cast a {to = e2m1fn}", "no code in e2m1fn"),
        ("f32", "nf4", "cast a {to = nf4}", "table of all codes"),
        ("f16", "nf4", "cast a {to = nf4}", "NaN has no nearest entry in nf4"),
        ("f64", "f64", "div a, b", "one path of 64 bits"),
        ("f64", "f64", "rsqrt a", "one path of 53 digits"),
        ("e8m20fn", "e8m20fn", "sqrt a {overflow = trap}", "cannot stop on overflow"),
        ("e8m20finite", "e8m20finite", "sqrt a", "no code in e8m20finite"),
    ],
)
def test_refused(kind: str, to: str, op: str, message: str) -> None:
    kernel = tilevm.parse(ELEMENTWISE.format(kind=kind, to=to, op=op))["k"]
    with pytest.raises(TileError, match=rf"TV0502(.|\n)*{message}"):
        hdl.build(kernel)


def test_the_limit_of_accumulators_is_an_option() -> None:
    kernel = tilevm.parse(PRODUCT.format(a="f16", b="f16", acc="f32"))["k"]
    with pytest.raises(TileError, match=r"TV0502.*needs 85 bits, and 80 is the most"):
        hdl.build(kernel, max_accumulator=80)
    assert hdl.build(kernel, max_accumulator=85).cycles > 0


@pytest.mark.parametrize("simulator", ["icarus", "verilator"])
def test_the_emitted_verilog_computes_the_same(simulator: str) -> None:
    need(simulator)
    text = PRODUCT.format(a="e4m3fn", b="e5m2", acc="bf16").replace(
        "store v",
        "u: bf16[2, 3] = fma v, v, v\n  e: e4m3fn[2, 3] = cast u {to = e4m3fn}\n"
        "  h: e4m3fn[2, 3] = tanh e\n  y: bf16[2, 3] = cast h {to = bf16}\n  store y",
    )
    kernel = tilevm.parse(text)["k"]
    arguments = inputs(kernel, {}, seed=3)
    design = hdl.build(kernel, lanes=6)
    result = design.simulate(arguments, simulator=simulator)
    want = tilevm.run(kernel, arguments)
    assert np.array_equal(result.outputs["r"], want["r"], equal_nan=True)
    assert result.cycles == result.predicted
