"""Ops that take tiles apart and put them together, element by element from their laws."""

from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tilevm
from tests.ir.apply import Array, apply, values
from tilevm import TileError

KINDS = st.sampled_from(["i1", "u3", "i8", "u64", "f16", "e2m1fn"])
EXTENTS = st.lists(st.integers(1, 5), min_size=1, max_size=3)
SEEDS = st.integers(0, 99)


def check(found: Array, shape: tuple[int, ...], law: Any, note: str) -> None:
    assert found.shape == (2, *shape), note
    for block, *at in product(range(2), *map(range, shape)):
        assert found[(block, *at)] == law(block, *at), f"{note}: element {at} of block {block}"


@given(KINDS, EXTENTS, SEEDS, st.data())
def test_slices(kind: str, extents: list[int], seed: int, data: st.DataObject) -> None:
    a = values(kind, (2, *extents), seed)
    step = [data.draw(st.integers(1, 3)) for _ in extents]
    room = [(extent - 1) // by + 1 for extent, by in zip(extents, step, strict=True)]
    size = [data.draw(st.integers(0, most)) for most in room]
    ends = [e - (n - 1) * by - 1 if n else e for e, n, by in zip(extents, size, step, strict=True)]
    start = [data.draw(st.integers(0, end)) for end in ends]
    note = f"{kind} {extents} {start} {size} {step} seed {seed}"
    if 0 in size:
        program = tilevm.parse(
            f"kernel f(y: global u1[1]) {{ a = full {kind}{extents} {{value = 0}}\n"
            f"s = slice a {{start = {start}, size = {size}, step = {step}}}\n"
            f"c = compare s, s {{pred = eq}}\n t = sum c {{acc = u1}}\n"
            "r = reshape t {shape = [1]}\n store r, y[0]\n}"
        )
        assert tilevm.run(program["f"])["y"].tolist() == [0], note
        return
    found = apply("slice", (kind, a), start=start, size=size, step=step)

    def law(block: int, *at: int) -> Any:
        return a[(block, *(s + i * by for s, i, by in zip(start, at, step, strict=True)))]

    check(found, tuple(size), law, note)


@given(KINDS, EXTENTS, SEEDS, st.data())
def test_inserts(kind: str, extents: list[int], seed: int, data: st.DataObject) -> None:
    into = values(kind, (2, *extents), seed)
    size = [data.draw(st.integers(1, extent)) for extent in extents]
    pairs = list(zip(extents, size, strict=True))
    start = [data.draw(st.integers(0, extent - n)) for extent, n in pairs]
    part = values(kind, (2, *size), seed + 1)
    found = apply("insert", (kind, part), (kind, into), start=start)

    def law(block: int, *at: int) -> Any:
        inner = [i - s for i, s in zip(at, start, strict=True)]
        inside = all(0 <= i < n for i, n in zip(inner, size, strict=True))
        return part[(block, *inner)] if inside else into[(block, *at)]

    check(found, tuple(extents), law, f"{kind} {extents} {start} {size} seed {seed}")


@given(KINDS, EXTENTS, SEEDS, st.data())
def test_joins(kind: str, extents: list[int], seed: int, data: st.DataObject) -> None:
    dim = data.draw(st.integers(0, len(extents) - 1))
    lengths = data.draw(st.lists(st.integers(1, 3), min_size=1, max_size=4))
    shapes = [(2, *extents[:dim], n, *extents[dim + 1 :]) for n in lengths]
    parts = [values(kind, shape, seed + i) for i, shape in enumerate(shapes)]
    found = apply("concat", *((kind, part) for part in parts), dim=dim)
    which = [(i, n) for i, length in enumerate(lengths) for n in range(length)]

    def law(block: int, *at: int) -> Any:
        number, there = which[at[dim]]
        return parts[number][(block, *at[:dim], there, *at[dim + 1 :])]

    shape = (*extents[:dim], sum(lengths), *extents[dim + 1 :])
    check(found, shape, law, f"{kind} {shapes} seed {seed}")


@given(KINDS, EXTENTS, SEEDS, st.data())
def test_repetitions(kind: str, extents: list[int], seed: int, data: st.DataObject) -> None:
    a = values(kind, (2, *extents), seed)
    counts = [data.draw(st.integers(1, 3)) for _ in extents]
    shape = tuple(e * c for e, c in zip(extents, counts, strict=True))
    note = f"{kind} {extents} {counts} seed {seed}"

    def whole(block: int, *at: int) -> Any:
        return a[(block, *(i % e for i, e in zip(at, extents, strict=True)))]

    def each(block: int, *at: int) -> Any:
        return a[(block, *(i // c for i, c in zip(at, counts, strict=True)))]

    check(apply("repeat", (kind, a), counts=counts), shape, whole, note)
    check(apply("repeat_interleave", (kind, a), counts=counts), shape, each, note)
    dims = data.draw(st.lists(st.integers(0, len(extents) - 1), unique=True))

    def turned(block: int, *at: int) -> Any:
        pairs = enumerate(zip(at, extents, strict=True))
        return a[(block, *(e - 1 - i if d in dims else i for d, (i, e) in pairs))]

    check(apply("reverse", (kind, a), dims=dims), tuple(extents), turned, note)


@pytest.mark.parametrize("start", ["n - 1", "n + 4", "n * 1000"])
@pytest.mark.parametrize(
    "op", ["slice x {{start = [{}], size = [2]}}", "insert p, x {{start = {}}}"]
)
def test_a_part_that_leaves_the_tile_stops_the_run(op: str, start: str) -> None:
    program = tilevm.parse(
        f"kernel f(a: global i8[4], y: global i8[3, 4]) grid (n = 3) {{\n"
        f"x: i8[4] = load a[0]\n p: i8[2] = load a[1]\n q = {op.format(start)}\n"
        "r: i8[2] = load a[2]\n store r, y[n, 0]\n}"
    )
    with pytest.raises(TileError, match="TV0407") as caught:
        tilevm.run(program["f"], a=np.arange(4, dtype=np.int8))
    assert "leaves dimension 0 of i8[4]" in str(caught.value)
