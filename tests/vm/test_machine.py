"""Execution: chunks, divergence, memory and observers, against plain Python loops."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tilevm
from tilevm import TileError
from tilevm.vm import Event

CHUNKS = (1, 64, 1 << 30)

DIVERGENT = """
kernel f(x: global i16[N, 4], y: global i16[N, 4])
  grid (n = N / M, m = M)
{
  a: i16[4] = load x[n * M + m, 0]
  two = full i16[4] {value = 2}
  r, c = for i in m .. n * 2 step m % 2 + 1 carry (s = a, t = two) {
    b: i16[4] = load x[(i * 3 + n) % N, 0]
    u = if (i + m) % 3 == 0 and n < 3 {
      v = for j in 0 .. i % 3 carry (w = b) {
        z = add w, t
        yield z
      }
      yield v
    } else {
      k = iota i16[4] {start = i * m - n}
      yield k
    }
    q = add s, u
    yield q, s
  }
  d = sub r, c
  store d, y[n * M + m, 0]
}
"""


def divergent(x: Any, m_extent: int) -> Any:
    """The same in Python, one thread block at a time."""
    y = np.zeros_like(x)
    count = len(x)
    for n in range(count // m_extent):
        for m in range(m_extent):
            s, t = x[n * m_extent + m].copy(), np.full(4, 2, np.int16)
            for i in range(m, n * 2, m % 2 + 1):
                b = x[(i * 3 + n) % count]
                if (i + m) % 3 == 0 and n < 3:
                    u = b.copy()
                    for _ in range(i % 3):
                        u = u + t
                else:
                    u = np.arange(i * m - n, i * m - n + 4).astype(np.int16)
                s, t = s + u, s
            y[n * m_extent + m] = s - t
    return y


@settings(max_examples=25)
@given(st.integers(1, 5), st.integers(1, 4), st.integers(0, 2**32 - 1))
def test_divergence(n: int, m: int, seed: int) -> None:
    x = np.random.default_rng(seed).integers(-(2**15), 2**15, (n * m, 4)).astype(np.int16)
    text = DIVERGENT.replace("kernel f(", "kernel f(o: global i8[M], ")
    kernel = tilevm.parse(text)["f"]
    expected = divergent(x, m)
    for chunk in CHUNKS:
        found = tilevm.run(kernel, x=x, o=np.zeros(m, np.int8), chunk_bytes=chunk)["y"]
        assert np.array_equal(found, expected), f"seed {seed}, chunk {chunk}"


def test_blocks_run_together_until_each_has_made_its_rounds() -> None:
    text = """kernel f(y: global i32[50])
  grid (n = 50)
{
  zero = full i32[1] {value = 0}
  r = for i in 0 .. n * 3 % 50 carry (a = zero) {
    t = iota i32[1] {start = i}
    b = add a, t
    yield b
  }
  store r, y[n]
}"""
    seen: list[Event] = []
    found = tilevm.run(tilevm.parse(text)["f"], observe=seen.append)["y"]
    assert found.tolist() == [sum(range(n * 3 % 50)) for n in range(50)]
    rounds = [event for event in seen if event.value.name == "b"]
    assert len(rounds) == 49  # as many as the longest block makes, not the sum of all
    assert sum(len(event.blocks) for event in rounds) == sum(range(50))


@settings(max_examples=60)
@given(
    st.lists(st.integers(1, 6), min_size=1, max_size=3),
    st.integers(-4, 4), st.integers(-4, 4), st.integers(-3, 3),
    st.lists(st.integers(1, 4), max_size=3),
)  # fmt: skip
def test_loads_and_stores_at_any_place(
    extents: list[int], by_n: int, by_m: int, offset: int, tile: list[int]
) -> None:
    tile = tile[: len(extents)]
    size = int(np.prod(extents))
    x = np.arange(1, size + 1, dtype=np.int16).reshape(extents)
    indices = [f"n * {by_n} + m * {by_m} + {offset} - {d}" for d in range(len(extents))]
    zeros = ", 0" * len(tile)
    text = f"""
kernel f(x: global i16{extents}, y: global i16{[3, 2, *tile]})
  grid (n = 3, m = 2)
{{
  t: i16{tile} = load x[{", ".join(indices)}] {{oob = zero}}
  store t, y[n, m{zeros}]
}}
"""
    kernel = tilevm.parse(text)["f"]
    expected = np.zeros((3, 2, *tile), np.int16)
    lead = len(extents) - len(tile)
    for n, m, *at in np.ndindex(3, 2, *tile):
        place = [n * by_n + m * by_m + offset - d for d in range(len(extents))]
        for d, step in enumerate(at):
            place[lead + d] += step
        if all(0 <= i < e for i, e in zip(place, extents, strict=True)):
            expected[(n, m, *at)] = x[tuple(place)]
    for chunk in CHUNKS:
        assert np.array_equal(tilevm.run(kernel, x=x, chunk_bytes=chunk)["y"], expected)
    back = tilevm.parse(f"""
