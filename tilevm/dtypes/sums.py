"""Exact sums of many float64 terms, many sums at once.

Each pass takes the same top bits off every term of a sum: (sigma + p) - sigma with sigma a power of
two, at least the number of terms times the largest.  What it takes adds up without rounding error,
what it leaves is smaller by 53 - log2(terms) bits (Rump, Ogita, Oishi, "Accurate floating-point
summation", 2008, ExtractVector).  So two to four passes leave nothing of ordinary data, and as many
as needed of any data.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from tilevm.dtypes.rounding import Floats, to_odd, two_sum


def exact_sums(terms: Floats) -> tuple[Floats, Floats]:
    """s, e for every row of terms [n, count]: s = fl(sum), and s + e rounds as the exact sum does.

    The terms must be finite, below 2**960 in size; their lowest bits may lie as low as 2**-1074.
    """
    left = np.array(terms)
    parts: list[Floats] = []
    headroom = int(left.shape[-1] + 2).bit_length()
    while left.any():
        largest = np.maximum(left.max(axis=-1, keepdims=True), -left.min(axis=-1, keepdims=True))
        sigma = np.ldexp(1.0, np.frexp(largest)[1] + headroom)
        top = (left + sigma) - sigma
        left -= top
        parts.append(top.sum(axis=-1))
    if not parts:
        zero = np.zeros(left.shape[:-1])
        return zero, zero
    return _renormalise(parts)


def _renormalise(parts: list[Floats]) -> tuple[Floats, Floats]:
    """The sum of a few parts as s and a remainder rounded to odd.

    Sweeps of two_sum from the last part to the first, until nothing moves: then each part is at
    most half a unit in the last place of the one before, and a zero is followed by zeros only.
    """
    moving = True
    while moving and len(parts) > 1:
        swept = list(parts)
        for i in range(len(parts) - 1, 0, -1):
            swept[i - 1], swept[i] = two_sum(swept[i - 1], swept[i])
        moving = any(bool((new != old).any()) for new, old in zip(swept, parts, strict=True))
        parts = swept
    if len(parts) == 1:
        return parts[0] + 0.0, np.zeros_like(parts[0])
    tail = parts[2] if len(parts) > 2 else np.zeros_like(parts[0])
    s, e = two_sum(parts[0], to_odd(parts[1], tail))
    return s + 0.0, e


def fraction_sum(terms: list[tuple[float, float]]) -> Fraction:
    """The exact sum of products, for factors whose products float64 cannot hold."""
    return sum((Fraction(a) * Fraction(b) for a, b in terms), Fraction(0))
