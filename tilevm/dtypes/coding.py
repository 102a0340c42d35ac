"""Float64 values to codes of any format, rounded once, and back.

Encoding works on the bits of the float64: its significand is shifted to the format's last place,
with what the rounding mode adds; a carry runs into the exponent field by itself, and subnormals
are the case where the shift is larger.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from tilevm.dtypes.base import Codes, trap_where
from tilevm.dtypes.formats import FloatFormat

_TABLE_BITS = 16
_CHUNK = 1 << 14  # elements at a time: NumPy's temporaries then stay in the cache
_HARDWARE = {  # formats whose conversions the processor has
    FloatFormat(8, 23, 127): (np.float32, np.uint32),
    FloatFormat(11, 52, 1023): (np.float64, np.uint64),
}
_U = np.uint64
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]
Array = npt.NDArray[Any]
Floats = npt.NDArray[np.float64]


def encode_floats(
    f: FloatFormat,
    x: Floats,
    rounding: str,
    overflow: str,
    nan: str = "trap",
    words: Array | None = None,
) -> Codes:
    """Codes of x rounded once.  Modes and `words` as in `DType.cast`; `Trap` where they say so.

    A directed rounding towards zero never overflows a finite value: it gives the largest one.
    """
    if f in _HARDWARE and (rounding, overflow) == ("nearest_even", "inf"):
        narrow, stored = _HARDWARE[f]
        with np.errstate(all="ignore"):
            codes = x.astype(narrow).view(stored).astype(_U)
        return np.asarray(np.where(np.isnan(x), _U(f.nan_code or 0), codes))
    traps = overflow == "trap" or f.nan_code is None  # a trap needs the index in the whole array
    if x.size <= _CHUNK or traps:
        return _encode(f, x, rounding, overflow, nan, words)
    flat, result = x.reshape(-1), np.empty(x.size, _U)
    each = None if words is None else words.reshape(-1)
    for start in range(0, x.size, _CHUNK):
        part = slice(start, start + _CHUNK)
        chosen = None if each is None else each[part]
        result[part] = _encode(f, flat[part], rounding, overflow, nan, chosen)
    return result.reshape(x.shape)


def _encode(
    f: FloatFormat, x: Floats, rounding: str, overflow: str, nan: str, words: Array | None
) -> Codes:
    bits = x.view(_U)
    negative = (bits >> _U(63)) != 0
    field = (bits >> _U(52)).astype(np.int64) & 0x7FF
    significand = (bits & _U((1 << 52) - 1)) | (field != 0).astype(_U) << _U(52)
    exponent = np.maximum(field, 1) - 1023
    code = round_magnitude(f, significand, exponent, exponent - 52, negative, rounding, words)
    return _finished(f, x, code, negative, rounding, overflow, nan)


def encode_wide_integers(
    f: FloatFormat, x: Array, rounding: str, overflow: str, nan: str, words: Array
) -> Codes:
    """Codes of integers of up to 64 bits, rounded once with random `words`."""
    negative = np.asarray(x < 0)
    size = np.where(negative, _U(0) - x.astype(_U), x.astype(_U))
    guess = np.frexp(size.astype(np.float64))[1].astype(np.int64)  # one too many near 2**guess
    top = np.maximum(guess - 1 - (size >> np.maximum(guess - 1, 0).astype(_U) == 0), 0)
    # a small one moves up: then at least as many bits lie below the leading one as a format keeps
    lift = np.maximum(63 - top, 0)
    code = round_magnitude(f, size << lift.astype(_U), top, -lift, negative, rounding, words)
    code = np.where(size == 0, _U(0), code)
    whole = x.astype(np.float64)
    return _finished(f, whole, code, negative, rounding, overflow, nan)


def _finished(
    f: FloatFormat,
    x: Floats,
    code: Codes,
    negative: Bools,
    rounding: str,
    overflow: str,
    nan: str,
) -> Codes:
    """The codes of x, given those of its magnitude as if the exponents had no end."""
    large = np.asarray(code > _U(f.max_code))
    infinite, invalid = np.isinf(x), np.isnan(x)
    toward_zero = (rounding == "toward_zero") | ((rounding == "down") ^ negative) & (
        rounding in ("up", "down")
    )
    clipped = large & ~infinite & toward_zero
    over = large & ~clipped & ~invalid
    if not f.signed:
        invalid = invalid | (negative & (x != 0))
        over &= ~invalid
    code = np.where(clipped, _U(f.max_code), code)
    if over.any():
        if overflow == "trap":
            trap_where(over & ~infinite if f.inf_code else over, f"{f.full_name} overflows")
        limit = {"inf": f.inf_code, "nan": f.nan_code, "sat": f.max_code, "trap": f.inf_code}
        code = np.where(over, _U(limit[overflow] or 0), code)
        if overflow == "nan":
            invalid = invalid | over
    if f.signed:
        code |= negative.astype(_U) << _U(f.exponent + f.mantissa)
    if f.convention == "fnuz":
        code = np.where(code == _U(f.sign_code), _U(0), code)
    if invalid.any():
        if f.nan_code is None and nan == "trap":
            trap_where(invalid, f"NaN has no code in {f.full_name}")
        code = np.where(invalid, _U(f.nan_code or 0), code)
    return np.asarray(code)


@np.errstate(over="ignore")  # codes are computed modulo 2**64; NumPy warns of that in scalars only
def round_magnitude(
    f: FloatFormat,
    significand: Codes,
    exponent: Ints,
    low: Ints,
    negative: Bools,
    rounding: str,
    words: Array | None,
) -> Codes:
    """Code of significand * 2**low, as if the exponent field had no end.

    `exponent`: of the number, or of float64's smallest normal one for what lies below.
    """
    m = f.mantissa
    base = np.maximum(exponent, f.lowest)
    dropped = base - m - low  # bits below the last place
    origin = (base - f.lowest).astype(_U) << _U(m)
    if not f.has_zero:  # the smallest power of two is code 0, and all below goes there
        origin -= _U(1)
    one = _U(1)
    if words is not None:
        shift = np.minimum(dropped, 63).astype(_U)
        rest = significand & ((one << shift) - one)
        gone = dropped > 63
        rest = np.where(gone, significand, rest)
        kept = np.where(gone, _U(0), significand >> shift)
        code = kept + _goes_up(rest, dropped, words) + origin
        return code if f.has_zero else np.where(code == _U(2**64 - 1), _U(0), code)
    shift = np.minimum(dropped, 55).astype(_U)
    half = (one << shift) >> one
    if rounding == "nearest_even":
        truncated = (significand >> shift) + origin
        addend = np.where(shift == 0, _U(0), half - one + (truncated & one))
    elif rounding == "nearest_away":
        addend = half
    elif rounding == "toward_zero":
        addend = np.zeros_like(half)
    else:
        away = negative if rounding == "down" else ~negative
        addend = np.where(away, (one << shift) - one, _U(0))
    code = ((significand + addend) >> shift) + origin
    if not f.has_zero:
        code = np.where(code == _U(2**64 - 1), _U(0), code)
    return code


def _goes_up(rest: Codes, dropped: Ints, words: Array) -> Codes:
    """1 where word < rest / 2**dropped * 2**32, exactly: the word is below that, rounded up."""
    left = np.clip(32 - dropped, 0, 32).astype(_U)
    right = np.clip(dropped - 32, 0, 63).astype(_U)
    above = ((rest - (rest != 0)) >> right) + (rest != 0)  # rest / 2**right, rounded up
    above = np.where(dropped > 95, (rest != 0).astype(_U), above)
    return np.asarray(words < np.where(dropped <= 32, rest << left, above)).astype(_U)


def decode_floats(f: FloatFormat, codes: Codes) -> Floats:
    """Values of codes, each below 2**bits; every NaN becomes the one of NumPy."""
    if f.bits <= _TABLE_BITS:
        return np.asarray(_table(f)[codes.astype(np.intp)])
    if f in _HARDWARE:
        narrow, stored = _HARDWARE[f]
        with np.errstate(all="ignore"):  # signalling NaN
            value = codes.astype(stored).view(narrow).astype(np.float64)
        return np.asarray(np.where(np.isnan(value), np.nan, value))
    return _decode_by_rule(f, codes)


@lru_cache(maxsize=64)
def _table(f: FloatFormat) -> Floats:
    table = _decode_by_rule(f, np.arange(1 << f.bits, dtype=_U))
    table.flags.writeable = False
    return table


def _decode_by_rule(f: FloatFormat, codes: Codes) -> Floats:
    m = f.mantissa
    magnitude = codes & _U((1 << f.exponent + m) - 1)
    field = (magnitude >> _U(m)).astype(np.int64)
    fraction = (magnitude & _U((1 << m) - 1)).astype(np.float64)
    if f.has_zero:
        significand = np.where(field == 0, fraction, fraction + 2.0**m)
        exponent = np.maximum(field, 1) - f.bias - m
    else:
        significand, exponent = np.ones_like(fraction), field - f.bias
    finite = magnitude <= _U(f.max_code)
    with np.errstate(all="ignore"):  # codes past the largest are replaced below
        value = np.ldexp(significand, np.where(finite, exponent, 0).astype(np.int32))
    if f.signed:
        value = np.where(codes & _U(f.sign_code), -value, value)
    if f.inf_code is not None:
        infinite = magnitude == _U(f.inf_code)
        value = np.where(infinite, np.copysign(np.inf, value), value)
        finite = finite | infinite
    if f.convention == "fnuz":
        finite = finite & (codes != _U(f.sign_code))
    return np.asarray(np.where(finite, value, np.nan))
