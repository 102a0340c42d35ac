"""Element types: which numbers they have, the codes of these, and how a number becomes one.

Between two neighbouring values of a float format the codes below the sign bit count up by one.  So
the format is a ladder with a rung at each code, and to round a number is to round its height on the
ladder to a whole one.  A tie goes to the even code.
"""

from __future__ import annotations

from fractions import Fraction
from math import floor

from tilevm.dtypes import CodebookType, DType, FixedType, FloatFormat, FloatType, IntType
from tilevm.reference.numbers import (
    INFINITY,
    MINUS_INFINITY,
    MINUS_ZERO,
    NAN,
    Number,
    Refused,
    finite,
    is_negative,
    number,
    signed,
    size,
)

_NOT_FINITE = (NAN, INFINITY, MINUS_INFINITY)

# What becomes of numbers beyond the largest value where the program does not say.
_OVERFLOW = {"ieee": "inf", "fn": "nan", "fnuz": "nan", "finite": "sat"}


def fit(
    kind: DType,
    x: Number,
    overflow: str | None = None,
    rounding: str = "nearest_even",
    word: int = 0,
) -> Number:
    """An exact result as a value of the type: wrapped (integers) or rounded once (floats).

    `overflow` may say `sat`, `trap`, `inf` or `nan` instead; `wrap` and None are what the type
    does of itself.  Refused where that stops.
    """
    if isinstance(kind, CodebookType):
        assert isinstance(x, int)
        return x
    if isinstance(kind, FixedType):
        steps = Fraction(finite(x)) / Fraction(2) ** kind.scale
        whole = signed_whole(steps, rounding, word)
        low, high = integer_range(kind.base)
        if overflow == "trap" and not low <= whole <= high:
            raise Refused(f"{x} overflows {kind}")
        return integer_of(kind.base, whole, overflow) * Fraction(2) ** kind.scale
    if isinstance(kind, FloatType):
        return _rounded(kind.format, x, None if overflow == "wrap" else overflow, rounding, word)
    assert isinstance(kind, IntType)
    if not isinstance(x, int):  # a sum of fixed point
        x = signed_whole(Fraction(finite(x)), rounding, word)
    return integer_of(kind, x, overflow)


def signed_whole(x: Fraction, rounding: str, word: int) -> int:
    """A number rounded to a whole one."""
    whole = _whole(abs(x), rounding, x < 0, word)
    return -whole if x < 0 else whole


def integer_of(kind: IntType, x: int, overflow: str | None) -> int:
    """A whole number as one of the type: wrapped, or as `overflow` says."""
    low, high = integer_range(kind)
    if overflow == "sat":
        return max(low, min(high, x))
    if overflow == "trap" and not low <= x <= high:
        raise Refused(f"{x} overflows {kind}, which holds {low} .. {high}")
    return (x - low) % (1 << kind.width) + low


def integer_range(kind: IntType) -> tuple[int, int]:
    """The smallest and the largest value: two's complement if signed."""
    if kind.signed:
        return -(1 << kind.width - 1), (1 << kind.width - 1) - 1
    return 0, (1 << kind.width) - 1


def numbers(kind: DType, x: Number) -> Number:
    """The number that an element stands for: of a codebook the entry of its code."""
    if not isinstance(kind, CodebookType):
        return x
    assert isinstance(x, int)
    entry = kind.entries[x]
    assert not isinstance(entry, tuple)
    return fit(kind.entry, number(entry))


def numbers_of(kind: DType) -> DType:
    """The type of the numbers that elements stand for."""
    return kind.entry if isinstance(kind, CodebookType) else kind


def _nearest(kind: CodebookType, x: Number) -> int:
    """The code of the nearest entry: of several an even code, of these the lowest."""
    entries = {c: number(e) for c, e in enumerate(kind.entries) if not isinstance(e, tuple)}
    places = {c: finite(e) for c, e in entries.items() if e not in _NOT_FINITE}
    if x is NAN:
        raise Refused(f"NaN has no nearest entry in {kind}")
    if x is INFINITY or x is MINUS_INFINITY:
        x = max(places.values()) if x is INFINITY else min(places.values())
    here = Fraction(finite(x))
    return min(places, key=lambda code: (abs(places[code] - here), code % 2, code))


