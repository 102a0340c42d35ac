"""Matrix products whose left operand lies packed in bytes: decoded straight into BLAS's floats.

An unpacked operand would be written as small integers, and read again to become floats.  Here a
piece of it is decoded, multiplied while it is in the cache, and its memory used for the next piece:
fresh memory costs several times what a table of bytes does.
"""

from __future__ import annotations

from functools import cache
from math import prod
from threading import local
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from tilevm.dtypes.base import Array, DType
from tilevm.dtypes.floats import FloatType
from tilevm.dtypes.integers import IntType
from tilevm.dtypes.products import exact_in
from tilevm.dtypes.spread import Bytes, group_size, spread

_PIECE = 1 << 19  # bytes of numbers decoded at a time: they stay in the cache

Carrier = type[np.float32] | type[np.float64]


def packed_carrier(ta: DType, tb: DType, to: DType, inner: int) -> Carrier | None:
    """The floats in which `packed_dot` is exact for these types; None where it is not for them."""
    if not isinstance(ta, IntType) or ta.bits > 7 or not inner or inner % group_size(ta.bits):
        return None
    wide = to.is_float or (isinstance(to, IntType) and tb.is_int)
    if not wide or not isinstance(tb, IntType | FloatType):
        return None
    if tb.is_int and exact_in(24, ta, tb, inner):
        return np.float32
    return np.float64 if exact_in(53, ta, tb, inner) else None


def packed_dot(data: Bytes, b: Array, ta: IntType, to: DType, carrier: Carrier) -> Array:
    """As `dot`, of the left operand's codes in bytes [blocks or 1, M, K * bits / 8].

    `b` is [blocks or 1, K, N]; `carrier` is `packed_carrier` of their types.
    """
    right = b.astype(carrier, copy=False)
    if isinstance(to, IntType):
        sums = _sums(data, right, ta, carrier)
        if carrier is np.float32 and to.signed and to.bits in (32, 64):  # it holds every such sum
            return sums.astype(to.carrier)
        return to.wrap(sums.astype(np.int64))
    with np.errstate(all="ignore"):  # infinities and NaN are values
        sums = _sums(data, right, ta, carrier)
    return cast(FloatType, to).quantise(sums.astype(np.float64, copy=False) + 0.0)


def _sums(data: Bytes, right: Array, ta: IntType, carrier: Carrier) -> Array:
    """The product in floats, which hold it exactly."""
    inner, columns = right.shape[-2:]
    if len(right) == 1:
        rows = data.reshape(-1, data.shape[-1])
        turned = np.empty((columns, len(rows)), carrier)  # as x^T w^T, which BLAS does faster
        across = np.ascontiguousarray(right[0].T)
        each = max(1, _PIECE // (inner * right.itemsize))
        for start in range(0, len(rows), each):
            part = rows[start : start + each]
            room = _room(len(part) * inner, carrier)
            np.matmul(across, _decoded(part, ta, room).T, out=turned[:, start : start + each])
        return np.ascontiguousarray(turned.T).reshape(*data.shape[:-1], columns)
    room = np.empty(prod(data.shape[:-1]) * inner, carrier)
    return np.asarray(np.matmul(_decoded(data, ta, room), right))


def _decoded(data: Bytes, kind: IntType, room: Array) -> Array:
    """The numbers [..., K] of codes in bytes [..., K * bits / 8], in the memory given."""
    stored = np.ascontiguousarray(data).reshape(-1)
    if 8 % kind.bits == 0:
        table = _table(kind, room.dtype)
        into = room.reshape(-1, table.shape[1])
        table.take(stored, axis=0, mode="clip", out=into)  # no index is beyond
    else:
        room[...] = kind.of_codes(spread(stored, kind.bits))
    return room.reshape(*data.shape[:-1], -1)


@cache
def _table(kind: IntType, carrier: np.dtype[Any]) -> Array:
    """For every byte the numbers that it holds, [256, 8 / bits]."""
    codes = spread(np.arange(256, dtype=np.uint8), kind.bits)
    return kind.of_codes(codes).astype(carrier).reshape(256, -1)


class _Room(local):
    """Memory of a thread, which every product uses anew."""

    held: npt.NDArray[np.uint8] = np.empty(0, np.uint8)


_ROOM = _Room()


def _room(count: int, carrier: Carrier) -> Array:
    """Uninitialised memory for so many numbers, until the next call in this thread."""
    size = count * np.dtype(carrier).itemsize
    if _ROOM.held.size < size:
        _ROOM.held = np.empty(size, np.uint8)
    return _ROOM.held[:size].view(carrier)
