"""The plain contender: what one writes in NumPy to multiply by packed weights of 1 to 4 bits."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


def product(packed: Array, bits: int, x: Array) -> Array:
    """w @ x in float32, the weights unpacked first; exact for the values of the benchmark."""
    return weights(packed, bits) @ x.astype(np.float32)


def weights(packed: Array, bits: int) -> Array:
    """Two's complement codes, least significant first, as float32 [rows, columns]."""
    rows, columns = packed.shape[0], packed.shape[1] * 8 // bits
    out = np.empty((rows, columns), np.float32)
    if bits == 1:
        out[...] = np.unpackbits(packed, axis=1, bitorder="little")
        return np.negative(out, out=out)
    if bits == 3:
        group = packed.reshape(rows, -1, 3).astype(np.int32)
        word = group[..., 0] | group[..., 1] << 8 | group[..., 2] << 16
        for i in range(8):
            out[:, i::8] = word << (29 - 3 * i) >> 29
        return out
    signed = packed.view(np.int8)
    for i in range(8 // bits):
        out[:, i :: 8 // bits] = signed << (8 - bits - i * bits) >> (8 - bits)
    return out