def cast(
    x: Number,
    source: DType,
    to: DType,
    rounding: str,
    overflow: str | None,
    nan: str | None = None,
    word: int = 0,
) -> Number:
    """A value as one of another type; from floats to integers it saturates, and NaN gives 0.

    `nan` may ask for code 0 in place of a refusal, or for a refusal in place of 0; `word` is the
    random word of the element.
    """
    if isinstance(source, CodebookType):
        x, source = numbers(source, x), source.entry
    if isinstance(to, CodebookType):
        return _nearest(to, x)
    if isinstance(to, FloatType):
        try:
            return fit(to, x, overflow, rounding, word)
        except NoNan:
            if nan == "zero":
                return decode(to, 0)
            raise
    if not source.is_float:
        return fit(to, x, overflow, rounding, word)
    mode = overflow or "sat"
    base = to.base if isinstance(to, FixedType) else to
    if x is NAN or x is INFINITY or x is MINUS_INFINITY:
        if (nan or mode) == "trap" if x is NAN else mode == "trap":
            raise Refused(f"{x.value} has no value in {to}")
        assert isinstance(base, IntType)
        ends = {MINUS_INFINITY: integer_range(base)[0], INFINITY: integer_range(base)[1]}
        found = ends[x] if mode == "sat" and x in ends else 0
        return found if base is to else found * Fraction(2) ** kind_scale(to)
    return fit(to, x, mode, rounding, word)


def kind_scale(kind: DType) -> int:
    """The scale exponent of fixed point."""
    assert isinstance(kind, FixedType)
    return kind.scale


def encode(kind: DType, x: Number) -> int:
    """The code of a value that the type has."""
    if isinstance(kind, IntType):
        assert isinstance(x, int)
        return x % (1 << kind.width)
    if isinstance(kind, CodebookType):
        assert isinstance(x, int)
        return x
    if isinstance(kind, FixedType):
        steps = Fraction(finite(x)) / Fraction(2) ** kind.scale
        return encode(kind.base, int(steps))
    assert isinstance(kind, FloatType)
    f = kind.format
    if x is NAN:
        if f.convention == "fnuz":
            return _sign_bit(f)
        return _last(f) + (1 if f.convention == "fn" else 1 + (1 << f.mantissa - 1))
    sign = _sign_bit(f) if is_negative(x) else 0
    if x is INFINITY or x is MINUS_INFINITY:
        return sign | _last(f) + 1
    height = _height(f, size(x))
    assert height.denominator == 1, f"{x} is no value of {kind}"
    return sign | int(height)


def decode(kind: DType, code: int) -> Number:
    """The value of a code."""
    if isinstance(kind, IntType):
        return fit(kind, code)
    if isinstance(kind, CodebookType):
        if code >= len(kind.entries):
            raise Refused(f"code {code} is beyond the {len(kind.entries)} entries of {kind}")
        return code
    if isinstance(kind, FixedType):
        return Fraction(finite(fit(kind.base, code))) * Fraction(2) ** kind.scale
    assert isinstance(kind, FloatType)
    f = kind.format
    rung, negative = code & (1 << f.exponent + f.mantissa) - 1, bool(code & _sign_bit(f))
    if f.convention == "fnuz" and code == _sign_bit(f):
        return NAN
    if rung > _last(f):
        return signed(INFINITY, negative) if _is_infinity(f, rung) else NAN
    return signed(_rung(f, rung), negative)


def _is_infinity(f: FloatFormat, rung: int) -> bool:
    return f.convention == "ieee" and rung == _last(f) + 1


def _sign_bit(f: FloatFormat) -> int:
    return 1 << f.exponent + f.mantissa if f.signed else 0


