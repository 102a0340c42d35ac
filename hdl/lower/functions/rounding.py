"""Exact results rounded once: to nearest even, beyond the largest value as the format says.

To an integer or fixed point type, `overflow` says what becomes of what is beyond.  The models
compute with Python's integers and fractions.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from hdl.lower.functions.beats import Lane, beat_shape, to_beats
from hdl.lower.functions.exact import Accumulator, unpack_exact, whole_type
from hdl.lower.functions.products import NAN, ExactProduct
from hdl.netlist import BeatShape
from hdl.units import Beats, fit
from tilevm.dtypes import DType, FloatType
from tilevm.dtypes.exact import round_fraction
from tilevm.dtypes.fixed import fit_integers, shift_integers

if TYPE_CHECKING:
    from hdl.floats import Circuit, Number


class _Round(ABC):
    """The number in each lane as an element of a type."""

    kind: DType
    lanes: int
    overflow: str | None

    @property
    def shape(self) -> BeatShape:
        return beat_shape(self.kind, self.lanes)

    @abstractmethod
    def _number(self, c: Circuit, lane: Lane) -> Number:
        """The number that a lane holds."""

    def emit(self, m: Any, operands: Sequence[list[Lane]]) -> list[Lane]:
        from hdl.floats import Circuit

        return [
            self._rounded(Circuit(m, f"lane{number}_"), lane)
            for number, lane in enumerate(operands[0])
        ]

    def _rounded(self, c: Circuit, lane: Lane) -> Lane:
        from hdl.floats import round_integer, round_pack, scaled

        x = self._number(c, lane)
        if isinstance(self.kind, FloatType):
            return round_pack(c, self.kind.format, x)
        base, scale = whole_type(self.kind)
        return round_integer(c, base, scaled(x, -scale), overflow=self.overflow or "wrap")


@dataclass(frozen=True, eq=False)
class RoundExact(_Round):
    """Accumulators rounded once."""

    exact: Accumulator
    kind: DType
    lanes: int
    overflow: str | None = None
    name: str = "round"

    def _number(self, c: Circuit, lane: Lane) -> Number:
        from amaranth import Const

        from hdl.floats import Number

        bits = self.exact.bits
        total = c.as_signed("total", lane[:bits], bits)
        negative: Lane = total < 0
        infinite: Lane = Const(0, 1)
        invalid: Lane = Const(0, 1)
        if self.exact.special:
            nan, plus, minus = lane[bits], lane[bits + 1], lane[bits + 2]
            invalid = c.keep("invalid", nan | (plus & minus))
            infinite = c.keep("infinite", plus | minus)
            negative = c.choose("negative", infinite, minus, negative)
        size = c.magnitude("size", total)
        return Number(negative, size, Const(self.exact.step), infinite, invalid)

    def model(self, operands: Sequence[Beats]) -> Beats:
        totals, flags = unpack_exact(self.exact, operands[0])
        step = Fraction(2) ** self.exact.step
        values = np.zeros(totals.shape)
        for at, total in np.ndenumerate(totals):
            flag = int(flags[at])
            if flag & 1 or flag & 6 == 6:
                values[at] = np.nan
            elif flag:
                values[at] = np.inf if flag & 2 else -np.inf
            elif total and isinstance(self.kind, FloatType):
                values[at] = round_fraction(self.kind.format, total * step)
        if isinstance(self.kind, FloatType):
            return to_beats(self.kind.quantise(values), self.kind)
        base, scale = whole_type(self.kind)
        steps = shift_integers(totals, self.exact.bits, self.exact.step - scale)
        return fit(fit_integers(base, steps, self.overflow, "sum"), beat_shape(self.kind, 1))


@dataclass(frozen=True, eq=False)
class RoundProduct(_Round):
    """Exact products rounded once."""

    exact: ExactProduct
    kind: DType
    lanes: int
    overflow: str | None = None
    name: str = "round"

    def _number(self, c: Circuit, lane: Lane) -> Number:
        x = self.exact.number(c, lane)
        if isinstance(self.exact.of, FloatType):
            return x
        return replace(x, negative=x.negative & ~x.is_zero)  # there a zero has no sign

    def model(self, operands: Sequence[Beats]) -> Beats:
        size, negative, place, flags = self.exact.parts(operands[0])
        exact = np.where(negative == 1, -size, size) * Fraction(1)
        exact = exact * np.array(Fraction(2), object) ** place
        if not isinstance(self.kind, FloatType):
            base, scale = whole_type(self.kind)
            steps = np.vectorize(round, [object])(exact / Fraction(2) ** scale)
            return fit(fit_integers(base, steps, self.overflow, "prod"), beat_shape(self.kind, 1))
        signs = np.where(negative == 1, -1.0, 1.0)
        if not isinstance(self.exact.of, FloatType):
            signs = np.where(size == 0, 1.0, signs)
        f, values = self.kind.format, np.zeros(exact.shape)
        for at, value in np.ndenumerate(exact):
            if flags[at]:
                values[at] = np.nan if flags[at] & NAN else signs[at] * np.inf
            else:
                values[at] = round_fraction(f, value) if value else signs[at] * 0.0
        return to_beats(self.kind.quantise(values), self.kind)
