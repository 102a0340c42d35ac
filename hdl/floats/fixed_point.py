"""Polynomials in fixed point."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import floor

from hdl.floats.circuit import Circuit, Lane

GUARD = 4  # bits of a sum below those that show in the result


def polynomial(
    c: Circuit, x: Lane, bits: int, reach: int, coefficients: Sequence[Fraction]
) -> Lane:
    """The sum of coefficients[n] * x**(n + 1) in steps of 2**-bits, off by less than 3 of them.

    x is in these steps too, and smaller than 2**-reach; coefficients are at most 1.  Horner's rule:
    each sum has as many bits as the power of x before it leaves to see, and is off by 3 steps of
    its last one.
    """
    total: Lane = 0
    place = 0
    for number in reversed(range(len(coefficients))):
        wanted = max(bits - reach * (number + 1), 0) + GUARD
        constant = floor(coefficients[number] * (1 << wanted))
        product = (x >> bits - wanted) * total >> place
        total = c.keep("sum", product + constant) if place else constant
        place = wanted
    return c.keep("series", x * total >> place)
