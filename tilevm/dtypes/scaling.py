"""Scaled values: (q - z) * s + o, rounded once; scales for data, and the codes that come nearest.

The exact value is kept as a float64 and its remainder, as in `float_arithmetic`; what float64
cannot hold that way is computed in fractions.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from tilevm.dtypes.base import Array, DType
from tilevm.dtypes.exact import round_fraction
from tilevm.dtypes.floats import FloatType
from tilevm.dtypes.integers import IntType
from tilevm.dtypes.products import exact_in
from tilevm.dtypes.rounding import (
    Floats,
    round_to_integer,
    to_odd,
    two_prod,
    two_sum,
)

_ODD_WHOLE = 2.0**50  # below it a float64 rounded to odd has bits for the half and for the rest
_FAR = 2.0**60  # quotients that saturate, whatever the zero point
_ROOM = (2.0**-400, 2.0**400)  # factors whose products and their remainders float64 holds


def as_floats(values: Array, kind: DType) -> Floats:
    """Values of a numeric type of at most 53 bits of precision as float64: exact."""
    return np.asarray(values, np.float64)


def scaled_is_exact(codes: DType, scale: DType, zero: DType | None) -> bool:
    """Whether float64 holds (q - z) * s for all finite values of these types."""
    if zero is not None and not (codes.is_int and zero.is_int):
        return False
    bits = _precision(codes) if zero is None else max(_precision(codes), _precision(zero)) + 1
    low = sum(kind.format.lsb for kind in (codes, scale) if isinstance(kind, FloatType))
    high = sum(kind.format.highest for kind in (codes, scale) if isinstance(kind, FloatType))
    return bits + _precision(scale) <= 53 and low >= -1074 and high + bits <= 1000


def scales_come_last(ta: DType, tb: DType, scales: tuple[DType, ...], inner: int) -> bool:
    """Whether float64 holds each sum of `inner` products of codes, and that times these scales.

    Then sums of scaled codes whose scale is one for all of them need no scaled code.
    """
    kinds = (ta, tb, *scales)
    if not all(isinstance(kind, IntType | FloatType) for kind in kinds):
        return False
    formats = [kind.format for kind in kinds if isinstance(kind, FloatType)]
    low, high = sum(f.lsb for f in formats), sum(f.highest + 1 for f in formats)
    bits = 53 - sum(map(_precision, scales))
    return bits > 0 and exact_in(bits, ta, tb, inner) and low >= -1074 and high + 53 <= 1000


def scaled_sums(a: Array, b: Array, scales: Sequence[Array], to: FloatType) -> Floats:
    """a [..., M, K] by b [..., K, N], times scales that broadcast to the product: rounded once.

    Where `scales_come_last`; all scales are finite.
    """
    with np.errstate(all="ignore"):  # codes may be infinite or NaN
        sums = np.asarray(np.matmul(np.asarray(a, np.float64), np.asarray(b, np.float64)))
        for scale in scales:
            sums = sums * scale
        return to.quantise(sums + 0.0)


def _precision(kind: DType) -> int:
    return kind.format.precision if isinstance(kind, FloatType) else kind.bits


def scaled(
    q: Floats,
    s: Floats,
    to: FloatType,
    zero: Floats | None = None,
    offset: Floats | None = None,
    exact: bool = False,
) -> Floats:
    """(q - zero) * s + offset as values of `to`, rounded once to nearest even.

    Float64 arrays of one shape but for the leading axis; the signs of zeros, infinities and NaN are
    IEEE's for the three operations.  `exact`: float64 holds (q - zero) * s (`scaled_is_exact`).
    """
    with np.errstate(all="ignore"):
        if exact and offset is None:
            return to.quantise((q if zero is None else q - zero) * s)
        d, lost = (q, np.zeros(())) if zero is None else two_sum(q, np.negative(zero))
        if offset is None:
            plain = np.asarray(d * s)
            value, remainder = two_prod(d, s)
        else:
            plain = np.asarray(d * s + offset)
            value, remainder = _fused(d, s, offset)
        good = np.isfinite(plain) & (lost == 0) & _roomy(d) & _roomy(s)
        if offset is not None:
            good = good & (np.abs(offset) < _ROOM[1])
        value = np.where(good & (value != 0), value, plain)
        result = to.round_pair(value, np.where(good, remainder, 0.0))
    if not good.all():
        _by_fractions(result, ~good, plain, to, q, s, zero, offset)
    return result


def _roomy(x: Floats) -> Array:
    size = np.abs(x)
    return np.asarray((size == 0) | ((size > _ROOM[0]) & (size < _ROOM[1])))


def _fused(d: Floats, s: Floats, o: Floats) -> tuple[Floats, Floats]:
    """d * s + o as a float64 and what is missing (Boldo and Melquiond, 2008)."""
    high, low = two_prod(d, s)
    middle, last = two_sum(o, low)
    first, second = two_sum(high, middle)
    return two_sum(first, to_odd(*two_sum(last, second)))


def _by_fractions(
    result: Floats,
    left: Array,
    plain: Floats,
    to: FloatType,
    q: Floats,
    s: Floats,
    zero: Floats | None,
    offset: Floats | None,
) -> None:
    """Fills in the elements that are left."""
    nothing = np.zeros(())
    given = (q, s, nothing if zero is None else zero, nothing if offset is None else offset)
    spread = [np.broadcast_to(x, result.shape)[left].tolist() for x in given]
    found = []
    for ieee, *factors in zip(plain[left].tolist(), *spread, strict=True):
        if np.isfinite(factors).all():
            code, scale, point, start = map(Fraction, factors)
            exact = (code - point) * scale + start
            found.append(round_fraction(to.format, exact) if exact else 0.0 * ieee)
        else:
            found.append(ieee)
    result[left] = to.quantise(np.array(found))


# --- from data to scales and codes


def largest_scale(grouped: Floats, to: DType, scale: FloatType) -> Floats:
    """A scale for each group (the last axis) of finite numbers: its largest over that of `to`.

    Where the type of the scale has no mantissa: 2**(floor(log2(largest magnitude)) - emax), with
    emax the exponent of the largest value of `to` (OCP MX 1.0, section 6.3), within its range.
    """
    most = np.abs(grouped).max(axis=-1)
    if scale.format.mantissa == 0:
        exponent = np.frexp(most)[1] - np.frexp(float(to.max))[1]
        inside = np.clip(exponent, scale.format.lsb, scale.format.highest)
        return np.ldexp(1.0, np.where(most == 0, scale.format.lsb, inside))
    return _rounded_quotient(most, np.full(most.shape, float(to.max)), scale)


def range_scale(
    grouped: Floats, to: IntType, scale: FloatType, zero: IntType
) -> tuple[Floats, Array]:
    """A scale and a zero point for each group of finite numbers: its range, with 0, onto `to`'s.

    `to` has at most 32 bits and `zero` at most 53: far from the ends of `_whole_quotient`.
    """
    low = np.minimum(grouped.min(axis=-1), 0.0)
    high = np.maximum(grouped.max(axis=-1), 0.0)
    span, lost = two_sum(high, np.negative(low))
    steps = to.max - to.min
    found = _rounded_quotient(span, np.full(span.shape, float(steps)), scale)
    for at in np.argwhere(lost):
        exact = (Fraction(float(high[*at])) - Fraction(float(low[*at]))) / steps
        found[*at] = scale.quantise(round_fraction(scale.format, exact), overflow="sat")
    point = to.min - _whole_quotient(low, found)
    return found, np.clip(point, zero.min, zero.max).astype(zero.carrier)


def codes_of(a: Floats, scale: Floats, to: DType, zero: Array | None = None) -> Array:
    """a / scale rounded once to `to` (plus `zero`), saturating; 0 where the scale is 0."""
    if isinstance(to, FloatType):
        return _rounded_quotient(a, scale, to)
    whole = _whole_quotient(a, scale)
    if zero is not None:
        whole = whole + zero
    return np.clip(whole, to.min, to.max).astype(to.carrier)


def _whole_quotient(a: Floats, b: Floats) -> Array:
    """a / b rounded to a whole number, half to even, as int64; 0 where b is 0.

    Beyond 2**60 it stays between there and 2**62, with its sign.
    """
    quotient, rest, left = _quotient(a, b)
    size = np.abs(quotient)
    left |= (size >= _ODD_WHOLE) & (size < _FAR)
    odd = np.clip(np.where(left, 0.0, to_odd(quotient, rest)), -_FAR, _FAR)
    found = round_to_integer(odd, "nearest_even").astype(np.int64)
    for at in np.argwhere(left):
        found[*at] = max(-(1 << 62), min(1 << 62, round(_fraction(a, b, at))))
    return np.where(b == 0, 0, found)


def _rounded_quotient(a: Floats, b: Floats, to: FloatType) -> Floats:
    """a / b rounded once to `to`, saturating; 0 where b is 0."""
    quotient, rest, left = _quotient(a, b)
    found = to.round_pair(quotient, rest, overflow="sat")
    for at in np.argwhere(left):
        exact = round_fraction(to.format, _fraction(a, b, at))
        found[*at] = to.quantise(exact, overflow="sat")
    return np.where(b == 0, 0.0, found)


def _quotient(a: Floats, b: Floats) -> tuple[Floats, Floats, Array]:
    """The quotient in float64, the sign of what is missing, and where neither can be relied on."""
    b = np.where(b == 0, 1.0, b)
    with np.errstate(all="ignore"):
        quotient = np.asarray(a / b)
        product, low = two_prod(quotient, b)
        remainder = (a - product) - low  # exact, as the quotient is the nearest
        # less than half a unit in the last place: quotients never tie
        rest = np.abs(quotient) * 2.0**-55 * np.sign(remainder) * np.sign(b)
    good = _roomy(a) & _roomy(b) & _roomy(quotient)
    return quotient, np.where(good, rest, 0.0), ~good & (a != 0)  # a zero keeps its sign


def _fraction(a: Floats, b: Floats, at: Array) -> Fraction:
    divisor = Fraction(float(b[*at]))
    return Fraction(float(a[*at])) / divisor if divisor else Fraction(0)
