"""Integer ops in hardware: equal to the machine under stalls, and in independent simulators."""

import shutil

import numpy as np
import pytest

import hdl
import tilevm
from hdl.lower.functions import Divide
from hdl.netlist import BeatShape
from tilevm.dtypes import dtype
from tilevm.testing import Form, inputs, simulated

TEXT = """
kernel f(
  x: global i7[4, 6],
  z: global i7[4,6],
  b: global u1[4,6],
  g: global u2[6],
  y: global i7[2, 10, 4, 6],
  c: global u3[2, 2,4,6],
  s: global i20[2, 8, 4, 6],
  p: global i9[2, 4],
  q: global u1[2, 2, 6],
  t: global i7[2, 4,6],
  r: global i40[2, 3, 6],
  v: global i7[2, 5, 7]
)
  grid (n = 2)
{
  a: i7[4, 6] = load x[0, 0]
  d0: i7[4, 6] = load z[0, 0]
  one = full i7[4, 6] {value = 1}
  d = or d0, one
  e0 = floordiv a, d {overflow = sat}
  e1 = floormod a, d
  e2 = truncdiv a, d
  e3 = truncmod a, d
  e4 = rotl a, d
  e5 = rotr a, d
  store e0, y[n, 0, 0, 0]
  store e1, y[n, 1, 0, 0]
  store e2, y[n, 2, 0, 0]
  store e3, y[n, 3, 0, 0]
  store e4, y[n, 4, 0, 0]
  store e5, y[n, 5, 0, 0]
  c0 = clz a
  c1 = ctz a
  store c0, c[n, 0, 0, 0]
  store c1, c[n, 1, 0, 0]
  s0 = scan a {op = add, dim = 0, acc = i20}
  s1 = scan a {op = add, dim = 1, acc = i20, exclusive = true}
  s2 = scan a {op = mul, dim = 1, acc = i20, overflow = sat, reverse = true}
  s3 = scan a {op = mul, dim = 0, acc = i20, exclusive = true}
  store s0, s[n, 0, 0, 0]
  store s1, s[n, 1, 0, 0]
  store s2, s[n, 2, 0, 0]
  store s3, s[n, 3, 0, 0]
  s4 = scan a {op = min, dim = 0, exclusive = true}
  s5 = scan a {op = max, dim = 1, reverse = true}
  store s4, y[n, 6, 0, 0]
  store s5, y[n, 7, 0, 0]
  pp = prod a {dims = [1], acc = i9}
  store pp, p[n, 0]
  f: u1[4, 6] = load b[0, 0]
  f0 = any f {dims = [0]}
  f1 = all f {dims = [0]}
  store f0, q[n, 0, 0]
  store f1, q[n, 1, 0]
  i: u2[6] = load g[0]
  j = reshape i {shape = [1, 6]}
  k = broadcast j {shape = [4, 6]}
  w = take a, k {dim = 0}
  store w, t[n, 0, 0]
  h: i7[5, 7] = load x[n - 1, n - 1] {oob = value, value = -3}
  store h, v[n, 0, 0]
  r0 = random i40[6] {seed = 77, counter = n * 3 - 1}
  store r0, r[n, 0, 0]
  r1 = random i7[6] {seed = 77, counter = n * 3 - 1}
  r2 = cast r1 {to = i40}
  store r2, r[n, 1, 0]
}
"""


@pytest.mark.parametrize(("lanes", "stall"), [(1, 0.0), (4, 0.3), (5, 0.5)])
def test_equal_to_the_machine(lanes: int, stall: float) -> None:
    kernel = tilevm.parse(TEXT)["f"]
    arguments = inputs(kernel, {}, seed=lanes)
    want = tilevm.run(kernel, arguments)
    assert simulated(kernel, arguments, want, Form(lanes=lanes, stall=stall, seed=2))


@pytest.mark.skipif(shutil.which("iverilog") is None, reason="needs Icarus Verilog")
def test_the_verilog_is_the_same() -> None:
    kernel = tilevm.parse(TEXT)["f"]
    design = hdl.build(kernel, lanes=4)
    result = design.simulate(inputs(kernel, {}, seed=1), simulator="icarus", stall=0.2)
    assert result.cycles == result.predicted


@pytest.mark.parametrize("name", ["i5", "u4"])
def test_division_of_all_pairs(name: str) -> None:
    """Against Python's own division; of zeros the sum of quotient and remainder still holds."""
    kind = dtype(name)
    values = np.arange(int(kind.min), int(kind.max) + 1)
    a, b = (each.reshape(-1, 1) for each in np.meshgrid(values, values))
    floor, rest = (Divide(kind, 1, True, part, True).model([a, b]) for part in (False, True))
    for x, y, q, r in np.concatenate([a, b, floor, rest], axis=1).tolist():
        if y:
            assert q == min(x // y, int(kind.max)) and r == x % y, (x, y)
    assert Divide(kind, 3, True, False).shape == BeatShape(3, kind.bits, kind.min < 0)


SATURATED = """
kernel f(x: global i64[3, 4], w: global i40[4, 2], b: global i9[3, 4], y: global i64[2, 3],
    z: global i64[2, 3, 2], v: global i10[2, 4], r: global i8[2, 6])
  grid (n = 2)
{
  a: i64[3, 4] = load x[0, 0]
  c = sum a {dims = [1], acc = i64, overflow = sat}
  store c, y[n, 0]
  d: i40[4, 2] = load w[0, 0]
  e = dot a, d {acc = i64, overflow = sat}
  store e, z[n, 0, 0]
  g: i9[3, 4] = load b[0, 0]
  h = shift_add g {signed = true, acc = i10, overflow = sat}
  store h, v[n, 0]
  i = iota i8[1, 6] {dim = 1, start = n * 60 + 65, overflow = sat}
  store i, r[n, 0]
}
"""
# three entries for two bits: the machine stops at a 3, which never comes
TERNARY = """
kernel f(t: global i9[2, 3], x: global u2[5, 2], y: global i9[5, 2], z: global i9[4])
{
  a: i9[2, 3] = load t[0, 0]
  b: u2[5, 2] = load x[0, 0]
  most = full u2[5, 2] {value = 2}
  c = min b, most
  d = lookup a, c
  store d, y[0, 0]
  e: i9[2, 1] = load t[0, 1]
  g = full u1[2, 2] {value = 0}
  h = transpose g {perm = [1, 0]}
  i = lookup e, h
  j = reshape i {shape = [4]}
  store j, z[0]
}
"""


@pytest.mark.parametrize("lanes", [1, 3])
@pytest.mark.parametrize("text", [SATURATED, TERNARY], ids=["saturated", "ternary"])
def test_ends_of_ranges(text: str, lanes: int) -> None:
    kernel = tilevm.parse(text)["f"]
    for seed in range(3):
        arguments = inputs(kernel, {}, seed=seed)
        want = tilevm.run(kernel, arguments)
        form = Form(dot="mac", lanes=lanes, stall=0.3)
        assert simulated(kernel, arguments, want, form, f"seed {seed}")
