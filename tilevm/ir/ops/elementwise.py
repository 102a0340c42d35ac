"""Elementwise ops: one type in, the same shape out.

Integers have a stated `overflow`: ``wrap`` keeps the low bits, ``sat`` goes to the nearest end of
the range, ``trap`` stops with an error.  Where none is written they wrap too, but a checked run
reports it.  Floats round once, to the nearest value, a tie to the even code; what is then beyond
the largest value becomes what the format says, or as written: ``inf``, ``nan``, ``sat``, ``trap``.
An infinity is beyond it too, but ``trap`` lets it pass in a format that has it.

Other modes of `rounding` than ``nearest_even`` are ``nearest_away``, ``toward_zero``, ``up`` and
``down``, for floats and for products of fixed point; a float that is too large goes to the
largest value where its rounding points towards zero.  Infinities, NaN and the signs of zeros are
those of IEEE 754.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from tilevm.dtypes import FLOAT_OVERFLOWS, INTEGER_OVERFLOWS, CodebookType, DType, FloatType
from tilevm.ir.op import Op
from tilevm.ir.types import TileType
from tilevm.ir.value import Value

Overflow = Literal["wrap", "sat", "trap", "inf", "nan"]
Rounding = Literal["nearest_even", "nearest_away", "toward_zero", "up", "down"]


def overflow_modes(kind: DType) -> tuple[str, ...]:
    """The overflow modes of a type: what becomes of a result beyond its range."""
    if isinstance(kind, CodebookType):
        return ()
    if not isinstance(kind, FloatType):
        return INTEGER_OVERFLOWS
    codes = {"inf": kind.format.inf_code, "nan": kind.format.nan_code}
    return tuple(mode for mode in FLOAT_OVERFLOWS if codes.get(mode, 0) is not None)


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

    def overflows(self, kind: TileType, overflow: str | None) -> TileType:
        """The type, once it has that overflow mode; TV0207 otherwise."""
        modes = overflow_modes(kind.dtype)
        if overflow not in (None, *modes):
            raise self.reject(
                "TV0207",
                f"{kind.dtype} has no overflow mode `{overflow}`",
                "overflow",
                help=f"modes here: {', '.join(modes)}",
            )
        return kind

    def rounds(self, kind: TileType, rounding: Rounding) -> TileType:
        """The type, once results of it can need that rounding; TV0207 otherwise."""
        if kind.dtype.is_int and rounding != "nearest_even":
            raise self.reject(
                "TV0207",
                f"`{self.name}` of {kind.dtype} is exact: there is nothing to round",
                "rounding",
                help="leave `rounding` out; `overflow` says what becomes of large results",
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
    overflow: Overflow | None = None
    rounding: Rounding = "nearest_even"

    def result(self) -> TileType:
        return self.rounds(self.overflows(self.same_types("a", "b"), self.overflow), self.rounding)

    def run(self, a: Any, b: Any) -> Any:
        return self.a.dtype.add(a, b, self.overflow, self.rounding)


@dataclass(frozen=True, kw_only=True, eq=False)
class Sub(Elementwise, name="sub"):
    """``r[i] = a[i] - b[i]``: modulo 2**bits for integers, rounded once for floats.

    Both operands have one type; the result has it too.
    """

    a: Value
    b: Value
    overflow: Overflow | None = None
    rounding: Rounding = "nearest_even"

    def result(self) -> TileType:
        return self.rounds(self.overflows(self.same_types("a", "b"), self.overflow), self.rounding)

    def run(self, a: Any, b: Any) -> Any:
        return self.a.dtype.sub(a, b, self.overflow, self.rounding)


@dataclass(frozen=True, kw_only=True, eq=False)
class Mul(Elementwise, name="mul", commutative=True):
    """``r[i] = a[i] * b[i]``: modulo 2**bits for integers, rounded once for floats.

    Both operands have one type; the result has it too.  Cast to a wider type first for the full
    product.
    """

    a: Value
    b: Value
    overflow: Overflow | None = None
    rounding: Rounding = "nearest_even"

    def result(self) -> TileType:
        return self.rounds(self.overflows(self.same_types("a", "b"), self.overflow), self.rounding)

    def run(self, a: Any, b: Any) -> Any:
        return self.a.dtype.mul(a, b, self.overflow, self.rounding)


@dataclass(frozen=True, kw_only=True, eq=False)
class Neg(Elementwise, name="neg"):
    """``r[i] = -a[i]``: modulo 2**bits for integers, the sign flipped for floats."""

    a: Value
    overflow: Overflow | None = None

    def result(self) -> TileType:
        return self.overflows(self.a.tile, self.overflow)

    def run(self, a: Any) -> Any:
        return self.a.dtype.neg(a, self.overflow)


@dataclass(frozen=True, kw_only=True, eq=False)
class Abs(Elementwise, name="abs"):
    """``r[i] = |a[i]|``: modulo 2**bits for integers, the sign cleared for floats.

    The smallest signed integer has no absolute value in its type: it is the case for `overflow`.
    """

    a: Value
    overflow: Overflow | None = None

    def result(self) -> TileType:
        return self.overflows(self.a.tile, self.overflow)

    def run(self, a: Any) -> Any:
        return self.a.dtype.abs(a, self.overflow)
