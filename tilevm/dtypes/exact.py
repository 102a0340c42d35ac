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
    """A float64 that rounds to the format as `value` does, once.

    Up to 51 bits of precision it is `value` rounded to odd (fit for any mode); above, it is the
    final value in the mode given.  What float64 cannot hold becomes its largest value, or infinite
    where that is the final value.
    """
    if value == 0:
        return 0.0
    odd = f.precision <= ODD_PRECISION
    numerator, denominator = abs(value.numerator), value.denominator
    exponent = numerator.bit_length() - denominator.bit_length()
    if Fraction(numerator, denominator) < Fraction(2) ** exponent:
        exponent -= 1
    if odd:
        quantum = max(exponent - 52, -1074)
    else:
        quantum = max(exponent, f.lowest) - f.mantissa
    outward = "up" if value > 0 else "down"
    scaled = Fraction(numerator, denominator) / Fraction(2) ** quantum
    whole = math.floor(scaled)
    rest = scaled - whole
    if odd:
        up = rest != 0 and whole % 2 == 0
    elif rounding == "nearest_even":
        up = rest > Fraction(1, 2) or (rest == Fraction(1, 2) and whole % 2 == 1)
    elif rounding == "nearest_away":
        up = rest >= Fraction(1, 2)
    else:
        up = rest != 0 and rounding == outward
    try:
        size = math.ldexp(whole + up, quantum)
    except OverflowError:
        away = rounding in ("nearest_even", "nearest_away", outward)
        size = math.inf if away and not odd else _LARGEST
    return -size if value < 0 else size


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
