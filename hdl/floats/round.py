"""The one rounding: from an exact number to a code of a float format, or to an integer."""

from __future__ import annotations

from dataclasses import replace

from amaranth import Cat, Const, Mux

from hdl.floats.circuit import Circuit, Lane
from hdl.floats.number import Number
from tilevm.dtypes import FloatFormat, IntType

WORD = 32  # bits of the random words of stochastic rounding


def normalised(c: Circuit, value: Lane) -> tuple[Lane, Lane]:
    """An unsigned value shifted up until its highest bit is set (if one is), and how far."""
    width = len(value)
    zeros: list[Lane] = []
    for level in reversed(range((width - 1).bit_length())):
        step = 1 << level
        empty = c.keep("empty", value[width - step :] == 0)
        value = c.keep("normal", Mux(empty, Cat(Const(0, step), value[: width - step]), value))
        zeros.insert(0, empty)
    return value, Cat(*zeros) if zeros else Const(0, 1)


def top_aligned(c: Circuit, x: Number) -> Number:
    """The same number, its significand shifted up until the highest bit is set (if one is)."""
    top, zeros = normalised(c, x.significand)
    return replace(x, significand=top, exponent=c.keep("lowest", x.exponent - zeros))


def _rounds_up(rounding: str, negative: Lane, odd: Lane, half: Lane, rest: Lane) -> Lane:
    """Whether a magnitude goes up: `half` and `rest` are what lies below its last bit."""
    match rounding:
        case "nearest_even":
            return half & (rest | odd)
        case "nearest_away":
            return half
    return (half | rest) & ~_toward_zero(rounding, negative)


def _word_goes_up(word: Lane, below: Lane) -> Lane:
    """Whether a random word of 32 bits lies below the fraction, whose bits are `below`."""
    top = below[-WORD:]
    return (word < top) | ((word == top) & below[:-WORD].any())


def _toward_zero(rounding: str, negative: Lane) -> Lane:
    """Whether a magnitude never goes up."""
    match rounding:
        case "toward_zero":
            return Const(1, 1)
        case "up":
            return negative
        case "down":
            return ~negative
    return Const(0, 1)


def round_pack(
    c: Circuit,
    f: FloatFormat,
    x: Number,
    rounding: str = "nearest_even",
    overflow: str | None = None,
    word: Lane | None = None,
) -> Lane:
    """The code of a number rounded once, as `FloatType.quantise` does it.

    With `word`, a random one of 32 bits, it is rounded stochastically.
    NaN, and a negative number where there is no sign, become code 0 in a format without NaN.
    """
    p, m = f.precision, f.mantissa
    places = 1 if word is None else WORD  # below the last one, which say where it goes
    mode = overflow or f.default_overflow
    significand, exponent = x.significand, x.exponent
    if (missing := p + 1 - len(significand)) > 0:
        significand, exponent = Cat(Const(0, missing), significand), exponent - missing
    width = len(significand)
    zero = c.keep("is_zero", significand == 0)
    normal, zeros = normalised(c, significand)
    if width > p + places + 1:  # what lies below counts only as one bit: something, or nothing
        cut = width - p - places
        normal = c.keep("top", Cat(normal[:cut].any(), normal[cut:]))
    binade = c.keep("binade", exponent - zeros + (width - 1 - f.lowest))
    below = c.keep("below", (binade < 0) & ~zero)
    origin = c.keep("origin", Mux(below | zero, 0, binade), max(1, len(binade)))
    most = p + places
    deeper = Mux(-binade > most, most, -binade)
    shift = c.keep("deeper", Mux(below, deeper, 0), most.bit_length())
    shifted = c.keep("shifted", Cat(Const(0, most), normal) >> shift)
    at = len(normal) - p + most
    kept, half, rest = shifted[at:], shifted[at - 1], shifted[: at - 1].any()
    plain = c.keep("plain", kept + (origin << m))
    odd = plain[0] if f.has_zero else ~plain[0]
    up = _rounds_up(rounding, x.negative, odd, half, rest)
    if word is not None:
        up = _word_goes_up(word, shifted[:at])
    code = c.keep("rounded", plain + c.keep("round_up", up, 1))
    if not f.has_zero:  # the smallest power of two is code 0, and all below goes there
        code = c.keep("rounded", Mux(code == 0, 0, code - 1), len(code))
    large = c.keep("large", code > f.max_code)
    over = c.keep("over", x.infinite | (large & ~_toward_zero(rounding, x.negative)))
    limit = {"inf": f.inf_code, "sat": f.max_code}.get(mode) or 0
    code = c.keep(
        "magnitude", Mux(over, limit, Mux(large, f.max_code, code)), f.exponent + f.mantissa
    )
    invalid = x.invalid
    if mode == "nan":
        invalid = invalid | over
    if not f.signed:
        invalid = invalid | (x.negative & (~zero | x.infinite))
        return c.keep("packed", Mux(invalid, f.nan_code or 0, code), f.bits)
    sign = x.negative & (code != 0) if f.convention == "fnuz" else x.negative
    return c.keep("packed", Mux(invalid, f.nan_code or 0, Cat(code, sign)), f.bits)


