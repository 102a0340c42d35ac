"""How close functions come to a boundary of rounding: what an approximation must tell apart."""

from __future__ import annotations

LOOKED_AT = 24  # bits of significands: all arguments up to here were looked at
CLOSEST = {  # by function (a, b): no closer than 2**-(a * p + b) at p bits
    "exp": (3, 4),
    "exp2": (2, 12),
    "expm1": (2, 16),
    "log": (2, 16),
    "log2": (2, 12),
    "sigmoid": (3, 5),
    "silu": (3, 5),
    "tanh": (2, 10),
}


def closest(name: str, precision: int) -> int:
    """k, so that no result that is not exact lies within 2**-k of itself of a boundary.

    Found by benchmarks/hardest.py, for arguments of `precision` bits, and boundaries of one bit
    more: the values of a format and the middles between them.  Where the result is next to a simple
    value (`tilevm.dtypes.functions.Limit`) the boundary is that value, and nothing is said.
    """
    slope, more = CLOSEST[name]
    return slope * precision + more
