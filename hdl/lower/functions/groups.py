"""How far the numbers of a group reach: their largest magnitudes, as codes without a sign.

Codes of one sign are in the order of their values, so this takes comparisons of integers only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from hdl.lower.functions.beats import Lane
from hdl.lower.functions.joins import groups_joined, joined_groups
from hdl.netlist import BeatShape
from hdl.units import Beats
from tilevm.dtypes import FloatType, IntType

if TYPE_CHECKING:
    from hdl.floats import Circuit


@dataclass(frozen=True)
class Reach:
    """The largest magnitude of a group of floats.

    `apart`: the one of those from 0 up, in the low bits, and the one of those below.
    """

    kind: FloatType
    apart: bool
    initial: int = 0

    @property
    def name(self) -> str:
        return "range" if self.apart else "magnitude"

    @property
    def width(self) -> int:
        """Bits of a magnitude."""
        return self.kind.bits - self.kind.signed

    @property
    def type(self) -> IntType:
        """What holds the one magnitude, or both."""
        return IntType(self.width * (1 + self.apart), signed=False)

    def shape(self, lanes: int) -> BeatShape:
        return BeatShape(lanes, self.type.bits)

    def parts(self, lane: Lane) -> list[Lane]:
        """The magnitudes in a lane."""
        return [lane[at : at + self.width] for at in range(0, self.type.bits, self.width)]

    def values(self, reaches: Any) -> list[Any]:
        """The magnitudes in integers of `type`, as numbers."""
        mask = (1 << self.width) - 1
        codes = [(reaches >> at) & mask for at in range(0, self.type.bits, self.width)]
        return [self.kind.decode(np.asarray(each).astype(np.uint64)) for each in codes]

    def join(self, c: Circuit, a: Lane, b: Lane) -> Lane:
        from amaranth import Cat, Mux

        pairs = zip(self.parts(a), self.parts(b), strict=True)
        return c.keep("reach", Cat(Mux(x > y, x, y) for x, y in pairs))

    def array(self, a: Any, b: Any) -> Any:
        mask = (1 << self.width) - 1
        found = np.zeros_like(a)
        for at in range(0, self.type.bits, self.width):
            found = found | np.maximum((a >> at) & mask, (b >> at) & mask) << at
        return found


@dataclass(frozen=True, eq=False)
class ReachOf:
    """`lanes` groups of `count` neighbouring lanes: how far each reaches."""

    reach: Reach
    lanes: int
    count: int

    @property
    def name(self) -> str:
        return f"{self.reach.name} of {self.count}"

    @property
    def shape(self) -> BeatShape:
        return self.reach.shape(self.lanes)

    def emit(self, m: Any, operands: Sequence[list[Lane]]) -> list[Lane]:
        singles = [self._single(lane) for lane in operands[0]]
        return joined_groups(m, self.reach, singles, self.count)

    def _single(self, lane: Lane) -> Lane:
        from amaranth import Cat, Const, Mux

        reach = self.reach
        size = lane[: reach.width]
        if not reach.apart:
            return size
        below = lane[-1] if reach.kind.signed else Const(0, 1)
        return Cat(Mux(below, 0, size), Mux(below, size, 0))

    def model(self, operands: Sequence[Beats]) -> Beats:
        reach = self.reach
        codes = operands[0].astype(object)
        size = codes & ((1 << reach.width) - 1)
        if reach.apart:
            below = (codes >> reach.width) & 1 if reach.kind.signed else np.zeros_like(codes)
            size = np.where(below == 1, size << reach.width, size)
        return groups_joined(reach, size, self.lanes, self.count)
