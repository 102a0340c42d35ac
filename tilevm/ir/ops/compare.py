"""Elementwise ops that compare and choose.

A NaN compares with nothing.  `min`, `max` and the reductions give NaN where they meet one
(``nan = propagate``, minimum and maximum of IEEE 754-2019), or leave it out (``nan = ignore``,
minimumNumber and maximumNumber), so that NaN is left only where there is nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from tilevm.dtypes import CodebookType, DType
from tilevm.ir.ops.create import constants
from tilevm.ir.ops.elementwise import Elementwise
from tilevm.ir.types import TileType
from tilevm.ir.value import Value

NanRule = Literal["propagate", "ignore"]
_UNORDERED = ("one", "ueq", "ult", "ule", "ugt", "uge", "ord", "uno")


def smaller(kind: DType, a: Any, b: Any, nan: NanRule = "propagate") -> Any:
    """The smaller of each two values of a type, -0 < +0, by that rule for NaN."""
    return _without_nan(a, b, kind.minimum(a, b)) if _ignores(kind, nan) else kind.minimum(a, b)


def larger(kind: DType, a: Any, b: Any, nan: NanRule = "propagate") -> Any:
    """The larger of each two values of a type, -0 < +0, by that rule for NaN."""
    return _without_nan(a, b, kind.maximum(a, b)) if _ignores(kind, nan) else kind.maximum(a, b)


def _ignores(kind: DType, nan: NanRule) -> bool:
    return nan == "ignore" and kind.is_float


def _without_nan(a: Any, b: Any, found: Any) -> Any:
    return np.where(np.isnan(a), b, np.where(np.isnan(b), a, found))


@dataclass(frozen=True, kw_only=True, eq=False)
class Min(Elementwise, name="min", commutative=True):
    """``r[i]`` is the smaller of ``a[i]`` and ``b[i]``; -0 < +0, and a NaN counts as `nan` says.

    To reduce a tile over dimensions use `amin`.
    """

    a: Value
    b: Value
    nan: NanRule = "propagate"

    def result(self) -> TileType:
        return self.same_types("a", "b")

    def run(self, a: Any, b: Any) -> Any:
        return smaller(self.a.dtype, a, b, self.nan)


@dataclass(frozen=True, kw_only=True, eq=False)
class Max(Elementwise, name="max", commutative=True):
    """``r[i]`` is the larger of ``a[i]`` and ``b[i]``; -0 < +0, and a NaN counts as `nan` says.

    To reduce a tile over dimensions use `amax`.
    """

    a: Value
    b: Value
    nan: NanRule = "propagate"

    def result(self) -> TileType:
        return self.same_types("a", "b")

    def run(self, a: Any, b: Any) -> Any:
        return larger(self.a.dtype, a, b, self.nan)


@dataclass(frozen=True, kw_only=True, eq=False)
class Compare(Elementwise, name="compare", codes=True):
    """``r[i] = 1 if a[i] pred b[i] else 0``, a ``u1`` tile.

    `pred` is one of ``eq ne lt le gt ge``; each gives 0 if there is a NaN, but `ne` gives 1.  For
    floats the others of LLVM's names too: ``one`` is not equal, and no NaN; ``ueq ult ule ugt uge``
    hold also if there is a NaN; ``ord`` holds if there is none, ``uno`` if there is one.
    """

    a: Value
    b: Value
    pred: Literal[
        "eq", "ne", "lt", "le", "gt", "ge", "one", "ueq", "ult", "ule", "ugt", "uge", "ord", "uno"
    ]

    def result(self) -> TileType:
        if isinstance(self.a.dtype, CodebookType) and self.pred not in ("eq", "ne"):
            raise self.reject(
                "TV0222",
                f"codes of a codebook are equal or not, in no order: `{self.pred}` needs numbers",
                "pred",
                a=f"this is {self.a.type}",
                help=f"`t = decode {self.a.name}` gives the numbers that they stand for",
            )
        if self.pred in _UNORDERED and not self.a.tile.dtype.is_float:
            plain = {"one": "ne", "ord": None, "uno": None}.get(self.pred, self.pred[1:])
            raise self.reject(
                "TV0207",
                f"`{self.pred}` asks for NaN, and {self.a.dtype} has none",
                "pred",
                a=f"this is {self.a.type}",
                help=f"write `pred = {plain}`: it compares by the type's sign" if plain else None,
            )
        return self.same_types("a", "b").of("u1")

    def run(self, a: Any, b: Any) -> Any:
        return self.a.dtype.compare(a, b, self.pred)


@dataclass(frozen=True, kw_only=True, eq=False)
class Clip(Elementwise, name="clip"):
    """``r[i] = min(max(a[i], lo), hi)``: ``a[i]`` brought into the range `lo` .. `hi`.

    One of the two bounds may be left out.  A NaN stays, and a -0 is below a bound of +0.  Bounds
    that are computed are for `max` and `min`.
    """

    a: Value
    lo: int | float | None = None
    hi: int | float | None = None

    def result(self) -> TileType:
        kind = self.a.tile
        bounds = [(name, getattr(self, name)) for name in ("lo", "hi")]
        given = [(name, bound) for name, bound in bounds if bound is not None]
        if not given:
            raise self.reject(
                "TV0207", "`clip` needs `lo`, `hi` or both", help="write `{lo = 0, hi = 15}`"
            )
        for name, bound in given:
            constants(self, kind.dtype, [bound], name)
            if bound != bound:
                raise self.reject("TV0207", f"`{name}` is NaN, which bounds nothing", name)
        if self.lo is not None and self.hi is not None and self.lo > self.hi:
            raise self.reject("TV0207", f"from {self.lo} to {self.hi} is no range", "lo", "hi")
        return kind

    def run(self, a: Any) -> Any:
        kind = self.a.dtype
        if self.lo is not None:
            a = kind.maximum(a, kind.coerce([self.lo]))
        return a if self.hi is None else kind.minimum(a, kind.coerce([self.hi]))


@dataclass(frozen=True, kw_only=True, eq=False)
class Select(Elementwise, name="select", codes=True):
    """``r[i] = a[i] if c[i] else b[i]``; `c` is a ``u1`` tile of the same shape."""

    c: Value
    a: Value
    b: Value

    def result(self) -> TileType:
        kind = self.same_types("a", "b")
        if self.c.tile != kind.of("u1"):
            raise self.reject(
                "TV0203",
                f"the condition of `select` must be {TileType(kind.of('u1').dtype, kind.shape)}",
                "c",
                c=f"this is {self.c.tile}",
                help="`compare` gives such a tile",
            )
        return kind

    def run(self, c: Any, a: Any, b: Any) -> Any:
        return np.where(c != 0, a, b)