kernel g(t: global i16{[3, 2, *tile]}, x: global i16{extents})
  grid (n = 3, m = 2)
{{
  a: i16{tile} = load t[n, m{zeros}]
  store a, x[{", ".join(indices)}] {{oob = skip}}
}}
""")["g"]
    owners: dict[tuple[int, ...], set[tuple[int, int]]] = {}
    stored = x.copy()
    values = np.arange(expected.size, dtype=np.int16).reshape(expected.shape) + 1000
    for n, m, *at in np.ndindex(3, 2, *tile):
        place = [n * by_n + m * by_m + offset - d for d in range(len(extents))]
        for d, step in enumerate(at):
            place[lead + d] += step
        if all(0 <= i < e for i, e in zip(place, extents, strict=True)):
            owners.setdefault(tuple(place), set()).add((n, m))
            stored[tuple(place)] = values[(n, m, *at)]
    races = any(len(blocks) > 1 for blocks in owners.values())
    for chunk in CHUNKS:
        if races:
            with pytest.raises(TileError) as caught:
                tilevm.run(back, t=values, x=x, chunk_bytes=chunk)
            assert caught.value.diagnostics[0].code == "TV0406"
        else:
            assert np.array_equal(tilevm.run(back, t=values, x=x, chunk_bytes=chunk)["x"], stored)


@pytest.mark.parametrize("chunk", CHUNKS)
@pytest.mark.parametrize(
    ("load", "store", "races"),
    [
        ("n", "n", False),
        ("n", "n + 4", False),
        ("n + 4", "n", False),
        ("(n + 1) % 4", "n", True),
        ("n", "(n + 1) % 4", True),
        ("n / 2", "n + 4", False),
        ("n / 2", "n", True),
        ("0", "n + 1", False),
        ("0", "n", True),
        ("n", "0", True),
        ("n * n % 4", "n + 4", False),
        ("n * n % 4", "n", True),
        ("7 - n", "n", False),
        ("3 - n", "n", True),
    ],
)
def test_races_between_blocks(load: str, store: str, races: bool, chunk: int) -> None:
    text = f"""
kernel f(y: global i8[8])
  grid (n = 4)
{{
  a: i8[1] = load y[{load}]
  b = neg a
  store b, y[{store}]
}}
"""
    kernel = tilevm.parse(text)["f"]
    given = np.arange(1, 9, dtype=np.int8)
    if races:
        with pytest.raises(TileError) as caught:
            tilevm.run(kernel, y=given, chunk_bytes=chunk)
        assert caught.value.diagnostics[0].code == "TV0406"
        return
    expected = given.copy()
    for n in range(4):
        expected[eval(store, {"n": n})] = -given[eval(load.replace("/", "//"), {"n": n})]
    assert np.array_equal(tilevm.run(kernel, y=given, chunk_bytes=chunk)["y"], expected)


def test_shared_memory_is_one_per_block_also_where_blocks_part() -> None:
    kernel = tilevm.parse("""
kernel f(y: global i8[6, 3])
  grid (n = 6)
{
  s = alloc_shared i8[3]
  if n % 2 == 0 {
    a = iota i8[3] {start = n}
    store a, s[0]
  } else {
    b = full i8[3] {value = -1}
    store b, s[0]
    c = iota i8[1] {start = n}
    store c, s[n / 2]
  }
  barrier
  t: i8[3] = load s[0]
  store t, y[n, 0]
}
""")["f"]
    expected = [[0, 1, 2], [1, -1, -1], [2, 3, 4], [-1, 3, -1], [4, 5, 6], [-1, -1, 5]]
    for chunk in CHUNKS:
        assert tilevm.run(kernel, chunk_bytes=chunk)["y"].tolist() == expected


def test_an_error_names_block_buffer_index_and_line() -> None:
    text = "kernel f(x: global i8[9], y: global i8[9])\n  grid (n = 3, m = 1)\n{\n"
    kernel = tilevm.parse(text + "  a: i8[4] = load x[n * 4]\n  store a, y[0]\n}")["f"]
    with pytest.raises(TileError) as caught:
        tilevm.run(kernel, x=np.zeros(9, np.int8), chunk_bytes=1 << 20)
    (found,) = caught.value.diagnostics
    assert found.message == "index 9 is outside of dimension 0 of `x`, which has extent 9"
    assert found.notes == ("in thread block n = 2, m = 0",)
    assert found.labels[0].span.line == 4 and found.help is not None


def test_the_observer_sees_every_value_with_blocks_and_loops() -> None:
    kernel = tilevm.parse("""
kernel f(y: global i32[4])
  grid (n = 4)
{
  z = full i32[1] {value = 0}
  r = for k in n .. 3 carry (p = z) {
    t = iota i32[1] {start = k}
    q = add p, t
    yield q
  }
  store r, y[n]
}
""")["f"]
    for chunk in CHUNKS:
        seen: dict[tuple[str, int, int | None], int] = {}

        def observe(event: Event, seen: dict[Any, int] = seen) -> None:
            for row, block in enumerate(event.blocks):
                k = event.loops.get("k")
                at = None if k is None else int(k if np.ndim(k) == 0 else k[row])
                data = event.data[row if len(event.data) > 1 else 0]
                seen[(event.value.name, int(block), at)] = int(data[0])

        tilevm.run(kernel, chunk_bytes=chunk, observe=observe)
        expected: dict[tuple[str, int, int | None], int] = {}
        for n in range(4):
            expected[("z", n, None)] = total = 0
            for k in range(n, 3):
                total += k
                expected[("t", n, k)], expected[("q", n, k)] = k, total
            expected[("r", n, None)] = total
        assert seen == expected


def test_print_says_name_label_and_block() -> None:
    text = "kernel f(x: global i8[2])\n  grid (n = 2)\n{\n  a: i8[1] = load x[n]\n"
    kernel = tilevm.parse(text + '  print a {label = "here"}\n}')["f"]
    lines: list[str] = []
    tilevm.run(kernel, x=[5, 6], output=lines.append)
    assert lines == ["here: a: i8[1] [n = 0] =\n[5]", "here: a: i8[1] [n = 1] =\n[6]"]
