"""Ops that take tiles apart, put them together, and repeat them: wires, in hardware.

A dimension of extent 1 is added or dropped by `reshape`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tilevm.dtypes import Trap
from tilevm.ir.index import Const, Expr
from tilevm.ir.op import Op
from tilevm.ir.types import TileType
from tilevm.ir.value import Value

Array = npt.NDArray[Any]


def _inside(op: Slice | Insert, whole: TileType, spans: tuple[int, ...], field: str) -> None:
    """TV0236 where a start that is a number puts the part outside of the whole tile."""
    if len(op.start) != whole.rank:
        raise op.reject(
            "TV0236",
            f"`start` names {len(op.start)} dimensions, and {whole} has {whole.rank}",
            "start",
            **{field: f"this is {whole}"},
            help="give one index for each dimension",
        )
    for dim, (first, span, extent) in enumerate(zip(op.start, spans, whole.shape, strict=True)):
        start = first.value if isinstance(first, Const) else 0
        if not 0 <= start <= extent - span:
            raise op.reject(
                "TV0236",
                f"{start} .. {start + span} leaves dimension {dim} of {whole}",
                "start",
                **{field: f"this is {whole}"},
                help=f"the part has to lie in 0 .. {extent}",
            )


def _check(starts: tuple[Any, ...], spans: tuple[int, ...], whole: TileType) -> None:
    """A trap where a start that was computed puts the part outside, in the first such block."""
    for dim, (start, span, extent) in enumerate(zip(starts, spans, whole.shape, strict=True)):
        known = np.atleast_1d(start)
        outside = (known < 0) | (known > extent - span)
        if outside.any():
            block = int(np.argmax(outside))
            first = int(known[block])
            part = f"the part {first} .. {first + span}"
            raise Trap((block,), f"{part} leaves dimension {dim} of {whole}")


@dataclass(frozen=True, kw_only=True, eq=False)
class Slice(Op, name="slice", codes=True):
    """``r[i, j] = a[start[0] + i * step[0], start[1] + j * step[1]]``, of the shape `size`.

    `start` has an index expression for each dimension; `step` is 1 where none is written.  A part
    that leaves the tile is an error, and stops the run where its start was computed.
    """

    a: Value
    start: tuple[Expr, ...]
    size: tuple[int, ...]
    step: tuple[int, ...] | None = None

    @property
    def steps(self) -> tuple[int, ...]:
        """`step`, also where none was written."""
        return (1,) * self.a.tile.rank if self.step is None else self.step

    @property
    def spans(self) -> tuple[int, ...]:
        """How far the part reaches in each dimension."""
        return tuple(
            (size - 1) * step + 1 if size else 0
            for size, step in zip(self.size, self.steps, strict=True)
        )

    def result(self) -> TileType:
        kind = self.a.tile
        for name, counts, least in (("size", self.size, 0), ("step", self.steps, 1)):
            if len(counts) != kind.rank or any(count < least for count in counts):
                raise self.reject(
                    "TV0236",
                    f"`{name}` must give one number of at least {least} for each dimension "
                    f"of {kind}",
                    name,
                    a=f"this is {kind}",
                )
        _inside(self, kind, self.spans, "a")
        return kind.with_shape(*self.size)

    @property
    def may_stop(self) -> bool:
        return not all(isinstance(first, Const) for first in self.start)

    def run(self, a: Any, *starts: Any) -> Any:
        """`starts`: ints, or int64 [blocks]."""
        _check(starts, self.spans, self.a.tile)
        if all(np.ndim(start) == 0 for start in starts):
            parts = zip(starts, self.spans, self.steps, strict=True)
            return a[:, *(slice(int(s), int(s) + span, step) for s, span, step in parts)]
        return a[_places(len(a), starts, self.size, self.steps)]


@dataclass(frozen=True, kw_only=True, eq=False)
class Insert(Op, name="insert", codes=True):
    """``r`` is `into`, but ``r[start[0] + i, start[1] + j] = a[i, j]``: a part is replaced.

    `start` has an index expression for each dimension.  A part that leaves the tile is an error,
    and stops the run where its start was computed.
    """

    a: Value
    into: Value
    start: tuple[Expr, ...]

    def result(self) -> TileType:
        part, whole = self.a.tile, self.into.tile
        if part.dtype != whole.dtype or part.rank != whole.rank:
            raise self.reject(
                "TV0203",
                "`insert` puts a tile into one of its element type and rank",
                "a",
                a=f"this is {part}",
                into=f"this is {whole}",
                help="`cast` the elements, or `reshape` to the rank",
            )
        _inside(self, whole, part.shape, "into")
        return whole

    @property
    def may_stop(self) -> bool:
        return not all(isinstance(first, Const) for first in self.start)

    def run(self, a: Any, into: Any, *starts: Any) -> Any:
        """`starts`: ints, or int64 [blocks]."""
        size = self.a.tile.shape
        _check(starts, size, self.into.tile)
        blocks = max([len(a), len(into), *(np.size(start) for start in starts)])
        made = np.array(np.broadcast_to(into, (blocks, *into.shape[1:])))
        if all(np.ndim(start) == 0 for start in starts):
            made[:, *(slice(int(s), int(s) + n) for s, n in zip(starts, size, strict=True))] = a
        else:
            made[_places(blocks, starts, size, (1,) * len(size))] = a
        return made


def _places(
    blocks: int, starts: tuple[Any, ...], size: tuple[int, ...], steps: tuple[int, ...]
) -> tuple[Array, ...]:
    """Index arrays of the part in every block; a start is a number, or int64 [blocks]."""
    rank = len(size)
    count = max([blocks, *(np.size(start) for start in starts)])
    rows = np.arange(count) if blocks > 1 else np.zeros(count, np.int64)
    found = [rows.reshape(-1, *[1] * rank)]
    for dim, (start, extent, step) in enumerate(zip(starts, size, steps, strict=True)):
        along = [1] * rank
        along[dim] = extent
        first = np.asarray(start, np.int64).reshape(-1, *[1] * rank)
        found.append(first + (np.arange(extent) * step).reshape(along))
    return tuple(found)


@dataclass(frozen=True, kw_only=True, eq=False)
class Concat(Op, name="concat", codes=True):
    """The tiles one after the other along dimension `dim`: ``r`` holds `a[0]`, then `a[1]`, ...

    They have one element type, and agree in all other dimensions.
    """

    a: tuple[Value, ...]
    dim: int = 0

    def result(self) -> TileType:
        first = self.a[0].tile
        if not 0 <= self.dim < first.rank:
            raise self.reject(
                "TV0211",
                f"{first} has no dimension {self.dim}",
                "dim",
                help="dimensions count from 0; `reshape` adds one",
            )
        for value in self.a[1:]:
            kind = value.tile
            if kind.dtype != first.dtype or _without(kind, self.dim) != _without(first, self.dim):
                raise self.reject(
                    "TV0203",
                    f"{first} and {kind} do not fit together along dimension {self.dim}",
                    "a",
                    help="one element type, and equal extents in all other dimensions",
                )
        extents = list(first.shape)
        extents[self.dim] = sum(value.tile.shape[self.dim] for value in self.a)
        return first.with_shape(*extents)

    def run(self, *tiles: Any) -> Any:
        blocks = max(map(len, tiles))
        same = [np.broadcast_to(tile, (blocks, *tile.shape[1:])) for tile in tiles]
        return np.concatenate(same, axis=self.dim + 1)


def _without(kind: TileType, dim: int) -> tuple[int, ...]:
    return (kind.rank, *kind.shape[:dim], *kind.shape[dim + 1 :])


@dataclass(frozen=True, kw_only=True, eq=False)
class Repetition(Op):
    """What repetitions share: `counts` says how often, for each dimension."""

    a: Value
    counts: tuple[int, ...]

    def result(self) -> TileType:
        kind = self.a.tile
        if len(self.counts) != kind.rank or any(count < 1 for count in self.counts):
            raise self.reject(
                "TV0212",
                f"`counts` must give one number of at least 1 for each dimension of {kind}",
                "counts",
                a=f"this is {kind}",
                help="`broadcast` and `reshape` add dimensions",
            )
        pairs = zip(kind.shape, self.counts, strict=True)
        return kind.with_shape(*(extent * count for extent, count in pairs))


@dataclass(frozen=True, kw_only=True, eq=False)
class Repeat(Repetition, name="repeat", codes=True):
    """``r[i] = a[i % n]`` in each dimension: the whole tile, again and again.

    `n` is the extent of `a`, and `counts` how often the tile stands along each dimension.
    """

    def run(self, a: Any) -> Any:
        return np.tile(a, (1, *self.counts))


@dataclass(frozen=True, kw_only=True, eq=False)
class RepeatInterleave(Repetition, name="repeat_interleave", codes=True):
    """``r[i] = a[i / count]`` in each dimension: each element, as often as `counts` says."""

    def run(self, a: Any) -> Any:
        for dim, count in enumerate(self.counts):
            if count > 1:
                a = np.repeat(a, count, axis=dim + 1)
        return a


@dataclass(frozen=True, kw_only=True, eq=False)
class Reverse(Op, name="reverse", codes=True):
    """``r[i] = a[n - 1 - i]`` along each dimension in `dims`: the other way round.

    Without `dims` all dimensions are reversed.
    """

    a: Value
    dims: tuple[int, ...] | None = None

    @property
    def over(self) -> tuple[int, ...]:
        """`dims`, also where none was written."""
        return tuple(range(self.a.tile.rank)) if self.dims is None else self.dims

    def result(self) -> TileType:
        kind = self.a.tile
        if len(set(self.over)) != len(self.over) or any(not 0 <= d < kind.rank for d in self.over):
            raise self.reject(
                "TV0211",
                f"{list(self.over)} is not a set of dimensions of {kind}",
                "dims",
                a=f"this is {kind}",
                help=f"dimensions count from 0 to {kind.rank - 1}, each at most once",
            )
        return kind.with_shape(*kind.shape)

    def run(self, a: Any) -> Any:
        return np.flip(a, tuple(d + 1 for d in self.over))
