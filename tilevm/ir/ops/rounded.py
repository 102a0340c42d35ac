"""Quotients, roots and fused products: the exact result, rounded once.

`rounding` and `overflow` are those of `add`: to the nearest value, a tie to the even code, or as
``nearest_away``, ``toward_zero``, ``up`` or ``down`` say; beyond the largest value what the format
does, or ``inf``, ``nan``, ``sat``, ``trap``.  Infinities, NaN and the signs of zeros are those of
IEEE 754; a NaN stops with an error where the type has none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tilevm.dtypes import FixedType
from tilevm.ir.ops.elementwise import Elementwise, Overflow, Rounding
from tilevm.ir.types import TileType
from tilevm.ir.value import Value


@dataclass(frozen=True, kw_only=True, eq=False)
class Rounded(Elementwise):
    """What ops with rounded results share."""

    overflow: Overflow | None = None
    rounding: Rounding = "nearest_even"

    def checked(self, kind: TileType, help: str) -> TileType:
        """The type, once the op is defined for it; TV0231 for other numbers than floats."""
        if not kind.dtype.is_float:
            raise self.reject(
                "TV0231",
                f"`{self.name}` rounds its result, and {kind.dtype} has no rule for that",
                "a",
                a=f"this is {kind}",
                help=help,
            )
        return self.overflows(kind, self.overflow)


@dataclass(frozen=True, kw_only=True, eq=False)
class Div(Rounded, name="div"):
    """``r[i] = a[i] / b[i]``: the exact quotient, rounded once.

    Both operands have one type, with rounded values; the result has it too.  A float divided by
    zero is an infinity, with the sign of both; zero by zero and infinity by infinity are NaN.
    Fixed point goes to a step near the quotient as `rounding` says, then wraps or as `overflow`
    says; a zero in `b` stops with an error.  Integers have `floordiv` and `truncdiv`.
    """

    a: Value
    b: Value

    def result(self) -> TileType:
        hint = "`floordiv` or `truncdiv` say which whole quotient is meant; or `cast` to a float"
        kind = self.same_types("a", "b")
        if isinstance(kind.dtype, FixedType):
            return self.overflows(kind, self.overflow)
        return self.checked(kind, hint)

    @property
    def may_stop(self) -> bool:
        return isinstance(self.a.dtype, FixedType) or super().may_stop

    def run(self, a: Any, b: Any) -> Any:
        return self.a.dtype.div(a, b, self.overflow, self.rounding)


@dataclass(frozen=True, kw_only=True, eq=False)
class Fma(Rounded, name="fma"):
    """``r[i] = a[i] * b[i] + c[i]``: the exact product and sum, rounded once.

    All operands have one type; the result has it too.  An exact zero is +0, unless product and `c`
    are both -0, or one of them is -0 and the rounding is ``down``.
    """

    a: Value
    b: Value
    c: Value

    def result(self) -> TileType:
        hint = "`mul` and `add` of integers are exact"
        return self.checked(self.same_types("a", "b", "c"), hint)

    def run(self, a: Any, b: Any, c: Any) -> Any:
        return self.a.dtype.fma(a, b, c, self.overflow, self.rounding)


@dataclass(frozen=True, kw_only=True, eq=False)
class Sqrt(Rounded, name="sqrt"):
    """``r[i]`` is the square root of ``a[i]``, rounded once; that of -0 is -0.

    The root of a negative number is NaN.
    """

    a: Value

    def result(self) -> TileType:
        return self.checked(self.a.tile, "`cast` to a float, and back with the rounding meant")

    def run(self, a: Any) -> Any:
        return self.a.dtype.sqrt(a, self.overflow, self.rounding)
