"""Powers of two and of e, in fixed point.

An argument becomes a fixed-point number, whole and fraction: as it is, or times log2(e).  The power
of the fraction is a product of three: of its first and its next bits by tables, of the rest by a
polynomial.  All that is off by less than results differ from boundaries of rounding
(`tilevm.dtypes.closest`), so they round as the exact values do.
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from math import factorial, floor

from amaranth import Cat, Const, Mux

from hdl.floats.arithmetic import plus
from hdl.floats.circuit import Circuit, Lane
from hdl.floats.fixed_point import polynomial
from hdl.floats.number import Number
from hdl.floats.round import top_aligned
from tilevm.dtypes import FloatFormat, closest, series

ERROR = 4  # bits: a word is off by less than 2**4 of its steps
INDEX = 8  # bits of the index of a table, at most


def exp2(c: Circuit, x: Number, f: FloatFormat) -> Number:
    """2**x as it rounds to a format."""
    return _rounded(c, top_aligned(c, x), f, closest("exp2", f.precision) + ERROR, two=True)


def exp(c: Circuit, x: Number, f: FloatFormat) -> Number:
    """e**x as it rounds to a format."""
    return _rounded(c, top_aligned(c, x), f, closest("exp", f.precision) + ERROR)


def _rounded(c: Circuit, x: Number, f: FloatFormat, bits: int, two: bool = False) -> Number:
    whole, word = power(c, x, f, bits, two)
    return Number(
        Const(0, 1),
        c.keep("power", Mux(x.infinite & x.negative, 0, word)),
        c.keep("power_exponent", whole - bits),
        c.keep("power_infinite", x.infinite & ~x.negative),
        x.invalid,
    )


def expm1(c: Circuit, x: Number, f: FloatFormat) -> Number:
    """e**x - 1 as it rounds to a format; beside x where x is close to 0, and there above it."""
    p = f.precision
    bits = closest("expm1", p) + ERROR + p + 6  # of e**x; the difference is at least 2**-(p + 6)
    x = top_aligned(c, x)
    one = Number(Const(1, 1), Const(1, 1), Const(0), Const(0, 1), Const(0, 1))
    found = plus(c, _rounded(c, x, f, bits), one, p)
    width = len(x.significand)
    close = c.keep("close", x.is_zero | (x.exponent < -p - 4 - width), 1)
    up = Mux(x.is_zero, 0, Mux(x.negative, -1, 1))
    above = c.keep("above", Cat(Const(0, 3), x.significand) + up, width + 3)
    return Number(
        x.negative,
        c.choose("less_one", close, above, found.significand),
        c.choose("less_one_exponent", close, x.exponent - 3, found.exponent),
        found.infinite,
        found.invalid,
    )


def power(c: Circuit, x: Number, f: FloatFormat, bits: int, two: bool = False) -> tuple[Lane, Lane]:
    """n, w with w * 2**(n - bits) for e**x, or 2**x: w from 2**bits on, of bits + 1 bits.

    x is finite and aligned to the top.  If it is so small or so large that the result is next to 1,
    or outside of the format, that holds for another such x.
    """
    fixed = _fixed(c, x, f, bits, two)
    turned = c.keep("turned", Mux(x.negative, -fixed, fixed))
    return c.keep("whole", turned >> bits), _of_fraction(c, turned[:bits], bits)


def _fixed(c: Circuit, x: Number, f: FloatFormat, bits: int, two: bool) -> Lane:
    """|x|, or |x| times log2(e), in steps of 2**-bits: off by less than 2, and 0 only for 0."""
    top, width = x.significand, len(x.significand)
    # 2**reach is so far out that e**-x times any number of the format is below it
    reach = (f.highest + 2 - f.lsb).bit_length()
    high, low = reach + 1 - width, -f.precision - 4 - width
    far = Mux(x.exponent < low, high - low, Mux(x.exponent > high, 0, high - x.exponent))
    down = c.keep("down", far, (high - low).bit_length())
    more = bits + reach + 1
    scaled = Cat(Const(0, more), top) if two else top * _log2_e(more)
    return c.keep("fixed", c.keep("scaled", scaled) >> down)[width:]


@lru_cache(maxsize=64)
def _log2_e(bits: int) -> int:
    """log2(e) in steps of 2**-bits, rounded down."""
    return (1 << 2 * bits + 64) // series.ln2(bits + 64)


def _of_fraction(c: Circuit, fraction: Lane, bits: int) -> Lane:
    """2**fraction in steps of 2**-bits: a number of bits + 1 bits, the highest of them 1."""
    index = min(INDEX, bits // 3)
    rest, next_, first = (
        fraction[: bits - 2 * index],
        fraction[bits - 2 * index : bits - index],
        fraction[bits - index :],
    )
    large = Cat(c.look_up("first", _powers(index, index, bits), bits, first), Const(1, 1))
    small = c.look_up("second", _powers(index, 2 * index, bits), bits - index + 1, next_)
    tiny = polynomial(c, rest, bits, 2 * index, _coefficients(bits, 2 * index))
    more = c.keep("more", small + tiny + (small * tiny >> bits))
    large = c.keep("large", large, bits + 1)
    return c.keep("word", large + (large * more >> bits), bits + 1)


@lru_cache(maxsize=64)
def _powers(index: int, places: int, bits: int) -> tuple[int, ...]:
    """2**(i / 2**places) - 1 for an index of so many bits, in steps of 2**-bits."""

    def one(i: int) -> int:
        n, scale, _ = series.exp2(i, -places, bits + 16)
        return floor(n * Fraction(2) ** (scale + bits)) - (1 << bits)

    return tuple(one(i) for i in range(1 << index))


@lru_cache(maxsize=64)
def _coefficients(bits: int, reach: int) -> tuple[Fraction, ...]:
    """Those of 2**x - 1 that show in steps of 2**-bits for x below 2**-reach."""
    log = Fraction(series.ln2(bits + 16), 1 << bits + 16)
    found: list[Fraction] = []
    while True:
        n = len(found) + 1
        term = log**n / factorial(n)
        if term * Fraction(2) ** (bits - reach * n) < Fraction(1, 4):
            return tuple(found)
        found.append(term)
