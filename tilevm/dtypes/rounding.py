"""Error-free transformations and rounding to odd.

Rounding to odd to 53 bits, then to at most 51, gives the same as one rounding in any mode (Boldo
and Melquiond, "Emulation of FMA and correctly rounded sums", 2008).  So a sum kept as a float64 `s`
and its exact remainder `e` needs only `to_odd(s, e)` before the last rounding.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Array = npt.NDArray[Any]

ODD_PRECISION = 51  # `to_odd` leaves 53 bits, two more than the last rounding may keep
_SPLITTER = float(2**27 + 1)


def two_sum(a: Floats, b: Floats) -> tuple[Floats, Floats]:
    """s, e with s = fl(a + b) and s + e = a + b exactly (Knuth); no overflow may occur."""
    s = a + b
    t = s - a
    return s, (a - (s - t)) + (b - t)


def two_prod(a: Floats, b: Floats) -> tuple[Floats, Floats]:
    """p, e with p = fl(a * b) and p + e = a * b exactly (Dekker, Veltkamp).

    Exact while |a|, |b| < 2**996, |a * b| < 2**1023 and the lowest bit of a * b is >= 2**-1074.
    """
    p = a * b
    a1, a0 = _split(a)
    b1, b0 = _split(b)
    return p, a0 * b0 - (((p - a1 * b1) - a0 * b1) - a1 * b0)


def _split(a: Floats) -> tuple[Floats, Floats]:
    c = a * _SPLITTER
    high = c - (c - a)
    return high, a - high


def to_odd(s: Floats, e: Floats) -> Floats:
    """s + e rounded to odd, where s = fl(s + e): the odd one of the neighbours if e is not 0."""
    bits = s.view(np.int64)
    step = np.where((s < 0) == (e < 0), 1, -1)  # away from zero is the next larger bit pattern
    inexact_even = (e != 0) & ((bits & 1) == 0)
    return np.asarray(np.where(inexact_even, bits + step, bits)).view(np.float64)


def round_to_integer(x: Array, rounding: str, words: Array | None = None) -> Floats:
    """Integral float64 values; infinities and NaN stay.

    With random `words` (uint32) away from zero where word < fraction * 2**32.
    """
    values = np.asarray(x, np.float64)
    with np.errstate(all="ignore"):
        if words is not None:
            fraction, whole = np.modf(np.abs(values))
            return np.asarray(np.copysign(whole + (words < fraction * 2.0**32), values))
        match rounding:
            case "nearest_even":
                return np.asarray(np.rint(values))
            case "toward_zero":
                return np.asarray(np.trunc(values))
            case "up":
                return np.asarray(np.ceil(values))
            case "down":
                return np.asarray(np.floor(values))
            case _:  # nearest_away
                size = np.abs(values)
                whole = np.floor(size)
                return np.asarray(np.copysign(whole + (size - whole >= 0.5), values))
