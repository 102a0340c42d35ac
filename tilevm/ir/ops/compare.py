"""Elementwise ops that compare and choose."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from tilevm.ir.op import Value
from tilevm.ir.ops.elementwise import Elementwise
from tilevm.ir.types import TileType


@dataclass(frozen=True, kw_only=True, eq=False)
class Min(Elementwise, name="min", commutative=True):
    """``r[i]`` is the smaller of ``a[i]`` and ``b[i]``; NaN if one of them is NaN, and -0 < +0."""

    a: Value
    b: Value

    def result(self) -> TileType:
        return self.same_types("a", "b")

    def run(self, a: Any, b: Any) -> Any:
        return self.a.dtype.minimum(a, b)


@dataclass(frozen=True, kw_only=True, eq=False)
class Max(Elementwise, name="max", commutative=True):
    """``r[i]`` is the larger of ``a[i]`` and ``b[i]``; NaN if one of them is NaN, and -0 < +0.

    To reduce a tile over dimensions use `amax`.
    """

    a: Value
    b: Value

    def result(self) -> TileType:
        return self.same_types("a", "b")

    def run(self, a: Any, b: Any) -> Any:
        return self.a.dtype.maximum(a, b)


@dataclass(frozen=True, kw_only=True, eq=False)
class Compare(Elementwise, name="compare"):
    """``r[i] = 1 if a[i] pred b[i] else 0``, a ``u1`` tile.

    Every comparison with a NaN gives 0, but `ne` gives 1.
    """

    a: Value
    b: Value
    pred: Literal["eq", "ne", "lt", "le", "gt", "ge"]

    def result(self) -> TileType:
        return self.same_types("a", "b").of("u1")

    def run(self, a: Any, b: Any) -> Any:
        return self.a.dtype.compare(a, b, self.pred)


@dataclass(frozen=True, kw_only=True, eq=False)
class Select(Elementwise, name="select"):
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
