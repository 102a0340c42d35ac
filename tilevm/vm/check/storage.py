"""Bytes of storage that several threads, or several thread blocks, write parts of.

Elements are packed without gaps in row-major order: element j of b bits takes the bits from j * b
on.  Memory is written by bytes, so whoever writes a part of one reads and writes the rest of it.
"""

from __future__ import annotations

from math import gcd
from typing import TYPE_CHECKING

import numpy as np

from tilevm.ir import Op
from tilevm.vm.buffer import Array, Buffer
from tilevm.vm.check.owners import layout_of, thread_of
from tilevm.vm.check.reports import described, place
from tilevm.vm.check.shadow import Shadow
from tilevm.vm.check.touch import Touch
from tilevm.vm.places import Scattered

if TYPE_CHECKING:
    from tilevm.vm.check.checker import Checker
    from tilevm.vm.check.part import CheckedPart


class SharedBytes:
    """Looks for them: by threads at every store, by blocks when the run is over."""

    def __init__(self, checker: Checker) -> None:
        self.checker = checker

    # --- by threads of a block

    def written(self, part: CheckedPart, now: Touch, shadow: Shadow) -> None:
        """Compares a store with those since the last barrier, and its threads with one another."""
        alone = now.tile is None or layout_of(now.tile) is None
        if alone and shadow.previous_write < part.floor:
            return
        buffer, where = part.buffer, np.ones((now.places.count, *part_shape(now)), bool)
        if isinstance(now.places, Scattered) and now.places.inside is not None:
            where &= now.places.inside
        addresses = now.places.addresses()[where]
        position, second = part.split(where)
        within = addresses % buffer.size
        for distance in distances(buffer):
            beside = addresses + distance
            inside = (within + distance >= 0) & (within + distance < buffer.size)
            inside &= one_byte(within, distance, buffer.kind.bits)
            serials = shadow.wrote[np.where(inside, beside, addresses)]
            since = part.since[position] if len(part.since) > 1 else part.since
            found = inside & (serials >= since)
            if alone:
                found &= serials != now.serial
            if part.rows is None and buffer.writer is not None:
                found &= buffer.writer[np.where(inside, beside, 0)] == part.blocks[position]
            for serial in np.unique(serials[found]).tolist():
                before = self.checker.touches[serial]
                picked = np.flatnonzero(found & (serials == serial))
                blocks = part.blocks[position[picked]]
                first = before.elements(beside[picked], blocks)
                free = ~self.checker.owners.together(before, now, first, second[picked])
                if free.any():
                    at = int(np.argmax(free))
                    self.by_threads(
                        part.buffer,
                        before,
                        now,
                        (int(beside[picked[at]]), int(addresses[picked[at]])),
                        (int(first[at]), int(second[picked[at]])),
                        int(blocks[at]),
                    )

    def by_threads(
        self,
        buffer: Buffer,
        before: Touch,
        now: Touch,
        addresses: tuple[int, int],
        numbers: tuple[int, int],
        block: int,
    ) -> None:
        """Reports a byte that two threads of a block write parts of."""
        reports = self.checker.reports
        if reports.known("TV0442", now.op, before.op):
            return
        one, other = (buffer.element(a) for a in addresses)
        threads = [thread_of(t.tile, n) for t, n in zip((before, now), numbers, strict=True)]
        texts = [
            f"`{element}` is written here" + (f", by {thread}" if thread else "")
            for element, thread in zip((one, other), threads, strict=True)
        ]
        labels, notes = described(now.op, place(now.op), texts[1])
        more, also = described(before.op, place(before.op), texts[0])
        if before.op is now.op:
            more, also = [], [*also, texts[0]]
        reports.add(
            "TV0442",
            f"`{one}` and `{other}` lie in one byte, and threads write them "
            "with no barrier between",
            [*labels, *more],
            [*notes, *also, packed(buffer), *self.checker.where(block)],
            f"let one thread write whole bytes, {whole(buffer)}, or put a `barrier` between",
        )

    # --- by thread blocks

    def shared_by_blocks(self, buffer: Buffer) -> None:
        """Looks at all elements of a global buffer, once the run is over."""
        writer, shadow = buffer.writer, self.checker.shadow(buffer)
        assert writer is not None
        for distance in distances(buffer):
            if distance < 0 or distance >= buffer.size:
                continue
            low, high = writer[:-distance], writer[distance:]
            apart = np.flatnonzero((low != high) & (low >= 0) & (high >= 0))
            apart = apart[one_byte(apart, distance, buffer.kind.bits)]
            if apart.size:
                self.by_blocks(buffer, shadow, int(apart[0]), int(apart[0]) + distance)

    def by_blocks(self, buffer: Buffer, shadow: Shadow, low: int, high: int) -> None:
        """Reports a byte that two thread blocks write parts of."""
        assert buffer.writer is not None
        checker = self.checker
        ops: list[Op] = []
        for address in (high, low):
            op = checker.ops[int(shadow.wrote[address])]
            assert op is not None
            ops.append(op)
        if checker.reports.known("TV0443", *ops):
            return
        names = [buffer.element(address) for address in (high, low)]
        blocks = [int(buffer.writer[address]) for address in (high, low)]
        labels, notes = described(ops[0], place(ops[0]), f"`{names[0]}` is written here")
        more, also = described(ops[1], place(ops[1]), f"`{names[1]}` is written here")
        if ops[0] is ops[1]:
            more = []
        checker.reports.add(
            "TV0443",
            f"`{names[1]}` and `{names[0]}` lie in one byte, and thread blocks {blocks[1]} and "
            f"{blocks[0]} write them",
            [*labels, *more],
            [*notes, *also, packed(buffer)],
            f"let each block write whole bytes, {whole(buffer)}",
        )


def distances(buffer: Buffer) -> list[int]:
    """How far apart elements are that may share a byte."""
    reach = -(-7 // buffer.kind.bits) if buffer.kind.bits < 8 else 1
    return [d for d in range(-reach, reach + 1) if d]


def one_byte(addresses: Array, distance: int, bits: int) -> Array:
    """Where the element at an address and the one at that distance have bits in one byte."""
    low, high = addresses + min(distance, 0), addresses + max(distance, 0)
    return np.asarray((low * bits + bits - 1) // 8 == high * bits // 8)


def packed(buffer: Buffer) -> str:
    """The note that says why."""
    return f"elements of {buffer.kind.bits} bits are packed without gaps, in row-major order"


def whole(buffer: Buffer) -> str:
    """The elements that fill bytes."""
    return f"{8 // gcd(8, buffer.kind.bits)} elements of {buffer.kind} at a time"


def part_shape(touch: Touch) -> tuple[int, ...]:
    """The shape of the tile that was moved."""
    places = touch.places
    return places.at.shape[1:] if isinstance(places, Scattered) else places.shape
