"""The same bits cut into codes of another width, along the last axis, least significant first."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from tilevm.dtypes.spread import group_size, merge, spread

Array = npt.NDArray[Any]

_WHOLE = (8, 16, 32, 64)  # widths that NumPy's integers have


def recut(codes: Array, old: int, new: int) -> Array:
    """Codes [..., n] of `old` bits as codes [..., n * old / new] of `new` bits.

    `codes` is of an unsigned type that holds `old` bits, and the result of the smallest that holds
    `new` bits.  The last axis has a whole number of new codes.
    """
    if old == new:
        return codes
    through = _bytes_fit(codes.shape[-1], old) and _bytes_fit(codes.shape[-1] * old // new, new)
    if through and codes.size:
        return _from_bytes(_to_bytes(codes, old), new).reshape(*codes.shape[:-1], -1)
    if new % old == 0:
        parts = codes.reshape(*codes.shape[:-1], -1, new // old)
        merged: Array = parts[..., 0].astype(_carrier(new))
        for i in range(1, new // old):
            merged |= parts[..., i].astype(merged.dtype) << i * old
        return merged
    if old % new == 0:
        shifts = np.arange(0, old, new).astype(codes.dtype)
        cut: Array = (codes[..., None] >> shifts) & codes.dtype.type((1 << new) - 1)
        return cut.astype(_carrier(new)).reshape(*codes.shape[:-1], -1)
    return recut(recut(codes, old, 1), 1, new)


@cache
def _carrier(bits: int) -> np.dtype[Any]:
    return np.dtype(f"u{next(w for w in _WHOLE if bits <= w) // 8}")


def _bytes_fit(count: int, bits: int) -> bool:
    """Whether so many codes are whole bytes that the quick ways below take."""
    return bits in _WHOLE or (bits < 8 and count % group_size(bits) == 0)


def _to_bytes(codes: Array, bits: int) -> npt.NDArray[np.uint8]:
    stored = np.ascontiguousarray(codes.astype(_carrier(bits).newbyteorder("<"), copy=False))
    data = stored.reshape(-1).view(np.uint8)
    return data if bits in _WHOLE else merge(data, bits)


def _from_bytes(data: npt.NDArray[np.uint8], bits: int) -> Array:
    if bits in _WHOLE:
        words: Array = data.view(f"<u{bits // 8}")
        return words.astype(_carrier(bits), copy=False)
    found: Array = spread(data, bits)
    return found
