"""What the ops on buffers do: `Part` is what the machine gives them in place of an access."""

from __future__ import annotations

from typing import Any

import numpy as np

from tilevm.dtypes import IntType, Trap
from tilevm.ir.ops.access import Along, Combine
from tilevm.vm.buffer import Array, Buffer, Conflict
from tilevm.vm.flight import Awaited
from tilevm.vm.places import Places, Scattered
from tilevm.vm.turns import Turns


class Part(Awaited):
    """The elements that one access touches, in the blocks that make it."""

    def read(self, shape: tuple[int, ...], fill: Any, along: Along | None = None) -> Array:
        """The values [blocks or 1, *shape]; outside it is `fill`, or an error if that is None."""
        return self.taken(self.places(shape, fill is None, along), shape, fill)

    def taken(self, places: Places, shape: tuple[int, ...], fill: Any) -> Array:
        """The values at the places."""
        buffer = self.buffer
        if 0 in shape:
            return np.empty((1, *shape), buffer.kind.carrier)
        if buffer.writer is not None:
            self.admit_read(places, buffer.writer)
        values = buffer.taken(places)
        if isinstance(places, Scattered) and places.inside is not None:
            values = np.where(places.inside, values, fill)
        return values

    def write(
        self,
        values: Array,
        shape: tuple[int, ...],
        skip: bool,
        along: Along | None = None,
        duplicate: str = "last",
        overflow: str | None = None,
    ) -> None:
        """Writes values [blocks or 1, *shape]; what is outside is left out, or an error."""
        places = self.places(shape, not skip, along)
        if 0 in shape:
            return
        buffer = self.buffer
        if buffer.writer is not None:
            self.admit_write(places, buffer.writer)
        if along is None:
            places.put(buffer.values, _of(values, places))
        else:
            assert isinstance(places, Scattered)
            self.scatter(places, values, duplicate, overflow)

    def copy(self, source: Part, shape: tuple[int, ...], fill: Any, skip: bool) -> None:
        """Starts an asynchronous copy to here; outside of the source it is `fill`.

        With `skip`, an element that is outside on either side is left out.
        """
        there, here = source.places(shape, fill is None and not skip), self.places(shape, not skip)
        if 0 in shape:
            return
        if skip:
            there, here = _both_inside(there, here)
            fill = source.buffer.kind.carrier.type(0)
        values = source.taken(there, shape, fill)
        assert self.flight is not None, self.buffer.name
        if self.buffer.writer is not None:
            self.admit_write(here, self.buffer.writer)
        here.put(self.buffer.values, _of(values, here))
        group = self.flight.start()
        source.stamp(there, source.buffer.leaving, group)
        self.stamp(here, self.buffer.arriving, group)

    def scatter(
        self, places: Scattered, values: Array, duplicate: str, overflow: str | None
    ) -> None:
        """Writes where elements of one block may meet; those of several blocks do not."""
        flat = self.buffer.values
        addresses, given = places.inner(places.at), places.inner(_of(values, places))
        turns = Turns(addresses)
        if not turns.meet:
            flat[addresses] = given
        elif duplicate != "add":
            if duplicate == "trap":
                self.check_apart(places)
            flat[addresses[turns.last]] = given[turns.last]
        else:
            first, *others = turns
            flat[addresses[first]] = given[first]
            for turn in others:
                held = flat[addresses[turn]]
                flat[addresses[turn]] = self.added(places, turn, held, given[turn], overflow)

    def added(
        self, places: Scattered, turn: Array, held: Array, given: Array, overflow: str | None
    ) -> Array:
        """The sums of what some elements hold and are given; `turn`: their numbers inside."""
        try:
            return self.buffer.kind.add(held, given, overflow)
        except Trap as problem:
            raise _trapped(places, turn, problem) from None

    def check_apart(self, places: Scattered) -> None:
        """Conflict TV0430 where two elements of one tile are to be stored in one place."""
        size = self.buffer.values.size
        own = np.arange(places.count).reshape(-1, *[1] * (places.at.ndim - 1)) * size
        turns = iter(Turns(places.inner(places.at + own)))
        next(turns)
        second = next(turns, None)
        if second is None:
            return
        where = inside_element(places, int(second.min()))
        element = self.buffer.element(places.address(where))
        self.refuse(
            Conflict(
                "TV0430",
                int(self.blocks[where[0] if places.count > 1 else 0]),
                f"several elements of the tile go to `{element}`, the second is {list(where[1:])}",
                "say which counts: `duplicate = last`, or their sum: `duplicate = add`",
                places.address(where),
            )
        )

    def update(
        self,
        values: tuple[Array, ...],
        shape: tuple[int, ...],
        skip: bool,
        along: Along | None,
        combine: Combine,
        keep: bool,
    ) -> Array | None:
        """Combines what is there with values [blocks or 1, *shape], each in one step.

        In the order of blocks and of elements.  Gives what was there before [blocks, *shape], 0
        outside, if that is to be kept.
        """
        found = self.places(shape, not skip, along)
        buffer = self.buffer
        whole = (len(self.blocks), *shape)
        old = np.zeros(whole, buffer.kind.carrier) if keep else None
        if 0 in shape:
            return old
        inside = found.inside if isinstance(found, Scattered) else None
        places = Scattered(
            np.broadcast_to(found.addresses(), whole),
            None if inside is None else np.broadcast_to(inside, whole),
        )
        if buffer.writer is not None:
            self.admit_update(places, buffer.writer)
        addresses = places.inner(places.at)
        given = [places.inner(v) for v in values]
        before = self.combined(places, addresses, given, combine, keep)
        if old is not None:
            old[... if places.inside is None else places.inside] = before.reshape(
                whole if places.inside is None else -1
            )
        return old

    def combined(
        self,
        places: Scattered,
        addresses: Array,
        given: list[Array],
        combine: Combine,
        keep: bool,
    ) -> Array:
        """Combines at each address in the order of the list; what was there before, if kept."""
        try:
            return _combined(self.buffer, addresses, given, combine, keep)
        except Trap as problem:
            raise _trapped(places, np.arange(len(addresses)), problem) from None


