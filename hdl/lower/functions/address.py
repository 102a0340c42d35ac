"""Where an access goes: an address from counters, constants and an index."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from math import prod
from operator import and_
from typing import Any

import numpy as np

from hdl.lower.functions.beats import Lane
from hdl.netlist import BeatShape
from hdl.units import Beats, address_shape


@dataclass(frozen=True, eq=False)
class Address:
    """The element of a buffer of these extents, counted row by row; its size where there is none.

    Operands, one lane each: a bit for each of `ways`, which it must equal, or there is no access;
    then for each dimension where the tile begins and how far inside of it the element is; in
    dimension `along` this is an index that is known only while it runs.
    """

    extents: tuple[int, ...]
    ways: tuple[bool, ...] = ()
    along: int | None = None
    name: str = "address"

    @property
    def size(self) -> int:
        return prod(self.extents)

    @property
    def shape(self) -> BeatShape:
        return address_shape(self.size)

    def emit(self, m: Any, operands: Sequence[list[Lane]]) -> list[Lane]:
        from amaranth import Const, Mux, Value

        lanes = [lane for (lane,) in operands]
        flags, rest = lanes[: len(self.ways)], lanes[len(self.ways) :]
        inside: list[Value] = [
            flag if way else ~flag for flag, way in zip(flags, self.ways, strict=True)
        ]
        place: Lane = Const(0)
        for extent, start, inner in zip(self.extents, rest[::2], rest[1::2], strict=True):
            where = start + inner
            inside += [where >= 0, where < extent]
            place = place * extent + where
        return [Mux(reduce(and_, inside), place, self.size)]

    def model(self, operands: Sequence[Beats]) -> Beats:
        lanes = [beats[:, 0].astype(object) for beats in operands]
        flags, rest = lanes[: len(self.ways)], lanes[len(self.ways) :]
        inside = np.ones(len(lanes[0]), np.bool_)
        for flag, way in zip(flags, self.ways, strict=True):
            inside &= (flag == 1) == way
        place = np.zeros(len(lanes[0]), object)
        for extent, start, inner in zip(self.extents, rest[::2], rest[1::2], strict=True):
            where = start + inner
            inside &= (where >= 0) & (where < extent)
            place = place * extent + where
        return np.where(inside, place, self.size)[:, None]


@dataclass(frozen=True, eq=False)
class Swap:
    """The third operand where the first equals the second, bit by bit; else the first."""

    shape: BeatShape
    name: str = "swap"

    def emit(self, m: Any, operands: Sequence[list[Lane]]) -> list[Lane]:
        from amaranth import Mux

        (held,), (expected,), (desired,) = operands
        return [Mux(held == expected, desired, held)]

    def model(self, operands: Sequence[Beats]) -> Beats:
        held, expected, desired = operands
        return np.where(held == expected, desired, held)
