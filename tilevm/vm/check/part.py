"""An access as the machine makes it, checked against those before it."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from tilevm.diagnostics import Span
from tilevm.dtypes import Trap
from tilevm.ir import Op, TileType, Value
from tilevm.ir.ops.access import Combine
from tilevm.vm.buffer import Array, Conflict
from tilevm.vm.check.reports import Site
from tilevm.vm.check.shadow import Shadow, distinct
from tilevm.vm.check.touch import Kind, Touch
from tilevm.vm.group import Group
from tilevm.vm.memory import Part, inside_element
from tilevm.vm.places import Places, Regular, Scattered

if TYPE_CHECKING:
    from tilevm.vm.check.checker import Checker


class CheckedPart(Part):
    """A part whose conflicts are collected, and whose accesses are ordered by barriers or named."""

    def __init__(
        self, part: Part, site: Site, since: Array, group: Group, checker: Checker
    ) -> None:
        super().__init__(part.op, part.access, group)
        self.flight = part.flight
        self.site, self.checker = site, checker
        self.since = since  # the first serial number behind the last barrier of each block
        self.floor = int(since.min())

    def places(self, *how: Any) -> Places:
        try:
            return super().places(*how)
        except Conflict as conflict:
            self.checker.conflict(self, conflict, last=True)
            raise

    def write(self, values: Array, shape: tuple[int, ...], skip: bool, *more: Any) -> None:
        if len(values) > 1 and self.places(shape, not skip, *more[:1]).count == 1:
            values = values[-1:]  # several blocks write there, which is reported: one of them
        super().write(values, shape, skip, *more)

    def declaration(self, code: str) -> tuple[Span | None, str]:
        """Where the buffer was made, and what there is to be said of it."""
        span = self.site.access.buffer.span if self.site.access is not None else None
        if code != "TV0405":
            return span, f"it has the extents {list(self.buffer.extents)}"
        return span, "undefined from here on" if self.buffer.shared else "it was not passed in"

    def refuse(self, conflict: Conflict) -> None:
        self.checker.conflict(self, conflict)

    def admit_read(self, places: Places, writer: Array) -> None:
        shadow, now = self.checker.shadow(self.buffer), self.touch("read", places)
        if places.count == len(self.blocks):  # else several blocks are there: no matter of threads
            if shadow.last_write >= self.floor:
                before = places.get(shadow.wrote)
                self.compare(now, before, places.get(writer))
            self.compare_updates(now, shadow)
            if shadow.last_read >= self.floor:
                self.note_others(now, places)
        super().admit_read(places, writer)
        places.put(shadow.read, np.asarray(now.serial, np.int32))
        shadow.last_read = now.serial

    def admit_write(self, places: Places, writer: Array) -> None:
        shadow, now = self.checker.shadow(self.buffer), self.touch("write", places)
        if places.count == len(self.blocks):
            self.compare_stores_and_loads(now, shadow, writer)
            self.compare_updates(now, shadow)
        super().admit_write(places, writer)
        places.put(shadow.wrote, np.asarray(now.serial, np.int32))
        shadow.previous_write, shadow.last_write = shadow.last_write, now.serial
        if self.buffer.kind.bits % 8:
            self.checker.bytes.written(self, now, shadow)

    def admit_update(self, places: Places, writer: Array) -> None:
        shadow, now = self.checker.shadow(self.buffer), self.touch("atomic", places)
        self.compare_stores_and_loads(now, shadow, writer)
        super().admit_update(places, writer)
        places.put(shadow.updated, np.asarray(now.serial, np.int32))
        shadow.last_update = now.serial

    def compare_stores_and_loads(self, now: Touch, shadow: Shadow, writer: Array) -> None:
        """Compares with the last store to each element, and the loads since the last barrier."""
        places = now.places
        if shadow.last_write >= self.floor:
            self.compare(now, places.get(shadow.wrote), places.get(writer))
        if shadow.last_read >= self.floor:
            reader = self.buffer.reader
            owner = None if reader is None else places.get(reader)
            self.compare(now, places.get(shadow.read), owner)
            if shadow.last_also >= self.floor:
                self.compare(now, places.get(shadow.also), owner)

    def compare_updates(self, now: Touch, shadow: Shadow) -> None:
        """Compares with the last atomic on each element."""
        if shadow.last_update >= self.floor:
            updater = self.buffer.updater
            owner = None if updater is None else now.places.get(updater)
            self.compare(now, now.places.get(shadow.updated), owner)

    def added(
        self, places: Scattered, turn: Array, held: Array, given: Array, overflow: str | None
    ) -> Array:
        self.check_sums(places, turn, held, given)
        return super().added(places, turn, held, given, overflow)

    def combined(
        self,
        places: Scattered,
        addresses: Array,
        given: list[Array],
        combine: Combine,
        keep: bool,
    ) -> Array:
        keep = keep or self.site.op.reports_overflow
        before = super().combined(places, addresses, given, combine, keep)
        self.check_sums(places, np.arange(len(before)), before, given[0])
        return before

    def check_sums(self, places: Scattered, numbers: Array, held: Array, given: Array) -> None:
        """Reports the first of some additions that does not fit, if that was left open.

        `numbers`: which elements these are, of those inside.
        """
        op, kind = self.site.op, self.buffer.kind
        if not op.reports_overflow:
            return
        try:
            kind.add(held, given, "trap")
        except Trap as problem:
            (at,) = problem.index
            where = inside_element(places, int(numbers[at]))
            block = int(self.blocks[where[0] if places.count > 1 else 0])
            exact = sum(Fraction(x[at].item()) for x in (held, given))
            name = self.buffer.element(places.address(where))
            self.checker.overflows.wrapped(self.site, name, kind, exact, block, self.group)

    def touch(self, kind: Kind, places: Places) -> Touch:
        """This access, known to the checker from now on."""
        tile = moved_tile(self.site.op, kind)
        return self.checker.touched(self.site, kind, tile, places, self.blocks)

    def recent(self, places: Places, serials: Array, owner: Array | None) -> Array:
        """Where an access is of the same block, with no barrier since."""
        found = serials >= self.since.reshape(-1, *[1] * (serials.ndim - 1))
        if isinstance(places, Scattered) and places.inside is not None:
            found &= places.inside
        if self.rows is None and owner is not None:
            found &= owner == self.column(places)
        return found

    def compare(self, now: Touch, serials: Array, owner: Array | None) -> None:
        """Reports the first element whose earlier access is not ordered before this one."""
        recent = self.recent(now.places, serials, owner)
        if not recent.any():
            return
        for serial in distinct(serials[recent]):
            before = self.checker.touches[serial]
            copied = before.site.op.touched("arrives")  # then TV0432 or TV0433 says it
            if not copied and not self.checker.owners.always(before, now):
                self.compare_with(now, before, recent & (serials == serial))

    def compare_with(self, now: Touch, before: Touch, where: Array) -> None:
        """As `compare`, for the elements that one access touched last."""
        position, second = self.split(where)
        addresses = now.places.addresses()[where]
        blocks = self.blocks[position]
        first = before.elements(addresses, blocks)
        free = ~self.checker.owners.ordered(before, now, first, second)
        if free.any():
            at = int(np.argmax(free))
            numbers = int(first[at]), int(second[at])
            element = self.buffer.element(int(addresses[at]))
            self.checker.race(element, before, now, numbers, int(blocks[at]), self.group)

    def split(self, where: Array) -> tuple[Array, Array]:
        """The position of the block, and the number in the tile, of the elements of a mask."""
        size = max(1, where[0].size)
        flat = np.flatnonzero(where)
        return flat // size, flat % size

    def note_others(self, now: Touch, places: Places) -> None:
        """Keeps the reads of this stretch between barriers that `read` is about to forget."""
        shadow = self.checker.shadow(self.buffer)
        serials = places.get(shadow.read)
        recent = self.recent(places, serials, None)
        if not recent.any():
            return
        for serial in distinct(serials[recent]):
            before = self.checker.touches[serial]
            if before.tile is not now.tile or not self.checker.owners.always(before, now):
                where = recent & (serials == serial)
                if isinstance(places, Regular) and places.apart:
                    np.copyto(places.view(shadow.also), serial, where=where)
                else:
                    shadow.also[places.addresses()[where]] = serial
                shadow.last_also = max(shadow.last_also, serial)


def moved_tile(op: Op, kind: Kind) -> Value | None:
    """The tile that an access moves: the result of a read, the first operand of a write.

    None for an atomic: elements of its tile may meet, so no thread has an element for itself.
    """
    if kind == "atomic":
        return None
    tiles = op.results if kind == "read" else op.operands
    for value in tiles:
        if isinstance(value.type, TileType):
            return value
    return None
