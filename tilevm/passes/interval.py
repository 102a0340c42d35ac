"""Intervals of whole numbers, without bounds on their size: what values an integer may have."""

from __future__ import annotations

from dataclasses import dataclass

from tilevm.dtypes import DType, dtype
from tilevm.ir.index import Binary, Const, Expr, Sym

__all__ = ["Interval", "hull", "index_interval", "narrowest", "whole"]


@dataclass(frozen=True)
class Interval:
    """All whole numbers from `low` to `high`; there is at least one."""

    low: int
    high: int

    def __str__(self) -> str:
        return f"{self.low} .. {self.high}"

    def __contains__(self, value: int) -> bool:
        return self.low <= value <= self.high

    def __add__(self, other: Interval) -> Interval:
        return Interval(self.low + other.low, self.high + other.high)

    def __neg__(self) -> Interval:
        return Interval(-self.high, -self.low)

    def __sub__(self, other: Interval) -> Interval:
        return self + -other

    def __mul__(self, other: Interval) -> Interval:
        ends = [x * y for x in (self.low, self.high) for y in (other.low, other.high)]
        return Interval(min(ends), max(ends))

    def times(self, count: int) -> Interval:
        """Sums of `count` numbers of the interval."""
        return Interval(count * self.low, count * self.high)

    def upto(self, count: int) -> Interval:
        """Sums of at most `count` numbers of the interval, of none too."""
        return Interval(min(0, count * self.low), max(0, count * self.high))

    def clamped(self, within: Interval) -> Interval:
        """The numbers moved to the nearest one in another interval."""
        low, high = (min(max(end, within.low), within.high) for end in (self.low, self.high))
        return Interval(low, high)

    def fits(self, kind: DType) -> bool:
        """Whether an integer type holds all of them."""
        return kind.is_int and kind.min <= self.low and self.high <= kind.max


def hull(*parts: Interval) -> Interval:
    """The smallest interval around others."""
    return Interval(min(part.low for part in parts), max(part.high for part in parts))


def whole(kind: DType) -> Interval:
    """All values of an integer type."""
    return Interval(int(kind.min), int(kind.max))


def narrowest(values: Interval) -> DType | None:
    """The integer type of fewest bits that holds them, unsigned if none is negative; None: none."""
    if values.low >= 0:
        bits = max(1, values.high.bit_length())
        return dtype(f"u{bits}") if bits <= 64 else None
    bits = 1 + max((-values.low - 1).bit_length(), max(values.high, 0).bit_length())
    return dtype(f"i{bits}") if bits <= 64 else None


def index_interval(expr: Expr, known: dict[str, Interval]) -> Interval | None:
    """The values of an index expression; None where nothing is known of it."""
    match expr:
        case Const(value):
            return Interval(value, value)
        case Sym(name):
            return known.get(name)
        case Binary(op, left, right):
            a, b = index_interval(left, known), index_interval(right, known)
            if op == "%" and b is not None and b.low > 0:
                inside = a is not None and a.low >= 0 and a.high < b.low
                return a if inside else Interval(0, b.high - 1)
            if a is None or b is None:
                return None
            if op == "/":
                if b.low <= 0:
                    return None
                ends = [x // y for x in (a.low, a.high) for y in (b.low, b.high)]
                return Interval(min(ends), max(ends))
            if op in "+-*":
                return a + b if op == "+" else a - b if op == "-" else a * b
    return None
