"""Functions of one float: the exact value, rounded once.

`rounding` and `overflow` are those of `add`: to the nearest value, a tie to the even code, or as
``nearest_away``, ``toward_zero``, ``up`` or ``down`` say; beyond the largest value what the format
does, or ``inf``, ``nan``, ``sat``, ``trap``.  A NaN gives NaN, and so does what the function is not
defined for; where the type has no NaN, that stops with an error.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from tilevm import dtypes
from tilevm.dtypes import FloatType
from tilevm.ir.ops.rounded import Rounded
from tilevm.ir.types import TileType
from tilevm.ir.value import Value


@dataclass(frozen=True, kw_only=True, eq=False)
class Function(Rounded):
    """What functions share: one float tile in, one of the same type out."""

    a: Value

    def result(self) -> TileType:
        return self.checked(self.a.tile, "`cast` to a float, and back with the rounding meant")

    def run(self, a: Any) -> Any:
        kind = cast(FloatType, self.a.dtype)
        return dtypes.evaluate(self.name, a, kind, self.overflow, self.rounding)


@dataclass(frozen=True, kw_only=True, eq=False)
class Exp(Function, name="exp"):
    """``r[i] = e ** a[i]``: 1 at zeros, infinity at infinity, +0 at -infinity."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Exp2(Function, name="exp2"):
    """``r[i] = 2 ** a[i]``: 1 at zeros, infinity at infinity, +0 at -infinity."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Expm1(Function, name="expm1"):
    """``r[i] = e ** a[i] - 1``: infinity at infinity, -1 at -infinity; a zero stays."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Log(Function, name="log"):
    """``r[i]`` is the natural logarithm of ``a[i]``: -infinity at zeros, NaN below."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Log2(Function, name="log2"):
    """``r[i]`` is the logarithm of ``a[i]`` to base 2: -infinity at zeros, NaN below."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Log1p(Function, name="log1p"):
    """``r[i] = log(1 + a[i])``: -infinity at -1, NaN below; a zero stays."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Sin(Function, name="sin"):
    """``r[i] = sin(a[i])``, in radians: NaN at infinities; a zero stays."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Cos(Function, name="cos"):
    """``r[i] = cos(a[i])``, in radians: 1 at zeros, NaN at infinities."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Tanh(Function, name="tanh"):
    """``r[i] = tanh(a[i])``: 1 and -1 at the infinities; a zero stays."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Sigmoid(Function, name="sigmoid"):
    """``r[i] = 1 / (1 + e ** -a[i])``: 1/2 at zeros, 1 at infinity, +0 at -infinity."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Silu(Function, name="silu"):
    """``r[i] = a[i] / (1 + e ** -a[i])``: infinity at infinity, -0 at -infinity; a zero stays."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Rsqrt(Function, name="rsqrt"):
    """``r[i] = 1 / sqrt(a[i])``: NaN below zero, an infinity of its sign at a zero, +0 at infinity.

    An infinity stands for a number divided by zero.
    """


@dataclass(frozen=True, kw_only=True, eq=False)
class Erf(Function, name="erf"):
    """``r[i]`` is the error function of ``a[i]``: 1 and -1 at the infinities; a zero stays."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Gelu(Function, name="gelu"):
    """``r[i] = a[i] * (1 + erf(a[i] / sqrt(2))) / 2``: infinity at infinity, -0 at -infinity.

    A zero stays.
    """
