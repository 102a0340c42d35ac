"""Exact rational arithmetic for what float64 cannot carry: slow, always right, rarely needed.

It serves formats of 52 and more bits of precision or of the full exponent range of float64.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from fractions import Fraction

from tilevm.dtypes.formats import FloatFormat
from tilevm.dtypes.rounding import ODD_PRECISION

_LARGEST = sys.float_info.max  # odd: all bits of its significand are ones


def round_fraction(f: FloatFormat, value: Fraction, rounding: str = "nearest_even") -> float:
    """As `round_ratio`, of a fraction."""
    return round_ratio(f, value.numerator, value.denominator, rounding)


def round_ratio(
    f: FloatFormat, numerator: int, denominator: int, rounding: str = "nearest_even"
) -> float:
    """A float64 that rounds to the format as the ratio does, once; the denominator is positive.

    Up to 51 bits of precision it is the ratio rounded to odd (fit for any mode); above, it is the
    final value in the mode given.  What float64 cannot hold becomes its largest value, or infinite
    where that is the final value.
    """
    if numerator == 0:
        return 0.0
    odd = f.precision <= ODD_PRECISION
    size = abs(numerator)
    exponent = size.bit_length() - denominator.bit_length()
    if size << max(0, -exponent) < denominator << max(0, exponent):
        exponent -= 1
    quantum = max(exponent - 52, -1074) if odd else max(exponent, f.lowest) - f.mantissa
    unit = denominator << max(0, quantum)
    whole, rest = divmod(size << max(0, -quantum), unit)
    outward = "up" if numerator > 0 else "down"
    if odd:
        away = rest != 0 and whole % 2 == 0
    elif rounding == "nearest_even":
        away = 2 * rest > unit or (2 * rest == unit and whole % 2 == 1)
    elif rounding == "nearest_away":
        away = 2 * rest >= unit
    else:
        away = rest != 0 and rounding == outward
    try:
        result = math.ldexp(whole + away, quantum)
    except OverflowError:
        infinite = not odd and rounding in ("nearest_even", "nearest_away", outward)
        result = math.inf if infinite else _LARGEST
    if numerator < 0 and result == 0 and not f.signed:
        return -5e-324  # no zero: without a sign bit what is negative is NaN
    return -result if numerator < 0 else result


def root_fraction(x: Fraction) -> Fraction:
    """A fraction that every rounding to at most 60 bits treats as the square root of x."""
    exponent = x.numerator.bit_length() - x.denominator.bit_length()
    shift = 2 * (64 - exponent // 2)  # 128 bits or more below the point of the radicand
    scaled = x * Fraction(2) ** shift
    whole = math.isqrt(math.floor(scaled))
    inexact = whole * whole != scaled
    return (whole + Fraction(inexact, 2)) / Fraction(2) ** (shift // 2)


OPERATIONS: dict[str, Callable[..., Fraction]] = {
    "add": lambda a, b: a + b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b,
    "sqrt": root_fraction,
    "fma": lambda a, b, c: a * b + c,
}
