"""Float types: coding, rounding and arithmetic that is exact or rounded once.

Values live in float64 and are always members of their format.  NaN is always the same NaN.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from tilevm.diagnostics import error
from tilevm.dtypes.base import (
    FLOAT_OVERFLOWS,
    NAN_MODES,
    ROUNDINGS,
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
from tilevm.dtypes.coding import decode_floats, encode_floats, encode_wide_integers
from tilevm.dtypes.float_arithmetic import arithmetic, has_finite_result, settle
from tilevm.dtypes.formats import FloatFormat
from tilevm.dtypes.rounding import Floats, two_sum

_FLOAT64 = np.dtype(np.float64)


@dataclass(frozen=True)
class FloatType(DType):
    """A float format as a type; `format` holds widths, bias and conventions."""

    format: FloatFormat
    is_float: ClassVar[bool] = True

    @property
    def name(self) -> str:
        return self.format.full_name

    @property
    def bits(self) -> int:
        return self.format.bits

    @property
    def signed(self) -> bool:  # type: ignore[override]
        return self.format.signed

    @property
    def carrier(self) -> np.dtype[Any]:
        return _FLOAT64

    @property
    def min(self) -> float:
        if self.signed:
            return -self.max
        return 0.0 if self.format.has_zero else self.format.smallest

    @property
    def max(self) -> float:
        return self.format.largest

    # --- codes

    def encode(self, values: npt.ArrayLike) -> Codes:
        f = self.format
        x = np.ascontiguousarray(numeric(values, "values"), np.float64)
        x = x.reshape(np.shape(values))
        return encode_floats(f, x, "nearest_even", f.default_overflow)

    def decode(self, codes: npt.ArrayLike) -> Array:
        return decode_floats(self.format, self.check_codes(codes))

    def quantise(
        self,
        x: npt.ArrayLike,
        rounding: str = "nearest_even",
        overflow: str | None = None,
        nan: str = "trap",
        words: Array | None = None,
    ) -> Floats:
        """Float64 values rounded once to this format; modes and `words` as in `cast`."""
        values = np.asarray(x, np.float64)
        usual = rounding == "nearest_even" and words is None and nan in NAN_MODES
        if usual and self._is_single and overflow in (None, "inf"):
            with np.errstate(all="ignore"):
                return round_single(values)
        f = self.format
        mode = self._overflow(overflow)
        require_rounding(rounding, words)
        require(nan, NAN_MODES, "nan")
        magic = f.signed and 1 <= f.mantissa <= 50 and self._has_magic
        if rounding != "nearest_even" or not magic or f.nan_code is None:
            if self._native == np.float64 and rounding == "nearest_even" and mode == "inf":
                return _canonical(values)
            return decode_floats(f, encode_floats(f, values, rounding, mode, nan, words))
        with np.errstate(all="ignore"):
            rounded = self._nearest(values)
            over = np.abs(rounded) > self.max
        if over.any():
            rounded = self._overflowed(rounded, over, values, mode)
        if f.convention == "fnuz":
            rounded = rounded + 0.0
        return _canonical(rounded)

    def _nearest(self, x: Floats) -> Floats:
        """Nearest even with no upper end: adding 1.5 * 2**(e + 52 - m) drops what lies below."""
        f = self.format
        if self._is_single:
            return np.asarray(x.astype(np.float32).astype(np.float64))
        field = np.asarray(x.view(np.int64) >> 52)
        field &= 0x7FF
        np.maximum(field, f.lowest + 1023, out=field)
        np.minimum(field, f.highest + 1024, out=field)
        field += 52 - f.mantissa
        field <<= 52
        field |= 1 << 51
        magic = field.view(np.float64)
        rounded = np.asarray(x + magic)
        rounded -= magic
        return np.copysign(rounded, x, out=rounded)

    @cached_property
    def _has_magic(self) -> bool:
        """Whether float64 holds all the numbers that `_nearest` adds."""
        f = self.format
        return f.highest + 1 + 52 - f.mantissa <= 1023

    @cached_property
    def _native(self) -> np.dtype[Any] | None:
        """NumPy's type of this format, where rounding to it is the processor's."""
        natives = {(5, 10, 15): np.float16, (8, 23, 127): np.float32, (11, 52, 1023): np.float64}
        for shape, native in natives.items():
            if self.format == FloatFormat(*shape):
                return np.dtype(native)
        return None

    @cached_property
    def _is_single(self) -> bool:
        return self.format == FloatFormat(8, 23, 127)

    @cached_property
    def _is_short(self) -> bool:
        """Whether it is float32 with a shorter mantissa: bf16, tf32."""
        f = self.format
        shape = (f.exponent, f.bias, f.convention, f.signed)
        return shape == (8, 127, "ieee", True) and f.mantissa < 23

    def _overflowed(self, rounded: Floats, over: Array, x: Floats, mode: str) -> Floats:
        if mode == "trap":
            trap_where(over & np.isfinite(x) if self.format.inf_code else over, f"{self} overflows")
        limit = {"sat": self.max, "nan": np.nan}.get(mode, np.inf)
        return np.where(over, np.copysign(limit, rounded), rounded)

    def _overflow(self, overflow: str | None) -> str:
        """The mode, checked against what the format has codes for."""
        f = self.format
        mode = overflow or f.default_overflow
        absent = {"inf": f.inf_code is None, "nan": f.nan_code is None}
        allowed = tuple(m for m in FLOAT_OVERFLOWS if not absent.get(m))
        require(mode, allowed, f"overflow of {self}")
        return mode

    # --- data in and out

    def holds(self, array: Array) -> bool:
        native = self._native or (np.dtype(np.float32) if self._is_short else None)
        if native is None or array.dtype.kind != "f" or array.itemsize > 8:
            return False
        with np.errstate(all="ignore"):
            found = array.astype(native, copy=False)
            if not (found == array).all():  # never with a NaN
                return False
        if not self._is_short:
            return True
        lost = np.uint32((1 << 23 - self.format.mantissa) - 1)
        return not (found.view(np.uint32) & lost).any()

    def coerce(self, array: npt.ArrayLike, what: str = "value") -> Array:
        given = numeric(array, what)
        if self.holds(given):  # the usual case
            return given.astype(np.float64)
        with np.errstate(all="ignore"):
            x = given.astype(np.float64)
            same = x == given if given.dtype.kind == "f" else _equal_integers(x, given)
        nearest = self.quantise(x, overflow="sat", nan="zero")
        invalid = np.isnan(x)
        if self.format.nan_code is not None:
            same = same | invalid
        if self.format.inf_code is not None:
            nearest = np.where(np.isinf(x), x, nearest)
        wrong = ~(same & ((nearest == x) | invalid))
        if self.format.convention == "fnuz":
            x = x + 0.0
        if np.any(wrong):
            index = first_index(wrong)
            held = f"{what} holds {given[index]}{at(index)}"
            below = x[index] < 0 or (x[index] == 0 and not self.format.has_zero)
            if not np.isfinite(x[index]) or (not self.signed and below):
                raise error("TV0401", f"{held}, which {self} does not have")
            raise error(
                "TV0401",
                f"{held}, which {self} cannot hold exactly: the nearest is {nearest[index]}",
                help=f"round it on purpose: `t = dtype({self.name!r}); t.decode(t.encode(x))`",
            )
        return _canonical(x)

    def random(self, rng: np.random.Generator, shape: Shape) -> Array:
        f = self.format
        code = rng.integers(0, f.max_code, shape, np.uint64, endpoint=True)
        one = f.bias << f.mantissa
        special = [0, 1, (1 << f.mantissa) - 1, 1 << f.mantissa, one, f.max_code]
        within = sorted({min(max(each, 0), f.max_code) for each in special})
        extremes = rng.choice(np.array(within, np.uint64), shape)
        code = np.where(rng.random(shape) < 0.125, extremes, code)
        if f.signed:
            negative = rng.integers(0, 1, shape, np.uint64, endpoint=True)
            if f.convention == "fnuz":
                negative = np.where(code == 0, np.uint64(0), negative)
            code = code | negative * np.uint64(f.sign_code)
        return decode_floats(f, code)

    # --- arithmetic

    def add(
        self,
        a: Array,
        b: Array,
        overflow: str | None = None,
        rounding: str = "nearest_even",
    ) -> Array:
        return self._computed("add", (a, b), overflow, rounding)

    def sub(
        self,
        a: Array,
        b: Array,
        overflow: str | None = None,
        rounding: str = "nearest_even",
    ) -> Array:
        return self.add(a, np.negative(np.asarray(b, np.float64)), overflow, rounding)

    def mul(
        self,
        a: Array,
        b: Array,
        overflow: str | None = None,
        rounding: str = "nearest_even",
    ) -> Array:
        return self._computed("mul", (a, b), overflow, rounding)

    def div(
        self,
        a: Array,
        b: Array,
        overflow: str | None = None,
        rounding: str = "nearest_even",
    ) -> Array:
        return self._computed("div", (a, b), overflow, rounding)

    def fma(
        self,
        a: Array,
        b: Array,
        c: Array,
        overflow: str | None = None,
        rounding: str = "nearest_even",
    ) -> Array:
        return self._computed("fma", (a, b, c), overflow, rounding)

    def sqrt(self, a: Array, overflow: str | None = None, rounding: str = "nearest_even") -> Array:
        return self._computed("sqrt", (a,), overflow, rounding)

    def _computed(
        self, operation: str, operands: tuple[Array, ...], overflow: str | None, rounding: str
    ) -> Array:
        """An operation rounded once; an overflow of float64 must not pass for an infinity."""
        mode = self._overflow(overflow)
        require(rounding, ROUNDINGS, "rounding")
        floats = tuple(np.asarray(x, np.float64) for x in operands)
        raw = arithmetic(self.format, operation, floats, rounding)
        if self.format.highest > 510 and mode == "trap":
            lost = np.isinf(raw) & has_finite_result(operation, floats)
            trap_where(lost, f"`{operation}` overflows {self}")
        return self.quantise(raw, rounding, mode)

    def neg(self, a: Array, overflow: str | None = None) -> Array:
        return self.quantise(np.negative(np.asarray(a, np.float64)), overflow=overflow)

    def abs(self, a: Array, overflow: str | None = None) -> Array:
        return self.quantise(np.abs(np.asarray(a, np.float64)), overflow=overflow)

    def minimum(self, a: Array, b: Array) -> Array:
        x, y = np.asarray(a, np.float64), np.asarray(b, np.float64)
        return _extreme(np.minimum, x, y, lambda: -(-x - y))

    def maximum(self, a: Array, b: Array) -> Array:
        x, y = np.asarray(a, np.float64), np.asarray(b, np.float64)
        return _extreme(np.maximum, x, y, lambda: x + y)

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
        return to.from_floats(np.asarray(values, np.float64), self, rounding, overflow, nan, words)

    def from_floats(
        self,
        values: Array,
        source: DType,
        rounding: str,
        overflow: str | None,
        nan: str | None,
        words: Array | None = None,
    ) -> Array:
        return self.quantise(values, rounding, overflow, nan or "trap", words)

    def from_integers(
        self,
        values: Array,
        source: DType,
        rounding: str,
        overflow: str | None,
        nan: str | None,
        words: Array | None = None,
    ) -> Array:
        nan = nan or "trap"
        if source.bits <= 53:
            return self.quantise(values.astype(np.float64), rounding, overflow, nan, words)
        if words is not None:  # the bits below float64's last one decide too
            mode = self._overflow(overflow)
            codes = encode_wide_integers(self.format, values, rounding, mode, nan, words)
            return decode_floats(self.format, codes)
        low = values & values.dtype.type(0xFFFFFFFF)
        high = (values - low).astype(np.float64)  # at most 32 significant bits
        return self.round_pair(*two_sum(high, low.astype(np.float64)), rounding, overflow, nan)

    def round_pair(
        self,
        s: Floats,
        e: Floats,
        rounding: str = "nearest_even",
        overflow: str | None = None,
        nan: str = "trap",
    ) -> Floats:
        """s + e rounded once, where s = fl(s + e) (as `two_sum` leaves it)."""
        with np.errstate(all="ignore"):
            whole = settle(self.format, s, e, rounding)
        return self.quantise(whole, rounding, overflow, nan)


def round_single(x: Floats) -> Floats:
    """Float64 values rounded to f32, to nearest even, by the processor, which may warn."""
    return _canonical(x.astype(np.float32).astype(np.float64))


def _extreme(
    choose: Callable[[Floats, Floats], Any], x: Floats, y: Floats, of_zeros: Callable[[], Floats]
) -> Floats:
    """The smaller or larger of each two; `of_zeros`: the same of two zeros, by their signs."""
    with np.errstate(all="ignore"):
        found = np.asarray(choose(x, y))
        zero = found == 0
        if zero.any():
            found = np.where(zero & (x == y), of_zeros(), found)
        return _canonical(found)


def _canonical(x: Array) -> Floats:
    """The array with every NaN the positive quiet one."""
    invalid = np.isnan(x)
    return np.where(invalid, np.nan, x) if invalid.any() else np.asarray(x)


def _equal_integers(x: Floats, integers: Array) -> Array:
    """Where float64 holds the integer exactly; 2**64 and 2**63 don't fit the way back."""
    if integers.dtype.itemsize < 8 or integers.dtype.kind == "b":
        return np.ones(x.shape, bool)
    fits = x < float(np.iinfo(integers.dtype).max)
    return np.asarray(fits & (np.where(fits, x, 0.0).astype(integers.dtype) == integers))
