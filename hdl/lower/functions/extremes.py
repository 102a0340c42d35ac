"""The largest or smallest of codes: of groups of lanes, of beats, of prefixes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from hdl.lower.functions.beats import Lane, beat_shape, from_beats, to_beats
from hdl.lower.functions.joins import groups_joined, joined_groups
from hdl.netlist import BeatShape
from hdl.units import Beats
from tilevm.dtypes import FixedType, FloatType
from tilevm.ir.ops.compare import larger, smaller

if TYPE_CHECKING:
    from hdl.floats import Circuit


def extreme_code(
    c: Circuit, kind: FloatType | FixedType, a: Lane, b: Lane, larger: bool, nan: str
) -> Lane:
    """The larger or smaller of two codes; a NaN goes on, or is left out."""
    from amaranth import Mux

    from hdl import floats

    if isinstance(kind, FloatType):
        return floats.smaller(c, kind.format, a, b, larger=larger, nan=nan)
    x, y = floats.whole(kind, a), floats.whole(kind, b)
    return c.keep("chosen", Mux((x > y) if larger else (x < y), a, b))


@dataclass(frozen=True)
class Extreme:
    """The larger or smaller of codes of a float type.

    With `marked` a bit above the code says that there is none yet.
    """

    kind: FloatType
    larger: bool
    nan: str
    marked: bool = False

    @property
    def name(self) -> str:
        return "max" if self.larger else "min"

    @property
    def initial(self) -> int:
        """The lane that changes nothing."""
        if self.marked:
            return 1 << self.kind.bits
        f = self.kind.format
        if self.nan == "ignore" and f.nan_code is not None:
            return f.nan_code
        end = f.inf_code or f.max_code
        if self.larger:
            return end | f.sign_code if f.signed else 0
        return end

    def shape(self, lanes: int) -> BeatShape:
        return BeatShape(lanes, self.kind.bits + self.marked)

    def join(self, c: Circuit, a: Lane, b: Lane) -> Lane:
        from amaranth import Mux

        bits = self.kind.bits
        codes = [c.keep("code", lane[:bits], bits) for lane in (a, b)]
        found = extreme_code(c, self.kind, *codes, self.larger, self.nan)
        if not self.marked:
            return found
        return c.keep("extreme", Mux(a[bits], b, Mux(b[bits], a, found)), bits + 1)

    def array(self, a: Beats, b: Beats) -> Any:
        mask = (1 << self.kind.bits) - 1
        choose = larger if self.larger else smaller
        values = [from_beats(beats & mask, self.kind) for beats in (a, b)]
        found = to_beats(choose(self.kind, *values, self.nan), self.kind)  # type: ignore[arg-type]
        if not self.marked:
            return found
        return np.where(a > mask, b, np.where(b > mask, a, found))


@dataclass(frozen=True, eq=False)
class ExtremeOf:
    """`lanes` groups of `count` neighbouring lanes, the extreme of each in a tree."""

    extreme: Extreme
    lanes: int
    count: int

    @property
    def name(self) -> str:
        return f"{self.extreme.name} of {self.count}"

    @property
    def shape(self) -> BeatShape:
        return self.extreme.shape(self.lanes)

    def emit(self, m: Any, operands: Sequence[list[Lane]]) -> list[Lane]:
        return joined_groups(m, self.extreme, operands[0], self.count)

    def model(self, operands: Sequence[Beats]) -> Beats:
        return groups_joined(self.extreme, operands[0], self.lanes, self.count)


@dataclass(frozen=True, eq=False)
class Unmarked:
    """Codes without their marks; where none has come, a code that changes nothing."""

    extreme: Extreme
    lanes: int
    nothing: int
    name: str = "unmarked"

    @property
    def shape(self) -> BeatShape:
        return beat_shape(self.extreme.kind, self.lanes)

    def emit(self, m: Any, operands: Sequence[list[Lane]]) -> list[Lane]:
        from amaranth import Mux

        bits = self.extreme.kind.bits
        return [Mux(lane[bits], self.nothing, lane[:bits]) for lane in operands[0]]

    def model(self, operands: Sequence[Beats]) -> Beats:
        marks = self.extreme.initial
        return np.where(operands[0] >= marks, self.nothing, operands[0])
