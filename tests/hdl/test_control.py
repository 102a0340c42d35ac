"""Control in hardware: loops of any bounds, stores in branches, ops written with others."""

import shutil

import numpy as np
import pytest

import hdl
import tilevm
from hdl.lower.reasons import REASONS, is_built
from tilevm import TileError
from tilevm.ir import REGISTRY, For, If, While
from tilevm.testing import Form, inputs, simulated

CONTROL = """
kernel f(
  x: global i7[4, 6],
  v: global u1[4],
  ia: global u3[5],
  y: global i32[3, 8, 6],
  z: global i8[3, 4, 6],
  w: global i9[3, 5],
  o: global i7[3, 5],
  u: global i7[3, 5, 6],
  s: global i32[3, 6]
)
  grid (n = 3)
{
  a: i7[4, 6] = load x[0, 0]
  m0 = argmax a {dim = 1}
  m1 = argmin a {dim = 0}
  m2 = argmax a
  store m1, y[n, 0, 0]
  c2 = broadcast m2 {shape = [6]}
  store c2, y[n, 1, 0]
  h = sum a {dims = [1], acc = i8, overflow = sat}
  h2 = cast h {to = i8}
  store h2, z[n, 0, 0] {oob = skip}
  zero = full i32[6] {value = 0}
  acc = for k in n .. 4 carry (p = zero) {
    row: i7[6] = load x[k, 0]
    r32 = cast row {to = i32}
    q = add p, r32
    yield q
  }
  store acc, y[n, 2, 0]
  acc2 = for k in 0 .. n + 1 carry (p = zero) {
    row: i7[6] = load x[k, 0]
    r32 = cast row {to = i32}
    q = sub r32, p
    for j in k .. n + 1 {
      store r32, y[n, 3 + j, 0]
    }
    yield q
  }
  store acc2, s[n, 0]
  if n == 1 {
    n8 = cast a {to = i8}
    store n8, z[n, 0, 0]
  } else {
    a8 = abs a
    b8 = cast a8 {to = i8}
    store b8, z[n, 0, 0]
  }
  i: u3[5] = load ia[0]
  g: i7[5] = gather x[n, 0], i {dim = 1, oob = value, value = -7}
  store g, o[n, 0]
  g2: i7[5, 6] = gather x[n - 1, 0], i {oob = zero}
  store g2, u[n, 0, 0]
}
"""
COUNTDOWN = """
kernel g(x: global u5[4], y: global u8[4], c: global u5[4])
  grid (n = 4)
{
  a0: u5[1] = load x[n]
  a = reshape a0 {shape = []}
  zero = full u5[] {value = 0}
  one = full u5[] {value = 1}
  total0 = full u8[] {value = 0}
  go0 = compare a, zero {pred = gt}
  left, total, go = while go carry (p = a, t = total0, go = go0) fuel 6 {
    q = sub p, one
    wide = cast p {to = u8}
    t2 = add t, wide
    g2 = compare q, zero {pred = gt}
    yield q, t2, g2
  }
  r = reshape total {shape = [1]}
  store r, y[n]
  l = reshape left {shape = [1]}
  store l, c[n]
}
"""


@pytest.mark.parametrize(("lanes", "stall"), [(1, 0.0), (4, 0.3), (5, 0.5)])
def test_equal_to_the_machine(lanes: int, stall: float) -> None:
    kernel = tilevm.parse(CONTROL)["f"]
    arguments = inputs(kernel, {}, seed=lanes)
    want = tilevm.run(kernel, arguments)
    assert simulated(kernel, arguments, want, Form(lanes=lanes, stall=stall, seed=2))


@pytest.mark.skipif(shutil.which("iverilog") is None, reason="needs Icarus Verilog")
def test_the_verilog_is_the_same() -> None:
    kernel = tilevm.parse(CONTROL)["f"]
    result = hdl.build(kernel, lanes=4).simulate(
        inputs(kernel, {}, seed=1), simulator="icarus", stall=0.2
    )
    assert result.cycles == result.predicted


def test_every_op_is_built_or_has_a_reason() -> None:
    kinds = {*REGISTRY.values(), For, If, While}
    assert {kind for kind in kinds if not is_built(kind)} == set(REASONS)
    assert all(reason and reason[0].islower() for reason in REASONS.values())


def test_a_loop_on_a_condition() -> None:
    design = hdl.build(tilevm.parse(COUNTDOWN)["g"])
    result = design.simulate(x=[0, 3, 6, 1], stall=0.3)
    assert result.outputs["y"].tolist() == [n * (n + 1) // 2 for n in (0, 3, 6, 1)]
    assert result.outputs["c"].tolist() == [0] * 4
    with pytest.raises(TileError, match=r"TV0408.*after 6 rounds"):
        design.simulate(x=[0, 3, 7, 1])


def test_a_triangle_is_folded_as_a_square_is() -> None:
    """Sums over a varying number of rounds stay folds: one beat of a round goes in each cycle."""
    design = hdl.build(tilevm.parse(TRIANGLE)["f"], lanes=4, N=16)
    x = np.arange(256).reshape(16, 16)
    got = design.simulate(x=x, stall=0.0)
    assert got.outputs["y"].tolist() == [int(x[: n + 1, n].sum()) for n in range(16)]
    assert got.cycles < 16 * 16 + 20, "no beat waits for the one before to come round"


TRIANGLE = """
kernel f(x: global i16[N, N], y: global i32[N])
  grid (n = N)
{
  zero = full i32[1] {value = 0}
  acc = for k in 0 .. n + 1 carry (p = zero) {
    a: i16[1] = load x[k, n]
    b = cast a {to = i32}
    q = add p, b
    yield q
  }
  store acc, y[n]
}
"""


FUEL = """
kernel f(x: global i8[4, 3], y: global i8[4, 3])
  grid (n = 4)
{
  a: i8[1, 3] = load x[n, 0]
  go = full u1[] {value = 1}
  one = full i8[1, 3] {value = 1}
  ten = full i8[] {value = 6}
  b, stop = while on carry (p = a, on = go) fuel 7 - n {
    q = add p, one
    m = amax q
    r = compare m, ten {pred = lt}
    yield q, r
  }
  store b, y[n, 0]
}
"""


def test_fuel_that_depends_on_the_block() -> None:
    kernel = tilevm.parse(FUEL)["f"]
    x = np.array([[0, 1, 0], [2, -3, 1], [5, 0, 0], [2, 3, 1]])
    want = tilevm.run(kernel, x=x)["y"]
    assert want.tolist() == [[5, 6, 5], [6, 1, 5], [6, 1, 1], [5, 6, 4]]
    result = hdl.build(kernel, lanes=2).simulate(x=x, stall=0.3, seed=1)
    assert np.array_equal(result.outputs["y"], want)