def round_integer(
    c: Circuit,
    kind: IntType,
    x: Number,
    rounding: str = "nearest_even",
    overflow: str = "sat",
    word: Lane | None = None,
) -> Lane:
    """A number rounded to a whole one of an integer type, as `IntType.from_floats` does it.

    With `word`, a random one of 32 bits, it is rounded stochastically.
    NaN is 0; an infinity saturates, or wraps to 0.
    """
    width = len(x.significand)
    # of bits: what is smaller than 1/4, or than all words, rounds like what is left of it
    fraction = width + (1 if word is None else WORD) + 1
    most = fraction + kind.bits + 1
    place = c.keep("place", x.exponent + fraction)
    shift = c.keep("shift", Mux(place < 0, 0, Mux(place > most, most, place)), most.bit_length())
    fixed = c.keep("fixed", x.significand << shift, width + most)
    whole, half, rest = fixed[fraction:], fixed[fraction - 1], fixed[: fraction - 1].any()
    up = _rounds_up(rounding, x.negative, whole[0], half, rest)
    if word is not None:
        up = _word_goes_up(word, fixed[:fraction])
    size = c.keep("whole", whole + c.keep("round_up", up, 1))
    value = c.keep("integer", Mux(x.negative, -size, size))
    special = x.infinite | x.invalid
    if overflow == "wrap":
        return Mux(special, 0, value)
    end = Mux(x.invalid, 0, Mux(x.negative, int(kind.min), int(kind.max)))
    return Mux(special, end, within(c, kind, value))


def quotient(c: Circuit, x: Lane, y: Lane, shift: int, rounding: str) -> Lane:
    """x * 2**shift / y of integers, rounded to a whole one; anything where y is 0."""
    negative = c.keep("negative", (x < 0) ^ (y < 0), 1)
    sizes = [c.magnitude(name, value) for name, value in (("top", x), ("by", y))]
    top = c.keep("dividend", Cat(Const(0, max(0, shift)), sizes[0]))
    by = c.keep("divisor", Cat(Const(0, max(0, -shift)), sizes[1]))
    whole = c.keep("quotient", top // by)
    rest = c.keep("rest", top - whole * by, len(by))
    twice = c.keep("twice", rest << 1, len(by) + 1)
    half = c.keep("half", twice >= by, 1)
    more = c.keep("more", Mux(half, twice != by, rest != 0), 1)
    up = _rounds_up(rounding, negative, whole[0], half, more)
    size = c.keep("whole", whole + c.keep("round_up", up, 1))
    return c.keep("integer", Mux(negative, -size, size))


def within(c: Circuit, kind: IntType, value: Lane) -> Lane:
    """A whole number at the nearest end of an integer type's range, if it is outside."""
    low, high = int(kind.min), int(kind.max)
    return c.keep("within", Mux(value < low, low, Mux(value > high, high, value)))
