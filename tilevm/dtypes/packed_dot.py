"""Matrix products whose left operand lies packed in bytes: decoded straight into BLAS's floats.

An unpacked operand would be written as small integers, and read again to become floats.  Here a
piece of it is decoded, multiplied while it is in the cache, and its memory used for the next piece:
fresh memory costs several times what a table of bytes does.
"""

from __future__ import annotations

from functools import cache
from math import frexp
from threading import local
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from tilevm.dtypes.base import Array, DType
from tilevm.dtypes.floats import FloatType, round_single
from tilevm.dtypes.integers import IntType
from tilevm.dtypes.products import exact_in
from tilevm.dtypes.spread import Bytes, group_size, spread

_PIECE = 1 << 19  # bytes of numbers decoded at a time: they stay in the cache
_SMALL = 10**6  # products up to which OpenBLAS packs no operand first, where it has AVX-512
_KEPT = 64  # arrays that are kept in the memory of a thread
_WIDE = 4  # columns from which on the multiplication, not the decoding, takes the time

_SINGLE, _DOUBLE = np.dtype(np.float32), np.dtype(np.float64)


class PackedDot:
    """A product whose left operand is codes in bytes, made ready for its types; as `dot`.

    `carrier`: the floats in which every sum is exact.
    """

    def __init__(self, ta: IntType, to: DType, inner: int, carrier: np.dtype[Any]) -> None:
        self.ta, self.to, self.inner = ta, to, inner
        self.carrier = carrier
        # whether the result's carrier holds every such sum
        self.direct = carrier is _SINGLE and to.name in ("i32", "i64")
        self.single = to.name == "f32"
        self.least = inner * max(-ta.min, ta.max)  # the largest sum of right operands of 1

    def __call__(self, data: Bytes, b: Array) -> Array:
        """The product of bytes [blocks or 1, M, K * bits / 8] and values [blocks or 1, K, N]."""
        right = b if b.dtype is self.carrier else b.astype(self.carrier)
        if isinstance(self.to, FloatType):
            with np.errstate(all="ignore"):  # infinities and NaN are values
                sums = self._exact(data, right) + 0.0
                return round_single(sums) if self.single else self.to.quantise(sums)
        if self.direct:
            return self._sums(data, right).astype(self.to.carrier)
        return cast(IntType, self.to).wrap(self._exact(data, right).astype(np.int64))

    def _exact(self, data: Bytes, right: Array) -> Array:
        """The sums in float64; by float32, twice as fast, where these very values allow it."""
        if self.carrier is _DOUBLE and right.shape[-1] >= _WIDE:
            unit = self._unit(right)
            if _whole(right[:, :1] / unit) is not None:  # mostly the first few tell
                narrow = _whole(right / unit)
                if narrow is not None:
                    return self._sums(data, narrow).astype(np.float64) * unit
        return self._sums(data, right).astype(np.float64, copy=False)

    def _unit(self, right: Array) -> float:
        """The least power of two of which float32 can count every sum, if it divides these values.

        NaN where some are not finite.
        """
        most = float(np.abs(right).max())
        return 2.0 ** (frexp(most * self.least)[1] - 24) if most < np.inf else np.nan

    def _sums(self, data: Bytes, right: Array) -> Array:
        """The product in the floats of the right operand, which hold it exactly."""
        blocks, height, width = data.shape
        _, inner, columns = right.shape
        kind, count = right.dtype, blocks * height
        if len(right) > 1:
            room = np.empty((blocks, height, inner), kind)
            return np.asarray(np.matmul(self._decoded(data, room), right))
        each = _rows(inner * kind.itemsize, inner * columns)
        matrix = right[0]  # by `ndarray.dot`, which takes less time to begin than `matmul`
        if count <= each:
            sums = self._decoded(data, _room(count, inner, kind)).dot(matrix)
        else:
            rows, sums = data.reshape(count, width), np.empty((count, columns), kind)
            for start in range(0, count, each):
                part = rows[start : start + each]
                left = self._decoded(part, _room(len(part), inner, kind))
                left.dot(matrix, sums[start : start + each])
        return np.asarray(sums.reshape(blocks, height, columns))

    def _decoded(self, data: Bytes, room: Array) -> Array:
        """The numbers [..., K] of codes in bytes [..., K * bits / 8], in the memory given."""
        bits, stored = self.ta.bits, data.ravel()
        if 8 % bits == 0:
            table = _table(bits, self.ta.signed, room.dtype.char)
            # no index is beyond the table, and "clip" does not ask
            table.take(stored, 0, room.reshape(-1, 8 // bits), "clip")
        else:
            codes = spread(stored, bits)
            room[...] = self.ta.of_codes(codes).reshape(room.shape)
        return room


def _whole(steps: Array) -> Array | None:
    """The numbers as float32, if they are whole numbers that it holds."""
    narrow = steps.astype(_SINGLE)
    if (narrow == steps).all() and (np.rint(narrow) == narrow).all():
        return narrow
    return None


@cache
def packed_dot(ta: DType, tb: DType, to: DType, inner: int) -> PackedDot | None:
    """The product for these types and this depth; None where it is not for them."""
    if not isinstance(ta, IntType) or ta.bits > 7 or not inner or inner % group_size(ta.bits):
        return None
    wide = to.is_float or (isinstance(to, IntType) and tb.is_int)
    if not wide or not isinstance(tb, IntType | FloatType):
        return None
    if tb.is_int and exact_in(24, ta, tb, inner):
        return PackedDot(ta, to, inner, _SINGLE)
    return PackedDot(ta, to, inner, _DOUBLE) if exact_in(53, ta, tb, inner) else None


@cache
def _table(bits: int, signed: bool, carrier: str) -> Array:
    """For every byte the numbers that it holds, [256, 8 / bits]."""
    codes = spread(np.arange(256, dtype=np.uint8), bits)
    return IntType(bits, signed).of_codes(codes).astype(carrier).reshape(256, -1)


def _rows(width: int, products: int) -> int:
    """How many rows to decode at a time: `width` bytes and so many products each."""
    each, small = _PIECE // width, _SMALL // products
    return small if 16 <= small < each else each or 1


class _Room(local):
    """Memory of a thread, which every product uses anew, and arrays in it by rows and type."""

    held: npt.NDArray[np.uint8] = np.empty(0, np.uint8)

    def __init__(self) -> None:
        self.arrays: dict[tuple[int, int, str], Array] = {}


_ROOM = _Room()


def _room(rows: int, inner: int, kind: np.dtype[Any]) -> Array:
    """Uninitialised memory for so many numbers, until the next call in this thread."""
    key = rows, inner, kind.char
    found = _ROOM.arrays.get(key)
    if found is None:
        size = rows * inner * kind.itemsize
        if _ROOM.held.size < size:
            _ROOM.held = np.empty(size, np.uint8)
            _ROOM.arrays.clear()
        if len(_ROOM.arrays) == _KEPT:
            _ROOM.arrays.clear()
        found = _ROOM.arrays[key] = _ROOM.held[:size].view(kind).reshape(rows, inner)
    return found
