"""Codebooks: a code of 1 to 16 bits stands for an entry of a table, a number or a short vector.

An array of a codebook type holds codes, not the numbers that they stand for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt

from tilevm.diagnostics import TileError, error
from tilevm.dtypes.base import (
    Array,
    Codes,
    DType,
    Shape,
    at,
    first_index,
    numeric,
    trap_where,
)
from tilevm.dtypes.rounding import two_sum

MAX_ENTRIES = 1 << 16
Entry = int | float | tuple[int | float, ...]

_UNEVEN = "the entries of a codebook are all numbers, or all lists of one length"


@dataclass(frozen=True)
class CodebookType(DType):
    """Entries of type `entry`, by code; `label` is a short name.  TV0221 for impossible ones."""

    entry: DType
    entries: tuple[Entry, ...]
    label: str | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        if isinstance(self.entry, CodebookType):
            raise error("TV0221", "the entries of a codebook are numbers, not codes of another")
        if not 1 <= len(self.entries) <= MAX_ENTRIES:
            count = len(self.entries)
            raise error("TV0221", f"a codebook has 1 to {MAX_ENTRIES} entries, not {count}")
        lengths = {len(e) if isinstance(e, tuple) else None for e in self.entries}
        rows = [e for e in self.entries if isinstance(e, tuple)]
        nested = any(isinstance(x, tuple | list) for row in rows for x in row)
        if len(lengths) > 1 or 0 in lengths or nested:
            raise error("TV0221", _UNEVEN)
        try:
            table = self.entry.coerce(np.array(self.entries), "a codebook")
        except TileError as problem:
            raise error("TV0221", problem.diagnostics[0].message) from None
        if self.entry.is_int and np.any(table.astype(np.float64).astype(object) != table):
            raise error("TV0221", "entries beyond 2**53 are not held exactly by float64")
        object.__setattr__(self, "table", table)

    table: npt.NDArray[Any] = field(init=False, compare=False, repr=False)

    @property
    def full_name(self) -> str:
        """The type written out, with its table."""

        def shown(item: Entry) -> str:
            if isinstance(item, tuple):
                return f"[{', '.join(map(shown, item))}]"
            return repr(item)

        return f"codebook({self.entry}, [{', '.join(map(shown, self.entries))}])"

    @property
    def name(self) -> str:
        return self.label or self.full_name

    @property
    def bits(self) -> int:
        return max(1, (len(self.entries) - 1).bit_length())

    @property
    def signed(self) -> bool:  # type: ignore[override]
        return False

    @property
    def carrier(self) -> np.dtype[Any]:
        return np.dtype(np.uint8 if self.bits <= 8 else np.uint16)

    @property
    def min(self) -> int:
        """The first code."""
        return 0

    @property
    def max(self) -> int:
        """The last code."""
        return len(self.entries) - 1

    @property
    def vector(self) -> int | None:
        """The length of the entries, None if they are numbers."""
        first = self.entries[0]
        return len(first) if isinstance(first, tuple) else None

    @property
    def has_numbers(self) -> bool:
        """Whether an entry is finite."""
        return bool(np.isfinite(self.table.astype(np.float64)).any())

    @property
    def is_partial(self) -> bool:
        """Whether some codes have no entry."""
        return len(self.entries) < 1 << self.bits

    def lookup(self, codes: Array) -> Array:
        """The entries of codes, as values of `entry`; vectors along a new last axis."""
        return np.asarray(self.table[np.asarray(codes).astype(np.intp)])

    # --- codes and data

    def encode(self, values: npt.ArrayLike) -> Codes:
        return self.coerce(values).astype(np.uint64)

    def decode(self, codes: npt.ArrayLike) -> Array:
        given = self.check_codes(codes)
        trap_where(given > self.max, f"a code beyond the {len(self.entries)} entries of {self}")
        return given.astype(self.carrier)

    def coerce(self, array: npt.ArrayLike, what: str = "value") -> Array:
        given = numeric(array, what)
        if given.dtype.kind == "f" and given.size:
            raise error(
                "TV0402",
                f"{what} holds floats, but an array of {self} holds codes",
                help=f"`cast` to {self} finds the nearest entries",
            )
        wrong = (given < 0) | (given > self.max)
        if np.any(wrong):
            index = first_index(wrong)
            held = f"{what} holds the code {given[index]}{at(index)}"
            raise error("TV0401", f"{held}, but {self} has the codes 0 .. {self.max}")
        return given.astype(self.carrier)

    def random(self, rng: np.random.Generator, shape: Shape) -> Array:
        drawn = rng.integers(0, self.max, shape, np.uint16, endpoint=True)
        extremes = rng.choice(np.array([0, self.max], np.uint16), shape)
        return np.where(rng.random(shape) < 0.125, extremes, drawn).astype(self.carrier)

    # --- arithmetic: none

    def _refuse(self, *_: Any, **__: Any) -> NoReturn:
        raise error("TV0222", f"codes of {self} are no numbers", help="`decode` gives their values")

    add = sub = mul = neg = abs = minimum = maximum = _refuse

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
        return self.entry.cast(self.lookup(values), to, rounding, overflow, nan, words)

    def from_integers(
        self,
        values: Array,
        source: DType,
        rounding: str,
        overflow: str | None,
        nan: str | None,
        words: Array | None = None,
    ) -> Array:
        wide = values.astype(np.int64 if source.signed else np.uint64)
        low = wide & wide.dtype.type(0x7FF)  # float64 holds this, and what is left without it
        high = (wide - low).astype(np.float64)
        x, rest = two_sum(high, low.astype(np.float64))
        return self._nearest(x, rest)

    def from_floats(
        self,
        values: Array,
        source: DType,
        rounding: str,
        overflow: str | None,
        nan: str | None,
        words: Array | None = None,
    ) -> Array:
        trap_where(np.isnan(values), f"NaN has no nearest entry in {self}")
        return self._nearest(values, np.zeros(np.shape(values)))

    def _nearest(self, x: Array, rest: Array) -> Array:
        """The codes of the entries nearest to x + rest, where x = fl(x + rest)."""
        levels, codes, middle, left, ties = self._ladder
        # 2x = fl(2(x + rest)) and middle = fl(sum of neighbours): rounding keeps their order, so
        # only where they are equal do the remainders decide
        with np.errstate(all="ignore"):
            double = np.asarray(2 * x)
            rung = np.searchsorted(middle, double, "left")
            equal = np.append(middle, np.nan)[rung] == double
        found = codes[rung]
        if np.any(equal):
            at_middle = np.minimum(rung, len(levels) - 2)
            apart = 2 * rest - left[at_middle]
            upper = codes[np.minimum(rung + 1, len(levels) - 1)]
            there = np.where(apart == 0, ties[at_middle], np.where(apart < 0, found, upper))
            found = np.where(equal, there, found)
        return np.asarray(found).astype(self.carrier)

    @cached_property
    def _ladder(self) -> tuple[Array, Array, Array, Array, Array]:
        """Distinct finite values, their codes, sums of neighbours in two parts, codes at ties."""
        values = self.table.astype(np.float64) + 0.0
        best: dict[float, int] = {}
        for code, value in enumerate(values.tolist()):
            if np.isfinite(value):
                best[value] = min(best.get(value, code), code, key=_even_first)
        levels = np.array(sorted(best))
        codes = np.array([best[value] for value in levels.tolist()])
        with np.errstate(all="ignore"):
            middle, left = two_sum(levels[:-1], levels[1:])
        pairs = zip(codes[:-1].tolist(), codes[1:].tolist(), strict=True)
        ties = np.array([min(pair, key=_even_first) for pair in pairs], np.int64)
        return levels, codes, middle, left, ties


def _even_first(code: int) -> tuple[int, int]:
    return code % 2, code


def codebook(
    values: Sequence[Any] | npt.ArrayLike, of: str | DType = "f32", name: str | None = None
) -> CodebookType:
    """A codebook of these entries (numbers, or rows of a matrix) of type `of`.

    `name` is what programs are printed with.  TV0221 for entries that the type does not have,
    TV0106 and TV0102 for names that a program cannot give to it.
    """
    from tilevm.dtypes.names import dtype, is_type

    if name is not None and not (str(name).isascii() and str(name).isidentifier()):
        raise error("TV0106", f"`{name}` is no name that a program can be written with")
    if name is not None and is_type(name):
        raise error("TV0102", f"`{name}` is a type already", help="choose another name")
    try:
        listed = np.asarray(values).tolist()
    except ValueError:
        listed = None
    if not isinstance(listed, list):
        raise error("TV0221", _UNEVEN)
    kind = dtype(of)
    entries = tuple(tuple(e) if isinstance(e, list) else e for e in listed)
    return CodebookType(kind, entries, name)


_NF4 = (
    *(-1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453),
    *(-0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0),
    *(0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224),
    *(0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0),
)
_FP4 = (0, 0.0625, 8, 12, 4, 6, 2, 3)  # twelfths


def built_in(name: str) -> CodebookType | None:
    """`nf4` (QLoRA's normal floats) and `fp4` (that of bitsandbytes), both of f32."""
    from tilevm.dtypes.names import dtype

    if name == "nf4":
        return CodebookType(dtype("f32"), _NF4, "nf4")
    if name == "fp4":
        half = [float(np.float32(twelfths) / np.float32(12)) for twelfths in _FP4]
        return CodebookType(dtype("f32"), (*half, 0.0, *(-x for x in half[1:])), "fp4")
    return None
