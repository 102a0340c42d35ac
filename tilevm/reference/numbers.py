"""Numbers: integers, fractions, and the four values of floats that are neither.

All arithmetic here is exact; `tilevm.reference.formats` brings the results into a type.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from fractions import Fraction
from math import inf, isinf, isnan, prod


class Special(Enum):
    """A float value that no fraction is."""

    NAN = "nan"
    INFINITY = "inf"
    MINUS_INFINITY = "-inf"
    MINUS_ZERO = "-0.0"


Number = int | Fraction | Special
NAN, INFINITY = Special.NAN, Special.INFINITY
MINUS_INFINITY, MINUS_ZERO = Special.MINUS_INFINITY, Special.MINUS_ZERO


class Refused(Exception):
    """An op met a value that it is told not to accept (TV0407)."""


def number(value: int | float) -> Number:
    """A Python number as ours."""
    if isinstance(value, int):
        return int(value)
    if isnan(value):
        return NAN
    if isinf(value):
        return INFINITY if value > 0 else MINUS_INFINITY
    return MINUS_ZERO if str(value) == "-0.0" else Fraction(value)


def python(x: Number) -> int | float:
    """The number as Python has it; exact, as every float format lies within float64."""
    if isinstance(x, Special):
        return float(x.value)
    return float(x) if isinstance(x, Fraction) else x


def finite(x: Number) -> int | Fraction:
    """A number that is neither NaN nor infinite, the sign of a zero dropped."""
    if x is MINUS_ZERO:
        return Fraction(0)
    assert not isinstance(x, Special), x
    return x


def size(x: Number) -> Fraction:
    """How large a finite number is, without its sign."""
    return abs(Fraction(finite(x)))


def is_negative(x: Number) -> bool:
    """Whether it carries a minus sign, as -0 does."""
    if isinstance(x, Special):
        return x in (MINUS_INFINITY, MINUS_ZERO)
    return x < 0


def signed(size: Number, negative: bool) -> Number:
    """A number that is not negative, with a sign."""
    return negate(size) if negative else size


def negate(x: Number) -> Number:
    """-x; the sign of a float flips, that of a zero too.  NaN has none."""
    match x:
        case Special.NAN:
            return NAN
        case Special.INFINITY:
            return MINUS_INFINITY
        case Special.MINUS_INFINITY:
            return INFINITY
        case Special.MINUS_ZERO:
            return Fraction(0)
        case Fraction(numerator=0):
            return MINUS_ZERO
        case _:
            return -x


def total(terms: Iterable[Number]) -> Number:
    """The sum; NaN where infinities of both signs meet, and an exact zero is +0."""
    terms = list(terms)
    infinities = {x for x in terms if x is INFINITY or x is MINUS_INFINITY}
    if NAN in terms or len(infinities) == 2:
        return NAN
    if infinities:
        return infinities.pop()
    return sum(map(finite, terms))


def plus(x: Number, y: Number, rounding: str = "nearest_even") -> Number:
    """x + y; the sum of two -0 is -0, every other exact zero is +0.

    But rounding down it is -0, unless both are +0.
    """
    if x is MINUS_ZERO and y is MINUS_ZERO:
        return MINUS_ZERO
    found = total([x, y])
    exact_zero = found is not NAN and not isinstance(found, Special) and found == 0
    if exact_zero and rounding == "down" and isinstance(found, Fraction) and not x == y == 0:
        return MINUS_ZERO
    return found


def times(x: Number, y: Number) -> Number:
    """x * y; signs multiply also of zeros and infinities, and 0 times infinity is NaN."""
    if isinstance(x, int) and isinstance(y, int):
        return x * y
    negative = is_negative(x) != is_negative(y)
    sizes = [signed(x, is_negative(x)), signed(y, is_negative(y))]
    if NAN in sizes or (INFINITY in sizes and 0 in sizes):
        return NAN
    return signed(INFINITY if INFINITY in sizes else size(x) * size(y), negative)


def over(x: Number, y: Number) -> Number:
    """x / y; signs as in a product, a number by zero is infinite, 0/0 and inf/inf are NaN."""
    negative = is_negative(x) != is_negative(y)
    a, b = signed(x, is_negative(x)), signed(y, is_negative(y))
    if NAN in (a, b) or a == b == 0 or a is b is INFINITY:
        return NAN
    if a is INFINITY or b == 0:
        return signed(INFINITY, negative)
    return signed(Fraction(0) if b is INFINITY else size(a) / size(b), negative)


def multiplied(terms: Iterable[Number], is_float: bool) -> Number:
    """The product of numbers of a type; of none it is 1.  Only floats have a zero with a sign."""
    if not is_float:
        return prod(map(finite, terms))
    found: Number = Fraction(1)
    for term in terms:
        found = times(found, term)
    return found


def place(x: Number) -> int | Fraction | float:
    """Where it lies on the number line; not for NaN."""
    if x is INFINITY or x is MINUS_INFINITY:
        return -inf if is_negative(x) else inf
    return finite(x)


def compare(x: Number, y: Number, predicate: str) -> bool:
    """Whether `x predicate y`; a NaN is unequal to everything, and in no order."""
    if x is NAN or y is NAN:
        return predicate == "ne"
    a, b = place(x), place(y)
    holds = {"eq": a == b, "ne": a != b, "lt": a < b, "le": a <= b, "gt": a > b, "ge": a >= b}
    return holds[predicate]


def smallest(terms: Iterable[Number]) -> Number:
    """The smallest; NaN if there is one, and -0 is below +0."""
    terms = list(terms)
    return NAN if NAN in terms else min(terms, key=_order)


def largest(terms: Iterable[Number]) -> Number:
    """The largest; NaN if there is one, and -0 is below +0."""
    terms = list(terms)
    return NAN if NAN in terms else max(terms, key=_order)


def _order(x: Number) -> tuple[int | Fraction | float, bool]:
    return place(x), x is not MINUS_ZERO
