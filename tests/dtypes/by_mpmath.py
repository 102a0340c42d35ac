"""`exp`, `sin`, `erf` and the others by mpmath, rounded: one argument, one format, every rounding.

`wanted` takes 500 bits for the result itself, `enclosed` an interval that decides all roundings.
"""

from __future__ import annotations

from fractions import Fraction

import mpmath
import numpy as np

from benchmarks.accuracy import EXACT
from tilevm.dtypes import ROUNDINGS, FloatType
from tilevm.reference.formats import fit
from tilevm.reference.numbers import python

BITS = 500  # of a result at least, and more where it is so close to a simple number
AT_ENDS = {  # at 0, inf, -inf
    "exp": (1.0, np.inf, 0.0),
    "exp2": (1.0, np.inf, 0.0),
    "expm1": (0.0, np.inf, -1.0),
    "log": (-np.inf, np.inf, np.nan),
    "log2": (-np.inf, np.inf, np.nan),
    "log1p": (0.0, np.inf, np.nan),
    "sin": (0.0, np.nan, np.nan),
    "cos": (1.0, np.nan, np.nan),
    "tanh": (0.0, 1.0, -1.0),
    "sigmoid": (0.5, 1.0, 0.0),
    "silu": (0.0, np.inf, -0.0),
    "rsqrt": (np.inf, 0.0, np.nan),
    "erf": (0.0, 1.0, -1.0),
    "gelu": (0.0, np.inf, -0.0),
}
SURE = 300  # bits of an enclosure
ONE = 1 << SURE


def exact(name: str, x: float) -> Fraction | float:
    """The function of a finite x to BITS bits, or the float that stands for no number."""
    if x == 0:
        value = AT_ENDS[name][0]
        return float(np.copysign(value, x)) if value in (0, np.inf) else value
    if name in ("log", "log2", "rsqrt") and x < 0:
        return np.nan
    if name == "log1p" and x <= -1:
        return np.nan if x < -1 else -np.inf
    if name in ("exp", "expm1", "exp2") and x > 3000:
        return Fraction(2) ** 3000
    if name in ("exp", "exp2", "sigmoid", "silu", "gelu") and x < -3000:
        return Fraction(-1 if name in ("silu", "gelu") else 1, 2**3000)
    simple = {
        "tanh": np.sign(x),
        "erf": np.sign(x),
        "sigmoid": 1,
        "expm1": -1,
        "silu": x,
        "gelu": x,
    }
    far = abs(x) > (15 if name in ("erf", "gelu") else 500)
    if far and name in simple and (name in ("tanh", "erf") or (x > 0) != (name == "expm1")):
        return Fraction(float(simple[name])) * (1 - Fraction(1, 2**BITS))
    bits = BITS + 2 * max(0, -int(np.log2(abs(x)))) + 3 * int(min(abs(x), 500))
    with mpmath.workprec(2 * bits):
        found = EXACT[name](mpmath.mpf(x))
    with mpmath.workprec(bits):
        found = +found
    sign, mantissa, exponent, _ = found._mpf_
    return (-1) ** sign * int(mantissa) * Fraction(2) ** exponent


def wanted(t: FloatType, name: str, x: float, rounding: str) -> float:
    if np.isnan(x):
        return np.nan
    value = AT_ENDS[name][1 if x > 0 else 2] if np.isinf(x) else exact(name, x)
    if isinstance(value, float):
        return float(t.quantise(value))
    return float(python(fit(t, value, None, rounding)))


def enclosed(t: FloatType, name: str, x: float) -> list[float]:
    """The function of x, in each of ROUNDINGS: from one open interval that holds the value.

    For a format with infinities.  An interval that holds a value of the format, or the middle of
    two, decides nothing: then the exact result is such a number, and `wanted` gives it.
    """
    if x == 0 or not np.isfinite(x) or (x < 0 and name in ("log", "log2", "rsqrt")):
        return [wanted(t, name, x, rounding) for rounding in ROUNDINGS]
    if (name == "log1p" and x <= -1) or (name in ("log", "log2") and x == 1):
        return [wanted(t, name, x, rounding) for rounding in ROUNDINGS]
    sign, low, high, exponent = _interval(name, x)
    form = t.format
    least = 1 - form.bias - form.mantissa  # of the exponents of a last place
    top = exponent + (high - 1).bit_length()  # the value is below 2**top
    if top < least - 10:
        low, high, exponent = 0, 1, least - 10
    elif top > 2 * form.bias:  # beyond all that is finite
        low, high, exponent = 1, 2, 2 * form.bias
    place = max(exponent + (high - 1).bit_length() - 1 - form.mantissa, least)
    shift = place - 1 - exponent  # to halves of a last place
    if shift < 0:
        low, high, shift = low << -shift, high << -shift, 0
    halves = low >> shift
    if halves != (high - 1) >> shift:
        return [wanted(t, name, x, rounding) for rounding in ROUNDINGS]
    return [_rounded(t, sign, halves, place, rounding) for rounding in ROUNDINGS]


def _rounded(t: FloatType, sign: int, halves: int, place: int, rounding: str) -> float:
    """What lies between so many halves of 2**place and one more, rounded."""
    whole = halves >> 1
    match rounding:
        case "nearest_even" | "nearest_away":
            whole += halves & 1
        case "up" | "down":
            whole += (sign > 0) == (rounding == "up")
    if Fraction(whole) * Fraction(2) ** place <= Fraction(t.max):
        return sign * float(Fraction(whole) * Fraction(2) ** place)
    away = rounding not in ("toward_zero", "down" if sign > 0 else "up")
    return sign * (np.inf if away else t.max)


def _interval(name: str, x: float) -> tuple[int, int, int, int]:
    """s, a, b, e: the function of x is s v 2**e, where a < v < b."""
    far = {"tanh": 150, "erf": 15, "sigmoid": 300, "expm1": 300, "silu": 300, "gelu": 25}
    if (
        name in far
        and abs(x) > far[name]
        and (name in ("tanh", "erf") or (x > 0) != (name == "expm1"))
    ):
        near = x if name in ("silu", "gelu") else np.copysign(1, x)  # the value is just inside
        top, bottom = abs(float(near)).as_integer_ratio()
        scale = bottom.bit_length() - 1
        return int(np.sign(near)), top * ONE - top, top * ONE, -SURE - scale
    if x < -1000 and name in ("silu", "gelu"):
        return -1, 0, 1, -1300
    with mpmath.workprec(SURE + 30):
        sign, mantissa, exponent, count = EXACT[name](mpmath.mpf(x))._mpf_
    mantissa = int(mantissa) << max(0, SURE + 30 - count)
    exponent -= max(0, SURE + 30 - count)
    return (-1) ** sign, mantissa - (1 << 20), mantissa + (1 << 20), exponent
