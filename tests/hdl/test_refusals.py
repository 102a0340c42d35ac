"""What hardware cannot do is refused at its line, and the machine runs it all the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hdl
import tilevm
from tilevm import TileError

GEMV = Path(__file__).parents[2] / "examples" / "gemv.tile"
KERNEL = """\
kernel f(x: global TYPE[N], y: global TYPE[N])
  where N % 4 == 0
  grid (n = N / 4)
{
BODY}
"""
FLOATS = """\
  a: f16[4] = load x[n * 4]
  b = sin a
  store b, y[n * 4]
"""
TRAP = """\
  a: i8[4] = load x[n * 4]
  b = add a, a {overflow = trap}
  store b, y[n * 4]
"""
EMPTY = """\
  a: i8[0] = load x[n * 4]
  b = pad a {high = [4]}
  store b, y[n * 4]
"""
WHILE = """\
  a: i8[4] = load x[n * 4]
  g = full u1[] {value = 0}
  b, stop = while go carry (p = a, go = g) fuel n {
    yield p, go
  }
  store b, y[n * 4]
"""
VARYING_STEP = """\
  a: i8[4] = load x[n * 4]
  b = for k in 0 .. 8 step n + 1 carry (p = a) {
    q = add p, a
    yield q
  }
  store b, y[n * 4]
"""


BEYOND = """\
  a = iota i8[4] {start = n * 4 + 121, overflow = sat}
  store a, y[n * 4]
"""


@pytest.mark.parametrize(
    ("kind", "body", "code", "line"),
    [
        pytest.param("f16", FLOATS, "TV0502", 6, id="floats"),
        pytest.param("i8", TRAP, "TV0502", 6, id="trap"),
        pytest.param("i8", EMPTY, "TV0502", 5, id="no elements"),
        pytest.param("i8", WHILE, "TV0502", 7, id="while on varying fuel"),
        pytest.param("i8", VARYING_STEP, "TV0503", 6, id="step that varies"),
        pytest.param("i8", BEYOND, "TV0502", 5, id="iota that saturates"),
    ],
)
def test_refused_at_the_line(kind: str, body: str, code: str, line: int) -> None:
    kernel = tilevm.parse(KERNEL.replace("TYPE", kind).replace("BODY", body))["f"]
    given = {value.name: np.arange(8) for value in kernel.params}
    assert tilevm.run(kernel, given, N=8)["y"].shape == (8,), "the machine runs it"
    with pytest.raises(TileError) as refused:
        hdl.build(kernel, N=8)
    (problem,) = refused.value.diagnostics
    assert (problem.code, problem.labels[0].span.line) == (code, line), str(refused.value)
    assert problem.help, "it says what would make it legal"


def test_a_kernel_that_stores_nothing() -> None:
    kernel = tilevm.parse("kernel f(x: global i8[N]) {\n  a: i8[4] = load x[0]\n}")["f"]
    with pytest.raises(TileError, match="TV0504"):
        hdl.build(kernel, N=4)


@pytest.mark.parametrize("lanes", [0, -1, 2.5, True, 1 << 20])
def test_lanes_out_of_range(lanes: int) -> None:
    with pytest.raises(TileError, match="TV0505"):
        hdl.build(tilevm.load(GEMV)["gemv"], lanes=lanes, N=64, K=32)


@pytest.mark.parametrize("lanes", [np.int64(4), np.uint8(4)])
def test_lanes_of_any_integer_type(lanes: Any) -> None:
    assert hdl.build(tilevm.load(GEMV)["gemv"], lanes=lanes, N=64, K=32).cycles == (
        hdl.build(tilevm.load(GEMV)["gemv"], lanes=4, N=64, K=32).cycles
    )


LARGE_TILE = """\
  t = full i64[2000000] {value = 1}
  s = sum t {dims = [0], acc = i8}
  r = reshape s {shape = [1]}
  store r, y[0]
"""
LARGE_SHARED = """\
  t = alloc_shared i8[100000, 100000]
  a: i8[1] = load x[0]
  store a, t[0, 0]
  barrier
  b: i8[1] = load t[0, 0]
  store b, y[0]
"""
LONG_LOOP = """\
  a: i8[1] = load x[0]
  b = for k in 0 .. 1000000000000 carry (p = a) {
    q = xor p, a
    yield q
  }
  store b, y[0]
"""


LARGE_MEMORY = """\
  i = iota i32[4]
  t = alloc_shared i8[2000000]
  a: i8[4] = load x[0] {oob = zero}
  atomic a, t[0] {op = add, index = i}
  b: i8[4] = load t[0]
  store b, y[0] {oob = skip}
"""


@pytest.mark.parametrize(
    ("body", "line", "said"),
    [
        pytest.param(LARGE_MEMORY, 6, "has 16,000,000 bits, and 8,388,608 is the", id="memory"),
        pytest.param(LARGE_TILE, 3, "`t` has 128,000,000 bits, and 67,108,864", id="tile"),
        pytest.param(LARGE_SHARED, 3, "`t` has 80,000,000,000 bits", id="shared"),
        pytest.param(LONG_LOOP, 4, "it goes 1,000,000,000,000 rounds", id="loop"),
    ],
)
def test_what_is_too_large_is_refused_at_once(body: str, line: int, said: str) -> None:
    text = "kernel f(x: global i8[1], y: global i8[1])\n{\nBODY}".replace("BODY", body)
    with pytest.raises(TileError) as refused:
        hdl.build(tilevm.parse(text)["f"])
    (problem,) = refused.value.diagnostics
    assert (problem.code, problem.labels[0].span.line) == ("TV0502", line), str(refused.value)
    assert said in problem.message and problem.help


IOTA = """\
  a = iota i32[4] {start = n}
  store a, y[n * 4]
"""


def test_too_many_firings(monkeypatch: pytest.MonkeyPatch) -> None:
    text = KERNEL.replace("TYPE", "i32").replace("BODY", IOTA)
    many = tilevm.parse(text)["f"]
    with pytest.raises(TileError, match=r"TV0615.*grid of `f` has 2,250,000,000 thread blocks"):
        hdl.build(many, N=9_000_000_000)
    monkeypatch.setattr("hdl.lower.lowering.MAX_FIRINGS", 15)
    with pytest.raises(TileError, match=r"TV0615.*fires 16 times, and 15 is the most"):
        hdl.build(many, lanes=1, N=16)
