"""Functions made from one power of e and one quotient: `sigmoid`, `silu` and `tanh`."""

from __future__ import annotations

from dataclasses import replace

from amaranth import Cat, Const, Mux

from hdl.floats.circuit import Circuit, Lane
from hdl.floats.exponential import ERROR, power
from hdl.floats.number import Number
from hdl.floats.round import top_aligned
from tilevm.dtypes import FloatFormat, closest


def sigmoid(c: Circuit, x: Number, f: FloatFormat) -> Number:
    """1 / (1 + e**-x) as it rounds to a format."""
    bits = closest("sigmoid", f.precision) + ERROR + 1
    word, exponent = _sigmoid(c, top_aligned(c, x), f, bits)
    ends = Mux(x.negative, 0, 2 << bits)
    found = c.keep("sigmoid", Mux(x.infinite, ends, word))
    return Number(Const(0, 1), found, exponent, Const(0, 1), x.invalid)


def silu(c: Circuit, x: Number, f: FloatFormat) -> Number:
    """x / (1 + e**-x) as it rounds to a format."""
    bits = closest("silu", f.precision) + ERROR + 1
    x = top_aligned(c, x)
    word, exponent = _sigmoid(c, x, f, bits)
    return Number(
        x.negative,
        c.keep("silu", Mux(x.infinite, 0, x.significand * word)),
        c.keep("silu_exponent", x.exponent + exponent),
        x.infinite & ~x.negative,
        x.invalid,
    )


def _sigmoid(c: Circuit, x: Number, f: FloatFormat, bits: int) -> tuple[Lane, Lane]:
    """The sigmoid of a finite x, and its exponent: off by less than 2**(1 - bits + ERROR) of it.

    With e = e**-|x| it is 1 / (1 + e), or e / (1 + e) where x is negative.
    """
    whole, word = power(c, replace(x, negative=Const(1, 1)), f, bits)
    over = c.choose("over", x.negative, word, Const(1 << bits, bits + 1))
    found = _quotient(c, over, (1 << bits) + _moved(c, word, whole, bits), bits + 1)
    return found, c.keep("sigmoid_exponent", Mux(x.negative, whole, 0) - bits - 1)


def tanh(c: Circuit, x: Number, f: FloatFormat) -> Number:
    """tanh(x) as it rounds to a format: (1 - e) / (1 + e) with e = e**-2|x|.

    For a small x it is a little less than x.
    """
    p = f.precision
    bits = closest("tanh", p) + ERROR + p // 2 + 3  # 1 - e is at least 2**-(p // 2 + 2)
    x = top_aligned(c, x)
    twice = replace(x, negative=Const(1, 1), exponent=x.exponent + 1)
    whole, word = power(c, twice, f, bits)
    moved, one = _moved(c, word, whole, bits), 1 << bits
    found = _quotient(c, one - moved, one + moved, bits + 1)
    small = c.keep("small", x.exponent < -(p // 2 + 2) - len(x.significand) + 1)
    less = c.keep("less", Cat(Const(0, 3), x.significand) - ~x.is_zero, len(x.significand) + 3)
    return Number(
        x.negative,
        c.keep("tanh", Mux(small, less, Mux(x.infinite, 2 * one, found))),
        c.keep("tanh_exponent", Mux(small, x.exponent - 3, -bits - 1)),
        Const(0, 1),
        x.invalid,
    )


def _moved(c: Circuit, word: Lane, whole: Lane, bits: int) -> Lane:
    """A word times 2**whole for a whole at most 0, but never 0."""
    down = c.keep("down", Mux(whole < -bits, bits, -whole), bits.bit_length())
    return c.keep("moved", word >> down, bits + 1)


def _quotient(c: Circuit, over: Lane, by: Lane, places: int) -> Lane:
    """over / by in steps of 2**-places, for over at most by."""
    over, by = c.keep("over", over), c.keep("by", by)
    return c.keep("quotient", Cat(Const(0, places), over) // by, places + 1)
