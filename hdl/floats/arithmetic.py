"""Products, sums and quotients of numbers, which round as the exact ones do.

A sum of numbers far apart need not be as wide as their distance: moved closer, to where the small
one is less than an eighth of the last place that a result of `precision` bits keeps, it rounds to
the same value in every mode.
"""

from __future__ import annotations

from dataclasses import replace

from amaranth import Cat, Const, Mux

from hdl.floats.circuit import Circuit, Lane
from hdl.floats.number import Number
from hdl.floats.round import normalised


def negated(x: Number) -> Number:
    """-x."""
    return replace(x, negative=~x.negative)


def multiply(c: Circuit, x: Number, y: Number) -> Number:
    """x * y, exactly; zero times infinity is NaN."""
    undefined = (x.infinite & y.is_zero) | (y.infinite & x.is_zero)
    return Number(
        c.keep("product_negative", x.negative ^ y.negative),
        c.keep("product", x.significand * y.significand),
        c.keep("product_exponent", x.exponent + y.exponent),
        x.infinite | y.infinite,
        c.keep("product_invalid", x.invalid | y.invalid | undefined),
    )


def plus(c: Circuit, x: Number, y: Number, precision: int, down: bool = False) -> Number:
    """x + y as it rounds to `precision` bits; an exact zero is +0 but for two -0, or rounding
    down."""
    wide = max(len(x.significand), len(y.significand))
    gap = wide + precision + 2
    swapped = c.keep("swapped", x.exponent < y.exponent)
    high = c.choose("high", swapped, y.significand, x.significand)
    low = c.choose("low", swapped, x.significand, y.significand)
    high_negative = Mux(swapped, y.negative, x.negative)
    low_negative = Mux(swapped, x.negative, y.negative)
    high_exponent = c.choose("high_exponent", swapped, y.exponent, x.exponent)
    low_exponent = c.choose("low_exponent", swapped, x.exponent, y.exponent)
    nothing = c.keep("nothing", high == 0)
    distance = c.keep("distance", high_exponent - low_exponent)
    near = Mux(distance > gap, gap, distance)
    shift = c.keep("shift", Mux(nothing, 0, near), gap.bit_length())
    moved = c.keep("moved", high << shift, wide + gap)
    total = c.keep("total", _signed(high_negative, moved) + _signed(low_negative, low))
    either = x.negative | y.negative if down else x.negative & y.negative
    finite_negative = Mux(total == 0, either, total < 0)
    infinite = x.infinite | y.infinite
    opposed = x.infinite & y.infinite & (x.negative ^ y.negative)
    infinite_negative = Mux(x.infinite, x.negative, y.negative)
    return Number(
        c.choose("sum_negative", infinite, infinite_negative, finite_negative),
        c.magnitude("sum", total),
        c.choose("sum_exponent", nothing, low_exponent, high_exponent - shift),
        infinite,
        c.keep("sum_invalid", x.invalid | y.invalid | opposed),
    )


def _signed(negative: Lane, size: Lane) -> Lane:
    return Mux(negative, -size, size)


def divide(c: Circuit, x: Number, y: Number, precision: int) -> Number:
    """x / y as it rounds to `precision` bits: more bits than that, and one for what is left."""
    dividend, shifted = normalised(c, x.significand)
    divisor, divisor_shifted = normalised(c, y.significand)
    more = precision + 2 + max(0, len(divisor) - len(dividend))
    wide = c.keep("dividend", Cat(Const(0, more), dividend))
    quotient = c.keep("quotient", wide // divisor)
    rest = c.keep("rest", wide - quotient * divisor)
    exponent = (x.exponent - shifted) - (y.exponent - divisor_shifted) - (more + 1)
    pole = y.is_zero & ~y.infinite
    undefined = (x.infinite & y.infinite) | (x.is_zero & pole)
    nothing = x.is_zero | y.infinite
    return Number(
        c.keep("quotient_negative", x.negative ^ y.negative),
        c.keep("quotient_bits", Mux(nothing, 0, Cat(rest != 0, quotient))),
        c.keep("quotient_exponent", exponent),
        c.keep("quotient_infinite", x.infinite | pole),
        c.keep("quotient_invalid", x.invalid | y.invalid | undefined),
    )
