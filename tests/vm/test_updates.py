"""Gathers, scatters and atomics of many elements, against plain Python lists."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

import tilevm

KINDS = ("i1", "u1", "i3", "u7", "i8", "u16", "i33", "u64", "i64")
LAWS = {
    "add": lambda x, y: x + y,
    "min": min,
    "max": max,
    "and": lambda x, y: x & y,
    "or": lambda x, y: x | y,
    "xor": lambda x, y: x ^ y,
    "exchange": lambda _, y: y,
}


def wrapped(value: int, kind: str) -> int:
    bits = int(kind[1:])
    value %= 1 << bits
    return value - (1 << bits) if kind[0] == "i" and value >> (bits - 1) else value


def numbers(rng: np.random.Generator, kind: str, *shape: int) -> npt.NDArray[np.int64]:
    return tilevm.dtype(kind).random(rng, shape)


@pytest.mark.parametrize("chunk", [1, 5000, 1 << 30])
@pytest.mark.parametrize("old", ["old = ", ""])
@pytest.mark.parametrize("op", LAWS)
@pytest.mark.parametrize("kind", KINDS)
def test_atomics_in_the_order_of_blocks(kind: str, op: str, old: str, chunk: int) -> None:
    rng = np.random.default_rng(len(kind) + len(op) + chunk % 7)
    blocks, size, extent = 6, 5, 4
    values, at = numbers(rng, kind, blocks * size), rng.integers(0, extent + 1, blocks * size)
    start = numbers(rng, kind, extent)
    text = f"""
kernel f(v: global {kind}[N], t: global u8[N], c: global {kind}[{extent}], y: global {kind}[N])
  where N % {size} == 0
  grid (n = N / {size})
{{
  a: {kind}[{size}] = load v[n * {size}]
  i: u8[{size}] = load t[n * {size}]
  {old}atomic a, c[0] {{op = {op}, index = i, oob = skip}}
  store {"old" if old else "a"}, y[n * {size}]
}}
"""
    held, seen = start.tolist(), []
    for value, there in zip(values.tolist(), at.tolist(), strict=True):
        seen.append(held[there] if there < extent else 0)
        if there < extent:
            held[there] = wrapped(LAWS[op](held[there], value), kind)
    found = tilevm.run(tilevm.parse(text)["f"], v=values, t=at, c=start, chunk_bytes=chunk)
    assert found["c"].tolist() == held
    assert found["y"].tolist() == (seen if old else values.tolist())


@pytest.mark.parametrize("dim", [0, 1, 2])
def test_gather_is_take_along_axis(dim: int) -> None:
    rng = np.random.default_rng(dim)
    x = rng.integers(-128, 128, (4, 5, 6))
    shape = [4, 5, 6]
    shape[dim] = 7
    index = rng.integers(0, x.shape[dim], shape)
    text = f"""
kernel f(x: global i8[4, 5, 6], t: global i16{shape}, y: global i8{shape}, z: global i8{shape})
{{
  i: i16{shape} = load t[0, 0, 0]
  r: i8{shape} = gather x[0, 0, 0], i {{dim = {dim}}}
  store r, y[0, 0, 0]
  a: i8[4, 5, 6] = load x[0, 0, 0]
  s = take a, i {{dim = {dim}}}
  store s, z[0, 0, 0]
}}
"""
    found = tilevm.run(tilevm.parse(text)["f"], x=x, t=index)
    want = np.take_along_axis(x, index, dim).tolist()
    assert found["y"].tolist() == want and found["z"].tolist() == want


def test_a_gather_leaves_nothing_to_a_later_store() -> None:
    text = """
kernel f(t: global i8[2], y: global i8[2])
{
  i: i8[2] = load t[0]
  r: i8[2] = gather y[0], i
  twice = add r, r
  store twice, y[0]
  s: i8[2] = gather y[0], i
  store r, y[0]
  scatter s, y[0], i
}
"""
    assert tilevm.run(tilevm.parse(text)["f"], t=[1, 0], y=[3, 4])["y"].tolist() == [8, 6]


def test_blocks_run_in_order_only_where_it_shows() -> None:
    def ordered(body: str) -> bool:
        text = f"""
kernel f(c: global i8[1], f: global f16[1])
  grid (n = 2)
{{
  one = full i8[1] {{value = 1}}
  half = full f16[1] {{value = 0.5}}
  {body}
}}
"""
        return tilevm.parse(text)["f"].ordered

    add, largest = "atomic one, c[0] {op = add}", "atomic one, c[0] {op = max}"
    assert not ordered(add)
    assert not ordered(f"{add}\n{add}")
    assert not ordered(f"old = {add}")
    assert not ordered(f"for k in 0 .. 2 {{\n{add}\n}}")
    assert not ordered(f"if n == 1 {{\nold = {add}\n}}")
    assert not ordered("atomic half, f[0] {op = add}")
    assert ordered(f"{add}\n{largest}")
    assert ordered(f"old = {add}\nmore = {add}")
    assert ordered(f"for k in 0 .. 2 {{\nold = {add}\n}}")
    assert ordered("for k in 0 .. 2 {\natomic half, f[0] {op = add}\n}")
    assert ordered("atomic one, c[0] {op = exchange}\natomic_cas one, one, c[0]")
