"""Products of many numbers, many at once: exact, then wrapped (integers) or rounded once (floats).

Wrapped products of integers, and those of floats that an error bound decides, are NumPy's.  What
remains (integers that trap or saturate, fixed point; ties and near ties of floats) is multiplied in
Python integers, row by row: right, and slow.
"""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np

from tilevm.dtypes.base import Array, DType
from tilevm.dtypes.exact import round_fraction
from tilevm.dtypes.fixed import exact_integers
from tilevm.dtypes.floats import FloatType
from tilevm.dtypes.integers import IntType
from tilevm.dtypes.steps import fit_steps, numbers, steps

_UNIT = 2.0**-53
_STEADY = 900  # binades that float64 products may cross on their way without harm


def product(rows: Array, t: DType, to: DType, overflow: str | None = None) -> Array:
    """The product of each row of values [..., count] of `t`, as a value of `to`; of nothing 1.

    Exact, then brought into `to` once: wrapped or as `overflow` says (integers, fixed point), or
    rounded (floats).  Codebooks count as their entries.
    """
    rows, t = numbers(rows, t)
    count = rows.shape[-1]
    if isinstance(to, FloatType):
        flat = rows.reshape(math.prod(rows.shape[:-1]), count)
        with np.errstate(all="ignore"):
            return _rounded(flat, t, to).reshape(rows.shape[:-1])
    if isinstance(to, IntType) and t.is_int and overflow in (None, "wrap"):
        wide = np.int64 if rows.dtype.kind == "i" else np.uint64
        return to.wrap(np.asarray(np.prod(rows, axis=-1, dtype=wide)))
    x, width, scale = steps(rows, t)
    bits = max(1, count) * width
    exact = np.asarray(np.prod(exact_integers(x, bits), axis=-1))
    return fit_steps(exact, bits, count * scale, to, overflow, "prod")


def _rounded(rows: Array, t: DType, to: FloatType) -> Array:
    x = rows.astype(np.float64)
    special = ~np.isfinite(x).all(axis=-1) | (x == 0).any(axis=-1)
    signs = np.where(np.isfinite(x) & (x != 0), np.copysign(1.0, x), x).prod(axis=-1)
    if not t.is_float:
        signs = np.abs(signs)  # the zero of integers and of fixed point has no sign
    plain = np.where(special, signs, x.prod(axis=-1))
    steady = np.abs(np.frexp(np.where(np.isfinite(x), x, 0.0))[1]).sum(axis=-1) < _STEADY
    bound = (2 * x.shape[-1] + 2) * _UNIT * np.abs(np.where(special, 0.0, plain))
    low, high = to.quantise(plain - bound, nan="zero"), to.quantise(plain + bound, nan="zero")
    decided = special | (steady & (low == high) & (low != 0))
    result = to.quantise(np.where(decided, plain, 1.0))
    left = np.flatnonzero(~decided)
    sums = [round_fraction(to.format, _exactly(row)) for row in rows[left].tolist()]
    result[left] = to.quantise(np.array(sums, np.float64))
    return result


def _exactly(row: list[int] | list[float]) -> Fraction:
    """The exact product; one far beyond every float is brought just beyond, with its sign."""
    whole, exponent = 1, 0
    for value in row:
        fraction, power = (value, 0) if isinstance(value, int) else math.frexp(value)
        whole *= int(fraction * 2**53) if isinstance(fraction, float) else fraction
        exponent += power - 53 if isinstance(fraction, float) else 0
    size = exponent + whole.bit_length()
    if size > 1100 or size < -1200:
        whole, exponent = (1 if whole > 0 else -1), (1100 if size > 0 else -1200)
    return Fraction(whole) * Fraction(2) ** exponent
