"""Elementwise ops on the bits of integers.

Where `overflow` is not written the result wraps, and a checked run reports it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from tilevm.dtypes import IntType, counting, dtype
from tilevm.ir.ops.elementwise import Elementwise, Overflow
from tilevm.ir.types import TileType
from tilevm.ir.value import Value


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


@dataclass(frozen=True, kw_only=True, eq=False)
class Rotation(Elementwise):
    """What rotations share: `n` has the shape of `a` and any integer type."""

    a: Value
    n: Value

    def result(self) -> TileType:
        return _shift_type(self)


@dataclass(frozen=True, kw_only=True, eq=False)
class Rotl(Rotation, name="rotl"):
    """``r[i]`` is ``a[i]`` with its bits moved up by ``n[i]``; those that fall off come in below.

    The amount counts modulo the number of bits, and may be negative.
    """

    def run(self, a: Any, n: Any) -> Any:
        return counting.rotated(cast(IntType, self.a.dtype), a, n)


@dataclass(frozen=True, kw_only=True, eq=False)
class Rotr(Rotation, name="rotr"):
    """``r[i]`` is ``a[i]`` with its bits moved down by ``n[i]``; those that fall off come in above.

    The amount counts modulo the number of bits, and may be negative.
    """

    def run(self, a: Any, n: Any) -> Any:
        return counting.rotated(cast(IntType, self.a.dtype), a, n, down=True)


@dataclass(frozen=True, kw_only=True, eq=False)
class Count(Elementwise):
    """What counts of bits share: their type is the smallest unsigned one that holds all counts."""

    a: Value

    def result(self) -> TileType:
        kind = self.integers_only("a")
        return kind.of(dtype(f"u{kind.dtype.bits.bit_length()}"))

    @property
    def kind(self) -> IntType:
        return cast(IntType, self.a.dtype)


@dataclass(frozen=True, kw_only=True, eq=False)
class Popcount(Count, name="popcount"):
    """``r[i]`` is the number of bits of ``a[i]`` that are 1.

    The result is the smallest unsigned type that holds every count: ``u4`` for 8 bits.
    """

    def run(self, a: Any) -> Any:
        return counting.ones(self.kind, a)


@dataclass(frozen=True, kw_only=True, eq=False)
class Clz(Count, name="clz"):
    """``r[i]`` is the number of zeros above the highest 1 of ``a[i]``; all its bits, for 0.

    The result is the smallest unsigned type that holds every count: ``u4`` for 8 bits.
    """

    def run(self, a: Any) -> Any:
        return counting.leading_zeros(self.kind, a)


@dataclass(frozen=True, kw_only=True, eq=False)
class Ctz(Count, name="ctz"):
    """``r[i]`` is the number of zeros below the lowest 1 of ``a[i]``; all its bits, for 0.

    The result is the smallest unsigned type that holds every count: ``u4`` for 8 bits.
    """

    def run(self, a: Any) -> Any:
        return counting.trailing_zeros(self.kind, a)


def _shift_type(op: Shl | Shr | Rotation) -> TileType:
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
