"""Bytes of storage that several threads, or several thread blocks, write parts of.

Elements are packed without gaps in row-major order: element j of b bits takes the bits from j * b
on.  Memory is written by bytes, so whoever writes a part of one reads and writes the rest of it.
"""

from __future__ import annotations

from math import gcd, prod
from typing import TYPE_CHECKING

import numpy as np

from tilevm.diagnostics import Span
from tilevm.vm.buffer import Array, Buffer
from tilevm.vm.check.owners import layout_of, thread_of
from tilevm.vm.check.reports import Site
from tilevm.vm.check.shadow import Shadow, distinct
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
        buffer, size = part.buffer, prod(part_shape(now))
        if isinstance(now.places, Scattered) and now.places.inside is not None:
            addresses = now.places.addresses()[now.places.inside]
            position, second = part.split(now.places.inside)
        else:
            addresses = now.places.addresses().reshape(-1)
            position = np.repeat(np.arange(now.places.count), size)
            second = np.tile(np.arange(size), now.places.count)
        aligned = buffer.size % 8 == 0  # then no byte holds elements of two rows
        within = addresses if aligned else addresses % buffer.size
        for distance in distances(buffer):
            if distance < 0 and shadow.previous_write < part.floor:
                continue
            meets = one_byte(within, distance, buffer.kind.bits)
            if not aligned:
                meets &= within >= -distance if distance < 0 else within < buffer.size - distance
            near = np.flatnonzero(meets)
            beside = addresses[near] + distance
            serials = shadow.wrote[beside]
            found = serials >= (part.since[position[near]] if len(part.since) > 1 else part.since)
            if alone or distance < 0:  # two of this store are compared once
                found &= serials != now.serial
            if part.rows is None and buffer.writer is not None:
                found &= buffer.writer[beside] == part.blocks[position[near]]
            if not found.any():
                continue
            if not found.all():
                near, beside, serials = near[found], beside[found], serials[found]
            for serial in (several := distinct(serials)):
                these = slice(None) if len(several) == 1 else serials == serial
                chosen = near[these]
                self.compare(
                    part,
                    self.checker.touches[serial],
                    now,
                    (beside[these], addresses[chosen]),
                    second[chosen],
                    part.blocks[position[chosen]],
                )

    def compare(
        self,
        part: CheckedPart,
        before: Touch,
        now: Touch,
        addresses: tuple[Array, Array],
        second: Array,
        blocks: Array,
    ) -> None:
        """Reports the first pair of elements in one byte that different threads wrote."""
        first = before.elements(addresses[0], blocks)
        free = ~self.checker.owners.together(before, now, first, second)
        if free.any():
            at = int(np.argmax(free))
            self.by_threads(
                part.buffer,
                before,
                now,
                (int(addresses[0][at]), int(addresses[1][at])),
                (int(first[at]), int(second[at])),
                self.checker.where(int(blocks[at]), part.group),
            )

    def by_threads(
        self,
        buffer: Buffer,
        before: Touch,
        now: Touch,
        addresses: tuple[int, int],
        numbers: tuple[int, int],
        where: list[str],
    ) -> None:
        """Reports a byte that two threads of a block write parts of."""
        reports = self.checker.reports
        if reports.known("TV0442", now.site, before.site):
            return
        one, other = (buffer.element(a) for a in addresses)
        places: list[tuple[Site | Span | None, str]] = []
        for touch, element, number in zip((now, before), (other, one), numbers[::-1], strict=True):
            thread = thread_of(touch.tile, number)
            by = f", by {thread}" if thread else ""
            places.append((touch.site, f"`{element}` is written here{by}"))
        reports.add(
            "TV0442",
            f"`{one}` and `{other}` lie in one byte, and threads write them "
            "with no barrier between",
            places,
            [packed(buffer), *where],
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
            for address in self.each_pair_of_sites(shadow, apart, distance):
                self.by_blocks(buffer, shadow, address, address + distance)

    def each_pair_of_sites(self, shadow: Shadow, low: Array, distance: int) -> list[int]:
        """For every two sites that wrote at these addresses and behind them, the first address."""
        if not low.size:
            return []
        numbers: dict[object, int] = {}
        sites = np.array([numbers.setdefault(site, len(numbers)) for site in self.checker.sites])
        pairs = sites[shadow.wrote[low]] * len(numbers) + sites[shadow.wrote[low + distance]]
        return [int(low[at]) for at in np.sort(np.unique(pairs, return_index=True)[1])]

    def by_blocks(self, buffer: Buffer, shadow: Shadow, low: int, high: int) -> None:
        """Reports a byte that two thread blocks write parts of."""
        assert buffer.writer is not None
        sites = [self.checker.sites[int(shadow.wrote[address])] for address in (high, low)]
        if self.checker.reports.known("TV0443", *sites):
            return
        names = [buffer.element(address) for address in (high, low)]
        places: list[tuple[Site | Span | None, str]]
        places = [(s, f"`{name}` is written here") for s, name in zip(sites, names, strict=True)]
        if sites[0] is sites[1]:
            places = [(sites[0], "both are written here")]
        first, second = (int(buffer.writer[address]) for address in (low, high))
        self.checker.reports.add(
            "TV0443",
            f"`{names[1]}` and `{names[0]}` lie in one byte, and thread blocks {first} and "
            f"{second} write them",
            places,
            [packed(buffer)],
            f"let each block write whole bytes, {whole(buffer)}",
        )


def distances(buffer: Buffer) -> list[int]:
    """How far apart elements are that may share a byte."""
    bits = buffer.kind.bits
    reach = 1 + (7 - gcd(8, bits)) // bits
    return [d for d in range(-reach, reach + 1) if d]


def one_byte(addresses: Array, distance: int, bits: int) -> Array:
    """Where the element at an address and the one at that distance have bits in one byte."""
    # whether they do repeats every 8 elements
    low = np.arange(8) + min(distance, 0)
    meets = (low * bits + bits - 1) // 8 == (low + abs(distance)) * bits // 8
    return np.asarray(meets[addresses & 7])


def packed(buffer: Buffer) -> str:
    """The note that says why."""
    bits = buffer.kind.bits
    return f"elements of {bits} bit{'s' * (bits > 1)} are packed without gaps, in row-major order"


def whole(buffer: Buffer) -> str:
    """The elements that fill bytes."""
    return f"{8 // gcd(8, buffer.kind.bits)} elements of {buffer.kind} at a time"


def part_shape(touch: Touch) -> tuple[int, ...]:
    """The shape of the tile that was moved."""
    places = touch.places
    return places.at.shape[1:] if isinstance(places, Scattered) else places.shape