def _last(f: FloatFormat) -> int:
    """The rung of the largest value: `ieee` keeps the last exponent, `fn` the last code."""
    ones = (1 << f.exponent + f.mantissa) - 1
    return ones - {"ieee": 1 << f.mantissa, "fn": 1}.get(f.convention, 0)


def _lowest(f: FloatFormat) -> int:
    """The exponent of the smallest normal value."""
    return (1 if _has_zero(f) else 0) - f.bias


def _has_zero(f: FloatFormat) -> bool:
    """Whether exponent field 0 is for zero and subnormals: not for unsigned powers of two."""
    return f.signed or f.mantissa > 0


def _rung(f: FloatFormat, rung: int) -> Fraction:
    """The value at a rung: subnormal at exponent field 0, else with a leading one."""
    field, fraction = divmod(rung, 1 << f.mantissa)
    if field == 0 and _has_zero(f):
        return fraction * Fraction(2) ** (_lowest(f) - f.mantissa)
    return ((1 << f.mantissa) + fraction) * Fraction(2) ** (field - f.bias - f.mantissa)


def _height(f: FloatFormat, x: Fraction) -> Fraction:
    """The inverse of `_rung`, straight between the rungs, as if there were no end above."""
    exponent = max(floor_log2(x), _lowest(f)) if x else _lowest(f)
    # below the first power of two there are 2**mantissa rungs of subnormals, or none
    origin = (exponent - _lowest(f) << f.mantissa) - (0 if _has_zero(f) else 1)
    return x / Fraction(2) ** (exponent - f.mantissa) + origin


def floor_log2(x: Fraction) -> int:
    """The exponent of the largest power of two that is not larger than a positive number."""
    guess = x.numerator.bit_length() - x.denominator.bit_length()
    return guess if Fraction(2) ** guess <= x else guess - 1


def _whole(x: Fraction, rounding: str, negative: bool, word: int) -> int:
    """The size of a number, rounded to a whole one; `negative` is the sign of the number."""
    below = floor(x)
    rest, half = x - below, Fraction(1, 2)
    up = {
        "nearest_even": rest > half or (rest == half and below % 2 == 1),
        "nearest_away": rest >= half,
        "toward_zero": False,
        "up": rest > 0 and not negative,
        "down": rest > 0 and negative,
        "stochastic": word < rest * 2**32,
    }
    return below + up[rounding]


def _rounded(f: FloatFormat, x: Number, overflow: str | None, rounding: str, word: int) -> Number:
    """A number rounded once.

    A finite number that rounds towards zero never overflows: it gives the largest value.  What is
    still beyond that, infinities too, becomes what `overflow` says; an infinity traps only where
    the format has none.  Without a sign bit a negative number is NaN, and a zero the smallest
    value (which may be a zero); without -0 (`fnuz`) it is +0.
    """
    if x is NAN or (not f.signed and is_negative(x) and x is not MINUS_ZERO):
        return _nan(f)
    negative = f.signed and is_negative(x)
    infinite = x is INFINITY or x is MINUS_INFINITY
    rung = _last(f) + 1
    if not infinite:
        height = _height(f, size(x))
        rung = max(0, _whole(height, rounding, negative, word))
        if rounding in ("toward_zero", "up" if negative else "down"):
            rung = min(rung, _last(f))
    if rung > _last(f):
        mode = overflow or _OVERFLOW[f.convention]
        if mode == "trap" and not (infinite and f.convention == "ieee"):
            raise Refused(f"the result overflows {f.full_name}")
        if mode == "nan":
            return _nan(f)
        if mode != "sat":
            return signed(INFINITY, negative)
        rung = _last(f)
    if rung == 0 and _has_zero(f):
        return MINUS_ZERO if negative and f.convention != "fnuz" else Fraction(0)
    return signed(_rung(f, rung), negative)


class NoNan(Refused):
    """A NaN, or a negative number without a sign bit, for a format that has no NaN."""


def _nan(f: FloatFormat) -> Number:
    if f.convention == "finite":
        raise NoNan(f"NaN has no code in {f.full_name}")
    return NAN
