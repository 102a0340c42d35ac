"""Sums, products, quotients, roots and fused products: float64 values that round as the exact do.

An operation gives a pair (s, e): s is the exact result rounded to float64, and e what is missing,
exactly or in its sign (Boldo and Melquiond, 2008, for the fused product).  `settle` makes of it one
float64 that rounds to the format, in the mode asked for, as the exact result does.  Where float64
has no room for that (results near the ends of its range), `exact.py` does, element by element.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from tilevm.dtypes.exact import OPERATIONS, round_fraction
from tilevm.dtypes.formats import FloatFormat
from tilevm.dtypes.rounding import ODD_PRECISION, Floats, to_odd, two_prod, two_sum

Bools = npt.NDArray[np.bool_]
Pair = tuple[Floats, Floats, Bools]  # s, e, and where the two may be relied on

_LARGE, _SMALL = 2.0**990, 2.0**-960  # between them products and their errors are exact
_EXACT_PRODUCT = 26  # bits of precision up to which float64 holds every product
_INNOCUOUS = {
    "add": 26,
    "div": 25,
    "sqrt": 25,
}  # ... to which rounding to float64 first is harmless


def arithmetic(
    f: FloatFormat, operation: str, operands: tuple[Floats, ...], rounding: str
) -> Floats:
    """Float64 values that round to `f` as the exact results do.

    `operation`: add, mul, div, sqrt or fma (a * b + c).  Infinities, NaN and the signs of zeros are
    those of IEEE 754: rounding down, an exact zero sum is -0 unless both terms are +0.
    """
    with np.errstate(all="ignore"):
        plain = _plain(operation, operands)
        if _suffices(f, operation, rounding):
            return plain
        special = ~has_finite_result(operation, operands)
        s, e, good = _PAIRS[operation](f, *operands)
        result = np.where(special, plain, settle(f, s, e, rounding))
        if operation in ("add", "fma"):
            result = _signed_zeros(operation, operands, rounding, result)
        else:
            result = np.where(result == 0, np.copysign(0.0, plain), result)
        left = ~(good | special)
    if left.any():
        _by_fractions(f, operation, operands, rounding, left, result)
    return result


def has_finite_result(operation: str, operands: tuple[Floats, ...]) -> Bools:
    """Where the exact result is a finite number: finite operands, no divisor 0, no root of -1."""
    finite = np.isfinite(operands[0])
    for x in operands[1:]:
        finite = finite & np.isfinite(x)
    if operation == "div":
        finite = finite & (operands[1] != 0)
    elif operation == "sqrt":
        finite = finite & (operands[0] >= 0)
    return np.asarray(finite)


def settle(f: FloatFormat, s: Floats, e: Floats, rounding: str) -> Floats:
    """Float64 values that round to `f` as s + e does, where s = fl(s + e).

    Rounding to odd serves where the format keeps at most 51 bits, and for directed modes 52.  Of 52
    bits, s is at most one bit too long, and e says which way that tie goes; of 53, s is the nearest
    and e says whether a directed mode, or a tie away from zero, wants its neighbour.
    """
    if f.precision <= ODD_PRECISION:
        return to_odd(s, e)
    exponent = np.frexp(s)[1] - 1
    kept = np.minimum(f.precision, exponent - f.lsb + 1)  # bits, fewer for subnormal results
    odd = to_odd(s, e)
    toward = np.where(e > 0, np.inf, -np.inf)
    neighbour = np.nextafter(s, toward)
    if rounding in ("nearest_even", "nearest_away"):
        too_long = (s.view(np.int64) & 1 == 1) & (e != 0)
        by_52 = np.where(too_long, neighbour, s)
        by_53 = s
        if rounding == "nearest_away":
            tie = (neighbour - s == 2 * e) & (e != 0)
            by_53 = np.where(tie & ((e > 0) == (s > 0)), neighbour, s)
        return np.where(kept <= ODD_PRECISION, odd, np.where(kept == 52, by_52, by_53))
    wanted = {"up": e > 0, "down": e < 0, "toward_zero": (e != 0) & ((e > 0) != (s > 0))}
    return np.where(kept <= 52, odd, np.where(wanted[rounding], neighbour, s))


def _plain(operation: str, x: tuple[Floats, ...]) -> Floats:
    """What float64 gives; the final result where an operand is infinite or NaN, or a divisor 0."""
    match operation:
        case "add":
            return np.asarray(x[0] + x[1])
        case "mul":
            return np.asarray(x[0] * x[1])
        case "div":
            return np.asarray(x[0] / x[1])
        case "sqrt":
            return np.asarray(np.sqrt(x[0]))
        case _:  # signs of finite numbers, so that nothing overflows into an infinity
            a, b, c = (np.where(np.isfinite(y), np.sign(y), y) for y in x)
            return np.asarray(a * b + c)


def _suffices(f: FloatFormat, operation: str, rounding: str) -> bool:
    """Whether what float64 gives rounds as the exact result does."""
    nearest = rounding in ("nearest_even", "nearest_away")
    middling = f.lsb >= -480 and f.highest <= 480
    match operation:
        case "mul":
            exact = f.precision <= _EXACT_PRODUCT and 2 * f.lsb >= -1074 and f.highest <= 510
        case "fma":
            return False
        case "add":
            exact = nearest and f.precision <= _INNOCUOUS["add"] and f.highest <= 1020
        case _:
            exact = nearest and f.precision <= _INNOCUOUS[operation] and middling
    float64 = f.precision == 53 and f.lsb == -1074 and rounding == "nearest_even"
    return exact or float64


def _sum(f: FloatFormat, x: Floats, y: Floats) -> Pair:
    s, e = two_sum(x, y)
    return s, e, np.asarray(np.abs(s) < _LARGE)


def _product(f: FloatFormat, x: Floats, y: Floats) -> Pair:
    s, e = two_prod(x, y)
    return s, e, _safe_product(x, y, s)


def _safe_product(x: Floats, y: Floats, p: Floats) -> Bools:
    size = np.abs(p)
    inside = (np.maximum(np.abs(x), np.abs(y)) < _LARGE) & (size < _LARGE)
    return np.asarray(inside & ((size > _SMALL) | (x == 0) | (y == 0)))


def _quotient(f: FloatFormat, x: Floats, y: Floats) -> Pair:
    s = np.asarray(x / y)
    p, rest = two_prod(s, y)
    remainder = (x - p) - rest  # exact, as s is the nearest quotient
    sizes = [np.abs(x), np.abs(s)]
    inside = (np.minimum(*sizes) > _SMALL) & (np.maximum(*sizes) < _LARGE) & (np.abs(y) < _LARGE)
    return s, _hint(s, np.sign(remainder) * np.sign(y)), np.asarray(inside | (x == 0))


def _root(f: FloatFormat, x: Floats) -> Pair:
    s = np.asarray(np.sqrt(x))
    p, rest = two_prod(s, s)
    remainder = (x - p) - rest
    inside = (x > _SMALL) & (x < _LARGE)
    return s, _hint(s, np.sign(remainder)), np.asarray(inside | (x == 0))


def _hint(s: Floats, sign: Floats) -> Floats:
    """A remainder of that sign, less than half a unit in the last place: quotients never tie."""
    return np.asarray(np.abs(s) * 2.0**-55 * sign)


def _fused(f: FloatFormat, x: Floats, y: Floats, z: Floats) -> Pair:
    high, low = two_prod(x, y)
    good = _safe_product(x, y, high) & (np.abs(z) < _LARGE)
    if f.precision <= _EXACT_PRODUCT:
        s, e = two_sum(high, z)
    else:
        middle, last = two_sum(z, low)
        first, second = two_sum(high, middle)
        s, e = two_sum(first, to_odd(*two_sum(last, second)))
    return s, e, np.asarray(good & (np.abs(s) < _LARGE))


_PAIRS: dict[str, Callable[..., Pair]] = {
    "add": _sum,
    "mul": _product,
    "div": _quotient,
    "sqrt": _root,
    "fma": _fused,
}


def _by_fractions(
    f: FloatFormat,
    operation: str,
    operands: tuple[Floats, ...],
    rounding: str,
    left: Bools,
    result: Floats,
) -> None:
    """Fills in the elements that are left."""
    compute = OPERATIONS[operation]
    spread = [np.broadcast_to(x, result.shape) for x in operands]
    for index in np.argwhere(left):
        at = tuple(index)
        exact = compute(*(Fraction(float(x[at])) for x in spread))
        if exact != 0:
            result[at] = round_fraction(f, exact, rounding)
        elif operation in ("add", "fma"):  # terms that cancel
            result[at] = -0.0 if rounding == "down" else 0.0
        else:
            result[at] = np.prod([np.copysign(1.0, x[at]) for x in spread]) * 0.0


def _signed_zeros(
    operation: str, operands: tuple[Floats, ...], rounding: str, result: Floats
) -> Floats:
    """The result with the sign of every zero that is an exact sum."""
    zero = result == 0
    if not zero.any():
        return result
    if operation == "add":
        x, y = operands
    else:
        a, b, y = operands
        product = np.copysign(0.0, a) * np.copysign(1.0, b)
        x = np.where((a == 0) | (b == 0), product, 1.0)  # only its zeros matter
    if rounding == "down":
        both_plus = (x == 0) & (y == 0) & ~np.signbit(x) & ~np.signbit(y)
        return np.where(zero, np.where(both_plus, 0.0, -0.0), result)
    both_minus = (x == 0) & (y == 0) & np.signbit(x) & np.signbit(y)
    return np.where(zero, np.where(both_minus, -0.0, 0.0), result)
