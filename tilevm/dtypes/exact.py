"""Exact rational arithmetic for what float64 cannot carry: slow, always right, rarely needed.

It serves formats of 52 and more bits of precision or of the full exponent range of float64.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction

import numpy as np

from tilevm.dtypes.formats import FloatFormat
from tilevm.dtypes.rounding import ODD_PRECISION, Floats


def round_fraction(f: FloatFormat, value: Fraction, rounding: str = "nearest_even") -> float:
    """A float64 that rounds to the format as `value` does, once.

    Up to 51 bits of precision it is `value` rounded to odd (fit for any mode); above, it is the
    final value in the mode given.  What float64 cannot hold becomes infinite, or its largest value.
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
        up = rest != 0 and rounding == ("up" if value > 0 else "down")
    try:
        size = math.ldexp(whole + up, quantum)
    except OverflowError:
        kept = odd or not (up or rounding.startswith("nearest"))
        size = f.largest if kept and not odd else math.inf
    return -size if value < 0 else size


def add_exactly(f: FloatFormat, x: Floats, y: Floats) -> Floats:
    """x + y by `round_fraction`; sums of infinities, NaN and signed zeros as IEEE says."""
    return _elementwise(f, x, y, lambda a, b: a + b, np.add(x, y))


def multiply_exactly(f: FloatFormat, x: Floats, y: Floats) -> Floats:
    """x * y by `round_fraction`; infinities, NaN and signed zeros as IEEE says."""
    return _elementwise(f, x, y, lambda a, b: a * b, np.multiply(x, y))


def round_pair_exactly(f: FloatFormat, s: Floats, e: Floats, rounding: str) -> Floats:
    """s + e by `round_fraction`."""
    return _elementwise(f, s, e, lambda a, b: a + b, np.add(s, e), rounding)


def _elementwise(
    f: FloatFormat,
    x: Floats,
    y: Floats,
    operation: Callable[[Fraction, Fraction], Fraction],
    hardware: Floats,
    rounding: str = "nearest_even",
) -> Floats:
    x, y = np.broadcast_arrays(x, y)
    result = np.array(hardware)
    for index in np.argwhere(np.isfinite(x) & np.isfinite(y)):
        at = tuple(index)
        exact = operation(Fraction(float(x[at])), Fraction(float(y[at])))
        if exact != 0:  # a zero has its sign already
            result[at] = round_fraction(f, exact, rounding)
    return result
