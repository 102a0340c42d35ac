"""Buffers of the machine: values, and for each element who wrote it and who read it.

A result must not depend on the order of thread blocks, so an element that one block writes may not be
read or written by another.  That is checked on every access to a buffer that the kernel stores to.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from tilevm.dtypes import DType

Array = npt.NDArray[Any]

UNDEFINED, INITIAL = -2, -1  # states of an element, beside the number of the block that wrote it
UNREAD, SHARED = -1, -2  # read by no block; read by several


class Conflict(Exception):
    """An access that has no one right meaning: its kind, the element, and the blocks or index involved."""

    def __init__(self, code: str, element: tuple[int, ...], block: int, message: str, help: str) -> None:
        super().__init__(message)
        self.code, self.element, self.block = code, element, block
        self.message, self.help = message, help


class Buffer:
    """A buffer's elements, flat, with one row per copy: one row if global, one per block if shared."""

    def __init__(self, name: str, kind: DType, extents: tuple[int, ...], rows: int = 1) -> None:
        self.name, self.kind, self.extents = name, kind, extents
        self.size = int(np.prod(extents))
        self.values: Array = np.zeros(rows * self.size, kind.carrier)
        self.writer: Array | None = None  # only where the kernel stores to it
        self.reader: Array | None = None  # only where it also loads from it
        self.shared = rows > 1

    def track(self, initial: int, loads: bool) -> None:
        """Starts to record writers (and readers, if the kernel also loads from the buffer)."""
        self.writer = np.full(self.values.size, initial, np.int64)
        self.reader = np.full(self.values.size, UNREAD, np.int64) if loads else None


