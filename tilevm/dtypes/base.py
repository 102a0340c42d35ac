"""What every number format answers: names, widths, codes, arithmetic on arrays of values.

A *value* array (of the type's `carrier`) holds numbers: the smallest fitting NumPy integer type for
integers, float64 for floats.  A *code* array holds bit patterns, right aligned in uint64.
Arithmetic never sees codes: they exist where bits matter, in memory and in `view`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from tilevm.diagnostics import TileError, error
from tilevm.dtypes.packing import pack_codes, unpack_codes

Array = npt.NDArray[Any]
Codes = npt.NDArray[np.uint64]
Shape = int | tuple[int, ...]

ROUNDINGS = ("nearest_even", "nearest_away", "toward_zero", "up", "down")
STOCHASTIC = "stochastic"  # the rounding of a cast that takes random words
INTEGER_OVERFLOWS = ("wrap", "sat", "trap")
FLOAT_OVERFLOWS = ("inf", "nan", "sat", "trap")
NAN_MODES = ("trap", "zero")
_COMPARISONS: dict[str, Callable[[Array, Array], Any]] = {
    "eq": np.equal,
    "ne": np.not_equal,
    "lt": np.less,
    "le": np.less_equal,
    "gt": np.greater,
    "ge": np.greater_equal,
    "one": lambda a, b: np.less(a, b) | np.greater(a, b),
    "ueq": lambda a, b: ~(np.less(a, b) | np.greater(a, b)),
    "ult": lambda a, b: ~np.greater_equal(a, b),
    "ule": lambda a, b: ~np.greater(a, b),
    "ugt": lambda a, b: ~np.less_equal(a, b),
    "uge": lambda a, b: ~np.less(a, b),
    "ord": lambda a, b: np.equal(a, a) & np.equal(b, b),
    "uno": lambda a, b: np.not_equal(a, a) | np.not_equal(b, b),
}
PREDICATES = tuple(_COMPARISONS)


class Trap(Exception):
    """An operation met a value that it was told not to accept.

    `index` is the first such element of the (broadcast) result; the VM adds the source position.
    """

    def __init__(self, index: tuple[int, ...], message: str) -> None:
        super().__init__(message)
        self.index = index
        self.message = message


def first_index(mask: npt.ArrayLike) -> tuple[int, ...]:
    """Index of the first true element, in row-major order."""
    mask = np.asarray(mask)
    return tuple(int(i) for i in np.unravel_index(int(np.argmax(mask)), mask.shape))


def trap_where(mask: npt.ArrayLike, message: str) -> None:
    """Raise `Trap` at the first true element, if there is one."""
    if np.any(mask):
        raise Trap(first_index(mask), message)


def require(mode: str, allowed: tuple[str, ...], what: str) -> None:
    """Refuse an unknown mode name (TV0250), naming the choices."""
    if mode not in allowed:
        raise error("TV0250", f"{what} must be one of {', '.join(allowed)}, not {mode!r}")


def require_rounding(rounding: str, words: Array | None) -> None:
    """Refuse an unknown rounding (TV0250), and `stochastic` without random words."""
    require(rounding, ROUNDINGS if words is None else (STOCHASTIC,), "rounding")


def as_array(values: npt.ArrayLike) -> Array:
    """As `numpy.asarray`, but a list of whole numbers that fit uint64 never becomes float64.

    The types of ml_dtypes, which NumPy knows nothing of, become float64 or int64: exactly.
    ValueError for lists that make no array, and for elements that are masked.
    """
    if isinstance(values, np.ma.MaskedArray) and np.ma.is_masked(values):
        raise ValueError("some of its elements are masked")
    found = np.asarray(values)
    if found.dtype.kind in "Vf" and found.dtype.type.__module__ == "ml_dtypes":
        whole = found.dtype.name.startswith(("int", "uint"))
        with np.errstate(invalid="ignore"):  # signalling NaN
            return found.astype(np.int64 if whole else np.float64)
    if found.dtype.kind == "f" and isinstance(values, list | tuple):
        exact = np.asarray(values, object)
        if exact.size and all(isinstance(number, int) for number in exact.flat):
            if exact.min() >= 0 and exact.max() < 1 << 64:
                return exact.astype(np.uint64)
    return found


def numeric(array: npt.ArrayLike, what: str) -> Array:
    """The array, if it holds booleans, integers or real floats; otherwise TV0402."""
    try:
        result = as_array(array)
    except ValueError as reason:
        raise error("TV0402", f"{what} is not a rectangular array of numbers") from reason
    if result.dtype.kind not in "biuf":
        hint = "convert it to a NumPy integer or float type first, with `.astype`"
        if result.dtype.kind == "V" and result.dtype.names is None:
            hint = "files keep no types of ml_dtypes: save `x.astype(numpy.float32)`"
        message = f"{what} must be an array of integers or floats, not of {result.dtype}"
        raise error("TV0402", message, help=hint)
    return result


def at(index: tuple[int, ...]) -> str:
    """` at index [1, 2]`, or nothing for a scalar."""
    return f" at index [{', '.join(map(str, index))}]" if index else ""


class DType(ABC):
    """A number format; equal formats are equal and hashable, and `dtype` interns them.

    Operations work on arrays of values, element by element; they broadcast and never warn.
    """

    is_int: ClassVar[bool] = False
    is_float: ClassVar[bool] = False
    wraps: ClassVar[bool] = False  # whether a result beyond the type wraps, unless told otherwise
    signed: bool

    @property
    @abstractmethod
    def name(self) -> str:
        """The name that `dtype` takes back."""

    @property
    @abstractmethod
    def bits(self) -> int:
        """Width of a code, 1 to 64."""

    @property
    @abstractmethod
    def carrier(self) -> np.dtype[Any]:
        """NumPy type of the arrays that hold values of this format."""

    @property
    @abstractmethod
    def min(self) -> int | float:
        """The smallest finite value."""

    @property
    @abstractmethod
    def max(self) -> int | float:
        """The largest finite value."""

    def __str__(self) -> str:
        return self.name

    @property
    def mask(self) -> int:
        """The code whose bits are all ones."""
        return (1 << self.bits) - 1

    # --- codes

    @abstractmethod
    def encode(self, values: npt.ArrayLike) -> Codes:
        """Codes of the values: floats are rounded once, integers must be in range (TV0401)."""

    @abstractmethod
    def decode(self, codes: npt.ArrayLike) -> Array:
        """Values of the codes; a code wider than the type is TV0401."""

    def pack(self, codes: npt.ArrayLike, *, padding: str = "none") -> npt.NDArray[np.uint8]:
        """Bytes of the codes, without gaps: element j of a row takes bits j*bits .. j*bits+bits-1.

        Least significant bit first, crossing bytes.  With padding `byte` or `word` (32 bits) every
        row (last axis) starts at such a boundary; with `none` the whole array is one row.  Unused
        bits are zero.  TV0401 for a code wider than the type.
        """
        return pack_codes(self.check_codes(codes), self.bits, padding)

    def unpack(self, data: bytes | npt.ArrayLike, count: Shape, *, padding: str = "none") -> Codes:
        """The `count` codes (a number, or a shape) that `pack` wrote; TV0402 if data is short."""
        return unpack_codes(data, self.bits, count, padding)

    def check_codes(self, codes: npt.ArrayLike) -> Codes:
        """The codes as uint64; TV0401 names the first that does not fit, TV0402 wrong arrays."""
        array = numeric(codes, "codes")
        if array.dtype.kind == "f" and array.size:
            raise error(
                "TV0402",
                f"codes of {self} are bit patterns, so integers; this array holds {array.dtype}",
                help=f"values become codes by `dtype({self.name!r}).encode(values)`",
            )
        wrong = (array < 0) | (array > self.mask)
        if np.any(wrong):
            index = first_index(wrong)
            raise error(
                "TV0401",
                f"code {array[index]}{at(index)} is outside 0 .. {self.mask}, the codes of {self}",
                help=f"values become codes by `dtype({self.name!r}).encode(values)`",
            )
        return array.astype(np.uint64, copy=False)

    # --- data in and out

    @property
    def full(self) -> np.dtype[Any] | None:
        """The NumPy type all of whose numbers are values of this type, as they are; None if none.

        Always the carrier, if anything.
        """
        return None

    def holds(self, array: Array) -> bool:
        """Whether it is quick to see that an array's numbers are values of this type."""
        return False

    @abstractmethod
    def coerce(self, array: npt.ArrayLike, what: str = "value") -> Array:
        """User data as a value array; what the type cannot hold exactly is TV0401 or TV0402."""

    @abstractmethod
    def random(self, rng: np.random.Generator, shape: Shape) -> Array:
        """Finite values drawn over all codes, with one in eight an extreme or a small one."""

    # --- arithmetic

    @abstractmethod
    def add(
        self,
        a: Array,
        b: Array,
        overflow: str | None = None,
        rounding: str = "nearest_even",
    ) -> Array:
        """a + b: exact, then `overflow` (integers); rounded once (floats)."""

    @abstractmethod
    def sub(
        self,
        a: Array,
        b: Array,
        overflow: str | None = None,
        rounding: str = "nearest_even",
    ) -> Array:
        """a - b: exact, then `overflow` (integers); rounded once (floats)."""

    @abstractmethod
    def mul(
        self,
        a: Array,
        b: Array,
        overflow: str | None = None,
        rounding: str = "nearest_even",
    ) -> Array:
        """a * b: exact, then `overflow` (integers); rounded once (floats)."""

    def div(
        self,
        a: Array,
        b: Array,
        overflow: str | None = None,
        rounding: str = "nearest_even",
    ) -> Array:
        """a / b, rounded once (not for integers)."""
        raise self._only_floats("div")

    def fma(
        self,
        a: Array,
        b: Array,
        c: Array,
        overflow: str | None = None,
        rounding: str = "nearest_even",
    ) -> Array:
        """a * b + c, rounded once (not for integers)."""
        raise self._only_floats("fma")

    def sqrt(self, a: Array, overflow: str | None = None, rounding: str = "nearest_even") -> Array:
        """The square root, rounded once (not for integers)."""
        raise self._only_floats("sqrt")

    @abstractmethod
    def neg(self, a: Array, overflow: str | None = None) -> Array:
        """-a; the sign flips even on a zero (floats)."""

    @abstractmethod
    def abs(self, a: Array, overflow: str | None = None) -> Array:
        """|a|: exact, then `overflow` (integers); the sign cleared (floats)."""

    @abstractmethod
    def minimum(self, a: Array, b: Array) -> Array:
        """The smaller; floats: NaN if either is, and -0 is below +0."""

    @abstractmethod
    def maximum(self, a: Array, b: Array) -> Array:
        """The larger; floats: NaN if either is, and -0 is below +0."""

    def compare(self, a: Array, b: Array, predicate: str) -> npt.NDArray[np.uint8]:
        """1 where `a predicate b`, else 0.  A NaN is unequal to everything.

        eq ne lt le gt ge; of floats also one (not equal, no NaN), ueq ult ule ugt uge (or a NaN),
        ord (no NaN), uno (a NaN).
        """
        require(predicate, PREDICATES, "the predicate of compare")
        return np.asarray(_COMPARISONS[predicate](a, b)).astype(np.uint8)

    def and_(self, a: Array, b: Array) -> Array:
        """Bitwise a & b (integers only)."""
        raise self._lacks("and")

    def or_(self, a: Array, b: Array) -> Array:
        """Bitwise a | b (integers only)."""
        raise self._lacks("or")

    def xor(self, a: Array, b: Array) -> Array:
        """Bitwise a ^ b (integers only)."""
        raise self._lacks("xor")

    def not_(self, a: Array) -> Array:
        """Bitwise complement (integers only)."""
        raise self._lacks("not")

    def shl(self, a: Array, n: Array, overflow: str | None = None) -> Array:
        """a * 2**n, then `overflow` (integers only); a negative amount is a `Trap`."""
        raise self._lacks("shl")

    def shr(self, a: Array, n: Array) -> Array:
        """floor(a / 2**n) (integers only); a negative amount is a `Trap`."""
        raise self._lacks("shr")

    def _lacks(self, operation: str) -> TileError:
        return error("TV0251", f"`{operation}` is defined for integers, and {self} is none")

    def _only_floats(self, operation: str) -> TileError:
        return error("TV0251", f"`{operation}` is not defined for {self}", help="`cast` to a float")

    # --- conversion

    @abstractmethod
    def cast(
        self,
        values: Array,
        to: DType,
        rounding: str = "nearest_even",
        overflow: str | None = None,
        nan: str | None = None,
        words: Array | None = None,
    ) -> Array:
        """Values of this type as values of `to`, rounded once.

        `rounding`: nearest_even, nearest_away, toward_zero, up, down; or stochastic with `words`,
        an array of uint32 in the shape of the values: away from zero where the word is less than
        2**32 times the fraction of the step that rounding towards zero would drop.
        `overflow` to integers: wrap, sat or trap; by default wrap from integers, sat from floats.
        NaN becomes 0 unless overflow or `nan` is trap; an infinity saturates, or becomes 0 with
        wrap.
        `overflow` to floats: inf, nan, sat or trap, by default as the format says.  NaN into a
        format without NaN traps, or becomes its code 0 with `nan="zero"`.
        """

    @abstractmethod
    def from_integers(
        self,
        values: Array,
        source: DType,
        rounding: str,
        overflow: str | None,
        nan: str | None,
        words: Array | None = None,
    ) -> Array:
        """The half of `cast` that knows the target, for integer sources."""

    @abstractmethod
    def from_floats(
        self,
        values: Array,
        source: DType,
        rounding: str,
        overflow: str | None,
        nan: str | None,
        words: Array | None = None,
    ) -> Array:
        """The half of `cast` that knows the target, for float sources."""
