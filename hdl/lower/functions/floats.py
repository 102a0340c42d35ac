"""Functions of lanes that hold codes of floats: logic in a circuit, tables, exact accumulators."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from hdl.lower.functions.beats import Lane, beat_shape, from_beats, to_beats
from hdl.lower.functions.reduction import Combine, tree
from hdl.netlist import BeatShape
from hdl.units import Beats, fit
from tilevm.dtypes import CodebookType, DType, FixedType, FloatType
from tilevm.dtypes.exact import round_fraction
from tilevm.ir import Op

if TYPE_CHECKING:
    from hdl.floats import Circuit, Number

FLAGS = 3  # behind an accumulator: NaN, +infinity, -infinity


@dataclass(frozen=True, eq=False)
class Circuits:
    """An elementwise op: `logic` in a circuit; the model is the op's own meaning."""

    op: Op
    shape: BeatShape
    logic: Callable[..., Lane]

    @property
    def name(self) -> str:
        return self.op.name

    def emit(self, m: Any, operands: Sequence[list[Lane]]) -> list[Lane]:
        from hdl.floats import Circuit

        return [
            self.logic(Circuit(m, f"lane{number}_"), *lanes)
            for number, lanes in enumerate(zip(*operands, strict=True))
        ]

    def model(self, operands: Sequence[Beats]) -> Beats:
        kinds = [value.dtype for value in self.op.operands]
        arrays = [from_beats(beats, kind) for beats, kind in zip(operands, kinds, strict=True)]
        return to_beats(self.op.run(*arrays, *_unused(self.op)), self.op.out.dtype)


def _unused(op: Op) -> list[Any]:
    """What `run` takes beside the operands: the counter of random words, of which there are none."""
    return [0] if op.name == "cast" else []


@dataclass(frozen=True, eq=False)
class Table:
    """A function of one lane by its table: ``results[code]``, in a small memory."""

    name: str
    shape: BeatShape
    results: tuple[int, ...]

    def emit(self, m: Any, operands: Sequence[list[Lane]]) -> list[Lane]:
        from hdl.units.words import Words

        codes = [lane.as_unsigned() for lane in operands[0]]
        return read_table(m, "table", self.results, self.shape.bits, codes, Words)

    def model(self, operands: Sequence[Beats]) -> Beats:
        index = operands[0].astype(np.int64) % len(self.results)
        return fit(np.array(self.results)[index], self.shape)


def read_table(
    m: Any, name: str, results: Sequence[int], bits: int, codes: Sequence[Lane], words: Any
) -> list[Lane]:
    """The words of a table at these codes."""
    from amaranth import Const

    if len(set(results)) == 1:
        return [Const(results[0], bits) for _ in codes]
    table = words(m, name, len(results), bits, results)
    return [table.read(code) for code in codes]


# --- exact sums


@dataclass(frozen=True)
class Accumulator:
    """An exact sum in fixed point: an integer of `bits`, in steps of 2**`step`, and flags.

    A lane holds the integer in its low bits and, with `special`, a bit each for NaN, +infinity and
    -infinity above it.
    """

    bits: int
    step: int
    special: bool

    @property
    def width(self) -> int:
        return self.bits + (FLAGS if self.special else 0)

    def shape(self, lanes: int) -> BeatShape:
        return BeatShape(lanes, self.width)


def numbers_of(kind: DType) -> DType:
    """The type of the numbers of a tile: of a codebook that of its entries."""
    return kind.entry if isinstance(kind, CodebookType) else kind


def lowest_step(kind: DType) -> int:
    """The exponent of which every value of a type is a multiple."""
    kind = numbers_of(kind)
    if isinstance(kind, FloatType):
        return kind.format.lsb
    return kind.scale if isinstance(kind, FixedType) else 0


def largest_steps(kind: DType) -> int:
    """The largest magnitude of a type, in those steps."""
    kind = numbers_of(kind)
    most = max(abs(Fraction(kind.min)), abs(Fraction(kind.max)))
    return int(most / Fraction(2) ** lowest_step(kind))


def is_special(kind: DType) -> bool:
    """Whether a type has NaN or infinities."""
    kind = numbers_of(kind)
    return isinstance(kind, FloatType) and kind.format.nan_code is not None


def accumulator(kinds: Sequence[DType], count: int) -> Accumulator:
    """The accumulator for a sum of `count` products of values of these types."""
    most = count
    for kind in kinds:
        most *= largest_steps(kind)
    bits = most.bit_length() + 1
    return Accumulator(bits, sum(map(lowest_step, kinds)), any(map(is_special, kinds)))


