"""Square roots and their reciprocals, digit by digit: exact, with a bit for what is left."""

from __future__ import annotations

from collections.abc import Sequence

from amaranth import Cat, Const, Mux

from hdl.floats.circuit import Circuit, Lane
from hdl.floats.number import Number
from hdl.floats.round import top_aligned
from tilevm.dtypes import FloatFormat


def square_root(c: Circuit, x: Number, f: FloatFormat) -> Number:
    """sqrt(x) as it rounds to a format; that of a zero is the zero, of less NaN."""
    x = top_aligned(c, x)
    top = x.significand
    digits = max(f.precision + 2, (len(top) + 2) // 2)
    below = 2 * digits - 1 - len(top)
    lowest = c.keep("lowest", x.exponent - below)
    odd = lowest[0]  # then one place more: only an even exponent has a half
    radicand = Cat(Const(0, below), Mux(odd, top << 1, Cat(top, Const(0, 1))))
    radicand = c.keep("radicand", radicand, 2 * digits)
    pairs = [radicand[i : i + 2] for i in reversed(range(0, 2 * digits, 2))]
    root, rest = _digits(c, Const(0, 1), pairs, Const(1, 1))
    return Number(
        x.negative,
        c.keep("root", Mux(x.is_zero, 0, Cat(rest != 0, root))),
        c.keep("root_exponent", ((lowest - odd) >> 1) - 1),
        x.infinite,
        c.keep("root_invalid", x.invalid | (x.negative & (x.infinite | ~x.is_zero))),
    )


def reciprocal_root(c: Circuit, x: Number, f: FloatFormat) -> Number:
    """1 / sqrt(x) as it rounds to a format; of a zero an infinity, of less NaN."""
    x = top_aligned(c, x)
    top, odd = x.significand, x.exponent[0]
    by = c.keep("by", Mux(odd, Cat(Const(0, 1), top, Const(0, 1)), Cat(Const(0, 2), top)))
    # x is by * 2**(exponent - 2 + odd); 4**start is less than by: no digit stands before the first
    start, digits = (len(top) - 1) // 2, f.precision + 3
    first = Const(1 << 2 * start, 2 * start + 1)
    root, rest = _digits(c, first, [Const(0, 2)] * digits, by)
    zero = x.is_zero & ~x.infinite
    return Number(
        x.negative,
        c.keep("root", Mux(x.infinite, 0, Cat(rest != 0, root))),
        c.keep("root_exponent", -((x.exponent - 2 + odd) >> 1) - (start + digits + 1)),
        c.keep("root_infinite", zero),
        c.keep("root_invalid", x.invalid | (x.negative & ~zero)),
    )


def _digits(c: Circuit, rest: Lane, pairs: Sequence[Lane], by: Lane) -> tuple[Lane, Lane]:
    """The largest q with q * q * by <= n, and n - q * q * by: a digit of q for each pair of n's.

    The first digits of n are `rest`, less than `by`; the others come in pairs, highest first.
    """
    product: Lane = Const(0, 1)  # by * q
    root: list[Lane] = []
    most = (1 << len(by)) - 1
    for pair in pairs:
        trial = c.keep("trial", Cat(pair, rest))
        taken = c.keep("taken", (product << 2) + by)
        fits = c.keep("fits", trial >= taken, 1)
        root.insert(0, fits)
        bits = max(1, (((2 << len(root)) - 1) * most - 1).bit_length())
        rest = c.keep("rest", Mux(fits, trial - taken, trial), min(bits, len(trial)))
        product = c.keep("product", (product << 1) + Mux(fits, by, 0), len(root) + len(by))
    return Cat(root), rest
