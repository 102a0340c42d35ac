"""Hypothesis strategies for small things: integer types, shapes of tiles, layouts of a shape."""

from __future__ import annotations

from math import prod
from typing import TypeVar

from hypothesis import strategies as st

from tilevm.dtypes import DType, dtype
from tilevm.ir import TileType
from tilevm.layouts import Layout, column_local, column_spatial, local, replicated, spatial

T = TypeVar("T")

_FREQUENT = (
    "u1",
    "i1",
    "i2",
    "u2",
    "i3",
    "u3",
    "i4",
    "u4",
    "i5",
    "i8",
    "u8",
    "i16",
    "i32",
    "i64",
    "u64",
)
_EXTENTS = (1, 2, 3, 4, 5, 6, 7, 8, 11, 13, 16, 32)


def one_of(*choices: T) -> st.SearchStrategy[T]:
    """One of a few things; the first is the simplest."""
    return st.sampled_from(choices)


def dtypes(most: int = 64) -> st.SearchStrategy[DType]:
    """Integer types of at most `most` bits: often the usual ones, sometimes any width."""
    usual = [name for name in _FREQUENT if int(name[1:]) <= most]
    anywidth = st.builds(lambda sign, bits: f"{sign}{bits}", one_of("i", "u"), st.integers(2, most))
    names = st.sampled_from(usual)
    return st.one_of(names, names, anywidth if most > 1 else names).map(dtype)


def formats() -> st.SearchStrategy[DType]:
    """Any other type: floats by rule, fixed point, codebooks of numbers or of pairs."""
    floats = one_of("f16", "bf16", "f32", "f64", "e4m3fn", "e5m2", "e2m1fn", "e8m0fnu", "e5m3u")
    integer = st.builds("{}{}".format, one_of("i", "u"), st.integers(1, 53))
    fixed = st.builds("fixed({}, {})".format, integer, st.integers(-60, 20))
    listed = st.lists(st.integers(-8, 7), min_size=1, max_size=20)
    pairs = st.lists(st.tuples(*[st.integers(-8, 7)] * 2).map(list), min_size=1, max_size=9)
    entry = one_of("i4", "i8", "f16", "fixed(i8, -2)")
    books = st.builds("codebook({}, {})".format, entry, st.one_of(listed, pairs))
    return st.one_of(floats, fixed, books, one_of("nf4", "fp4")).map(dtype)


@st.composite
def shapes(draw: st.DrawFn, least: int = 0, most: int = 3, size: int = 64) -> tuple[int, ...]:
    """Shapes of rank `least` to `most` and at most `size` elements, prime extents among them."""
    found: list[int] = []
    for _ in range(draw(st.integers(least, most))):
        fitting = [extent for extent in _EXTENTS if extent * prod(found) <= size]
        found.append(draw(st.sampled_from(fitting)))
    return tuple(found)


@st.composite
def tiles(draw: st.DrawFn, least: int = 0, most: int = 3, size: int = 64) -> TileType:
    """Types of integer tiles without a layout."""
    return TileType(draw(dtypes()), draw(shapes(least, most, size)))


@st.composite
def layouts(draw: st.DrawFn, shape: tuple[int, ...], copies: bool = True) -> Layout:
    """Layouts of a given shape: products of the basic ones, in any order, sometimes replicated."""
    if not shape:
        return spatial()
    rest = list(shape)
    kinds = (local, spatial, column_local, column_spatial)
    found: Layout | None = None
    while found is None or prod(rest) > 1:
        box = [draw(st.sampled_from([d for d in range(1, n + 1) if n % d == 0])) for n in rest]
        if found is not None and prod(box) == 1:
            box = rest
        factor = draw(st.sampled_from(kinds))(*box)
        found = factor if found is None else found * factor
        rest = [n // d for n, d in zip(rest, box, strict=True)]
        if copies and draw(st.integers(0, 11)) == 11:
            found = found * replicated(2)
    return found
