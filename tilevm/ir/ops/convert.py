"""Conversion: the same numbers in another format."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from tilevm.dtypes import STOCHASTIC, CodebookType, DType, FloatType
from tilevm.dtypes.philox import random_words
from tilevm.ir.index import Const, Expr, affine
from tilevm.ir.op import Op
from tilevm.ir.ops.create import check_seed
from tilevm.ir.ops.elementwise import Elementwise, Overflow
from tilevm.ir.ops.overflow import ends, holds
from tilevm.ir.ops.reduce import numbers_of
from tilevm.ir.types import TileType
from tilevm.ir.value import Value

CastRounding = Literal["nearest_even", "nearest_away", "toward_zero", "up", "down", "stochastic"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Cast(Elementwise, name="cast", codes=True):
    """``r[i]`` is ``a[i]`` as a `to`: exact where it fits, else as `overflow` and `rounding` say.

    Integers and fixed point among each other wrap by default; a checked run reports what does not
    fit. Floats to either round, then saturate by default; an infinity gives 0 with
    ``wrap`` and stops with ``trap``. To a float the value rounds once, even into subnormals; beyond
    the largest value it becomes infinity, NaN where the format has no infinity, or the largest
    value where it has no NaN either or the rounding is towards zero. A format without a sign takes
    negative numbers for NaN, and a zero for its smallest value.

    `nan` says what a NaN becomes in a type that has none: ``trap`` stops, ``zero`` gives code 0.
    Where it is not written, formats without NaN stop, and integers take 0 but with
    ``overflow = trap``.

    From a codebook the entry is cast, once; to a codebook it is the code of the nearest entry, of
    several as near an even code, of these the lowest; a NaN stops, and an infinity is nearest to
    the last finite entry on its side.

    ``rounding = stochastic`` goes away from zero iff ``word < fraction * 2**32``, towards zero
    otherwise.  `fraction` is where the exact value lies between its two neighbours in `to`,
    0 <= fraction < 1 from the one nearer to zero; ``word`` is word `counter` + i of `seed`, element
    i counted in row-major order, as `random` gives it.
    """

    a: Value
    to: DType
    rounding: CastRounding = "nearest_even"
    overflow: Overflow | None = None
    nan: Literal["trap", "zero"] | None = None
    seed: int | None = None
    counter: Expr = Const(0)

    def result(self) -> TileType:
        self._check_codebooks()
        if self.nan is not None and has_nan(self.to):
            message = f"{self.to} has a NaN of its own: nothing is to be said of it"
            raise self.reject("TV0207", message, "nan", help="leave `nan` out")
        self._check_words()
        return self.overflows(self.a.tile.of(self.to), self.overflow)

    def _check_codebooks(self) -> None:
        for kind, name in ((self.a.dtype, "a"), (self.to, "to")):
            if isinstance(kind, CodebookType) and kind.vector is not None:
                message = f"a cast is of single numbers, and the entries of {kind} are vectors"
                raise self.reject("TV0222", message, name, help="`decode` gives their numbers")
        if not isinstance(self.to, CodebookType):
            return
        if not self.to.has_numbers:
            message = f"{self.to} has no finite entry that a number could be near to"
            raise self.reject("TV0222", message, "to")
        modes = (("overflow", self.overflow), ("nan", self.nan))
        for name, mode in (*modes, ("rounding", self.rounding)):
            if mode not in (None, "nearest_even"):
                message = f"a cast to a codebook finds the nearest entry: it has no `{name}`"
                raise self.reject("TV0224", message, name, help="leave it out")

    def _check_words(self) -> None:
        if self.rounding == STOCHASTIC:
            if self.seed is None:
                hint = "write `{rounding = stochastic, seed = 1}`"
                raise self.reject("TV0207", "stochastic rounding needs a `seed`", help=hint)
            check_seed(self, self.seed)
            return
        for name, idle in (("seed", self.seed is None), ("counter", self.counter == Const(0))):
            if not idle:
                message = f"rounding {self.rounding} takes no random words, so no `{name}`"
                raise self.reject("TV0207", message, name, help="write `rounding = stochastic`")

    @property
    def may_stop(self) -> bool:
        given = self.a.dtype.entry if isinstance(self.a.dtype, CodebookType) else self.a.dtype
        stops = given.is_float and (self.nan == "trap" or isinstance(self.to, CodebookType))
        return stops or super().may_stop or affine(self.counter) is None

    @property
    def reports_overflow(self) -> bool:
        old = self.a.dtype
        if not super().reports_overflow or numbers_of(old).is_float:
            return False  # floats saturate by default, as documented
        return not holds(self.to, *ends(old))

    def run(self, a: Any, counter: Any) -> Any:
        words = None
        if self.seed is not None:
            first = np.asarray(counter, np.int64).reshape(-1)
            words = random_words(self.seed, first, self.a.tile.size)
            words = words.reshape(len(first), *self.a.tile.shape)
            a, words = np.broadcast_arrays(a, words)
        return self.a.dtype.cast(a, self.to, self.rounding, self.overflow, self.nan, words)


def has_nan(kind: DType) -> bool:
    """Whether the type has a NaN."""
    return isinstance(kind, FloatType) and kind.format.nan_code is not None


@dataclass(frozen=True, kw_only=True, eq=False)
class Decode(Op, name="decode", codes=True):
    """``r[i] = entries[a[i]]``: the numbers that the codes of a codebook stand for.

    Entries that are vectors lie along the last dimension, which grows by their length:
    ``r[..., i * n + j]`` is number j of the entry of ``a[..., i]``.
    """

    a: Value

    def result(self) -> TileType:
        kind = self.a.tile
        if not isinstance(kind.dtype, CodebookType):
            raise self.reject(
                "TV0222",
                f"`decode` takes codes of a codebook, not {kind.dtype}",
                "a",
                a=f"this is {kind}",
                help="`cast` converts numbers",
            )
        length = kind.dtype.vector
        if length is None:
            return kind.of(kind.dtype.entry)
        *lead, last = kind.shape or (1,)
        return TileType(kind.dtype.entry, (*lead, last * length))

    def run(self, a: Any) -> Any:
        kind = self.a.dtype
        assert isinstance(kind, CodebookType)
        return kind.lookup(a).reshape(len(a), *self.out.tile.shape)
