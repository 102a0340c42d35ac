"""Exact products of many numbers: whole significands, wide enough for all, rounded once at the end.

The model computes with Python's integers; it shares nothing with the logic but the widths.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from hdl.lower.functions.beats import Lane, from_beats
from hdl.lower.functions.exact import entry_bits, entry_lanes, is_special
from hdl.lower.functions.joins import groups_joined
from hdl.lower.functions.reduction import tree
from hdl.netlist import BeatShape
from hdl.units import Beats
from tilevm.dtypes import CodebookType, DType, FixedType, FloatType

if TYPE_CHECKING:
    from hdl.floats import Circuit, Number

INFINITE, NAN = 1, 2  # flags, above all else


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
        infinite, nothing = either & INFINITE != 0, (x == 0) | (y == 0)
        nan = (either & NAN != 0) | (infinite & nothing)
        flags = np.where(nan, NAN, np.where(infinite, INFINITE, 0))
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
        flags = np.where(np.isnan(values), NAN, np.where(finite, 0, INFINITE)).astype(object)
        sign = np.signbit(values).astype(object) * 1
        return self.exact.whole(size, sign, place.astype(object), flags)
