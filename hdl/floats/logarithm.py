"""Logarithms, in fixed point.

A number is a power of two times m, from 3/4 to 3/2.  A factor out of a table brings m close to 1;
the logarithm of what it is then is a polynomial, that of the factor the table's, and that of the
power a product.  Near 1 the factor is 1 and the power 0, so nothing cancels: all is off by less
than results differ from boundaries of rounding (`tilevm.dtypes.closest`).
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from math import floor

from amaranth import Cat, Const, Mux

from hdl.floats.circuit import Circuit, Lane
from hdl.floats.fixed_point import polynomial
from hdl.floats.number import Number
from hdl.floats.round import top_aligned
from tilevm.dtypes import FloatFormat, closest, series

ERROR = 4  # bits: a logarithm is off by less than 2**4 steps of its last place
INDEX = 8  # bits of a significand behind the first that choose a factor
PLACES = INDEX + 2  # of a factor; with it m is less than 2**-INDEX away from 1


def log(c: Circuit, x: Number, f: FloatFormat) -> Number:
    """The natural logarithm of x as it rounds to a format."""
    return _logarithm(c, x, f, "log")


def log2(c: Circuit, x: Number, f: FloatFormat) -> Number:
    """The logarithm of x to base 2 as it rounds to a format."""
    return _logarithm(c, x, f, "log2")


def _logarithm(c: Circuit, x: Number, f: FloatFormat, name: str) -> Number:
    x = top_aligned(c, x)
    top = c.keep("top", Cat(Const(0, max(0, INDEX + 1 - len(x.significand))), x.significand))
    width, places = len(top), len(top) + PLACES
    bits = max(closest(name, f.precision) + ERROR, places)
    above = top[-2]  # from 3/2 on, half of it is m
    index = top[width - 1 - INDEX : width - 1]
    factor = c.look_up("factor", _factors(), PLACES + 1, index)
    m = Mux(above, Cat(top, Const(0, 1)), Cat(Const(0, 1), top))
    near = c.as_signed("near", m * factor - (1 << places), places - INDEX + 1)
    of_near = c.keep("of_near", near * _slope(c, near << bits - places, bits, name))

    behind = bits + PLACES  # places of the logarithms of powers and factors
    power = c.keep("power", x.exponent + (len(x.significand) - 1) + above)
    of_factor = c.look_up("of_factor", _of_factors(name, behind), behind + 1, index).as_signed()
    coarse = c.keep("coarse", power * _steps(name, 2, 0, behind) - of_factor)
    total = c.keep("logarithm", (coarse << places - PLACES) + of_near)
    zero = x.is_zero & ~x.infinite
    return Number(
        c.keep("negative", zero | (~x.infinite & (total < 0)), 1),
        c.magnitude("size", total),
        Const(-(bits + places)),
        c.keep("log_infinite", x.infinite | zero),
        c.keep("log_invalid", x.invalid | (x.negative & ~zero)),
    )


def _slope(c: Circuit, x: Lane, bits: int, name: str) -> Lane:
    """The logarithm of 1 + x over x, less than 2**-INDEX from 0; both in steps of 2**-bits."""
    first, *rest = _coefficients(name, bits)
    more = polynomial(c, c.keep("x", x), bits, INDEX, rest)
    return c.keep("slope", more + floor(first * (1 << bits)))


@lru_cache(maxsize=64)
def _coefficients(name: str, bits: int) -> tuple[Fraction, ...]:
    """Those of the logarithm of 1 + x that show in steps of 2**-bits of the result."""
    one = Fraction(1)
    if name == "log2":
        one = Fraction(1 << bits + 16, series.ln2(bits + 16))
    count = -(-bits // INDEX) + 1
    return tuple(one * (-1) ** n / (n + 1) for n in range(count))


@lru_cache(maxsize=1)
def _factors() -> tuple[int, ...]:
    """By the first bits of a significand from 1 to 2 the inverse of m, in steps of 2**-PLACES.

    At both ends, where m is next to 1, it is 1.
    """
    last = (1 << INDEX) - 1
    middles = [1 + Fraction(2 * i + 1, 2 << INDEX) for i in range(last + 1)]
    found = [round((1 << PLACES) / (m if m < Fraction(3, 2) else m / 2)) for m in middles]
    return tuple(1 << PLACES if i in (0, last) else found[i] for i in range(last + 1))


@lru_cache(maxsize=64)
def _of_factors(name: str, bits: int) -> tuple[int, ...]:
    """The logarithms of the factors in steps of 2**-bits, as words of bits + 1 bits."""
    words = (_steps(name, factor, -PLACES, bits) for factor in _factors())
    return tuple(word & (2 << bits) - 1 for word in words)


def _steps(name: str, m: int, k: int, bits: int) -> int:
    """The logarithm of m * 2**k in steps of 2**-bits, rounded down."""
    odd = (m & -m).bit_length() - 1
    n, scale, _ = series.ENCLOSURES[name](m >> odd, k + odd, bits + 16)
    return floor(n * Fraction(2) ** (scale + bits))
