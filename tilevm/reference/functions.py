"""Functions whose values are no fractions: enclosed between two, as closely as anybody asks."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import isqrt

from tilevm.reference.numbers import (
    INFINITY,
    MINUS_ZERO,
    NAN,
    Number,
    is_negative,
    size,
)

Bounds = tuple[Fraction, Fraction]
Enclosure = Callable[[int], Bounds]  # from a number of bits to bounds that close in as it grows


def square_root(x: Number) -> Number | Enclosure:
    """The root of x: -0 of -0, NaN of what is negative."""
    if x is NAN or x is INFINITY or x is MINUS_ZERO or x == 0:
        return x
    return NAN if is_negative(x) else lambda bits: _root(size(x), bits)


def _root(x: Fraction, bits: int) -> Bounds:
    scale = 1 << bits + 2 * x.denominator.bit_length()
    below = isqrt(x.numerator * scale * scale // x.denominator)
    exact = Fraction(below, scale) ** 2 == x
    return Fraction(below, scale), Fraction(below if exact else below + 1, scale)
