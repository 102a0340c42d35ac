"""Buffers of the machine: values, and for each element who wrote it and who read it.

A result must not depend on the order of thread blocks, so an element that one block writes may not
be read or written by another.  That is checked on every access to a buffer that the kernel stores
to.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from tilevm.dtypes import DType

Array = npt.NDArray[Any]

UNDEFINED, INITIAL = -2, -1  # states of an element, beside the number of the block that wrote it
UNREAD, SHARED = -1, -2  # read by no block; read by several


class Conflict(Exception):
    """An access that has no one right meaning: its code, the block that makes it, and why."""

    def __init__(self, code: str, block: int, message: str, help: str) -> None:
        super().__init__(message)
        self.code, self.block, self.message, self.help = code, block, message, help


@dataclass(frozen=True, slots=True)
class Index:
    """A start index: one for all blocks (an int), or one for each (int64 [blocks]).

    `step` is the difference from block to block, None where it varies.
    """

    values: Any
    low: int
    high: int
    first: int
    step: int | None

    @classmethod
    def of(cls, values: Any) -> Index:
        """The index with what an access asks of it."""
        if np.ndim(values) == 0:
            number = int(values)
            return cls(number, number, number, number, 0)
        first = int(values[0])
        step = int(values[1]) - first if len(values) > 1 else 0
        regular = len(values) < 3 or bool((np.diff(values) == step).all())
        low, high = int(values.min()), int(values.max())
        return cls(values, low, high, first, step if regular else None)


class Buffer:
    """A buffer's elements, flat, row-major.

    A global buffer has them once; a shared one once for each block of a chunk.
    """

    def __init__(
        self, name: str, kind: DType, extents: tuple[int, ...], copies: int | None = None
    ) -> None:
        self.name, self.kind, self.extents = name, kind, extents
        self.size = prod(extents)
        self.strides = tuple(prod(extents[d + 1 :]) for d in range(len(extents)))
        self.shared = copies is not None
        self.values: Array = np.zeros((copies or 1) * self.size, kind.carrier)
        self.writer: Array | None = None  # only where the kernel stores to it
        self.reader: Array | None = None  # only where it also loads from it

    def track(self, initial: int, loads: bool, blocks: int) -> None:
        """Starts to record writers (and readers, if the kernel also loads from the buffer)."""
        number = np.int32 if blocks < 1 << 31 else np.int64
        self.writer = np.full(self.values.size, initial, number)
        self.reader = np.full(self.values.size, UNREAD, number) if loads else None

    def element(self, address: int) -> str:
        """The element at an address, as people write it: ``x[1, 2]``."""
        at = np.unravel_index(address % self.size, self.extents)
        return f"{self.name}{[int(i) for i in at]}"


@dataclass(frozen=True)
class Regular:
    """A tile whose place moves by a constant from block to block: views, no addresses."""

    count: int  # of blocks, 1 if the place is one for all
    first: int
    step: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    def view(self, flat: Array) -> Array:
        """The elements [count, *shape] in place."""
        item = flat.itemsize
        strides = tuple(s * item for s in (self.step, *self.strides))
        shape = (self.count, *self.shape)
        view: Array = np.ndarray(shape, flat.dtype, flat, self.first * item, strides)
        return view

    def get(self, flat: Array) -> Array:
        """The elements [count, *shape]; a view."""
        return self.view(flat)

    def put(self, flat: Array, values: Array) -> None:
        """Writes values that broadcast to [count, *shape]."""
        self.view(flat)[...] = values

    def address(self, where: tuple[int, ...]) -> int:
        """The address of element `where` of [count, *shape]."""
        steps = zip(where, (self.step, *self.strides), strict=True)
        return self.first + sum(int(i) * s for i, s in steps)

    def addresses(self) -> Array:
        """All addresses, [count, *shape]."""
        total: Array = np.asarray(self.first)
        for extent, stride in zip(
            (self.count, *self.shape), (self.step, *self.strides), strict=True
        ):
            total = np.add.outer(total, np.arange(extent) * stride)
        return total


@dataclass(frozen=True)
class Scattered:
    """A tile at any addresses, [blocks or 1, *shape]; those that are not `inside` do not count."""

    at: Array
    inside: Array | None = None

    @property
    def count(self) -> int:
        return len(self.at)

    def get(self, flat: Array) -> Array:
        """The elements [count, *shape]; a copy."""
        copy: Array = flat[self.at]
        return copy

    def put(self, flat: Array, values: Array) -> None:
        """Writes values that broadcast to [count, *shape], inside only."""
        if self.inside is None:
            flat[self.at] = values
        else:
            flat[self.at[self.inside]] = np.broadcast_to(values, self.at.shape)[self.inside]

    def address(self, where: tuple[int, ...]) -> int:
        """The address of element `where` of [count, *shape]."""
        return int(self.at[where])

    def addresses(self) -> Array:
        """All addresses, [count, *shape]."""
        return self.at


class Part:
    """The elements that one access touches, in the blocks that make it.

    `starts`: an index per dimension; `blocks`: the numbers of the blocks; `rows`: their copies of a
    shared buffer (None for a global one).
    """

    def __init__(
        self, buffer: Buffer, starts: list[Index], blocks: Array, rows: Index | None
    ) -> None:
        self.buffer, self.starts, self.blocks, self.rows = buffer, starts, blocks, rows

    # --- where

    def places(self, shape: tuple[int, ...], oob: str) -> Regular | Scattered:
        """Where a tile of that shape lies; Conflict TV0403 outside of the buffer, if that traps."""
        buffer = self.buffer
        lead = len(buffer.extents) - len(shape)
        tile = (1,) * lead + shape
        outside = False
        for dim, (start, extent) in enumerate(zip(self.starts, buffer.extents, strict=True)):
            if start.low < 0 or start.high + tile[dim] > extent:
                outside = True
                if oob == "trap":
                    raise self.beyond(dim, start, tile[dim])
        if outside:
            return self.clipped(shape)
        scaled = list(zip(self.starts, buffer.strides, strict=True))
        if self.rows is not None:
            scaled.append((self.rows, buffer.size))
        varies = any(np.ndim(index.values) for index, _ in scaled)
        count = len(self.blocks) if varies else 1
        if all(index.step is not None for index, _ in scaled):
            first = sum(index.first * stride for index, stride in scaled)
            step = sum((index.step or 0) * stride for index, stride in scaled)
            return Regular(count, first, step, shape, buffer.strides[lead:])
        base = sum(index.values * stride for index, stride in scaled)
        offsets = Regular(1, 0, 0, shape, buffer.strides[lead:]).addresses()
        return Scattered(base.reshape(-1, *[1] * len(shape)) + offsets)

    def clipped(self, shape: tuple[int, ...]) -> Scattered:
        """Where a tile lies of which a part is outside of the buffer."""
        extents, rank = self.buffer.extents, len(shape)
        lead = len(extents) - rank
        column = (-1, *[1] * rank)
        total: Array = np.zeros((1,) * (rank + 1), np.int64)
        inside: Array = np.ones((1,) * (rank + 1), bool)
        if self.rows is not None:
            total = total + (np.asarray(self.rows.values) * self.buffer.size).reshape(column)
        for dim, start in enumerate(self.starts):
            index = np.asarray(start.values, np.int64).reshape(column)
            if dim >= lead:
                along = [1] * (rank + 1)
                along[dim - lead + 1] = shape[dim - lead]
                # a start so far out that adding would wrap is just as far out without
                steps = np.arange(shape[dim - lead]).reshape(along)
                index = np.clip(index, -shape[dim - lead], extents[dim]) + steps
            inside = inside & (index >= 0) & (index < extents[dim])
            total = total + np.clip(index, 0, extents[dim] - 1) * self.buffer.strides[dim]
        whole = (len(total), *shape)
        return Scattered(np.broadcast_to(total, whole), np.broadcast_to(inside, whole))

    def beyond(self, dim: int, start: Index, size: int) -> Conflict:
        """The error for the first block whose tile leaves the buffer."""
        starts = np.atleast_1d(start.values)
        extent = self.buffer.extents[dim]
        number = next(i for i, s in enumerate(starts) if s < 0 or int(s) + size > extent)
        at = int(starts[number])
        index = at if not 0 <= at < extent else extent
        return Conflict(
            "TV0403",
            int(self.blocks[number]),
            f"index {index} is outside of dimension {dim} of `{self.buffer.name}`, "
            f"which has extent {extent}",
            "make the tile fit, or say `oob = zero` (load) or `oob = skip` (store)",
        )

    # --- the two accesses

    def read(self, shape: tuple[int, ...], oob: str) -> Array:
        """The values [blocks or 1, *shape]; 0 outside if `oob` says so."""
        places = self.places(shape, oob)
        buffer = self.buffer
        if 0 in shape:
            return np.empty((1, *shape), buffer.kind.carrier)
        if buffer.writer is not None:
            self.check_read(places, buffer.writer)
        values = places.get(buffer.values)
        if isinstance(places, Scattered):
            if places.inside is not None:
                values = np.where(places.inside, values, buffer.kind.carrier.type(0))
        elif buffer.writer is not None:
            values = values.copy()  # a later store must not show in what was loaded before it
        else:
            values.flags.writeable = False
        return values

    def write(self, values: Array, shape: tuple[int, ...], oob: str) -> None:
        """Writes values [blocks or 1, *shape]; leaves out what is outside if `oob` says so."""
        places = self.places(shape, oob)
        if 0 in shape:
            return
        buffer = self.buffer
        writer = buffer.writer
        assert writer is not None, buffer.name
        if self.rows is None:
            self.check_write(places, writer)
            owners = self.column(places)
        else:
            owners = np.zeros((1,) * (len(shape) + 1), writer.dtype)
        places.put(buffer.values, values)
        places.put(writer, owners)
        if self.rows is None and places.count > 1:
            self.race(places, places.get(writer), owners, "writes", "writes")

    # --- the checks

    def column(self, places: Regular | Scattered) -> Array:
        """The number of the block of each tile, as a column that broadcasts over the tiles."""
        shape = places.shape if isinstance(places, Regular) else places.at.shape[1:]
        blocks = self.blocks if places.count == len(self.blocks) else self.blocks[:1]
        return blocks.reshape(-1, *[1] * len(shape))

    def check_read(self, places: Regular | Scattered, writer: Array) -> None:
        state = places.get(writer)
        where = _first(state == UNDEFINED, places)
        owners = self.column(places)
        if where is not None:
            name = self.buffer.name
            hint = "store to it first"
            if not self.buffer.shared:
                hint = f"pass `{name}` to give it initial values, or store to it first"
            block = int(owners.reshape(-1)[where[0]])
            element = self.buffer.element(places.address(where))
            message = f"`{element}` is read, but was never written"
            raise Conflict("TV0405", block, message, hint)
        if self.rows is not None:
            return
        alone = places.count == len(self.blocks)
        written = state >= 0
        where = _first(written & (state != owners) if alone else written, places)
        if where is not None:
            other = int(state[where])
            block = int(owners.reshape(-1)[where[0]])
            if other == block:
                block = int(self.blocks[-1])
            raise self.conflict(places.address(where), block, other, "reads", "writes")
        if self.buffer.reader is not None:
            self.mark_read(places, self.buffer.reader, owners, alone)

    def mark_read(
        self, places: Regular | Scattered, reader: Array, owners: Array, alone: bool
    ) -> None:
        before = places.get(reader)
        mine = (before == UNREAD) | (before == owners)
        mark = np.where(mine & alone, owners, SHARED).astype(reader.dtype)
        places.put(reader, mark)
        lost = places.get(reader) != mark  # two blocks of this very access read it
        if isinstance(places, Scattered) and places.inside is not None:
            lost = lost & places.inside
        if lost.any():
            reader[places.addresses()[lost]] = SHARED

    def check_write(self, places: Regular | Scattered, writer: Array) -> None:
        owners = self.column(places)
        state = places.get(writer)
        if places.count < len(self.blocks):  # one place for several blocks
            where = _first(np.ones(state.shape, bool), places)
            if where is not None:
                block, other = int(self.blocks[1]), int(self.blocks[0])
                raise self.conflict(places.address(where), block, other, "writes", "writes")
        self.race(places, np.where(state >= 0, state, owners), owners, "writes", "writes")
        if self.buffer.reader is not None:
            seen = places.get(self.buffer.reader)
            self.race(places, np.where(seen == UNREAD, owners, seen), owners, "writes", "reads")

    def race(
        self, places: Regular | Scattered, found: Array, owners: Array, does: str, did: str
    ) -> None:
        """Conflict TV0406 where another block is found than the one that owns the tile."""
        where = _first(found != owners, places)
        if where is not None:
            block, other = int(owners.reshape(-1)[where[0]]), int(found[where])
            raise self.conflict(places.address(where), block, other, does, did)

    def conflict(self, address: int, block: int, other: int, does: str, did: str) -> Conflict:
        """The error for an element that two blocks touch."""
        whom = f"block {other}" if other >= 0 else "another block"
        return Conflict(
            "TV0406",
            block,
            f"block {block} {does} `{self.buffer.element(address)}`, which {whom} {did}: "
            "the result would depend on their order",
            "let each block write elements of its own",
        )


def _first(wrong: Array, places: Regular | Scattered) -> tuple[int, ...] | None:
    """Where the first wrong element is, those outside left out."""
    if isinstance(places, Scattered) and places.inside is not None:
        wrong = wrong & places.inside
    if not wrong.any():
        return None
    return tuple(int(i) for i in np.unravel_index(int(np.argmax(wrong)), wrong.shape))
