"""A kernel under construction from random choices: what may be read here, and how to get a value.

The families of ops (families.py) and the control flow (kernels.py) are written on top of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from math import prod
from typing import Any, TypeVar

import numpy as np
from hypothesis import strategies as st

from tilevm.ir import REGISTRY, Access, BufferType, Builder, Const, Expr, Sym, TileType, Value
from tilevm.testing.strategies import dtypes, layouts, one_of, shapes

T = TypeVar("T")

MAX_SIZE = 64  # elements of a tile
MAX_BEATS = 768  # elements of a tile times the times that it is computed


@dataclass(frozen=True)
class Level:
    """A dimension of the grid or a loop, and the values that its index takes."""

    name: str
    values: tuple[int, ...]
    is_grid: bool = False


class Writer:
    """Draws choices and writes statements; `values` are the tiles that may be read at a point."""

    def __init__(self, draw: st.DrawFn, written_layouts: bool = True) -> None:
        self._draw = draw
        self.builder = Builder("k")
        self.levels: list[Level] = []
        self.turns: list[int] = []  # rounds of the loops around that count nothing
        self.values: list[Value] = []
        self.sizes: dict[str, int] = {}  # shape symbol -> extent
        self.inputs: list[Value] = []
        self.outputs: list[Value] = []  # those with a dimension for each of the grid's
        self.written_layouts = written_layouts
        self._numbers: dict[str, int] = {}
        self._called: int | None = None  # in a function: how often it runs

    # --- choices

    def draw(self, strategy: st.SearchStrategy[T]) -> T:
        return self._draw(strategy)

    def number(self, least: int, most: int) -> int:
        return self.draw(st.integers(least, most))

    def rarely(self, one_in: int) -> bool:
        """True once in `one_in` times; shrinks to False."""
        return self.number(0, one_in - 1) == one_in - 1

    def pick(self, choices: Sequence[T]) -> T:
        return self.draw(st.sampled_from(choices))

    def name(self, stem: str) -> str:
        self._numbers[stem] = self._numbers.get(stem, -1) + 1
        return f"{stem}{self._numbers[stem]}"

    # --- values

    @property
    def rounds(self) -> int:
        """How often a statement at this point runs."""
        return (self._called or prod(self.turns)) * prod(len(level.values) for level in self.levels)

    @property
    def room(self) -> int:
        """Elements that a tile may have at this point."""
        return max(1, min(MAX_SIZE, MAX_BEATS // max(1, self.rounds)))

    def fits(self, shape: Sequence[int]) -> bool:
        return prod(shape) <= self.room

    def any_value(self) -> Value:
        """A value of the program so far, more often a recent one."""
        if not self.values or self.rarely(8):
            return self.load(TileType(self.draw(dtypes()), self.draw(shapes(0, 3, self.room))))
        back = min(self.number(0, len(self.values) - 1), self.number(0, len(self.values) - 1))
        return self.values[-1 - back]

    def op(self, kind: str, *operands: Any, **attributes: Any) -> Value:
        """Appends an op, now and then with the result's type and a layout written out."""
        cls = REGISTRY[kind]
        written = None
        if self.written_layouts and self.rarely(8) and not cls.needs_type:
            places = [item for item in cls.fields() if item.by_place]
            given: list[Any] = list(operands)
            if places and places[-1].role == "operands":  # the last takes all that are left
                given[len(places) - 1 :] = [tuple(given[len(places) - 1 :])]
            named = {item.name: value for item, value in zip(places, given, strict=True)}
            probe = cls(**named, **attributes)
            tile = probe.out.tile
            written = replace(tile, layout=self.draw(layouts(tile.shape)))
        value: Value = self.builder.emit(
            cls, operands, attributes, name=self.name("v"), type=written
        )
        self.values.append(value)
        return value

    def several(self, kind: str, *operands: Any, **attributes: Any) -> tuple[Value, ...]:
        """Appends an op of more than one result; returns them."""
        cls = REGISTRY[kind]
        names = [item.name for item in cls.fields() if item.by_place]
        count = len(cls(**dict(zip(names, operands, strict=True)), **attributes).results)
        named = [self.name("v") for _ in range(count)]
        values: tuple[Value, ...] = self.builder.emit(cls, operands, attributes, name=named)
        self.values.extend(values)
        return values

    def of_type(self, wanted: TileType) -> Value:
        """A value of this type (whatever its layout): found, converted, loaded or constant."""
        same = [v for v in self.values if v.tile == wanted]
        if same and not self.rarely(4):
            return self.pick(same)
        near = [v for v in self.values if v.tile.shape == wanted.shape and v.tile != wanted]
        if near and self.rarely(3):
            overflow = self.pick((None, "wrap", "sat"))
            return self.op("cast", self.pick(near), to=wanted.dtype, overflow=overflow)
        small = [v for v in self.values if repeats(v.tile, wanted)]
        if small and self.rarely(3):
            return self.op("broadcast", self.pick(small), shape=wanted.shape)
        if self.rarely(5):
            return self.constant(wanted)
        return self.load(wanted)

    def constant(self, wanted: TileType) -> Value:
        kind = replace(wanted, layout=None)
        if kind.rank and self.rarely(2):
            start = self.index()[0] if self.rarely(2) else Const(self.number(-3, 9))
            dim, overflow = self.number(0, kind.rank - 1), self.pick((None, None, "wrap"))
            return self.op("iota", kind, dim=dim, start=start, overflow=overflow)
        low, high = int(kind.dtype.min), int(kind.dtype.max)
        value = self.draw(st.one_of(one_of(0, 1, low, high), st.integers(low, high)))
        return self.op("full", kind, value=min(max(value, low), high))

    # --- memory

    def load(self, wanted: TileType) -> Value:
        """A tile of this type from a new buffer, or from one that is loaded already.

        A function sees no buffer: there it is a constant.
        """
        if self._called is not None:
            return self.constant(wanted)
        kind = replace(wanted, layout=None)
        if self.written_layouts and self.rarely(6):
            kind = replace(kind, layout=self.draw(layouts(kind.shape)))
        known = [b for b in self.inputs if b.dtype == kind.dtype and rank(b) >= max(1, kind.rank)]
        if known and not self.rarely(3):
            return self._load_again(kind, self.pick(known))
        lead = self.number(0, 1) if kind.rank else 1
        indices, extents = [], []
        for tile in (1,) * lead + kind.shape:
            index, low, high = self.index()
            indices.append(index - low if low < 0 else index)
            extents.append(high - min(low, 0) + tile + self.pick((0, 0, 1)))
        skips = self.rarely(8) and extents[-1] > 1
        if skips:
            extents[-1] -= 1
        buffer = self.buffer("x", kind, extents)
        self.inputs.append(buffer)
        return self._loaded(kind, buffer, indices, skips)

    def _load_again(self, kind: TileType, buffer: Value) -> Value:
        extents = self.extents(buffer)
        lead = len(extents) - kind.rank
        indices, trap = [], False
        for extent, tile in zip(extents, (1,) * lead + kind.shape, strict=True):
            index, low, high = self.index()
            if low < 0 or high + tile > extent:
                index, low, high = Const(0), 0, 0
            trap |= tile > extent
            indices.append(index)
        return self._loaded(kind, buffer, indices, trap)

    def _loaded(self, kind: TileType, buffer: Value, indices: list[Expr], skips: bool) -> Value:
        mode = "zero" if skips or self.rarely(8) else "trap"
        value: Value = self.builder.load(
            Access(buffer, tuple(indices)), type=kind, name=self.name("v"), oob=mode
        )
        self.values.append(value)
        return value

    def store(self, value: Value) -> None:
        """Stores a value where no other thread block stores; loops may store to one place again."""
        kind = value.tile
        grid: list[Expr] = [Sym(level.name) for level in self.levels if level.is_grid]
        known = [b for b in self.outputs if b.dtype == kind.dtype]
        known = [b for b in known if rank(b) - len(grid) >= kind.rank]
        again = bool(known) and self.rarely(2)
        if again or self.turns or any(not level.is_grid for level in self.levels):
            self.builder.barrier()  # other threads may have stored to the same elements
        if again:
            self._store_again(value, grid, self.pick(known))
        else:
            self._store_anew(value, grid)

    def _store_again(self, value: Value, grid: list[Expr], buffer: Value) -> None:
        extents = self.extents(buffer)[len(grid) :]
        lead = (1,) * (len(extents) - value.tile.rank)
        loops = [level for level in self.levels if not level.is_grid]
        indices = list(grid)
        for extent, tile in zip(extents, lead + value.tile.shape, strict=True):
            index, low, high = self.index(loops)
            inside = low >= 0 and high + tile <= extent
            indices.append(index if inside else Const(0))
        self.builder.store(value, Access(buffer, tuple(indices)), oob="skip")

    def _store_anew(self, value: Value, grid: list[Expr]) -> None:
        kind = value.tile
        loops = [level for level in self.levels if not level.is_grid]
        blocks = [len(level.values) for level in self.levels if level.is_grid]
        indices, extents = list(grid), list(blocks)
        for level in loops:
            if self.rarely(2):
                indices.append(Sym(level.name))
                extents.append(max(level.values, default=0) + 1)
        if not indices and not kind.rank:
            indices, extents = [Const(0)], [1]
        shared = False
        for number, tile in enumerate(kind.shape):
            index: Expr = Const(self.pick((0, 0, 1)))
            extent = 1 + tile
            if loops and self.rarely(3):
                index, low, high = self.index(loops)
                index = index - low if low < 0 else index
                extent = high - min(low, 0) + tile
            if number == 0 and grid and self.rarely(3):
                # the blocks of the innermost dimension of the grid lie side by side
                shared = True
                at = len(grid) - 1
                index = indices.pop(at) * extent + index
                extent *= extents.pop(at)
            indices.append(index)
            extents.append(extent)
        mode = "trap"
        if self.rarely(6):
            mode = "skip"
            extents[-1] = max(1, extents[-1] - self.number(0, 2))
        buffer = self.buffer("y", kind, extents)
        if not shared:
            self.outputs.append(buffer)
        self.builder.store(value, Access(buffer, tuple(indices)), oob=mode)

    def buffer(self, stem: str, kind: TileType, extents: Sequence[int]) -> Value:
        """A new buffer; some of its extents are shape symbols."""
        shape: list[Expr | int | str] = []
        for extent in extents:
            if self.rarely(4):
                symbol = self.name("N")
                self.sizes[symbol] = extent
                shape.append(symbol)
            else:
                shape.append(extent)
        return self.builder.buffer(self.name(stem), kind.dtype, shape)

    def extents(self, buffer: Value) -> tuple[int, ...]:
        assert isinstance(buffer.type, BufferType)
        return tuple(int(extent.evaluate(self.sizes)) for extent in buffer.type.shape)

    # --- index arithmetic

    def index(self, levels: Sequence[Level] | None = None) -> tuple[Expr, int, int]:
        """An index expression at this point, with the least and the largest value that it takes."""
        around = self.levels if levels is None else levels
        terms: list[Expr] = []
        for level in around:
            stride = self.pick((0, 1, 1, 2, 3))
            symbol: Expr = Sym(level.name)
            form = self.pick(("plain", "plain", "plain", "modulo", "quotient", "negative"))
            if form == "modulo":
                symbol = symbol % self.number(2, 3)
            elif form == "quotient":
                symbol = symbol / 2
            if stride:
                terms.append(symbol * (-stride if form == "negative" else stride))
        offset = self.pick((0, 0, 0, 1, 5))
        if offset or not terms:
            terms.append(Const(offset))
        total = terms[0]
        for term in terms[1:]:
            total = total + term
        low, high = self.range_of(total, around)
        return total, low, high

    def range_of(self, expr: Expr, levels: Sequence[Level]) -> tuple[int, int]:
        axes = [np.array(level.values or (0,), np.int64) for level in levels]
        grids = np.meshgrid(*axes, indexing="ij") if axes else []
        env: Mapping[str, Any] = {
            level.name: axis.reshape(-1) for level, axis in zip(levels, grids, strict=True)
        }
        values = np.asarray(expr.evaluate({**self.sizes, **env}))
        return int(values.min()), int(values.max())

    @contextmanager
    def apart(self) -> Iterator[None]:
        """A scope: what is made in it cannot be read behind it."""
        before = len(self.values)
        try:
            yield
        finally:
            del self.values[before:]

    @contextmanager
    def inside(self, level: Level, values: Sequence[Value] = ()) -> Iterator[None]:
        """The scope of a loop's body, with its carried values."""
        with self.apart():
            self.levels.append(level)
            self.values.extend(values)
            yield
            self.levels.pop()

    @contextmanager
    def function(self, params: Sequence[Value]) -> Iterator[None]:
        """The scope of a function that is called here: its parameters, no index and no buffer."""
        levels, values = self.levels, self.values
        self._called, self.levels, self.values = self.rounds, [], list(params)
        try:
            yield
        finally:
            self._called, self.levels, self.values = None, levels, values

    @contextmanager
    def repeated(self, turns: int, values: Sequence[Value]) -> Iterator[None]:
        """The scope of the body of a loop on a condition, with its carried values."""
        with self.apart():
            self.turns.append(turns)
            self.values.extend(values)
            yield
            self.turns.pop()


def rank(buffer: Value) -> int:
    assert isinstance(buffer.type, BufferType)
    return len(buffer.type.shape)


def repeats(small: TileType, wanted: TileType) -> bool:
    """Whether `broadcast` makes one type of the other."""
    tail = wanted.shape[wanted.rank - small.rank :] if small.rank <= wanted.rank else ()
    if small.dtype != wanted.dtype or small.shape == wanted.shape or small.rank > wanted.rank:
        return False
    return all(a in (1, b) for a, b in zip(small.shape, tail, strict=True))


__all__ = ["Level", "Writer"]
