"""Division of integers, and the high half of their product.

The quotient of the smallest number by -1 is the only one beyond the type.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tilevm.dtypes.base import Array, trap_where
from tilevm.dtypes.integers import IntType, magnitude, wide_product


def floor_quotient(t: IntType, a: Array, b: Array, overflow: str | None = None) -> Array:
    """floor(a / b), then `overflow`; `Trap` where b is 0."""
    x, y = _operands(a, b)
    with np.errstate(all="ignore"):
        return _fitted(t, "floordiv", np.floor_divide(x, y), x, y, overflow)


def floor_remainder(t: IntType, a: Array, b: Array) -> Array:
    """a - b * floor(a / b): it has the sign of b.  `Trap` where b is 0."""
    x, y = _operands(a, b)
    with np.errstate(all="ignore"):
        return np.asarray(np.remainder(x, y))


def truncated_quotient(t: IntType, a: Array, b: Array, overflow: str | None = None) -> Array:
    """a / b without its fraction, then `overflow`; `Trap` where b is 0."""
    x, y = _operands(a, b)
    with np.errstate(all="ignore"):
        quotient = np.floor_divide(x, y)
        upwards = ((x < 0) != (y < 0)) & (np.remainder(x, y) != 0)
        return _fitted(t, "truncdiv", quotient + upwards.astype(t.carrier), x, y, overflow)


def truncated_remainder(t: IntType, a: Array, b: Array) -> Array:
    """What the truncated quotient leaves: it has the sign of a.  `Trap` where b is 0."""
    x, y = _operands(a, b)
    with np.errstate(all="ignore"):
        return np.asarray(np.fmod(x, y))


def high_product(t: IntType, a: Array, b: Array) -> Array:
    """floor(a * b / 2**bits), of the exact product."""
    if t.width <= 32:
        wide = np.int64 if t.signed else np.uint64
        product = np.multiply(a, b, dtype=wide)
        return np.asarray((product >> wide(t.width)).astype(t.carrier))
    high, low = wide_product(magnitude(a), magnitude(b))
    negative = (a < 0) != (b < 0)
    # minus a 128-bit number: its complement, plus one
    low = np.where(negative, np.uint64(0) - low, low)
    high = np.where(negative, ~high + (low == 0), high)
    if t.width < 64:
        high = (high << np.uint64(64 - t.width)) | (low >> np.uint64(t.width))
    return t.wrap(high)


def _operands(a: Array, b: Array) -> tuple[Array, Array]:
    zero = np.broadcast_to(b == 0, np.broadcast_shapes(a.shape, b.shape))
    trap_where(zero, "division by zero")
    return a, b


def _fitted(
    t: IntType,
    operation: str,
    quotient: npt.NDArray[np.integer],
    x: Array,
    y: Array,
    overflow: str | None,
) -> Array:
    wrapped = t.wrap(quotient)
    if overflow in (None, "wrap") or not t.signed:
        return wrapped
    return t.limited(operation, overflow, wrapped, (x == t.min) & (y == -1), False)
