"""Races between thread blocks, and elements that are read before they are written.

A result must not depend on the order of thread blocks, so an element that one block writes may not
be read or written by another.  That is checked on every access to a buffer that the kernel stores
to.
"""

from __future__ import annotations

import numpy as np

from tilevm.vm.buffer import INITIAL, SHARED, UNDEFINED, UNREAD, Array, Conflict
from tilevm.vm.places import Places, Regular, Scattered, first
from tilevm.vm.region import Region


class Guarded(Region):
    """A region that knows what other blocks did to its elements; Conflict TV0405 and TV0406."""

    def column(self, places: Places) -> Array:
        """The number of the block of each tile, as a column that broadcasts over the tiles."""
        blocks = self.blocks if places.count == len(self.blocks) else self.blocks[:1]
        return blocks.reshape(-1, *[1] * (len(places.whole) - 1))

    def admit_read(self, places: Places, writer: Array) -> None:
        """Checks a read, and records it."""
        self.check_read(places, writer)

    def admit_write(self, places: Places, writer: Array) -> None:
        """Checks a write, and records it."""
        if self.rows is not None:  # nobody else has this copy
            places.put(writer, np.zeros((), writer.dtype))
            return
        self.check_write(places, writer)
        self.buffer.fresh = False
        owners = self.column(places)
        places.put(writer, owners)
        if places.count > 1 and not self.apart(places):
            self.race(places, places.get(writer), owners, "writes", "writes")

    def admit_update(self, places: Places, writer: Array) -> None:
        """Checks an atomic, and records it; the places are those of each block."""
        self.buffer.fresh = False
        state = places.get(writer)
        if self.check_defined(places, state):
            places.put(writer, np.maximum(state, INITIAL))  # said once
        if self.rows is None:
            self.check_update(places, writer)

    def refuse(self, conflict: Conflict) -> None:
        """What becomes of a conflict: it stops the run."""
        raise conflict

    def check_read(self, places: Places, writer: Array) -> None:
        state = places.get(writer)
        self.check_defined(places, state)
        if self.rows is not None:
            return
        owners = self.column(places)
        alone = places.count == len(self.blocks)
        written = state >= 0
        where = first(written & (state != owners) if alone else written, places)
        if where is not None:
            other = int(state[where])
            block = int(owners.reshape(-1)[where[0]])
            if other == block:
                block = int(self.blocks[-1])
            self.refuse(self.conflict(places.address(where), block, other, "reads", "writes"))
        if self.buffer.updater is not None:
            seen = places.get(self.buffer.updater)
            untouched = (seen == UNREAD) | ((seen == owners) & alone)
            where = first(~untouched, places)
            if where is not None:
                block, other = int(owners.reshape(-1)[where[0]]), int(seen[where])
                self.refuse(self.conflict(places.address(where), block, other, "reads", "updates"))
        if self.buffer.reader is not None:
            self.mark(places, self.buffer.reader, owners, alone)

    def check_defined(self, places: Places, state: Array) -> bool:
        """Conflict TV0405 for an element that nobody has written; whether there is one."""
        where = first(state == UNDEFINED, places)
        if where is not None:
            hint = "store to it first"
            if not self.buffer.shared:
                hint = f"store to it first, or pass initial values: `{self.buffer.zeros}`"
            block = int(self.column(places).reshape(-1)[where[0]])
            element = self.buffer.element(places.address(where))
            message = f"`{element}` is read, but was never written"
            self.refuse(Conflict("TV0405", block, message, hint, places.address(where)))
        return where is not None

    def check_update(self, places: Places, writer: Array) -> None:
        """Conflict TV0406 where another block did anything but atomics; records this one."""
        owners, state = self.column(places), places.get(writer)
        self.race(places, np.where(state >= 0, state, owners), owners, "updates", "writes")
        if self.buffer.reader is not None:
            seen = places.get(self.buffer.reader)
            self.race(places, np.where(seen == UNREAD, owners, seen), owners, "updates", "reads")
        assert self.buffer.updater is not None, self.buffer.name
        self.mark(places, self.buffer.updater, owners, True)

    def mark(self, places: Places, reader: Array, owners: Array, alone: bool) -> None:
        """Records who reads or updates: a block, or several."""
        before = places.get(reader)
        if alone and self.apart(places):
            others = (before != UNREAD) & (before != owners)
            places.put(reader, owners)
            if others.any():
                places.put(reader, np.where(others, SHARED, owners))
            return
        mine = (before == UNREAD) | (before == owners)
        mark = np.where(mine & alone, owners, SHARED).astype(reader.dtype)
        places.put(reader, mark)
        lost = places.get(reader) != mark  # two blocks of this very access read it
        if isinstance(places, Scattered) and places.inside is not None:
            lost = lost & places.inside
        if lost.any():
            reader[places.addresses()[lost]] = SHARED

    def check_write(self, places: Places, writer: Array) -> None:
        if self.undisputed(places, writer):
            return
        state, owners = places.get(writer), self.column(places)
        if places.count < len(self.blocks):  # one place for several blocks
            where = first(np.ones(state.shape, bool), places)
            if where is not None:
                block, other = int(self.blocks[1]), int(self.blocks[0])
                self.refuse(self.conflict(places.address(where), block, other, "writes", "writes"))
        self.race(places, np.where(state >= 0, state, owners), owners, "writes", "writes")
        if self.buffer.reader is not None:
            seen = places.get(self.buffer.reader)
            self.race(places, np.where(seen == UNREAD, owners, seen), owners, "writes", "reads")
        if self.buffer.updater is not None:
            seen = places.get(self.buffer.updater)
            self.race(places, np.where(seen == UNREAD, owners, seen), owners, "writes", "updates")

    def undisputed(self, places: Places, writer: Array) -> bool:
        """Whether it is plain that no other block touches what is written: the usual case."""
        buffer = self.buffer
        if places.count != len(self.blocks) or buffer.reader is not None:
            return False
        if not self.apart(places):
            return False
        return buffer.fresh or int(places.get(writer).max()) < 0

    def apart(self, places: Places) -> bool:
        """Whether no two blocks of this access can touch one element."""
        return isinstance(places, Regular) and places.apart

    def race(self, places: Places, found: Array, owners: Array, does: str, did: str) -> None:
        """Conflict TV0406 where another block is found than the one that owns the tile."""
        where = first(found != owners, places)
        if where is not None:
            block, other = int(owners.reshape(-1)[where[0]]), int(found[where])
            self.refuse(self.conflict(places.address(where), block, other, does, did))

    def conflict(self, address: int, block: int, other: int, does: str, did: str) -> Conflict:
        """The error for an element that two blocks touch."""
        whom = f"block {other}" if other >= 0 else "another block"
        return Conflict(
            "TV0406",
            block,
            f"block {block} {does} `{self.buffer.element(address)}`, which {whom} {did}: "
            "the result would depend on their order",
            "let each block write elements of its own, or all of them meet in `atomic`",
            address,
            did,
            other if other >= 0 else None,
        )
