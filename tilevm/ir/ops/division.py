"""Elementwise division of integers, and the high half of their product.

A division by zero stops with an error.  The smallest number by -1 is the one quotient beyond the
type: `overflow` says what becomes of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from tilevm.dtypes import IntType, division
from tilevm.ir.ops.elementwise import Elementwise
from tilevm.ir.ops.overflow import IntegerOverflow
from tilevm.ir.types import TileType
from tilevm.ir.value import Value


@dataclass(frozen=True, kw_only=True, eq=False)
class OfIntegers(Elementwise):
    """What these ops share: two tiles of one integer type, which is the result's too."""

    a: Value
    b: Value

    def result(self) -> TileType:
        self.integers_only("a")
        return self.same_types("a", "b")

    @property
    def kind(self) -> IntType:
        return cast(IntType, self.a.dtype)


@dataclass(frozen=True, kw_only=True, eq=False)
class Division(OfIntegers):
    """An op that divides: it stops at a zero."""

    @property
    def may_stop(self) -> bool:
        return True


@dataclass(frozen=True, kw_only=True, eq=False)
class FloorDiv(Division, name="floordiv"):
    """``r[i] = floor(a[i] / b[i])``: the quotient rounded down, as in Python.

    A zero in `b` stops with an error.
    """

    overflow: IntegerOverflow | None = None

    @property
    def reports_overflow(self) -> bool:
        return super().reports_overflow and self.kind.signed

    def run(self, a: Any, b: Any) -> Any:
        return division.floor_quotient(self.kind, a, b, self.overflow)


@dataclass(frozen=True, kw_only=True, eq=False)
class FloorMod(Division, name="floormod"):
    """``r[i] = a[i] - b[i] * floor(a[i] / b[i])``: what `floordiv` leaves, with the sign of `b`.

    A zero in `b` stops with an error.
    """

    def run(self, a: Any, b: Any) -> Any:
        return division.floor_remainder(self.kind, a, b)


@dataclass(frozen=True, kw_only=True, eq=False)
class TruncDiv(Division, name="truncdiv"):
    """``r[i]`` is ``a[i] / b[i]`` without its fraction, as in C: rounded towards zero.

    A zero in `b` stops with an error.
    """

    overflow: IntegerOverflow | None = None

    @property
    def reports_overflow(self) -> bool:
        return super().reports_overflow and self.kind.signed

    def run(self, a: Any, b: Any) -> Any:
        return division.truncated_quotient(self.kind, a, b, self.overflow)


@dataclass(frozen=True, kw_only=True, eq=False)
class TruncMod(Division, name="truncmod"):
    """``r[i] = a[i] - b[i] * truncdiv(a[i], b[i])``: what is left, with the sign of `a`, as in C.

    A zero in `b` stops with an error.
    """

    def run(self, a: Any, b: Any) -> Any:
        return division.truncated_remainder(self.kind, a, b)


@dataclass(frozen=True, kw_only=True, eq=False)
class MulHi(OfIntegers, name="mulhi", commutative=True):
    """``r[i] = floor(a[i] * b[i] / 2**bits)``: the high half of the exact product.

    With `mul`, which gives the low half, it makes a product of twice the width.
    """

    def run(self, a: Any, b: Any) -> Any:
        return division.high_product(self.kind, a, b)
