"""Codes of any width to bytes and back: element j takes bits j*b .. j*b+b-1 of its row.

Eight codes of b bits fill b bytes exactly, so code i of every group of eight lies at the same byte
and bit of its group.  A 64-bit window at that byte, repeated every b bytes, reaches the i-th code
of all groups at once; eight NumPy statements move a whole array.
"""

from __future__ import annotations

from math import prod
from operator import index

import numpy as np
import numpy.typing as npt

from tilevm.diagnostics import error
from tilevm.dtypes.spread import merge, spread

WORD_BITS = 32
_ROW_BYTES = {"none": 1, "byte": 1, "word": WORD_BITS // 8}
PADDINGS = tuple(_ROW_BYTES)
_SPARE = 16  # bytes past the end that a window may touch

PaddedShape = tuple[int, int]


def pack_codes(
    codes: npt.NDArray[np.uint64], bits: int, padding: str = "none"
) -> npt.NDArray[np.uint8]:
    """Bytes (one-dimensional) of codes below 2**bits; see `DType.pack`."""
    rows, length = _rows(codes.shape, padding)
    table = codes.reshape(rows, length)
    if not table.size:
        data = np.zeros((rows, 0), np.uint8)
    elif bits in (8, 16, 32, 64):
        data = table.astype(f"<u{bits // 8}").view(np.uint8).reshape(rows, length * bits // 8)
    else:
        data = _pack_rows(table, bits)
    size = row_bytes(length, bits, padding)
    padded = np.zeros((rows, size), np.uint8)
    padded[:, : data.shape[1]] = data[:, :size]
    return padded.reshape(-1)


def unpack_codes(
    data: bytes | npt.ArrayLike, bits: int, count: int | tuple[int, ...], padding: str = "none"
) -> npt.NDArray[np.uint64]:
    """Codes in the shape `count`; see `DType.unpack`."""
    shape = tuple(count) if isinstance(count, tuple | list) else (index(count),)
    if any(n < 0 for n in shape):
        raise error("TV0402", f"cannot unpack a negative number of codes, {list(shape)}")
    rows, length = _rows(shape, padding)
    stored = _as_bytes(data)
    size = row_bytes(length, bits, padding)
    if stored.size < rows * size:
        raise error(
            "TV0402",
            f"{prod(shape)} codes of {bits} bits take {rows * size} bytes, "
            f"but the data has {stored.size}",
        )
    if not rows * length:
        return np.zeros(shape, np.uint64)
    table = stored[: rows * size].reshape(rows, size)
    if bits in (8, 16, 32, 64):
        exact = np.ascontiguousarray(table[:, : length * bits // 8])
        return exact.view(f"<u{bits // 8}").astype(np.uint64).reshape(shape)
    return _unpack_rows(table, bits, length).reshape(shape)


def row_bytes(length: int, bits: int, padding: str = "none") -> int:
    """Bytes that a row of `length` codes takes, its padding included."""
    unit = _ROW_BYTES[padding]
    return -(-length * bits // (8 * unit)) * unit


def _rows(shape: tuple[int, ...], padding: str) -> PaddedShape:
    if padding not in PADDINGS:
        raise error("TV0250", f"row padding must be one of {', '.join(PADDINGS)}, not {padding!r}")
    if padding == "none" or not shape:
        return 1, prod(shape)
    return prod(shape[:-1]), shape[-1]


def _as_bytes(data: bytes | npt.ArrayLike) -> npt.NDArray[np.uint8]:
    if isinstance(data, bytes | bytearray | memoryview):
        return np.frombuffer(data, np.uint8)
    array = np.asarray(data)
    if array.dtype != np.uint8:
        raise error("TV0402", f"packed data must be bytes or a uint8 array, not {array.dtype}")
    return array.reshape(-1)


def _windows(
    buffer: npt.NDArray[np.uint8], rows: int, groups: int, bits: int, byte: int, kind: str
) -> npt.NDArray[np.uint64]:
    """The window of type `kind` at `byte` of every group, as a view [rows, groups]."""
    return np.ndarray((rows, groups), np.dtype(kind), buffer.data, byte, (buffer.shape[1], bits))


def _pack_rows(table: npt.NDArray[np.uint64], bits: int) -> npt.NDArray[np.uint8]:
    rows, length = table.shape
    groups = -(-length // 8)
    kind = np.uint8 if bits < 8 else np.uint64
    grouped = np.zeros((rows, groups, 8), kind)
    grouped.reshape(rows, groups * 8)[:, :length] = table
    if bits < 8:
        return merge(grouped.reshape(-1), bits).reshape(rows, groups * bits)
    buffer = np.zeros((rows, groups * bits + _SPARE), np.uint8)
    for i in range(8):
        byte, shift = divmod(i * bits, 8)
        code = grouped[:, :, i]
        _windows(buffer, rows, groups, bits, byte, "<u8")[...] |= code << np.uint64(shift)
        if shift + bits > 64:
            high = (code >> np.uint64(64 - shift)).astype(np.uint8)
            _windows(buffer, rows, groups, bits, byte + 8, "u1")[...] |= high
    return buffer[:, : groups * bits]


def _unpack_rows(table: npt.NDArray[np.uint8], bits: int, length: int) -> npt.NDArray[np.uint64]:
    rows = table.shape[0]
    groups = -(-length // 8)
    buffer = np.zeros((rows, groups * bits + _SPARE), np.uint8)
    used = min(table.shape[1], groups * bits)
    buffer[:, :used] = table[:, :used]
    if bits < 8:
        whole = np.ascontiguousarray(buffer[:, : groups * bits]).reshape(-1)
        return spread(whole, bits).reshape(rows, groups * 8)[:, :length].astype(np.uint64)
    mask = np.uint64((1 << bits) - 1)
    codes = np.empty((rows, groups, 8), np.uint64)
    for i in range(8):
        byte, shift = divmod(i * bits, 8)
        word = _windows(buffer, rows, groups, bits, byte, "<u8") >> np.uint64(shift)
        if shift + bits > 64:
            high = _windows(buffer, rows, groups, bits, byte + 8, "u1").astype(np.uint64)
            word |= high << np.uint64(64 - shift)
        np.bitwise_and(word, mask, out=codes[:, :, i])
    return codes.reshape(rows, groups * 8)[:, :length]
