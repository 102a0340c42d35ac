"""Exact sums of products: integers in fixed point, wide enough for all, rounded once at the end.

The model computes with Python's integers; it shares nothing with the logic but the widths.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from hdl.lower.functions.beats import Lane, from_beats
from hdl.lower.functions.floats import read_table, table_bits
from hdl.lower.functions.joins import joined_groups
from hdl.netlist import BeatShape
from hdl.units import Beats, fit
from tilevm import dtypes
from tilevm.dtypes import CodebookType, DType, FixedType, FloatType
from tilevm.ir.ops.reduce import numbers_of

if TYPE_CHECKING:
    from hdl.floats import Circuit, Number


FLAGS = 3  # above an accumulator: NaN, +infinity, -infinity


@dataclass(frozen=True)
class Accumulator:
    """An exact sum in fixed point: an integer of `bits`, in steps of 2**`step`, and flags.

    A lane holds the integer in its low bits and, with `special`, a bit each for NaN, +infinity and
    -infinity above it.
    """

    bits: int
    step: int
    special: bool
    name: str = "exact sum"
    initial: int = 0

    @property
    def width(self) -> int:
        return self.bits + (FLAGS if self.special else 0)

    def shape(self, lanes: int) -> BeatShape:
        return BeatShape(lanes, self.width)

    def join(self, c: Circuit, a: Lane, b: Lane) -> Lane:
        from amaranth import Cat

        total = c.keep("total", a[: self.bits] + b[: self.bits], self.bits)
        if not self.special:
            return total
        return c.keep("total", Cat(total, a[self.bits :] | b[self.bits :]))

    def array(self, a: Beats, b: Beats) -> Beats:
        totals, flags = zip(unpack_exact(self, a), unpack_exact(self, b), strict=True)
        return pack_exact(self, totals[0] + totals[1], flags[0] | flags[1])


def lowest_step(kind: DType) -> int:
    """The exponent of which every value of a type, and every significand, is a multiple."""
    if isinstance(kind, CodebookType) and isinstance(kind.entry, FloatType):
        f, finite = kind.entry.format, _finite_entries(kind)
        binades = np.frexp(finite[finite != 0])[1] - 1
        return max(f.lowest, int(binades.min(initial=f.highest))) - f.mantissa
    kind = numbers_of(kind)
    if isinstance(kind, FloatType):
        return kind.format.lsb
    return kind.scale if isinstance(kind, FixedType) else 0


def largest_steps(kind: DType) -> int:
    """The largest magnitude of a type, in those steps."""
    if isinstance(kind, CodebookType):
        most = Fraction(float(np.abs(_finite_entries(kind)).max(initial=0.0)))
    else:
        most = max(abs(Fraction(kind.min)), abs(Fraction(kind.max)))
    return int(most / Fraction(2) ** lowest_step(kind))


def _exponents(kind: DType) -> tuple[int, int]:
    """The least and the largest exponent of the last bit of a significand."""
    low = lowest_step(kind)
    kind = numbers_of(kind)
    return low, kind.format.highest - kind.format.mantissa if isinstance(kind, FloatType) else low


def is_special(kind: DType) -> bool:
    """Whether a type has NaN or infinities."""
    if isinstance(kind, CodebookType):
        return len(_finite_entries(kind)) < len(kind.table)
    return isinstance(kind, FloatType) and kind.format.nan_code is not None


def _finite_entries(kind: CodebookType) -> Any:
    entries = kind.table.astype(np.float64)
    return entries[np.isfinite(entries)]


@dataclass(frozen=True)
class Factor:
    """One factor of a product: a number, or a code times a scale, maybe rounded to `to`.

    Its operands are the codes, then the zero points and the scales where it has them.
    """

    codes: DType
    zero: DType | None = None
    scale: DType | None = None
    to: FloatType | None = None  # None: exact

    @property
    def kinds(self) -> tuple[DType, ...]:
        """The types of its operands."""
        return tuple(kind for kind in (self.codes, self.zero, self.scale) if kind is not None)

    @property
    def special(self) -> bool:
        kinds = self.kinds if self.to is None else (self.to,)
        return any(map(is_special, kinds))

    @property
    def step(self) -> int:
        """The exponent of which every value is a multiple."""
        if self.to is not None:
            return self.to.format.lsb
        return lowest_step(self.codes) + (lowest_step(self.scale) if self.scale else 0)

    @property
    def most(self) -> int:
        """The largest magnitude, in those steps."""
        if self.to is not None:
            return largest_steps(self.to)
        most = largest_steps(self.codes) + (largest_steps(self.zero) if self.zero else 0)
        return most * (largest_steps(self.scale) if self.scale else 1)

    @property
    def reach(self) -> int:
        """How far the exponents of a code and its zero point are apart.

        As many bits keep their exact difference.
        """
        if self.zero is None:
            return 0
        ends = [_exponents(kind) for kind in (self.codes, self.zero)]
        return max(high - low for _, high in ends for low, _ in ends)

    def number(self, c: Circuit, lanes: Sequence[Lane]) -> Number:
        from hdl.floats import multiply, negated, plus, read, round_pack, unpack

        numbers = [read(c, numbers_of(k), v) for k, v in zip(self.kinds, lanes, strict=True)]
        value = numbers[0]
        if self.zero is not None:
            value = plus(c, value, negated(numbers[1]), self.reach)
        if self.scale is not None:
            value = multiply(c, value, numbers[-1])
        if self.to is None:
            return value
        return unpack(c, self.to.format, round_pack(c, self.to.format, value))

    def values(self, operands: Sequence[Beats]) -> tuple[Any, Any]:
        """Python integers in steps, and flags; see `exact_values`."""
        arrays = [from_beats(b, k) for b, k in zip(operands, self.kinds, strict=True)]
        if isinstance(self.codes, CodebookType):
            arrays[0] = self.codes.lookup(arrays[0])
        if self.to is not None:
            floats = [np.asarray(array, np.float64) for array in arrays]
            zero = floats[1] if self.zero is not None else None
            return exact_values(
                dtypes.scaled(floats[0], floats[-1], self.to, zero), self.to, self.step
            )
        value, flags = exact_values(arrays[0], numbers_of(self.codes), lowest_step(self.codes))
        if self.zero is not None:
            value = value - exact_values(arrays[1], self.zero, 0)[0]
        if self.scale is not None:
            scales = exact_values(arrays[-1], numbers_of(self.scale), lowest_step(self.scale))
            return product(value, flags, *scales)
        return value, flags


def accumulator(factors: Sequence[Factor], count: int) -> Accumulator:
    """The accumulator for a sum of `count` products of such factors."""
    most = count
    for factor in factors:
        most *= factor.most
    step = sum(factor.step for factor in factors)
    return Accumulator(most.bit_length() + 1, step, any(f.special for f in factors))


@dataclass(frozen=True, eq=False)
class ExactTerms:
    """Products of lanes (or lanes), exact in fixed point, and `lanes` sums of `count` of them."""

    factors: tuple[Factor, ...]
    exact: Accumulator
    lanes: int
    count: int

    @property
    def name(self) -> str:
        return f"exact {'products' if len(self.factors) > 1 else 'sum'} of {self.count}"

    @property
    def shape(self) -> BeatShape:
        return self.exact.shape(self.lanes)

    @property
    def rom_bits(self) -> int:
        """Entries of codebooks, for each operand that has one."""
        return sum(entry_bits(kind) for factor in self.factors for kind in factor.kinds)

    def emit(self, m: Any, operands: Sequence[list[Lane]]) -> list[Lane]:
        from hdl.floats import Circuit, multiply

        kinds = [kind for factor in self.factors for kind in factor.kinds]
        columns = [
            entry_lanes(m, f"entries{number}", kind, lanes)
            for number, (kind, lanes) in enumerate(zip(kinds, operands, strict=True))
        ]
        terms: list[Lane] = []
        for place, lane in enumerate(zip(*columns, strict=True)):
            c = Circuit(m, f"lane{place}_")
            numbers = [factor.number(c, part) for factor, part in self._shared(lane)]
            value = numbers[0] if len(numbers) == 1 else multiply(c, *numbers)
            terms.append(self._fixed(c, value))
        return joined_groups(m, self.exact, terms, self.count)

    def _fixed(self, c: Circuit, x: Number) -> Lane:
        from amaranth import Cat, Mux

        bits = self.exact.bits
        shift = c.keep("place", x.exponent - self.exact.step)
        shift = c.keep("shift", shift, max(1, bits.bit_length()))
        size = c.keep("fixed", x.significand << shift, bits)
        value = c.keep("term", Mux(x.negative, -size, size), bits)
        if not self.exact.special:
            return value
        flags = (x.infinite & ~x.negative, x.infinite & x.negative)
        valid = ~(x.invalid | x.infinite)
        finite = c.keep("finite", Mux(valid, value, 0), bits)
        return c.keep("term", Cat(finite, x.invalid, *(f & ~x.invalid for f in flags)))

    def _shared(self, operands: Sequence[Any]) -> list[tuple[Factor, Sequence[Any]]]:
        """Each factor with its operands."""
        found, at = [], 0
        for factor in self.factors:
            found.append((factor, operands[at : at + len(factor.kinds)]))
            at += len(factor.kinds)
        return found

    def model(self, operands: Sequence[Beats]) -> Beats:
        (value, flags), *others = [f.values(part) for f, part in self._shared(operands)]
        for other in others:
            value, flags = product(value, flags, *other)
        value = np.where(flags != 0, 0, value)
        shape = (len(value), self.lanes, self.count)
        total = value.reshape(shape).sum(axis=-1)
        joined = np.bitwise_or.reduce(flags.reshape(shape), axis=-1)
        return pack_exact(self.exact, total, joined)


def codes_of_entries(kind: CodebookType) -> list[int]:
    """The codes of the entries of a codebook, for every code that its bits can make."""
    codes = [int(code) for code in kind.entry.encode(kind.table).reshape(-1)]
    return codes + [0] * ((1 << kind.bits) - len(codes))


def entry_lanes(m: Any, name: str, kind: DType, lanes: Sequence[Lane]) -> Sequence[Lane]:
    """Lanes of a type, as lanes of numbers: of a codebook those of its entries."""
    if not isinstance(kind, CodebookType):
        return lanes
    return read_table(m, name, codes_of_entries(kind), kind.entry.bits, lanes)


def entry_bits(kind: DType) -> int:
    """Bits of the table that `entry_lanes` reads."""
    if not isinstance(kind, CodebookType):
        return 0
    return table_bits(codes_of_entries(kind), kind.entry.bits)


def pack_exact(exact: Accumulator, total: Any, flags: Any) -> Beats:
    """Sums and flags as elements of beats."""
    code = np.asarray(total, object) & ((1 << exact.bits) - 1)
    if exact.special:
        code = code | (np.asarray(flags, object) << exact.bits)
    return fit(code, exact.shape(1))


def unpack_exact(exact: Accumulator, beats: Beats) -> tuple[Any, Any]:
    """The inverse: integers, and flags (1: NaN, 2: +infinity, 4: -infinity)."""
    wide = beats.astype(object)
    half = 1 << exact.bits - 1
    return ((wide + half) & ((1 << exact.bits) - 1)) - half, wide >> exact.bits


def exact_values(values: Any, kind: DType, lowest: int) -> tuple[Any, Any]:
    """Values in steps of 2**`lowest`, as Python integers; and flags, at which a value is a sign.

    A NaN has flag 1, an infinity 2 or 4.
    """
    step = Fraction(2) ** -lowest
    whole = np.empty(np.shape(values), object)
    flags = np.zeros(np.shape(values), object)
    for at, value in np.ndenumerate(values):
        if kind.is_float and value != value:
            whole[at], flags[at] = 1, 1
        elif kind.is_float and abs(value) == float("inf"):
            whole[at], flags[at] = (1, 2) if value > 0 else (-1, 4)
        else:
            whole[at] = int(Fraction(int(value) if kind.is_int else float(value)) * step)
    return whole, flags


def product(x: Any, x_flags: Any, y: Any, y_flags: Any) -> tuple[Any, Any]:
    """Products of such values and flags; zero times infinity is NaN."""
    either = x_flags | y_flags
    nan = (either & 1 != 0) | ((either != 0) & ((x == 0) | (y == 0)))
    value = x * y
    infinite = np.where(value > 0, 2, 4)
    flags = np.where(either == 0, 0, np.where(nan, 1, infinite))
    signs = np.where(value < 0, -1, 1)
    return np.where(flags == 0, value, signs), flags


def whole_type(kind: DType) -> tuple[Any, int]:
    """The integers behind a type without a floating point, and the exponent of one of them."""
    return (kind.base, kind.scale) if isinstance(kind, FixedType) else (kind, 0)
