"""`slice` and `insert` at places that block ids and loop variables say, as hardware."""

from __future__ import annotations

import pytest

import tilevm
from tilevm.testing import Form, inputs, simulated

PARTS = """
kernel k(x: global i8[5, 7], y: global i8[2, 2, 2, 3], z: global f16[2, 2, 5, 7],
    v: global f16[4, 1], w: global f16[5, 7])
  grid (n = 2)
{
  a: i8[5, 7] = load x[0, 0]
  p: f16[4, 1] = load v[0, 0]
  q: f16[5, 7] = load w[0, 0]
  for i in 0 .. 2 {
    b = slice a {start = [n + i, 1], size = [2, 3], step = [2, 2]}
    c = reshape b {shape = [1, 1, 2, 3]}
    store c, y[n, i, 0, 0]
    d = insert p, q {start = [n, i * 3]}
    e = reshape d {shape = [1, 1, 5, 7]}
    store e, z[n, i, 0, 0]
  }
}
"""


@pytest.mark.parametrize("lanes", [1, 3, 16])
def test_equal_to_the_machine(lanes: int) -> None:
    kernel = tilevm.parse(PARTS)["k"]
    arguments = inputs(kernel, {}, seed=lanes)
    want = tilevm.run(kernel, arguments)
    assert simulated(kernel, arguments, want, Form(lanes=lanes, stall=0.3), f"seed {lanes}")
