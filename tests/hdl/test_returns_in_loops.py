"""Thread blocks that end inside of loops, as hardware: what was stored stays, no more comes."""

from __future__ import annotations

import numpy as np
import pytest

import tilevm
from tilevm.testing import Form, simulated

COUNTED = """
kernel f(x: global i8[2, 16], y: global i8[2, 16])
  grid (n = 2)
{
  for k in 0 .. 4 {
    a: i8[1, 4] = load x[n, k * 4]
    if k == 2 + n {
      return
    }
    store a, y[n, k * 4]
  }
}
"""
DATA = """
kernel f(x: global i8[3, 12], y: global i8[3, 4], z: global i32[3])
  grid (n = 3)
{
  zero = full i8[1, 4] {value = 0}
  none = full i8[] {value = 0}
  s = for k in 0 .. 3 carry (p = zero) {
    a: i8[1, 4] = load x[n, k * 4]
    low = amin a
    bad = compare low, none {pred = lt}
    q = if bad {
      store p, y[n, 0]
      return
    } else {
      t = add p, a
      yield t
    }
    r = if k == 1 {
      u = neg q
      yield u
    } else {
      yield q
    }
    yield r
  }
  store s, y[n, 0]
  m = sum s {acc = i32}
  o = reshape m {shape = [1]}
  store o, z[n]
}
"""
NESTED = """
kernel f(x: global i8[2, 6], y: global i8[2, 6], z: global i8[2, 1])
  grid (n = 2)
{
  zero = full i8[1, 1] {value = 0}
  c = for i in 0 .. 2 carry (p = zero) {
    d = for j in 0 .. 3 carry (q = p) {
      a: i8[1, 1] = load x[n, i * 3 + j]
      f = reshape a {shape = []}
      seven = full i8[] {value = 7}
      hit = compare f, seven {pred = eq}
      if hit {
        store q, z[n, 0]
        return
      }
      t = add q, a
      store t, y[n, i * 3 + j]
      yield t
    }
    e = neg d
    yield e
  }
  store c, z[n, 0]
}
"""
WHILE = """
kernel f(x: global i8[2, 2], y: global i8[2, 2], z: global i8[2, 1])
  grid (n = 2)
{
  go = full u1[] {value = 1}
  zero = full i8[] {value = 0}
  one = full i8[] {value = 1}
  lim = full i8[] {value = 3}
  c, g = while on carry (k = zero, on = go) fuel 4 {
    l = add k, one
    more = compare l, lim {pred = lt}
    for i in 0 .. 2 {
      a: i8[1, 1] = load x[n, i]
      f = reshape a {shape = []}
      same = compare f, l {pred = eq}
      if same {
        v = reshape l {shape = [1, 1]}
        store v, y[n, i]
        return
      }
    }
    yield l, more
  }
  w = reshape c {shape = [1, 1]}
  store w, z[n, 0]
}
"""
ALWAYS = """
kernel f(x: global i8[2, 8], y: global i8[2, 8])
  grid (n = 2)
{
  for i in 0 .. 3 {
    a: i8[1, 2] = load x[n, i * 2]
    store a, y[n, i * 2]
    if n == 0 {
      return
    } else {
      b = neg a
      store b, y[n, i * 2 + 2]
      return
    }
  }
  a: i8[1, 2] = load x[n, 0]
  store a, y[n, 6]
}
"""
PROGRAMS = [COUNTED, DATA, NESTED, WHILE, ALWAYS]


@pytest.mark.parametrize("text", PROGRAMS, ids=["counted", "data", "nested", "while", "always"])
def test_equal_to_the_machine(text: str) -> None:
    kernel = tilevm.parse(text)["f"]
    for seed, lanes in ((0, 3), (1, 1)):
        rng = np.random.default_rng(seed)
        # now and then what makes a thread block end: a value below 0, a 7, a number of a round
        arguments = {
            param.name: rng.integers(-1, 8, [int(str(e)) for e in param.type.shape])
            for param in kernel.params
        }
        want = tilevm.run(kernel, arguments)
        assert simulated(kernel, arguments, want, Form(lanes=lanes, stall=0.3), f"seed {seed}")


def test_some_end_and_some_do_not() -> None:
    """The rounds of each block, counted by hand."""
    x = np.array([[1] * 12, [2] * 4 + [-1] * 8, [0] * 8 + [3, 3, -9, 3]])
    y, z = np.full((3, 4), 9), np.full(3, 9)
    kernel = tilevm.parse(DATA)["f"]
    want = tilevm.run(kernel, x=x, y=y, z=z)
    assert want["y"].tolist() == [[-1] * 4, [2] * 4, [0] * 4]  # -(1 + 1) + 1; before round 1; 2
    assert want["z"].tolist() == [-4, 9, 9]
    assert simulated(kernel, {"x": x, "y": y, "z": z}, want, Form(lanes=4), "by hand")
