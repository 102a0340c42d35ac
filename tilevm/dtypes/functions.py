"""Functions of floats (`exp`, `sin`, `erf`, ...), correctly rounded in every format and mode.

NumPy's float64 result decides where everything within 2**-40 of it rounds to one value; it is right
to some 2**-50, on every processor.  Where it does not decide, `series.py` encloses the exact value
as closely as needed.  Where a function lies so close to a simple value that no format has anything
between (sin(x) and x for small x), that value, moved a little, stands for the result.

A format of at most 16 bits has a table for each function and rounding, made at first use.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from tilevm.dtypes.base import Array, trap_where
from tilevm.dtypes.exact import round_fraction, round_ratio
from tilevm.dtypes.floats import FloatType
from tilevm.dtypes.formats import FloatFormat
from tilevm.dtypes.rounding import Floats
from tilevm.dtypes.series import ENCLOSURES

Bools = npt.NDArray[np.bool_]

_MARGIN = 2.0**-40  # relative; NumPy's results are closer than 2**-44
_TINY, _HUGE = 2.0**-960, 2.0**960  # beyond these float64 results are not relied on
_FAST_PRECISION = 40  # bits to which float64 results decide often enough to be worth trying
_TABLE_BITS = 16
_WORKING_BITS = 112  # of the first enclosure

_erf = np.frompyfunc(math.erf, 1, 1)
_erfc = np.frompyfunc(math.erfc, 1, 1)


@dataclass(frozen=True)
class Limit:
    """Where a function differs from a simple `value` by less than any format of p bits can show.

    `where(x, p)`: finite arguments at which it differs by less than 2**-(p + 4) of it, and the
    value has at most p bits.  `side(x)`: the sign of the difference.  `value` takes arrays and
    fractions.
    """

    where: Callable[[Any, int], Any]
    value: Callable[[Any], Any]
    side: Callable[[Any], Any]


@dataclass(frozen=True)
class Function:
    """A function: float64 results, and where it is close to simple values."""

    approximate: Callable[[Floats], Any]
    limits: tuple[Limit, ...] = ()
    final_at: float = 0.0  # a finite argument whose result is final in float64; 0 is one too


def _close(p: int) -> float:
    return 2.0 ** -(p + 4)


def _far(p: int) -> float:
    """t with exp(-t) < 2**-(p + 5)."""
    return 0.7 * (p + 6)


def _sigmoid(x: Floats) -> Floats:
    small = np.exp(-np.abs(x))
    return np.where(x >= 0, 1.0, small) / (1.0 + small)


def _silu(x: Floats) -> Floats:
    return np.where(np.isneginf(x), -0.0, x * _sigmoid(x))


def _gelu(x: Floats) -> Floats:
    rest = 0.5 * np.asarray(_erfc(x * -math.sqrt(0.5)), np.float64)
    return np.where(np.isneginf(x), -0.0, x * rest)


def _one(x: Any) -> Any:
    return 1 + 0 * x


def _itself(x: Any) -> Any:
    return x


def _half(x: Any) -> Any:
    return x / 2


def _sign(x: Any) -> Any:
    return x / abs(x)


def _up(x: Any) -> Any:
    return 1 + 0 * x


def _down(x: Any) -> Any:
    return -1 + 0 * x


def _inward(x: Any) -> Any:
    return -np.sign(x)


def _zero(x: Any) -> Any:
    return 0 * x


def _beyond(x: Any) -> Any:
    """More than all that is finite, in float64 its largest value."""
    return np.full(x.shape, sys.float_info.max) if isinstance(x, np.ndarray) else 1 << 2000


_UNDERFLOW = Limit(lambda x, p: x < -1100, _zero, _up)  # less than all positive values
_EXTREMES = (_UNDERFLOW, Limit(lambda x, p: x > 1100, _beyond, _down))
FUNCTIONS: dict[str, Function] = {
    "exp": Function(np.exp, (Limit(lambda x, p: abs(x) < _close(p), _one, np.sign), *_EXTREMES)),
    "exp2": Function(np.exp2, (Limit(lambda x, p: abs(x) < _close(p), _one, np.sign), *_EXTREMES)),
    "expm1": Function(
        np.expm1,
        (
            Limit(lambda x, p: abs(x) < _close(p), _itself, _up),
            Limit(lambda x, p: x < -_far(p), _down, _up),
            Limit(lambda x, p: x > 1100, _beyond, _down),
        ),
    ),
    "log": Function(np.log, final_at=1.0),
    "log2": Function(np.log2, final_at=1.0),
    "log1p": Function(
        np.log1p, (Limit(lambda x, p: abs(x) < _close(p), _itself, _down),), final_at=-1.0
    ),
    "sin": Function(np.sin, (Limit(lambda x, p: x * x < _close(p), _itself, _inward),)),
    "cos": Function(np.cos, (Limit(lambda x, p: x * x < _close(p), _one, _down),)),
    "tanh": Function(
        np.tanh,
        (
            Limit(lambda x, p: x * x < _close(p), _itself, _inward),
            Limit(lambda x, p: abs(x) > _far(p) / 2, _sign, _inward),
        ),
    ),
    "sigmoid": Function(
        _sigmoid,
        (
            Limit(lambda x, p: abs(x) < _close(p), lambda x: _half(_one(x)), np.sign),
            Limit(lambda x, p: x > _far(p), _one, _down),
            _UNDERFLOW,
        ),
    ),
    "silu": Function(
        _silu,
        (
            Limit(lambda x, p: abs(x) < _close(p), _half, _up),
            Limit(lambda x, p: x > _far(p), _itself, _down),
            Limit(lambda x, p: x < -1100, _zero, _down),
        ),
    ),
    "rsqrt": Function(lambda x: 1.0 / np.sqrt(x)),
    "erf": Function(
        _erf,
        (Limit(lambda x, p: x * x > _far(p), _sign, _inward),),
    ),
    "gelu": Function(
        _gelu,
        (
            Limit(lambda x, p: abs(x) < _close(p), _half, _up),
            Limit(lambda x, p: (x > 0) & (x * x > 2 * _far(p)), _itself, _down),
            Limit(lambda x, p: x < -40, _zero, _down),
        ),
    ),
}


def evaluate(
    name: str,
    values: Array,
    t: FloatType,
    overflow: str | None = None,
    rounding: str = "nearest_even",
) -> Floats:
    """The function of values of `t`, rounded once to `t`.

    NaN gives NaN, and so does what the function is not defined for.
    """
    x = np.asarray(values, np.float64)
    if t.bits <= _TABLE_BITS:
        found = _table(t, name, rounding)[t.encode(x).astype(np.intp)]
    elif t.name == "f32" and rounding == "nearest_even" and overflow in (None, "inf"):
        return _singles(t, name, x)
    else:
        found = _representatives(t, name, x, rounding)
    if overflow == "trap":
        poles = (x == 0) | (x == FUNCTIONS[name].final_at)
        trap_where(np.isinf(found) & np.isfinite(x) & ~poles, f"`{name}` overflows {t}")
    return t.quantise(found, rounding, overflow)


@lru_cache(maxsize=128)
def _table(t: FloatType, name: str, rounding: str) -> Floats:
    """For every code a float64 that rounds, in this mode, as the function of its value does."""
    values = t.decode(np.arange(1 << t.bits, dtype=np.uint64))
    table = _representatives(t, name, values, rounding)
    table.flags.writeable = False
    return table


def _singles(t: FloatType, name: str, x: Floats) -> Floats:
    """The function of x rounded to f32, to nearest even: what is decided at once needs no more."""
    with np.errstate(all="ignore"):
        value = np.asarray(FUNCTIONS[name].approximate(x), np.float64)
        low, high = ((value * (1 + part)).astype(np.float32) for part in (-_MARGIN, _MARGIN))
        size = np.abs(value)
        decided = (low == high) & (size >= _TINY) & (size <= _HUGE)
        found = np.asarray(low, np.float64)
    if not decided.all():
        left = ~decided
        found[left] = t.quantise(_representatives(t, name, x[left], "nearest_even"))
    return found


def _representatives(t: FloatType, name: str, x: Floats, rounding: str) -> Floats:
    """Float64 values that round to `t`, in this mode, as the function of x does."""
    function, p = FUNCTIONS[name], t.format.precision
    with np.errstate(all="ignore"):
        value = np.array(function.approximate(x), np.float64)
        final = ~np.isfinite(x) | (x == 0) | (x == function.final_at) | np.isnan(value)
        if p <= _FAST_PRECISION and t.format.lsb >= -1050:
            for limit in function.limits:
                here = limit.where(x, p) & ~final
                if here.any():
                    moved = np.nextafter(limit.value(x), limit.side(x) * np.inf)
                    value, final = np.where(here, moved, value), final | here
            if t.format.lsb >= -900 and t.format.highest <= 900:
                size = np.abs(value)  # here only in which direction a result is out of range
                within = np.copysign(np.clip(size, _TINY, _HUGE), value)
                value = np.where(final, value, within)
            final = final | _decided(t, value, rounding)
        left = np.argwhere(~final)
        known: dict[float, float] = {}
        for at in map(tuple, left):
            argument = float(x[at])
            if argument not in known:
                known[argument] = _exactly(t.format, name, argument, rounding)
            value[at] = known[argument]
    return value


def _decided(t: FloatType, value: Floats, rounding: str) -> Bools:
    """Where all numbers close to the value round to one."""
    low = t.quantise(value * (1 - _MARGIN), rounding, nan="zero")
    high = t.quantise(value * (1 + _MARGIN), rounding, nan="zero")
    same = (low == high) | (np.isnan(low) & np.isnan(high))
    return np.asarray(same & (np.abs(value) >= _TINY) & (np.abs(value) <= _HUGE))


def _exactly(f: FloatFormat, name: str, x: float, rounding: str) -> float:
    """A float64 that rounds to `f` in this mode as the exact value at a finite x, not 0 or a pole.

    Above 51 bits of precision it is the final value.
    """
    for limit in FUNCTIONS[name].limits:
        with np.errstate(all="ignore"):
            close = limit.where(np.float64(x), f.precision)
        if close:
            value, side = Fraction(limit.value(Fraction(x))), int(limit.side(np.float64(x)))
            moved = value + side * (abs(value) / 2**100 or Fraction(1, 2**3000))
            return round_fraction(f, moved, rounding)
    numerator, denominator = x.as_integer_ratio()
    k = 1 - denominator.bit_length()
    if k == 0:
        k = (numerator & -numerator).bit_length() - 1
        numerator >>= k
    bits = _WORKING_BITS
    while True:
        n, scale, error = ENCLOSURES[name](numerator, k, bits)
        up, down = 1 << max(0, scale), 1 << max(0, -scale)
        if error == 0:
            return round_ratio(f, n * up, down, rounding)
        if abs(n) > error:
            low = round_ratio(f, (n - error) * up, down, rounding)
            if low == round_ratio(f, (n + error) * up, down, rounding):
                return low
        bits *= 2
