"""Exact products of many numbers: whole significands, wide enough for all, rounded once at the end.

The model computes with Python's integers; it shares nothing with the logic but the widths.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from hdl.lower.functions.beats import Lane, beat_shape, from_beats, to_beats
from hdl.lower.functions.exact import entry_bits, entry_lanes, is_special, whole_type
from hdl.lower.functions.joins import groups_joined
from hdl.lower.functions.reduction import tree
from hdl.netlist import BeatShape
from hdl.units import Beats, fit
from tilevm.dtypes import CodebookType, DType, FixedType, FloatType
from tilevm.dtypes.exact import round_fraction
from tilevm.dtypes.fixed import fit_integers

if TYPE_CHECKING:
    from hdl.floats import Circuit, Number

_INFINITE, _NAN = 1, 2  # flags, above all else


@dataclass(frozen=True)
class ExactProduct:
    """The product of up to `count` numbers of a type.

    A lane holds the significand in `bits` bits, then its sign, then the exponent of its lowest bit
    in `places` bits, then, for types that have them, whether it is infinite and whether it is NaN.
    """

    of: DType  # of a codebook the type of its entries
    count: int
    name: str = "exact product"
    initial: int = 1

    @property
    def _one(self) -> tuple[int, int, int]:
        """Bits of a significand, and the least and the largest exponent of its lowest bit."""
        if isinstance(self.of, FloatType):
            f = self.of.format
            return f.precision, f.lsb, f.highest - f.mantissa
        scale = self.of.scale if isinstance(self.of, FixedType) else 0
        return self.of.bits, scale, scale

    @property
    def bits(self) -> int:
        return self.count * self._one[0]

    @property
    def places(self) -> int:
        _, low, high = self._one
        least, most = min(0, low * self.count), max(0, high * self.count)
        return max(least.bit_length(), most.bit_length()) + 1

    @property
    def special(self) -> bool:
        return is_special(self.of)

    def shape(self, lanes: int) -> BeatShape:
        return BeatShape(lanes, self.bits + 1 + self.places + 2 * self.special)

    # --- logic

    def pack(self, c: Circuit, x: Number) -> Lane:
        from amaranth import Cat

        size = c.keep("significand", x.significand, self.bits)
        place = c.keep("place", x.exponent, self.places)
        flags = (x.infinite, x.invalid) if self.special else ()
        return c.keep("product", Cat(size, x.negative, place, *flags))

    def number(self, c: Circuit, lane: Lane) -> Number:
        from amaranth import Const

        from hdl.floats import Number

        above = self.bits + 1
        place = c.as_signed("place", lane[above : above + self.places], self.places)
        flags: tuple[Lane, Lane] = (Const(0, 1), Const(0, 1))
        if self.special:
            flags = (lane[above + self.places], lane[above + self.places + 1])
        return Number(lane[self.bits], lane[: self.bits], place, *flags)

    def join(self, c: Circuit, a: Lane, b: Lane) -> Lane:
        from hdl.floats import multiply

        return self.pack(c, multiply(c, self.number(c, a), self.number(c, b)))

    # --- model

    def parts(self, beats: Beats) -> tuple[Any, Any, Any, Any]:
        """Significands, signs, exponents and flags in lanes."""
        lanes = beats.astype(object)
        above = lanes >> self.bits + 1
        half = 1 << self.places - 1
        place = ((above + half) & (2 * half - 1)) - half
        size = lanes & ((1 << self.bits) - 1)
        return size, (lanes >> self.bits) & 1, place, above >> self.places

    def whole(self, size: Any, negative: Any, place: Any, flags: Any) -> Beats:
        """The inverse."""
        low = size | (negative << self.bits)
        high = (place & ((1 << self.places) - 1)) | (flags << self.places)
        return np.asarray(low | (high << self.bits + 1))

    def array(self, a: Beats, b: Beats) -> Beats:
        x, x_sign, x_place, x_flags = self.parts(a)
        y, y_sign, y_place, y_flags = self.parts(b)
        either = x_flags | y_flags
        infinite, nothing = either & _INFINITE != 0, (x == 0) | (y == 0)
        nan = (either & _NAN != 0) | (infinite & nothing)
        flags = np.where(nan, _NAN, np.where(infinite, _INFINITE, 0))
        return self.whole(x * y, x_sign ^ y_sign, x_place + y_place, flags)


@dataclass(frozen=True, eq=False)
class ProductTerms:
    """Numbers of lanes as exact products, and `lanes` products of `count` of them."""

    kind: DType
    exact: ExactProduct
    lanes: int
    count: int

    @property
    def name(self) -> str:
        return f"exact product of {self.count}"

    @property
    def rom_bits(self) -> int:
        return entry_bits(self.kind)

    @property
    def shape(self) -> BeatShape:
        return self.exact.shape(self.lanes)

    def emit(self, m: Any, operands: Sequence[list[Lane]]) -> list[Lane]:
        from hdl.floats import Circuit, multiply, read

        lanes = entry_lanes(m, "entries", self.kind, operands[0])
        found = []
        for number in range(self.lanes):
            c = Circuit(m, f"group{number}_")
            group = lanes[number * self.count : (number + 1) * self.count]
            numbers = [read(c, self.exact.of, lane) for lane in group]
            found.append(self.exact.pack(c, tree(numbers, partial(multiply, c))))
        return found

    def model(self, operands: Sequence[Beats]) -> Beats:
        values = from_beats(operands[0], self.kind)
        if isinstance(self.kind, CodebookType):
            values = self.kind.lookup(values)
        return groups_joined(self.exact, self._terms(values), self.lanes, self.count)

    def _terms(self, values: Any) -> Beats:
        """Each value as a product of one."""
        kind = self.exact.of
        if not isinstance(kind, FloatType):
            step = kind.scale if isinstance(kind, FixedType) else 0
            base = kind.integers(values) if isinstance(kind, FixedType) else values
            whole = np.asarray(base).astype(object)
            sign = np.where(whole < 0, 1, 0).astype(object)
            return self.exact.whole(abs(whole), sign, step, 0)
        finite = np.isfinite(values)
        known = np.where(finite, values, 1.0)
        f = kind.format
        place = np.maximum(np.frexp(known)[1] - f.precision, f.lsb)
        size = np.ldexp(np.abs(known), -place).astype(np.int64).astype(object)
        flags = np.where(np.isnan(values), _NAN, np.where(finite, 0, _INFINITE)).astype(object)
        sign = np.signbit(values).astype(object) * 1
        return self.exact.whole(size, sign, place.astype(object), flags)


@dataclass(frozen=True, eq=False)
class RoundProduct:
    """Exact products rounded once: to nearest even, beyond the largest value as the format says.

    To an integer or fixed point type, `overflow` says what becomes of what is beyond.
    """

    exact: ExactProduct
    kind: DType
    lanes: int
    overflow: str | None = None
    name: str = "round"

    @property
    def shape(self) -> BeatShape:
        return beat_shape(self.kind, self.lanes)

    def emit(self, m: Any, operands: Sequence[list[Lane]]) -> list[Lane]:
        from hdl.floats import Circuit

        return [
            self._rounded(Circuit(m, f"lane{number}_"), lane)
            for number, lane in enumerate(operands[0])
        ]

    def _rounded(self, c: Circuit, lane: Lane) -> Lane:
        from hdl.floats import round_integer, round_pack, scaled

        x = self.exact.number(c, lane)
        if not isinstance(self.exact.of, FloatType):  # there a zero has no sign
            x = replace(x, negative=x.negative & ~x.is_zero)
        if isinstance(self.kind, FloatType):
            return round_pack(c, self.kind.format, x)
        base, scale = whole_type(self.kind)
        return round_integer(c, base, scaled(x, -scale), overflow=self.overflow or "wrap")

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
                values[at] = np.nan if flags[at] & _NAN else signs[at] * np.inf
            else:
                values[at] = round_fraction(f, value) if value else signs[at] * 0.0
        return to_beats(self.kind.quantise(values), self.kind)
