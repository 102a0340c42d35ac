"""Schedules: which element of a tile is in which lane of which beat.

A schedule is a layout read as space and time: places are lanes, steps are beats.  Here it is kept
as its table, an int64 array [beats, lanes] of row-major element numbers (HOLE where a lane carries
nothing), because what a consumer needs is found by looking through wires bit by bit.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from tilevm.ir import TileType
from tilevm.layouts import Layout

HOLE = -1

Schedule = npt.NDArray[np.int64]  # [beats, lanes]
Bits = npt.NDArray[np.int64]  # [..., bits]: element * width + bit of a root, or ZERO, ONE


def default_schedule(shape: tuple[int, ...], lanes: int) -> Schedule:
    """Row-major order, with the last dimensions in the lanes: at most `lanes` of them."""
    wide = lane_box(shape, lanes)
    numbers = np.arange(prod(shape), dtype=np.int64).reshape(
        [
            part
            for extent, inner in zip(shape, wide, strict=True)
            for part in (extent // inner, inner)
        ]
    )
    rank = len(shape)
    order = [2 * d for d in range(rank)] + [2 * d + 1 for d in range(rank)]
    return numbers.transpose(order).reshape(-1, prod(wide))


def lane_box(shape: tuple[int, ...], lanes: int) -> tuple[int, ...]:
    """The extents of one beat: as many lanes as divide the shape, from the last dimension on."""
    box: list[int] = []
    for extent in reversed(shape):
        box.append(largest_divisor(extent, lanes))
        lanes = lanes // box[-1] if box[-1] == extent else 1
    return tuple(reversed(box))


def largest_divisor(number: int, limit: int) -> int:
    """The largest divisor of a number that is at most `limit`."""
    return next(d for d in range(max(1, min(number, limit)), 0, -1) if number % d == 0)


def from_layout(layout: Layout) -> Schedule:
    """The schedule that a written layout asks for; copies in several places are sent once each."""
    return np.ascontiguousarray(np.asarray(layout.elements(), np.int64).T)


def to_layout(schedule: Schedule, kind: TileType) -> Layout | None:
    """The layout that a schedule is, if the algebra has it."""
    if (schedule == HOLE).any():
        return None
    return Layout.from_table(np.ascontiguousarray(schedule.T), kind.shape)


def derived_schedule(demand: Bits, width: int, size: int) -> Schedule | None:
    """The schedule that gives a consumer, in each of its beats, all that it needs in one beat.

    `demand` [beats, lanes, bits] numbers bits of a value of `size` elements of `width` bits.  None
    if no schedule does, because the needs of two beats overlap in part.
    """
    elements = np.where(demand < 0, HOLE, demand // width).reshape(len(demand), -1)
    elements = elements[first_of_each(row_numbers(elements))]
    fullest = int(np.argmax((elements != HOLE).sum(axis=1)))
    _, first = np.unique(elements[fullest], return_index=True)
    picks = np.array([p for p in sorted(first) if elements[fullest, p] != HOLE], np.int64)
    kept = elements[:, picks]
    if (_distinct(kept) != _distinct(elements)).any():
        return None
    table = kept[(kept != HOLE).any(axis=1)]
    table = table[first_of_each(row_numbers(table))]
    seen = np.sort(table[table != HOLE])
    return table if np.array_equal(seen, np.arange(size)) else None


def _distinct(rows: Schedule) -> npt.NDArray[np.int64]:
    """How many different elements there are in each row."""
    ordered = np.sort(rows, axis=1)
    is_new = ordered != HOLE
    is_new[:, 1:] &= ordered[:, 1:] != ordered[:, :-1]
    return is_new.sum(axis=1)


def row_numbers(table: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """Equal numbers for equal rows, counted up from 0 in the order in which they first appear.

    Much faster than `np.unique` over an axis, which sorts rows.
    """
    seen: dict[bytes, int] = {}
    rows = np.ascontiguousarray(table.reshape(len(table), prod(table.shape[1:])))
    return np.array([seen.setdefault(row.tobytes(), len(seen)) for row in rows], np.int64)


def first_of_each(numbers: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Where each number of `row_numbers` first appears."""
    return np.unique(numbers, return_index=True)[1]


def positions(schedule: Schedule, size: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Beat and lane of every element."""
    beat, lane = np.full(size, HOLE, np.int64), np.full(size, HOLE, np.int64)
    at = np.argwhere(schedule != HOLE)[::-1]
    elements = schedule[at[:, 0], at[:, 1]]
    beat[elements], lane[elements] = at[:, 0], at[:, 1]
    return beat, lane


def nest_of(sequence: npt.NDArray[np.int64]) -> list[tuple[int, int]] | None:
    """(trips, stride) levels, outermost first, whose counters step through a sequence.

    None if no nest with strides of at least 0 does, or if the sequence does not start at 0.
    """
    levels: list[tuple[int, int]] = []
    rest = sequence
    if len(rest) and rest[0] != 0:
        return None
    while len(rest) > 1:
        step = int(rest[1] - rest[0])
        count = 2
        while count < len(rest) and rest[count] - rest[count - 1] == step:
            count += 1
        trips = _inner_trips(rest, step, count)
        if trips is None or step < 0:
            return None
        levels.insert(0, (trips, step))
        rest = rest[::trips]
    return levels


def _inner_trips(rest: npt.NDArray[np.int64], step: int, run: int) -> int | None:
    """The longest first level: a divisor of the length that repeats with one step throughout."""
    for trips in range(run, 1, -1):
        if len(rest) % trips == 0:
            rows = rest.reshape(-1, trips)
            if (rows - rows[:, :1] == np.arange(trips) * step).all():
                return trips
    return None


def pattern_of(sequence: npt.NDArray[Any]) -> tuple[int, int]:
    """(run, period): entries change only every `run`, and repeat after `period` runs."""
    size = len(sequence)
    changes = np.flatnonzero(sequence[1:] != sequence[:-1]) + 1
    run = int(np.gcd.reduce(np.append(changes, size)))
    heads = sequence[::run]
    for period in range(1, len(heads) + 1):
        if len(heads) % period == 0 and (heads.reshape(-1, period) == heads[:period]).all():
            return run, period
    return run, len(heads)
