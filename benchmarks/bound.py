"""What no NumPy program can beat: the work that is left when nobody interprets anything.

`bare` decodes 4-bit weights by a table of bytes, half a MiB at a time so that they stay in the
cache and BLAS is quickest, into memory that was written before, and multiplies each; `blas` is the
multiplication alone, of weights that were unpacked before.  Both are exact for activations of 8
bits: float32 counts every sum.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from unpack import Array, weights

PIECE = 1 << 19  # bytes of floats, the best of 64 KiB to 1 MiB
SMALL = 10**6  # products up to which OpenBLAS packs no operand first, where it has AVX-512


def contenders(packed: Array, x: Array) -> dict[str, Callable[[], Array]]:
    """y = w @ x, 4-bit weights packed two in a byte."""
    size, right = 2 * packed.shape[1], x.astype(np.float32)
    table = weights(np.arange(256, dtype=np.uint8)[:, None], 4)
    each = max(1, min(PIECE // (4 * size), SMALL // right.size))
    room = np.empty((each, size), np.float32)
    unpacked = weights(packed, 4)

    def bare() -> Array:
        y = np.empty((len(packed), x.shape[1]), np.float32)
        for start in range(0, len(packed), each):
            part = packed[start : start + each]
            left = room[: len(part)]
            table.take(part.reshape(-1), 0, left.reshape(-1, 2), "clip")
            np.matmul(left, right, out=y[start : start + each])
        return y.astype(np.int32)

    return {"bare": bare, "blas": lambda: np.asarray(unpacked @ right)}