class Part:
    """The elements that one access touches, in the blocks that make it.

    `starts`: per dimension an int, or int64 [blocks]; `blocks`: their numbers, `rows`: their copy of a
    shared buffer (None for a global one).
    """

    def __init__(self, buffer: Buffer, starts: list[Any], blocks: Array, rows: Array | None) -> None:
        self.buffer, self.starts, self.blocks, self.rows = buffer, starts, blocks, rows

    def addresses(self, shape: tuple[int, ...], oob: str) -> tuple[Array, Array | None]:
        """Flat addresses [blocks or 1, *shape], and which are inside (None: all of them)."""
        extents, rank = self.buffer.extents, len(shape)
        lead = len(extents) - rank
        tile = (1,) * lead + shape
        varies = self.rows is not None or any(np.ndim(s) for s in self.starts)
        count = len(self.blocks) if varies else 1
        total = np.zeros((count, *[1] * rank), np.int64)
        inside: Array | None = None
        stride = 1
        if self.rows is not None:
            total = total + (self.rows * self.buffer.size).reshape(-1, *[1] * rank)
        for dim in reversed(range(len(extents))):
            start = np.asarray(self.starts[dim], np.int64).reshape(-1, *[1] * rank)
            index = start
            if dim >= lead:
                along = [1] * rank
                along[dim - lead] = tile[dim]
                index = start + np.arange(tile[dim], dtype=np.int64).reshape(along)
            if start.min() < 0 or start.max() + tile[dim] > extents[dim]:
                if oob == "trap":
                    self.outside(dim, index, shape)
                ok = (index >= 0) & (index < extents[dim])
                inside = ok if inside is None else inside & ok
                index = np.clip(index, 0, extents[dim] - 1)
            total = total + index * stride
            stride *= extents[dim]
        if inside is not None:
            inside = np.broadcast_to(inside, (count, *shape))
        return np.broadcast_to(total, (count, *shape)), inside

    def outside(self, dim: int, index: Array, shape: tuple[int, ...]) -> None:
        bad = (index < 0) | (index >= self.buffer.extents[dim])
        at = tuple(int(i) for i in np.argwhere(bad)[0])
        block = int(self.blocks[at[0]]) if len(self.blocks) > 1 else int(self.blocks[0])
        value = int(index[at])
        name, extent = self.buffer.name, self.buffer.extents[dim]
        raise Conflict(
            "TV0403", (), block,
            f"index {value} is outside of dimension {dim} of `{name}`, which has extent {extent}",
            "make the tile fit, or say `oob = zero` (load) or `oob = skip` (store)",
        )  # fmt: skip

    def element(self, address: int) -> tuple[int, ...]:
        return tuple(int(i) for i in np.unravel_index(address % self.buffer.size, self.buffer.extents))

    def owners(self, at: Array) -> Array:
        """The block of each address, shape of `at`."""
        blocks = self.blocks if len(at) == len(self.blocks) else self.blocks[:1]
        return np.broadcast_to(blocks.reshape(-1, *[1] * (at.ndim - 1)), at.shape)

    # --- the two accesses

    def read(self, shape: tuple[int, ...], oob: str) -> Array:
        """The values [blocks or 1, *shape]; `zero` outside if `oob` says so."""
        at, inside = self.addresses(shape, oob)
        buffer = self.buffer
        if buffer.writer is not None:
            self.check_read(buffer.writer, at, inside)
        values = buffer.values[at]
        if inside is not None:
            values = np.where(inside, values, buffer.kind.carrier.type(0))
        return values

    def check_read(self, writer: Array, at: Array, inside: Array | None) -> None:
        state = writer[at]
        unset = state == UNDEFINED
        if inside is not None:
            unset &= inside
        if unset.any():
            where = tuple(np.argwhere(unset)[0])
            hint = "store to it first"
            if not self.buffer.shared:
                hint = f"pass `{self.buffer.name}` to give it initial values, or store to it first"
            element = self.element(int(at[where]))
            block = int(self.owners(at)[where])
            message = f"`{self.buffer.name}{list(element)}` is read, but was never written"
            raise Conflict("TV0405", element, block, message, hint)
        if self.rows is not None:
            return
        many = len(at) == 1 and len(self.blocks) > 1  # read by all these blocks
        owners = self.owners(at)
        foreign = (state >= 0) & ((state != owners) | many)
        if inside is not None:
            foreign &= inside
        if foreign.any():
            where = tuple(np.argwhere(foreign)[0])
            self.race(int(at[where]), int(owners[where]), int(state[where]), "reads", "writes")
        if self.buffer.reader is not None:
            before = self.buffer.reader[at]
            again = (before == UNREAD) | (before == owners)
            mark = np.where(again & ~np.bool_(many), owners, SHARED)
            if len(at) > 1 and _repeats(at):
                order = np.broadcast_to(at, mark.shape).reshape(-1)
                doubled = np.bincount(order - order.min())[order - order.min()] > 1
                mark = np.where(doubled.reshape(mark.shape), SHARED, mark)
            if inside is None:
                self.buffer.reader[at] = mark
            else:
                self.buffer.reader[at[inside]] = mark[inside]

    def write(self, values: Array, shape: tuple[int, ...], oob: str) -> None:
        """Writes values [blocks or 1, *shape]; leaves out what is outside if `oob` says so."""
        at, inside = self.addresses(shape, oob)
        buffer = self.buffer
        count = max(len(at), len(self.blocks) if self.rows is None else len(at))
        at = np.broadcast_to(at, (count, *shape))
        values = np.broadcast_to(values, at.shape)
        owners = self.owners(at)
        if inside is not None:
            inside = np.broadcast_to(inside, at.shape)
            at, values, owners = at[inside], values[inside], owners[inside]
        writer = buffer.writer
        assert writer is not None
        if self.rows is None:
            state = writer[at]
            foreign = (state >= 0) & (state != owners)
            if foreign.any():
                where = tuple(np.argwhere(foreign)[0])
                self.race(int(at[where]), int(owners[where]), int(state[where]), "writes", "writes")
            if buffer.reader is not None:
                seen = buffer.reader[at]
                foreign = (seen == SHARED) | ((seen >= 0) & (seen != owners))
                if foreign.any():
                    where = tuple(np.argwhere(foreign)[0])
                    self.race(int(at[where]), int(owners[where]), int(seen[where]), "writes", "reads")
        buffer.values[at] = values
        writer[at] = owners
        if self.rows is None and (writer[at] != owners).any():
            where = tuple(np.argwhere(writer[at] != owners)[0])
            self.race(int(at[where]), int(owners[where]), int(writer[at][where]), "writes", "writes")

    def race(self, address: int, block: int, other: int, does: str, did: str) -> None:
        element = self.element(address)
        whom = f"block {other}" if other >= 0 else "another block"
        raise Conflict(
            "TV0406", element, block,
            f"block {block} {does} `{self.buffer.name}{list(element)}`, which {whom} {did}: "
            "the result would depend on their order",
            "let each block write elements of its own",
        )  # fmt: skip


def _repeats(at: Array) -> bool:
    flat = np.sort(at, axis=None)
    return bool((flat[1:] == flat[:-1]).any())
