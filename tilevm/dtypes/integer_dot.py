"""Integer matrix products through floating-point BLAS, where the widths prove them exact.

NumPy multiplies integer matrices without BLAS, 7 to 60 times slower.  Sums of products are exact in
float32 below 2**24 and in float64 below 2**53, so the inner dimension is cut into chunks that stay
below; operands too wide for that are cut into limbs whose products are shifted into place.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tilevm.dtypes.base import Array
from tilevm.dtypes.digits import Digits
from tilevm.dtypes.integers import IntType

_FLOAT32_LIMIT = 2**24
_FLOAT64_LIMIT = 2**53
_CHUNK = 256  # inner elements below which a chunk costs more than the next wider arithmetic


def integer_dot(a: Array, b: Array, ta: IntType, tb: IntType, to: IntType) -> Array:
    """a [..., M, K] of ta by b [..., K, N] of tb: exact, then modulo 2**bits of `to`."""
    product = _magnitude(ta) * _magnitude(tb)
    inner = max(a.shape[-1], 1)
    for limit, carrier in ((_FLOAT32_LIMIT, np.float32), (_FLOAT64_LIMIT, np.float64)):
        chunk = limit // product
        if chunk >= min(inner, _CHUNK):
            return to.wrap(_chunked(a.astype(carrier), b.astype(carrier), chunk))
    return to.wrap(_by_limbs(a, b, ta, tb, to.bits))


def exact_dot(a: Array, b: Array, ta: IntType, tb: IntType) -> Digits:
    """The same sums, not yet brought into a type."""
    inner = max(a.shape[-1], 1)
    if inner * _magnitude(ta) * _magnitude(tb) < 1 << 62:
        return Digits(32, (integer_dot(a, b, ta, tb, IntType(64, True)),))
    width = 16 if inner >= 1 << 16 else max(_limb_width(ta.bits), _limb_width(tb.bits))
    limbs_a, limbs_b = _limbs(a, ta.bits, width), _limbs(b, tb.bits, width)
    shape = (*np.broadcast_shapes(a.shape[:-2], b.shape[:-2]), a.shape[-2], b.shape[-1])
    parts = [np.zeros(shape, np.int64) for _ in range(len(limbs_a) + len(limbs_b) - 1)]
    for i, limb_a in enumerate(limbs_a):
        for j, limb_b in enumerate(limbs_b):
            parts[i + j] += _chunked(limb_a, limb_b, _FLOAT64_LIMIT >> 2 * width)
    return Digits(width, tuple(parts))


def _magnitude(t: IntType) -> int:
    return max(-t.min, t.max)


def _chunked(a: Array, b: Array, chunk: int) -> npt.NDArray[np.int64]:
    """Sum over chunks of the inner dimension, each exact in the floats given, modulo 2**64."""
    inner = a.shape[-1]
    total: npt.NDArray[np.int64] = np.matmul(a[..., :chunk], b[..., :chunk, :]).astype(np.int64)
    for start in range(chunk, inner, chunk):
        part = slice(start, start + chunk)
        total += np.matmul(a[..., part], b[..., part, :]).astype(np.int64)
    return total


def _by_limbs(a: Array, b: Array, ta: IntType, tb: IntType, bits: int) -> Array:
    width_a, width_b = _limb_width(ta.bits), _limb_width(tb.bits)
    chunk = _FLOAT64_LIMIT >> width_a + width_b
    limbs_b = _limbs(b, tb.bits, width_b)
    shape = (*np.broadcast_shapes(a.shape[:-2], b.shape[:-2]), a.shape[-2], b.shape[-1])
    total = np.zeros(shape, np.uint64)
    for i, limb_a in enumerate(_limbs(a, ta.bits, width_a)):
        for j, limb_b in enumerate(limbs_b):
            shift = i * width_a + j * width_b
            if shift < bits:  # what lies above is gone modulo 2**bits
                part = _chunked(limb_a, limb_b, chunk).view(np.uint64)
                total += part << np.uint64(shift)
    return total


def _limb_width(bits: int) -> int:
    return 16 if bits <= 32 else 22


def _limbs(x: Array, bits: int, width: int) -> list[Array]:
    """x = sum of limb[i] * 2**(i * width); the last one carries the sign."""
    last = -(-bits // width) - 1
    wide = x.astype(np.int64 if x.dtype.kind == "i" else np.uint64)
    mask = wide.dtype.type((1 << width) - 1)
    low = [((wide >> (i * width)) & mask).astype(np.float64) for i in range(last)]
    return [*low, (wide >> (last * width)).astype(np.float64)]
