"""Number formats told again, from their definitions, with fractions and Python integers only."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from math import inf, nan

import numpy as np
import numpy.typing as npt

from tilevm.dtypes import FloatFormat


def decode(f: FloatFormat, code: int) -> float:
    """Value of one code, read off the definition of the format."""
    body = f.exponent + f.mantissa
    sign = -1 if f.signed and code >> body else 1
    field, fraction = divmod(code & (1 << body) - 1, 1 << f.mantissa)
    ones = field == (1 << f.exponent) - 1
    if f.convention == "ieee" and ones:
        return nan if fraction else sign * inf
    if f.convention == "fn" and ones and fraction == (1 << f.mantissa) - 1:
        return nan
    if f.convention == "fnuz" and code == 1 << body:
        return nan
    return sign * float(magnitude(f, code & (1 << body) - 1))


def magnitude(f: FloatFormat, code: int) -> Fraction:
    """What a code without sign means, were none of them special."""
    field, fraction = divmod(code, 1 << f.mantissa)
    no_zero = not f.signed and f.mantissa == 0  # the first code is the first power of two
    hidden = 1 if field or no_zero else 0
    exponent = field if no_zero else max(field, 1)
    return (Fraction(fraction, 1 << f.mantissa) + hidden) * Fraction(2) ** (exponent - f.bias)


@lru_cache
def ladder(f: FloatFormat) -> list[tuple[Fraction, int]]:
    """Every finite value of at least zero, ascending, with its code."""
    body = 1 << f.exponent + f.mantissa
    values = ((decode(f, code), code) for code in range(body))
    return sorted((Fraction(v), code) for v, code in values if v == v and v != inf)


def beyond(f: FloatFormat) -> Fraction:
    """The value after the largest, if the exponents went on: where overflow is judged."""
    return magnitude(f, ladder(f)[-1][1] + 1)


def rounded(f: FloatFormat, exact: Fraction, rounding: str = "nearest_even") -> float:
    """The exact number rounded once, by search in the list of values; overflow by default.

    Zeros come back unsigned.
    """
    size, negative = abs(exact), exact < 0
    values = ladder(f)
    low, high = 0, len(values) - 1
    if size >= values[-1][0]:
        below, above = values[-1], (beyond(f), values[-1][1] + 1)
    else:
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if values[middle][0] <= size else (low, middle)
        below, above = values[low], values[high]
    if size == below[0]:
        chosen = below
    elif rounding in ("toward_zero", "up", "down"):
        chosen = above if rounding == ("down" if negative else "up") else below
    elif size - below[0] != above[0] - size:
        chosen = min(below, above, key=lambda entry: abs(entry[0] - size))
    elif rounding == "nearest_away":
        chosen = above
    else:
        chosen = below if below[1] % 2 == 0 else above
    if chosen[0] <= values[-1][0]:
        value = float(chosen[0])
    else:
        value = {"ieee": inf, "finite": float(values[-1][0])}.get(f.convention, nan)
    return -value if negative else value


def wrapped(value: int, bits: int, signed: bool) -> int:
    value %= 1 << bits
    return value - (1 << bits) if signed and value >> bits - 1 else value


def same(a: npt.ArrayLike, b: npt.ArrayLike) -> bool:
    """Equal element by element, with NaN equal to NaN and -0 different from +0."""
    x, y = np.asarray(a), np.asarray(b)
    if x.shape != y.shape:
        return False
    if x.dtype.kind != "f":
        return bool((x == y).all())
    return bool((((x == y) & (np.signbit(x) == np.signbit(y))) | (np.isnan(x) & np.isnan(y))).all())
