"""Fixed point: integers with a scale exponent, `fixed(i16, -8)` is an i16 times 2**-8.

Values live in float64, which holds integers of up to 53 bits times a power of two exactly, and are
never -0.  Arithmetic goes through the integers; where a width does not fit int64 it goes through
Python's, slower and as exact.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from tilevm.diagnostics import error
from tilevm.dtypes.base import (
    INTEGER_OVERFLOWS,
    Array,
    Codes,
    DType,
    Shape,
    at,
    first_index,
    numeric,
    require,
    require_rounding,
    trap_where,
)
from tilevm.dtypes.integers import IntType

MAX_BITS = 53  # what float64 holds exactly
MAX_SCALE = 128
_TINY = 2.0**-800  # smaller numbers round like this one, and scaling does not lose it


@dataclass(frozen=True)
class FixedType(DType):
    """`base` times 2**`scale`; TV0220 beyond 53 bits or scales of -128 to 128."""

    base: IntType
    scale: int
    label: str | None = field(default=None, compare=False)
    wraps: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if self.base.bits > MAX_BITS:
            raise error(
                "TV0220",
                f"fixed point has at most {MAX_BITS} bits, not the {self.base.bits} of {self.base}",
                help="its values are kept in float64, which holds no more exactly",
            )
        if abs(self.scale) > MAX_SCALE:
            message = f"a scale exponent goes from -{MAX_SCALE} to {MAX_SCALE}, not {self.scale}"
            raise error("TV0220", message)

    @property
    def full_name(self) -> str:
        """The type written out."""
        return f"fixed({self.base}, {self.scale})"

    @property
    def name(self) -> str:
        return self.label or self.full_name

    @property
    def bits(self) -> int:
        return self.base.bits

    @property
    def signed(self) -> bool:  # type: ignore[override]
        return self.base.signed

    @property
    def carrier(self) -> np.dtype[Any]:
        return np.dtype(np.float64)

    @property
    def min(self) -> float:
        return self.base.min * 2.0**self.scale

    @property
    def max(self) -> float:
        return self.base.max * 2.0**self.scale

    def integers(self, values: Array) -> Array:
        """The integers of values, as values of `base`."""
        return np.ldexp(np.asarray(values, np.float64), -self.scale).astype(self.base.carrier)

    def scaled(self, integers: Array) -> Array:
        """The values of integers of `base`."""
        return np.asarray(np.ldexp(np.asarray(integers).astype(np.float64), self.scale))

    # --- codes and data

    def encode(self, values: npt.ArrayLike) -> Codes:
        return self.base.encode(self.integers(self.coerce(values)))

    def decode(self, codes: npt.ArrayLike) -> Array:
        return self.scaled(self.base.decode(codes))

    def coerce(self, array: npt.ArrayLike, what: str = "value") -> Array:
        given = numeric(array, what)
        with np.errstate(all="ignore"):
            x = given.astype(np.float64)
            steps = np.ldexp(x, -self.scale)
            exact = (steps == np.rint(steps)) & (x >= self.min) & (x <= self.max)
            exact &= np.asarray(np.ldexp(steps, self.scale) == given)
        if np.any(~exact):
            index = first_index(~exact)
            raise error(
                "TV0401",
                f"{what} holds {given[index]}{at(index)}, but {self} holds the multiples of "
                f"2**{self.scale} from {self.min} to {self.max}",
            )
        return x + 0.0

    def random(self, rng: np.random.Generator, shape: Shape) -> Array:
        return self.scaled(self.base.random(rng, shape))

    # --- arithmetic

    def add(
        self, a: Array, b: Array, overflow: str | None = None, rounding: str = "nearest_even"
    ) -> Array:
        return self.scaled(self.base.add(self.integers(a), self.integers(b), overflow))

    def sub(
        self, a: Array, b: Array, overflow: str | None = None, rounding: str = "nearest_even"
    ) -> Array:
        return self.scaled(self.base.sub(self.integers(a), self.integers(b), overflow))

    def mul(
        self, a: Array, b: Array, overflow: str | None = None, rounding: str = "nearest_even"
    ) -> Array:
        x, y = (exact_integers(self.integers(v), 2 * self.bits) for v in (a, b))
        return self.fit(np.asarray(x * y), 2 * self.bits, 2 * self.scale, rounding, overflow, "mul")

    def div(
        self, a: Array, b: Array, overflow: str | None = None, rounding: str = "nearest_even"
    ) -> Array:
        x, y = self.integers(a), self.integers(b)
        zero = np.broadcast_to(y == 0, np.broadcast_shapes(x.shape, y.shape))
        trap_where(zero, "division by zero")
        steps = divide_integers(x, y, self.bits, -self.scale, rounding)
        return self.scaled(fit_integers(self.base, steps, overflow, "div"))

    def neg(self, a: Array, overflow: str | None = None) -> Array:
        return self.scaled(self.base.neg(self.integers(a), overflow))

    def abs(self, a: Array, overflow: str | None = None) -> Array:
        return self.scaled(self.base.abs(self.integers(a), overflow))

    def minimum(self, a: Array, b: Array) -> Array:
        return np.asarray(np.minimum(a, b))

    def maximum(self, a: Array, b: Array) -> Array:
        return np.asarray(np.maximum(a, b))

    def fit(
        self,
        integers: Array,
        bits: int,
        scale: int,
        rounding: str = "nearest_even",
        overflow: str | None = None,
        operation: str = "cast",
        words: Array | None = None,
    ) -> Array:
        """Exact integers (int64 or Python's, of `bits`) times 2**scale as values, rounded once."""
        steps = shift_integers(integers, bits, scale - self.scale, rounding, words)
        return self.scaled(fit_integers(self.base, steps, overflow, operation))

    # --- conversion

    def cast(
        self,
        values: Array,
        to: DType,
        rounding: str = "nearest_even",
        overflow: str | None = None,
        nan: str | None = None,
        words: Array | None = None,
    ) -> Array:
        require_rounding(rounding, words)
        wraps = to.is_int or isinstance(to, FixedType)
        mode = overflow or ("wrap" if wraps else None)
        return to.from_floats(np.asarray(values, np.float64), self, rounding, mode, nan, words)

    def from_integers(
        self,
        values: Array,
        source: DType,
        rounding: str,
        overflow: str | None,
        nan: str | None,
        words: Array | None = None,
    ) -> Array:
        exact = exact_integers(values, source.bits + 1)
        return self.fit(exact, source.bits + 1, 0, rounding, overflow, words=words)

    def from_floats(
        self,
        values: Array,
        source: DType,
        rounding: str,
        overflow: str | None,
        nan: str | None,
        words: Array | None = None,
    ) -> Array:
        tiny = (np.abs(values) < _TINY) & (values != 0)
        x = np.where(tiny, np.copysign(_TINY, values), values)
        with np.errstate(all="ignore"):
            steps = np.ldexp(x, -self.scale)
        return self.scaled(self.base.from_floats(steps, source, rounding, overflow, nan, words))


# --- exact integers, in int64 where they fit and as Python's where they do not


def exact_integers(values: Array, bits: int) -> Array:
    """Integers in an array in which results of so many bits are exact."""
    return np.asarray(values).astype(np.int64 if bits <= 63 else object)


def shift_integers(
    x: Array, bits: int, shift: int, rounding: str = "nearest_even", words: Array | None = None
) -> Array:
    """x * 2**shift, rounded to whole numbers; `bits`: the most that an x takes, its sign too."""
    if shift >= 0:
        return np.asarray(exact_integers(x, bits + shift) << shift)
    n = -shift
    if n > 61 or words is not None:
        x = np.asarray(x).astype(object)
    below = np.asarray(x >> n)
    rest = np.asarray(x - (below << n))
    if words is not None:
        size, negative = np.abs(x), np.asarray(x < 0)
        whole = size >> n
        fraction = size - (whole << n)
        whole = whole + ((words.astype(object) << n) < fraction << 32).astype(np.int64)
        return np.asarray(np.where(negative, -whole, whole))
    return _rounded(x < 0, below, rest, 1 << n, rounding)


def divide_integers(x: Array, y: Array, bits: int, shift: int, rounding: str) -> Array:
    """x * 2**shift / y, rounded to whole numbers; `bits`: the most that an x or y takes."""
    x, y = (exact_integers(value, bits + abs(shift) + 2) for value in (x, y))
    x, y = (x << shift, y) if shift >= 0 else (x, y << -shift)
    x, y = np.asarray(np.where(y < 0, -x, x)), np.asarray(np.abs(y))
    below = np.asarray(x // y)
    return _rounded(x < 0, below, np.asarray(x - below * y), y, rounding)


def _rounded(
    negative: Array, below: Array, rest: Array, whole: Array | int, rounding: str
) -> Array:
    """below + rest / whole, rounded to whole numbers; `rest`: 0 .. whole - 1."""
    twice = 2 * rest
    up = {
        "nearest_even": (twice > whole) | ((twice == whole) & (below & 1 == 1)),
        "nearest_away": (twice > whole) | ((twice == whole) & ~np.asarray(negative, bool)),
        "toward_zero": (rest > 0) & negative,
        "up": rest > 0,
        "down": np.zeros(np.shape(below), bool),
    }[rounding]
    return np.asarray(below + np.asarray(up).astype(np.int64))


def fit_integers(base: IntType, x: Array, overflow: str | None, operation: str) -> Array:
    """Exact integers as values of `base`: wrapped, or as `overflow` says."""
    mode = overflow or "wrap"
    require(mode, INTEGER_OVERFLOWS, f"overflow of {base}")
    if mode == "trap":
        over = np.asarray((x < base.min) | (x > base.max), bool)
        trap_where(over, f"`{operation}` overflows {base}, which holds {base.min} .. {base.max}")
    if mode == "sat":
        x = np.asarray(np.clip(x, base.min, base.max))
    if x.dtype == object:
        x = np.asarray(x & ((1 << 64) - 1)).astype(np.uint64)
    return base.wrap(x)
