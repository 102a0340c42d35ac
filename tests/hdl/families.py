"""Families of kernels: each with the rows of its buffers, N, as first extent and on the grid.

A block has R rows, of C columns: both are to be replaced by numbers, as `program` does.
"""

from __future__ import annotations

import re

import tilevm

FAMILIES = {
    "elementwise": """
kernel f(a: global i8[N, C], b: global u4[N, C], y: global i9[N, C])
  grid (n = N / R)
{
  s: i8[R, C] = load a[n * R, 0]
  t: u4[R, C] = load b[n * R, 0]
  w = cast s {to = i9}
  v = cast t {to = i9}
  m = max w, v
  r = add m, w
  store r, y[n * R, 0]
}
""",
    "gemv": """
kernel f(w: global i3[N, C], x: global i8[C], y: global i32[N])
  grid (n = N / R)
{
  s: i3[R, C] = load w[n * R, 0]
  t: i8[C] = load x[0]
  r = dot s, t {acc = i32}
  store r, y[n * R]
}
""",
    "gemv in chunks": """
kernel f(w: global i2[N, 2 * C], x: global i6[2 * C], y: global i32[N], z: global i32[N])
  grid (n = N / R)
{
  zero = full i32[R] {value = 0}
  acc = for k in 0 .. 2 carry (sum = zero) {
    s: i2[R, C] = load w[n * R, k * C]
    t: i6[C] = load x[k * C]
    part = dot s, t {acc = i32}
    next = add sum, part
    yield next
  }
  store acc, y[n * R]
  one = iota i32[R] {dim = 0, start = n * R}
  store one, z[n * R]
}
""",
    "gemm": """
kernel f(w: global i4[N, C], x: global i5[C, 3], y: global i16[N, 3])
  grid (n = N / R)
{
  s: i4[R, C] = load w[n * R, 0]
  t: i5[C, 3] = load x[0, 0]
  r = dot s, t {acc = i16}
  store r, y[n * R, 0]
}
""",
    "ternary": """
kernel f(w: global i2[N, C], x: global i8[C], y: global i32[N])
  grid (n = N / R)
{
  s: i2[R, C] = load w[n * R, 0]
  low = full i2[R, C] {value = -1}
  u = max s, low
  t: i8[C] = load x[0]
  r = dot u, t {acc = i32}
  store r, y[n * R]
}
""",
    "rows less their maximum": """
kernel f(x: global i8[N, C], y: global i10[N, C], z: global i8[N])
  grid (n = N / R)
{
  s: i8[R, C] = load x[n * R, 0]
  m = amax s {dims = [1]}
  store m, z[n * R]
  k = reshape m {shape = [R, 1]}
  q = broadcast k {shape = [R, C]}
  a = cast s {to = i10}
  b = cast q {to = i10}
  r = sub a, b
  store r, y[n * R, 0]
}
""",
    "carried in a loop": """
kernel f(x: global i8[N, 3, C], y: global i16[N, C])
  grid (n = N)
{
  start = full i16[C] {value = 1}
  r = for k in 0 .. 3 carry (p = start) {
    s: i8[1, 1, C] = load x[n, k, 0]
    t = reshape s {shape = [C]}
    u = cast t {to = i16}
    d = add p, p
    q = sub u, d
    yield q
  }
  k = reshape r {shape = [1, C]}
  store k, y[n, 0]
}
""",
    "turned": """
kernel f(x: global i8[N, C], y: global i8[N, C])
  grid (n = N / R)
{
  s: i8[R, C] = load x[n * R, 0]
  t = transpose s
  u = reverse t {dims = [0]}
  v = transpose u
  store v, y[n * R, 0]
}
""",
    "a table of a function": """
kernel f(x: global e4m3fn[N, C], y: global e4m3fn[N, C])
  grid (n = N / R)
{
  s: e4m3fn[R, C] = load x[n * R, 0]
  t = exp s
  store t, y[n * R, 0]
}
""",
    "floats": """
kernel f(x: global f16[N, C], v: global bf16[C], y: global f32[N])
  grid (n = N / R)
{
  s: f16[R, C] = load x[n * R, 0]
  t: bf16[C] = load v[0]
  a = cast s {to = f32}
  b = cast t {to = f32}
  c = dot a, b {acc = f32}
  store c, y[n * R]
}
""",
    "two dimensions of blocks": """
kernel f(x: global i8[N, 2 * C], y: global i8[N, 2 * C])
  grid (n = N / R, m = 2)
{
  s: i8[R, C] = load x[n * R, m * C]
  t = neg s
  store t, y[n * R, m * C]
}
""",
    "histogram": """
kernel f(x: global u3[N, C], y: global i16[8])
  grid (n = N / R)
{
  s: u3[R, C] = load x[n * R, 0]
  i = reshape s {shape = [R * C]}
  one = full i16[R * C] {value = 1}
  atomic one, y[0] {op = add, index = i, oob = skip, overflow = wrap}
}
""",
    "histograms in shared memory": """
kernel f(x: global u2[N, C], y: global i16[N, 4])
  grid (n = N)
{
  h = alloc_shared i16[4]
  none = full i16[4] {value = 0}
  store none, h[0]
  barrier
  s: u2[1, C] = load x[n, 0]
  i = reshape s {shape = [C]}
  one = full i16[C] {value = 1}
  atomic one, h[0] {op = add, index = i, oob = skip, overflow = wrap}
  barrier
  r: i16[4] = load h[0]
  k = reshape r {shape = [1, 4]}
  store k, y[n, 0]
}
""",
    "scatter": """
kernel f(p: global i8[N], x: global i8[N, C], y: global i8[N, C])
  grid (n = N / R)
{
  i: i8[R] = load p[n * R]
  a: i8[R, C] = load x[n * R, 0]
  scatter a, y[0, 0], i {duplicate = last, oob = skip}
}
""",
    "gather from a memory": """
kernel f(p: global u11[N, C], x: global u16[1100], y: global u16[N, C])
  grid (n = N / R)
{
  i: u11[R, C] = load p[n * R, 0]
  k = reshape i {shape = [R * C]}
  a: u16[R * C] = gather x[0], k {oob = zero}
  b = reshape a {shape = [R, C]}
  store b, y[n * R, 0]
}
""",
    "in place": """
kernel f(x: global i16[N, C])
  grid (n = N / R)
{
  a: i16[R, C] = load x[n * R, 0]
  b = add a, a
  barrier
  store b, x[n * R, 0]
}
""",
    "a store under a condition": """
kernel f(x: global i8[N, C], y: global i8[N, C])
  grid (n = N / R)
{
  a: i8[R, C] = load x[n * R, 0]
  l = reshape a {shape = [R * C]}
  m = amax l
  z = full i8[] {value = 100}
  c = compare m, z {pred = gt}
  if c {
    store a, y[n * R, 0]
  }
}
""",
    "an exchange in each block": """
kernel f(x: global i8[N, C], y: global i8[C], z: global i8[N, C])
  grid (n = N)
{
  a: i8[1, C] = load x[n, 0]
  b = reshape a {shape = [C]}
  r = atomic b, y[0] {op = exchange}
  k = reshape r {shape = [1, C]}
  store k, z[n, 0]
}
""",
    "constants": """
kernel f(y: global i8[N, C])
  grid (n = N / R)
{
  t = iota i8[R, C] {dim = 1, start = n}
  store t, y[n * R, 0]
}
""",
    "two loads of one buffer": """
kernel f(x: global i8[N, C], v: global i8[C], y: global i8[N, C])
  grid (n = N / R)
{
  a: i8[R, C] = load x[n * R, 0]
  b: i8[1, C] = load x[n * R, 0]
  c: i8[C] = load v[0]
  d = reshape b {shape = [C]}
  e = add c, d
  f = broadcast e {shape = [R, C]}
  r = max a, f
  store r, y[n * R, 0]
}
""",
    "scaled by groups": """
kernel f(w: global i4[N, 2 * C] scaled(f16, group 2), x: global f16[2 * C], y: global f32[N])
  grid (n = N / R)
{
  s: i4[R, 2 * C] = load w[n * R, 0]
  z: f16[R, C] = load w_scale[n * R, 0]
  d = dequantize s, z {to = f16}
  v: f16[2 * C] = load x[0]
  r = dot d, v {acc = f32}
  store r, y[n * R]
}
""",
    "a codebook": """
type book = codebook(f16, [-1.5, -0.5, 0.25, 1.0])
kernel f(w: global book[N, C], x: global f16[C], y: global f32[N])
  grid (n = N / R)
{
  s: book[R, C] = load w[n * R, 0]
  v: f16[C] = load x[0]
  r = dot s, v {acc = f32}
  store r, y[n * R]
}
""",
    "sorted places of the largest": """
kernel f(x: global i8[N, C], y: global i8[N], z: global i32[N])
  grid (n = N / R)
{
  a: i8[R, C] = load x[n * R, 0]
  i = argmax a {dim = 1}
  m = amax a {dims = [1]}
  store m, y[n * R]
  k = cast i {to = i32}
  store k, z[n * R]
}
""",
    "a running sum": """
kernel f(x: global u4[N, C], y: global i32[N, C])
  grid (n = N / R)
{
  a: u4[R, C] = load x[n * R, 0]
  b = cast a {to = i12}
  c = scan b {op = add, dim = 1}
  store c, y[n * R, 0]
}
""",
    "a triangle of rounds": """
kernel f(x: global i8[N, 4], y: global i16[N])
  grid (n = N)
{
  zero = full i16[1] {value = 0}
  r = for k in 0 .. n % 4 + 1 carry (p = zero) {
    s: i8[1, 1] = load x[n, k]
    t = reshape s {shape = [1]}
    u = cast t {to = i16}
    q = add p, u
    yield q
  }
  store r, y[n]
}
""",
}


def program(family: str, block: int, columns: int) -> tilevm.Kernel:
    """The kernel of a family, with numbers for R and C."""
    text = FAMILIES[family].replace("R * C", str(block * columns))
    text = re.sub(r"\bR\b", str(block), re.sub(r"\bC\b", str(columns), text))
    return tilevm.parse(text)["f"]
