"""Two's complement integers of 1 to 64 bits: `i1` .. `i64`, `u1` .. `u64`.

Wrapping results are computed in the carrier, which wraps modulo its own width, and then cut to the
type's; only saturation and traps need to know the exact result.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
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
from tilevm.dtypes.rounding import round_to_integer


@dataclass(frozen=True)
class IntType(DType):
    """`width` bits, two's complement if `signed`."""

    width: int
    signed: bool
    is_int: ClassVar[bool] = True
    wraps: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if not 1 <= self.width <= 64:
            raise error("TV0201", f"integers have 1 to 64 bits, not {self.width}")

    @property
    def name(self) -> str:
        return f"{'i' if self.signed else 'u'}{self.width}"

    @property
    def bits(self) -> int:
        return self.width

    @cached_property
    def carrier(self) -> np.dtype[Any]:
        size = next(n for n in (8, 16, 32, 64) if n >= self.width)
        return np.dtype(f"{'int' if self.signed else 'uint'}{size}")

    @property
    def min(self) -> int:
        return -(1 << self.width - 1) if self.signed else 0

    @property
    def max(self) -> int:
        return (1 << self.width - self.signed) - 1

    # --- codes

    def encode(self, values: npt.ArrayLike) -> Codes:
        return self.coerce(values).astype(np.uint64) & np.uint64(self.mask)

    def decode(self, codes: npt.ArrayLike) -> Array:
        return self.wrap(self.check_codes(codes))

    def wrap(self, values: Array) -> Array:
        """Any integers modulo 2**bits, as values of this type."""
        result = np.asarray(values).astype(self.carrier, copy=False)
        if self._fills:
            return result
        return self.of_codes(np.asarray(result & self._mask))

    def of_codes(self, codes: Array) -> Array:
        """Values of codes that are known to lie below 2**bits, in any integer array."""
        result = codes.astype(self.carrier, copy=False)
        if not self.signed or self._fills:
            return result
        # flipping the sign bit adds half the range, which is then taken off: no slow shifts
        flipped: Array = np.asarray(np.bitwise_xor(result, self._half))
        flipped -= self._half
        return flipped

    def codes(self, values: Array) -> Array:
        """Codes of values that are known to be of this type, in the unsigned type of that size."""
        raw = values.view(f"u{values.itemsize}")
        return np.asarray(raw & raw.dtype.type(self.mask)) if self.signed else raw

    @cached_property
    def _fills(self) -> bool:
        """Whether the carrier has no bits to spare."""
        return self.carrier.itemsize * 8 == self.width

    @cached_property
    def _mask(self) -> Any:
        return self.carrier.type(self.mask)

    @cached_property
    def _half(self) -> Any:
        return self.carrier.type(1 << self.width - 1)

    # --- data in and out

    @property
    def full(self) -> np.dtype[Any] | None:
        return self.carrier if self._fills else None

    def holds(self, array: Array) -> bool:
        if array.dtype is self.full:
            return True
        if array.dtype.kind not in "iu" or not array.size:
            return False
        return self.min <= int(array.min()) and int(array.max()) <= self.max

    def coerce(self, array: npt.ArrayLike, what: str = "value") -> Array:
        values = numeric(array, what)
        if values.dtype.kind == "f" and values.size:
            finite = np.isfinite(values)
            held = "floats"
            if not finite.all():
                index = first_index(~finite)
                held = f"{values[index]}{at(index)}"
            raise error(
                "TV0402",
                f"{what} holds {held}, but its type {self} holds integers",
                help="round it on purpose, for example with `numpy.rint(x).astype(int)`",
            )
        if values.dtype.kind == "b":
            values = values.astype(np.uint8)
        wrong = (values < self.min) | (values > self.max)
        if np.any(wrong):
            index = first_index(wrong)
            raise error(
                "TV0401",
                f"{what} holds {values[index]}{at(index)}, "
                f"but {self} holds {self.min} .. {self.max}",
            )
        return values.astype(self.carrier)

    def random(self, rng: np.random.Generator, shape: Shape) -> Array:
        drawn = rng.integers(self.min, self.max, shape, self.carrier.type, endpoint=True)
        special = {self.min, self.max, 0, max(self.min, -1), min(self.max, 1)}
        extremes = rng.choice(np.array(sorted(special), self.carrier), shape)
        return np.where(rng.random(shape) < 0.125, extremes, drawn)

    # --- arithmetic

    def add(
        self,
        a: Array,
        b: Array,
        overflow: str | None = None,
        rounding: str = "nearest_even",
    ) -> Array:
        x, y = self._operands(a, b)
        result = self.wrap(np.add(x, y))
        if self._wraps(overflow):
            return result
        if self.signed:  # two summands of one sign and a sum of the other
            over = ((x ^ result) & (y ^ result)) < 0
        else:
            over = result < x
        return self.limited("add", overflow, result, over, x < 0)

    def sub(
        self,
        a: Array,
        b: Array,
        overflow: str | None = None,
        rounding: str = "nearest_even",
    ) -> Array:
        x, y = self._operands(a, b)
        result = self.wrap(np.subtract(x, y))
        if self._wraps(overflow):
            return result
        if self.signed:
            return self.limited("sub", overflow, result, ((x ^ y) & (x ^ result)) < 0, x < 0)
        return self.limited("sub", overflow, result, x < y, x < y)

    def mul(
        self,
        a: Array,
        b: Array,
        overflow: str | None = None,
        rounding: str = "nearest_even",
    ) -> Array:
        x, y = self._operands(a, b)
        result = self.wrap(np.multiply(x, y))
        if self._wraps(overflow):
            return result
        if self.width <= 31:  # int64 holds the exact product
            exact = np.multiply(x, y, dtype=np.int64)
            return self.limited("mul", overflow, result, exact != result, exact < 0)
        negative = (x < 0) != (y < 0)
        high, low = wide_product(magnitude(x), magnitude(y))
        limit = np.where(negative, np.uint64(-self.min), np.uint64(self.max))
        return self.limited("mul", overflow, result, (high != 0) | (low > limit), negative)

    def neg(self, a: Array, overflow: str | None = None) -> Array:
        return self.sub(np.zeros((), self.carrier), a, overflow)

    def abs(self, a: Array, overflow: str | None = None) -> Array:
        x = np.asarray(a, self.carrier)
        result = self.wrap(np.abs(x))
        if self._wraps(overflow):
            return result
        return self.limited("abs", overflow, result, result < 0, False)

    def minimum(self, a: Array, b: Array) -> Array:
        return np.asarray(np.minimum(*self._operands(a, b)))

    def maximum(self, a: Array, b: Array) -> Array:
        return np.asarray(np.maximum(*self._operands(a, b)))

    def and_(self, a: Array, b: Array) -> Array:
        return np.asarray(np.bitwise_and(*self._operands(a, b)))

    def or_(self, a: Array, b: Array) -> Array:
        return np.asarray(np.bitwise_or(*self._operands(a, b)))

    def xor(self, a: Array, b: Array) -> Array:
        return np.asarray(np.bitwise_xor(*self._operands(a, b)))

    def not_(self, a: Array) -> Array:
        return self.wrap(np.bitwise_not(np.asarray(a, self.carrier)))

    def shl(self, a: Array, n: Array, overflow: str | None = None) -> Array:
        x, amount = self._shift(a, n)
        whole = np.where(amount < self.width, np.left_shift(x, amount), 0)
        result = self.wrap(whole)
        if self._wraps(overflow):
            return result
        back = np.right_shift(result, np.minimum(amount, self.width - 1).astype(self.carrier))
        over = np.where(amount < self.width, back != x, x != 0)
        return self.limited("shl", overflow, result, over, x < 0)

    def shr(self, a: Array, n: Array) -> Array:
        x, amount = self._shift(a, n)
        if self.signed:
            return np.asarray(np.right_shift(x, np.minimum(amount, self.width - 1)))
        gone = np.asarray(amount >= self.width)
        return np.where(gone, self.carrier.type(0), np.right_shift(x, amount))

    def _operands(self, a: Array, b: Array) -> tuple[Array, Array]:
        return np.asarray(a, self.carrier), np.asarray(b, self.carrier)

    def _shift(self, a: Array, n: Array) -> tuple[Array, Array]:
        """Value and amount, the amount cut to at most the width and in the carrier's type."""
        amount = np.asarray(n)
        x = np.asarray(a, self.carrier)
        negative = np.broadcast_to(amount < 0, np.broadcast_shapes(x.shape, amount.shape))
        trap_where(negative, "shift by a negative amount")
        return x, np.minimum(amount, self.width).astype(self.carrier)

    def _wraps(self, overflow: str | None) -> bool:
        if overflow is None:
            return True
        require(overflow, INTEGER_OVERFLOWS, f"overflow of {self}")
        return overflow == "wrap"

    def limited(
        self, operation: str, overflow: str | None, wrapped: Array, over: Array, below: Array | bool
    ) -> Array:
        """A result that trapped or saturates where `over`; `below` says at which end."""
        if overflow == "trap":
            over = np.broadcast_to(over, wrapped.shape)
            trap_where(
                over, f"`{operation}` overflows {self}, which holds {self.min} .. {self.max}"
            )
            return wrapped
        low, high = self.carrier.type(self.min), self.carrier.type(self.max)
        return np.where(over, np.where(below, low, high), wrapped)

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
        return to.from_integers(np.asarray(values), self, rounding, overflow, nan, words)

    def from_integers(
        self,
        values: Array,
        source: DType,
        rounding: str,
        overflow: str | None,
        nan: str | None,
        words: Array | None = None,
    ) -> Array:
        result = self.wrap(values)
        if self._wraps(overflow) or (source.min >= self.min and source.max <= self.max):
            return result
        below = values < self.min
        return self.limited("cast", overflow, result, below | (values > self.max), below)

    def from_floats(
        self,
        values: Array,
        source: DType,
        rounding: str,
        overflow: str | None,
        nan: str | None,
        words: Array | None = None,
    ) -> Array:
        mode = overflow or "sat"
        require(mode, INTEGER_OVERFLOWS, f"overflow of {self}")
        whole = round_to_integer(values, rounding, words)
        below = whole < float(self.min)
        over = below | (whole >= float(self.max + 1))
        invalid = np.isnan(whole)
        if (nan or mode) == "trap":
            trap_where(invalid, f"NaN has no value in {self}")
        finite = np.where(np.isfinite(whole), whole, 0.0)
        rest = np.fmod(finite, 2.0**self.width)  # exact, so the low bits survive any magnitude
        magnitude = np.abs(rest).astype(np.uint64)
        wrapped = self.wrap(np.where(rest < 0, np.uint64(0) - magnitude, magnitude))
        if mode == "wrap":
            return wrapped
        return self.limited("cast", mode, wrapped, over, below)


def magnitude(x: Array) -> npt.NDArray[np.uint64]:
    """|x|, also where the type of x does not have it."""
    wide = x.astype(np.uint64)
    return np.where(x < 0, np.uint64(0) - wide, wide)


def wide_product(
    a: npt.NDArray[np.uint64], b: npt.NDArray[np.uint64]
) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.uint64]]:
    """High and low 64 bits of the 128-bit product, from four products of 32 bits."""
    half, low32 = np.uint64(32), np.uint64(0xFFFFFFFF)
    a1, a0, b1, b0 = a >> half, a & low32, b >> half, b & low32
    middle = a1 * b0 + (a0 * b0 >> half)
    carry = a0 * b1 + (middle & low32)
    return a1 * b1 + (middle >> half) + (carry >> half), np.multiply(a, b)
