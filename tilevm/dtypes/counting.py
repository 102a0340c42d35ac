"""Counts and moves of the bits in each integer of an array."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tilevm.dtypes.base import Array
from tilevm.dtypes.integers import IntType


def ones(t: IntType, a: Array) -> Array:
    """How many bits of each are 1."""
    return np.asarray(np.bitwise_count(t.codes(a)))


def leading_zeros(t: IntType, a: Array) -> Array:
    """How many bits above the highest 1 are 0; all of them if there is none."""
    filled = t.codes(a)
    for shift in (1, 2, 4, 8, 16, 32):  # every bit below the highest 1 becomes 1
        if shift < t.width:
            filled = filled | filled >> filled.dtype.type(shift)
    return np.asarray(t.width - np.bitwise_count(filled))


def trailing_zeros(t: IntType, a: Array) -> Array:
    """How many bits below the lowest 1 are 0; all of them if there is none."""
    codes = t.codes(a)
    below = ~codes & (codes - codes.dtype.type(1))  # ones below the lowest 1
    return np.asarray(np.minimum(np.bitwise_count(below), t.width))


def rotated(t: IntType, a: Array, n: Array, down: bool = False) -> Array:
    """The bits moved up (or down) by n modulo the width; those that fall off come in again."""
    codes = t.codes(a)
    width = t.width
    one = np.remainder(n, n.dtype.type(width)).astype(codes.dtype)
    other = (width - one) % codes.dtype.type(width)
    up, back = (other, one) if down else (one, other)
    return t.of_codes(np.asarray((codes << up | codes >> back) & codes.dtype.type(t.mask)))


def permuted(t: IntType, a: Array, order: Sequence[int], bits: int) -> Array:
    """Fields of `bits` bits in another order: field i of the result is field ``order[i]``."""
    codes = t.codes(a)
    one = codes.dtype.type
    result = np.zeros_like(codes)
    for i, source in enumerate(order):
        result |= (codes >> one(bits * source) & one((1 << bits) - 1)) << one(bits * i)
    return t.of_codes(result)