def _of(values: Array, places: Places) -> Array:
    """The values for the places: where several blocks share one, a race, those of the first."""
    return values if len(values) <= places.count else values[:1]


def inside_element(places: Scattered, number: int) -> tuple[int, ...]:
    """The index in [count, *shape] of an element, given its number among those inside."""
    if places.inside is not None:
        number = int(np.flatnonzero(places.inside)[number])
    return tuple(int(i) for i in np.unravel_index(number, places.at.shape))


def _trapped(places: Scattered, numbers: Array, problem: Trap) -> Trap:
    """A trap in a list of elements inside, at its element of the tile."""
    number = int(numbers[problem.index[0]])
    return Trap(inside_element(places, number), problem.message)


def _both_inside(there: Places, here: Places) -> tuple[Places, Places]:
    """The places of a copy, both without the elements that are outside on either side."""
    inside = [p.inside for p in (there, here) if isinstance(p, Scattered) and p.inside is not None]
    if not inside:
        return there, here
    shape = np.broadcast_shapes(there.whole, here.whole)
    both = np.broadcast_to(np.logical_and.reduce(np.broadcast_arrays(*inside)), shape)
    first, second = (Scattered(np.broadcast_to(p.addresses(), shape), both) for p in (there, here))
    return first, second


def _combined(
    buffer: Buffer, addresses: Array, values: list[Array], combine: Combine, keep: bool
) -> Array:
    """Combines at each address in the order of the list; what was there before, if kept."""
    flat, kind = buffer.values, buffer.kind
    if combine.ufunc is not None and not keep:
        assert isinstance(kind, IntType)
        combine.ufunc.at(flat, addresses, values[0])
        if kind.bits < 8 * flat.itemsize:
            flat[addresses] = kind.wrap(flat[addresses])
        return flat[:0]
    turns = Turns(addresses)
    before = np.empty(len(addresses), kind.carrier)
    if combine.ufunc is np.add:
        # what was there before a summand: the start, and the summands at its address before it
        assert isinstance(kind, IntType)
        given = values[0][turns.order]
        sums = np.cumsum(given, dtype=kind.carrier) - given
        sums -= np.repeat(sums[turns.starts], turns.lengths)
        before[turns.order] = kind.wrap(flat[addresses[turns.order]] + sums)
        last = turns.last
        flat[addresses[last]] = kind.wrap(before[last] + values[0][last])
        return before
    for turn in turns:
        held = flat[addresses[turn]]
        before[turn] = held
        try:
            flat[addresses[turn]] = combine.apply(held, *(part[turn] for part in values))
        except Trap as problem:
            raise Trap((int(turn[problem.index[0]]),), problem.message) from None
    return before
