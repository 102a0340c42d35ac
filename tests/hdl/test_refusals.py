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
  a = iota i8[4] {start = n * 4 + 121, overflow = trap}
  store a, y[n * 4]
"""


@pytest.mark.parametrize(
    ("kind", "body", "code", "line"),
    [
        pytest.param("f16", FLOATS, "TV0502", 6, id="floats"),
        pytest.param("i8", TRAP, "TV0502", 6, id="trap"),
        pytest.param("i8", EMPTY, "TV0502", 5, id="no elements"),
        pytest.param("i8", VARYING_STEP, "TV0503", 6, id="step that varies"),
        pytest.param("i8", BEYOND, "TV0502", 5, id="iota that may stop"),
    ],
)
def test_refused_at_the_line(kind: str, body: str, code: str, line: int) -> None:
    kernel = tilevm.parse(KERNEL.replace("TYPE", kind).replace("BODY", body))["f"]
    given = {value.name: np.arange(8) for value in kernel.params}
    if body is not BEYOND:
        assert tilevm.run(kernel, given, N=8)["y"].shape == (8,), "the machine runs it"
    with pytest.raises(TileError) as refused:
        hdl.build(kernel, N=8)
    (problem,) = refused.value.diagnostics
    assert (problem.code, problem.labels[0].span.line) == (code, line), str(refused.value)
    assert problem.help, "it says what would make it legal"


def test_fuel_in_more_rounds_than_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    kernel = tilevm.parse(KERNEL.replace("TYPE", "i8").replace("BODY", WHILE))["f"]
    assert hdl.build(kernel, N=8).cycles
    monkeypatch.setattr("hdl.lower.even.MAX_ROUNDS", 1)
    refused(kernel, 7, "more rounds around it than are counted", N=8)


def refused(kernel: tilevm.Kernel, line: int, said: str, **sizes: int) -> None:
    """TV0502 at the line, with the reason and what would make it legal."""
    with pytest.raises(TileError) as caught:
        hdl.build(kernel, sizes=sizes)
    (problem,) = caught.value.diagnostics
    assert (problem.code, problem.labels[0].span.line) == ("TV0502", line), str(caught.value)
    assert said in problem.message and problem.help, str(caught.value)


ONE = """\
kernel f(x: global {kind}[4, 4], y: global {to}[{shape}])
{{
  a: {kind}[4, 4] = load x[0, 0]
  b = {op}
  store b, y[{start}]
}}
"""
STOPS = "hardware cannot stop on overflow"
NO_CODE = "may have no code in"
TILE, ROW = "4, 4", "4"
OPS = [
    # the machine would stop, and has no result
    ("f16", "f16", TILE, "add a, a {overflow = trap}", STOPS),
    ("i8", "i8", TILE, "mul a, a {overflow = trap}", STOPS),
    ("i8", "i8", TILE, "abs a {overflow = trap}", STOPS),
    ("i8", "i8", TILE, "shl a, a {overflow = trap}", STOPS),
    ("i8", "i8", TILE, "floordiv a, a {overflow = trap}", STOPS),
    ("i8", "i4", TILE, "cast a {to = i4, overflow = trap}", STOPS),
    ("f32", "i8", TILE, "cast a {to = i8, nan = trap}", "hardware cannot stop at a NaN"),
    ("i8", "i8", ROW, "sum a {dims = [1], acc = i8, overflow = trap}", STOPS),
    ("i8", "i8", ROW, "prod a {dims = [1], acc = i8, overflow = trap}", STOPS),
    ("i8", "i8", TILE, "scan a {op = add, dim = 1, acc = i8, overflow = trap}", STOPS),
    ("i8", "i8", TILE, "dot a, a {acc = i8, overflow = trap}", STOPS),
    ("i32", "i32", ROW, "shift_add a {signed = true, acc = i32, overflow = trap}", STOPS),
    ("e2m1fn", "e2m1fn", TILE, "div a, a", f"{NO_CODE} e2m1fn"),
    ("f32", "e2m1fn", TILE, "cast a {to = e2m1fn}", f"{NO_CODE} e2m1fn"),
    ("f16", "e2m1fn", ROW, "sum a {dims = [1], acc = e2m1fn}", f"{NO_CODE} e2m1fn"),
    ("f16", "e2m1fn", ROW, "prod a {dims = [1], acc = e2m1fn}", f"{NO_CODE} e2m1fn"),
    ("f16", "e2m1fn", TILE, "scan a {dim = 1, op = add, acc = e2m1fn}", f"{NO_CODE} e2m1fn"),
    ("f16", "e2m1fn", TILE, "dequantize a, a {to = e2m1fn}", f"{NO_CODE} e2m1fn"),
    ("e4m3fn", "nf4", TILE, "cast a {to = nf4}", "NaN has no nearest entry"),
    # too wide
    ("i64", "i64", ROW, "shift_add a {signed = true, acc = i64, overflow = sat}", "accumulator"),
    ("f32", "nf4", TILE, "cast a {to = nf4}", "table of all codes, and f32 has 32 bits"),
    ("f64", "f64", TILE, "div a, a", "a divider of f64 would be one path of 64 bits"),
    ("f64", "f64", TILE, "sqrt a", "a root of f64"),
    ("f64", "f64", ROW, "sum a {dims = [1], acc = f64}", "needs 2101 bits, and 640 is the most"),
    ("f64", "f32", TILE, "dequantize a, a {zero = a, to = f32}", "needs 2045 bits, and 640 is"),
    ("fixed(i16, -20)", "fixed(i16, -20)", TILE, "div a, a", "one path of 36 bits"),
]


@pytest.mark.parametrize(("kind", "to", "shape", "op", "said"), OPS)
def test_ops_that_are_not_built(kind: str, to: str, shape: str, op: str, said: str) -> None:
    start = ", ".join("0" for _ in shape.split(","))
    text = ONE.format(kind=kind, to=to, shape=shape, op=op, start=start)
    refused(tilevm.parse(text)["f"], 4, said)


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
