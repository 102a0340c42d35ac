"""Elementwise ops on the bits of integers.

Where `overflow` is not written the result wraps, and a checked run reports it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tilevm.ir.op import Value
from tilevm.ir.ops.elementwise import Elementwise, Overflow
from tilevm.ir.types import TileType


@dataclass(frozen=True, kw_only=True, eq=False)
class And(Elementwise, name="and", commutative=True):
    """``r[i] = a[i] & b[i]``, bit by bit."""

    a: Value
    b: Value

    def result(self) -> TileType:
        self.integers_only("a")
        return self.same_types("a", "b")

    def run(self, a: Any, b: Any) -> Any:
        return self.a.dtype.and_(a, b)


@dataclass(frozen=True, kw_only=True, eq=False)
class Or(Elementwise, name="or", commutative=True):
    """``r[i] = a[i] | b[i]``, bit by bit."""

    a: Value
    b: Value

    def result(self) -> TileType:
        self.integers_only("a")
        return self.same_types("a", "b")

    def run(self, a: Any, b: Any) -> Any:
        return self.a.dtype.or_(a, b)


@dataclass(frozen=True, kw_only=True, eq=False)
class Xor(Elementwise, name="xor", commutative=True):
    """``r[i] = a[i] ^ b[i]``, bit by bit."""

    a: Value
    b: Value

    def result(self) -> TileType:
        self.integers_only("a")
        return self.same_types("a", "b")

    def run(self, a: Any, b: Any) -> Any:
        return self.a.dtype.xor(a, b)


@dataclass(frozen=True, kw_only=True, eq=False)
class Not(Elementwise, name="not"):
    """``r[i] = ~a[i]``, bit by bit."""

    a: Value

    def result(self) -> TileType:
        return self.integers_only("a")

    def run(self, a: Any) -> Any:
        return self.a.dtype.not_(a)


@dataclass(frozen=True, kw_only=True, eq=False)
class Shl(Elementwise, name="shl"):
    """``r[i] = a[i] * 2**n[i]``, modulo 2**bits; 0 where ``n[i]`` is at least the number of bits.

    `n` has the shape of `a` and any integer type; a negative amount stops with an error.
    """

    a: Value
    n: Value
    overflow: Overflow | None = None

    def result(self) -> TileType:
        return self.overflows(_shift_type(self), self.overflow)

    @property
    def may_stop(self) -> bool:
        return True

    def run(self, a: Any, n: Any) -> Any:
        return self.a.dtype.shl(a, n, self.overflow)


@dataclass(frozen=True, kw_only=True, eq=False)
class Shr(Elementwise, name="shr"):
    """``r[i] = floor(a[i] / 2**n[i])``: signed values keep their sign.

    `n` has the shape of `a` and any integer type; a negative amount stops with an error.
    """

    a: Value
    n: Value

    def result(self) -> TileType:
        return _shift_type(self)

    @property
    def may_stop(self) -> bool:
        return True

    def run(self, a: Any, n: Any) -> Any:
        return self.a.dtype.shr(a, n)


def _shift_type(op: Shl | Shr) -> TileType:
    kind, amount = op.integers_only("a"), op.integers_only("n")
    if kind.shape != amount.shape:
        raise op.reject(
            "TV0203",
            f"operands of `{op.name}` have different shapes",
            "n",
            n=f"this is {amount}",
            a=f"this is {kind}",
            help=f"`t = broadcast {op.n.name} {{shape = {list(kind.shape)}}}`",
        )
    return kind
