"""Functions made from one power of e and one quotient: `sigmoid` and `tanh`."""

from __future__ import annotations

from dataclasses import replace

from amaranth import Cat, Const, Mux

from hdl.floats.circuit import Circuit, Lane
from hdl.floats.exponential import ERROR, power
from hdl.floats.number import Number
from hdl.floats.round import top_aligned
from tilevm.dtypes import FloatFormat, closest


def sigmoid(c: Circuit, x: Number, f: FloatFormat) -> Number:
    """1 / (1 + e**-x) as it rounds to a format: e / (1 + e) where x is negative, e = e**-|x|."""
    bits = closest("sigmoid", f.precision) + ERROR + 1
    whole, word = power(c, replace(top_aligned(c, x), negative=Const(1, 1)), f, bits)
    one = 1 << bits
    over = c.choose("over", x.negative, word, Const(one, bits + 1))
    found = _quotient(c, over, one + _moved(c, word, whole, bits), bits + 1)
    ends = Mux(x.negative, 0, 2 * one)
    return Number(
        Const(0, 1),
        c.keep("sigmoid", Mux(x.infinite, ends, found)),
        c.keep("sigmoid_exponent", Mux(x.negative, whole, 0) - bits - 1),
        Const(0, 1),
        x.invalid,
    )


def tanh(c: Circuit, x: Number, f: FloatFormat) -> Number:
    """tanh(x) as it rounds to a format: (1 - e) / (1 + e), e = e**-2|x|; a little less than a small
    x."""
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
