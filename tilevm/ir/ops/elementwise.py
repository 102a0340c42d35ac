"""Elementwise ops: one type in, the same shape out.

Integers have a stated overflow: ``wrap`` (default) keeps the low bits, ``sat`` goes to the nearest
end of the range, ``trap`` stops with an error.  Floats round once, to the nearest value, a tie to
the even code; what is then beyond the largest value becomes what the format says, or as written:
``inf``, ``nan``, ``sat``, ``trap``.  An infinity is beyond it too, but ``trap`` lets it pass in a
format that has it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from tilevm.dtypes import FLOAT_OVERFLOWS, INTEGER_OVERFLOWS, DType, FloatType
from tilevm.ir.op import Op, Value
from tilevm.ir.types import TileType

Overflow = Literal["wrap", "sat", "trap", "inf", "nan"]


def overflow_modes(kind: DType) -> tuple[str, ...]:
    """The overflow modes of a type: what becomes of a result beyond its range."""
    if not isinstance(kind, FloatType):
        return INTEGER_OVERFLOWS
    codes = {"inf": kind.format.inf_code, "nan": kind.format.nan_code}
    return tuple(mode for mode in FLOAT_OVERFLOWS if codes.get(mode, 0) is not None)


def _mode(overflow: Overflow) -> str | None:
    """The mode for `DType` methods, where None is what the type does unless told otherwise."""
    return None if overflow == "wrap" else overflow


@dataclass(frozen=True, kw_only=True, eq=False)
class Elementwise(Op):
    """The type rules that elementwise ops share."""

    def same_types(self, *fields: str) -> TileType:
        """The type that all these operands have; TV0203 where they differ."""
        first: TileType = getattr(self, fields[0]).tile
        for name in fields[1:]:
            other: TileType = getattr(self, name).tile
            if other == first:
                continue
            operand = getattr(self, name)
            if other.dtype != first.dtype:
                help = f"cast first: `t = cast {operand.name} {{to = {first.dtype}}}`"
            else:
                shaped = f"`t = broadcast {operand.name} {{shape = {list(first.shape)}}}`"
                help = f"bring both to one shape: {shaped}"
            raise self.reject(
                "TV0203",
                f"operands of `{self.name}` have different types",
                name,
                **{name: f"this is {other}", fields[0]: f"this is {first}"},
                help=help,
            )
        return first

    def overflows(self, kind: TileType, overflow: str) -> TileType:
        """The type, once it has that overflow mode; TV0207 otherwise."""
        modes = overflow_modes(kind.dtype)
        if overflow not in ("wrap", *modes):
            raise self.reject(
                "TV0207",
                f"{kind.dtype} has no overflow mode `{overflow}`",
                "overflow",
                help=f"modes here: {', '.join(modes)}",
            )
        return kind

    def integers_only(self, field: str) -> TileType:
        """The operand's type, which must have integer elements; TV0210 otherwise."""
        kind: TileType = getattr(self, field).tile
        if not kind.dtype.is_int:
            raise self.reject(
                "TV0210",
                f"`{self.name}` works on integers, not on {kind.dtype}",
                field,
                **{field: f"this is {kind}"},
                help="`view` gives the bits of a float as an integer; `cast` gives its value",
            )
        return kind


@dataclass(frozen=True, kw_only=True, eq=False)
class Add(Elementwise, name="add", commutative=True):
    """``r[i] = a[i] + b[i]``: modulo 2**bits for integers, rounded once for floats.

    Both operands have one type; the result has it too.
    """

    a: Value
    b: Value
    overflow: Overflow = "wrap"

    def result(self) -> TileType:
        return self.overflows(self.same_types("a", "b"), self.overflow)

    def run(self, a: Any, b: Any) -> Any:
        return self.a.dtype.add(a, b, _mode(self.overflow))


@dataclass(frozen=True, kw_only=True, eq=False)
class Sub(Elementwise, name="sub"):
    """``r[i] = a[i] - b[i]``: modulo 2**bits for integers, rounded once for floats.

    Both operands have one type; the result has it too.
    """

    a: Value
    b: Value
    overflow: Overflow = "wrap"

    def result(self) -> TileType:
        return self.overflows(self.same_types("a", "b"), self.overflow)

    def run(self, a: Any, b: Any) -> Any:
        return self.a.dtype.sub(a, b, _mode(self.overflow))


@dataclass(frozen=True, kw_only=True, eq=False)
class Mul(Elementwise, name="mul", commutative=True):
    """``r[i] = a[i] * b[i]``: modulo 2**bits for integers, rounded once for floats.

    Both operands have one type; the result has it too.  Cast to a wider type first for the full
    product.
    """

    a: Value
    b: Value
    overflow: Overflow = "wrap"

    def result(self) -> TileType:
        return self.overflows(self.same_types("a", "b"), self.overflow)

    def run(self, a: Any, b: Any) -> Any:
        return self.a.dtype.mul(a, b, _mode(self.overflow))


@dataclass(frozen=True, kw_only=True, eq=False)
class Neg(Elementwise, name="neg"):
    """``r[i] = -a[i]``: modulo 2**bits for integers, the sign flipped for floats."""

    a: Value
    overflow: Overflow = "wrap"

    def result(self) -> TileType:
        return self.overflows(self.a.tile, self.overflow)

    def run(self, a: Any) -> Any:
        return self.a.dtype.neg(a, _mode(self.overflow))


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
    overflow: Overflow = "wrap"

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


@dataclass(frozen=True, kw_only=True, eq=False)
class Cast(Elementwise, name="cast"):
    """``r[i]`` is ``a[i]`` as a `to`: exact where it fits, else as `overflow` and `rounding` say.

    Integers to integers wrap by default.  Floats to integers round, then saturate by default; NaN
    gives 0, as an infinity does with ``wrap``, but stops with ``trap``.  To a float the value
    rounds once, even into subnormals; beyond the largest value it becomes infinity, NaN where the
    format has no infinity, or the largest value where it has no NaN either or the rounding is
    towards zero.  A NaN stops with an error where the type has none.  A format without a sign gives
    NaN for negative numbers, and its smallest value for a zero.
    """

    a: Value
    to: DType
    rounding: Literal["nearest_even", "nearest_away", "toward_zero", "up", "down"] = "nearest_even"
    overflow: Literal["wrap", "sat", "trap", "inf", "nan"] | None = None

    def result(self) -> TileType:
        fits = overflow_modes(self.to)
        if self.overflow is not None and self.overflow not in fits:
            raise self.reject(
                "TV0207",
                f"a cast to {self.to} has no overflow mode `{self.overflow}`",
                "overflow",
                help=f"modes here: {', '.join(fits)}",
            )
        return self.a.tile.of(self.to)

    def run(self, a: Any) -> Any:
        return self.a.dtype.cast(a, self.to, self.rounding, self.overflow)