@dataclass(frozen=True, eq=False)
class ExactTerms:
    """Products of lanes (or lanes), exact in fixed point, and `lanes` sums of `count` of them."""

    kinds: tuple[DType, ...]
    exact: Accumulator
    lanes: int
    count: int

    @property
    def name(self) -> str:
        return f"exact {'products' if len(self.kinds) > 1 else 'sum'} of {self.count}"

    @property
    def shape(self) -> BeatShape:
        return self.exact.shape(self.lanes)

    def emit(self, m: Any, operands: Sequence[list[Lane]]) -> list[Lane]:
        from hdl.floats import Circuit, multiply, read
        from hdl.units.words import Words

        columns: list[list[Lane]] = []
        for number, (kind, lanes) in enumerate(zip(self.kinds, operands, strict=True)):
            if isinstance(kind, CodebookType):
                table = codes_of_entries(kind)
                codes = [lane.as_unsigned() for lane in lanes]
                lanes = read_table(m, f"entries{number}", table, kind.entry.bits, codes, Words)
            columns.append(lanes)
        terms: list[Lane] = []
        for place, lane in enumerate(zip(*columns, strict=True)):
            c = Circuit(m, f"lane{place}_")
            numbers = [read(c, numbers_of(k), v) for k, v in zip(self.kinds, lane, strict=True)]
            product = numbers[0] if len(numbers) == 1 else multiply(c, *numbers)
            terms.append(self._fixed(c, product))
        c = Circuit(m, "sum_")
        groups = [terms[i : i + self.count] for i in range(0, len(terms), self.count)]
        return [tree(group, lambda a, b: add_exact(c, self.exact, a, b)) for group in groups]

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

    def model(self, operands: Sequence[Beats]) -> Beats:
        parts = [_exact_values(b, k) for b, k in zip(operands, self.kinds, strict=True)]
        value, flags = parts[0]
        for other, more in parts[1:]:
            flags = _flags_of_product(value, flags, other, more)
            value = value * other
        value = np.where(flags != 0, 0, value)
        shape = (len(value), self.lanes, self.count)
        total = value.reshape(shape).sum(axis=-1)
        joined = np.bitwise_or.reduce(flags.reshape(shape), axis=-1)
        return pack_exact(self.exact, total, joined)


def codes_of_entries(kind: CodebookType) -> list[int]:
    """The codes of the entries of a codebook, for every code that its bits can make."""
    codes = [int(code) for code in kind.entry.encode(kind.table).reshape(-1)]
    return codes + [0] * ((1 << kind.bits) - len(codes))


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


def _exact_values(beats: Beats, kind: DType) -> tuple[Any, Any]:
    """Values in steps of their type, as Python integers; and flags, at which the value is a sign.

    A NaN has flag 1, an infinity 2 or 4.
    """
    values = from_beats(beats, kind)
    if isinstance(kind, CodebookType):
        values, kind = kind.lookup(values), kind.entry
    step = Fraction(2) ** -lowest_step(kind)
    whole = np.empty(values.shape, object)
    flags = np.zeros(values.shape, object)
    for at, value in np.ndenumerate(values):
        if kind.is_float and value != value:
            whole[at], flags[at] = 1, 1
        elif kind.is_float and abs(value) == float("inf"):
            whole[at], flags[at] = (1, 2) if value > 0 else (-1, 4)
        else:
            whole[at] = int(Fraction(int(value) if kind.is_int else float(value)) * step)
    return whole, flags


def _flags_of_product(x: Any, x_flags: Any, y: Any, y_flags: Any) -> Any:
    signs = x * y
    special = (x_flags | y_flags) != 0
    nan = ((x_flags | y_flags) & 1 != 0) | (signs == 0)
    infinite = np.where(signs > 0, 2, 4)
    return np.where(special, np.where(nan, 1, infinite), 0)


def add_exact(c: Circuit, exact: Accumulator, a: Lane, b: Lane) -> Lane:
    """The sum of two lanes of an accumulator."""
    from amaranth import Cat

    total = c.keep("total", a[: exact.bits] + b[: exact.bits], exact.bits)
    if not exact.special:
        return total
    return c.keep("total", Cat(total, a[exact.bits :] | b[exact.bits :]))


@dataclass(frozen=True, eq=False)
class ExactStep:
    """``state = state + value`` in an accumulator."""

    exact: Accumulator
    lanes: int
    name: str = "exact sum"
    initial: int = 0

    @property
    def shape(self) -> BeatShape:
        return self.exact.shape(self.lanes)

    def emit(self, m: Any, state: list[Lane], value: list[Lane]) -> list[Lane]:
        from hdl.floats import Circuit

        c = Circuit(m)
        return [add_exact(c, self.exact, s, v) for s, v in zip(state, value, strict=True)]

    def model(self, state: Beats, value: Beats) -> Beats:
        totals, flags = zip(
            unpack_exact(self.exact, state), unpack_exact(self.exact, value), strict=True
        )
        return pack_exact(self.exact, totals[0] + totals[1], flags[0] | flags[1])


@dataclass(frozen=True, eq=False)
class RoundExact:
    """Accumulators rounded once: to nearest even, beyond the largest value as the format says.

    To an integer or fixed point type, `overflow` says what becomes of what is beyond.
    """

    exact: Accumulator
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
        from amaranth import Const

        from hdl.floats import Number, round_integer, round_pack

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
        x = Number(negative, c.magnitude("size", total), Const(self.exact.step), infinite, invalid)
        if isinstance(self.kind, FloatType):
            return round_pack(c, self.kind.format, x)
        base, scale = whole_type(self.kind)
        x = Number(x.negative, x.significand, Const(self.exact.step - scale), infinite, invalid)
        return round_integer(c, base, x, overflow=self.overflow or "wrap")

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
        exact = FixedType_fit(totals, self.exact.bits, self.exact.step - scale, base, self.overflow)
        return fit(exact, beat_shape(self.kind, 1))


def whole_type(kind: DType) -> tuple[Any, int]:
    """The integers behind a type without a floating point, and the exponent of one of them."""
    return (kind.base, kind.scale) if isinstance(kind, FixedType) else (kind, 0)


# --- largest and smallest


@dataclass(frozen=True)
class FloatChoice(Combine):
    """The larger or smaller of codes of floats; a NaN goes on, or is left out."""

    nan: str = "propagate"

    def in_circuit(self, c: Circuit, a: Lane, b: Lane) -> Lane:
        from hdl.floats import smaller

        assert isinstance(self.kind, FloatType)
        return smaller(c, self.kind.format, a, b, larger=self.name == "max", nan=self.nan)
