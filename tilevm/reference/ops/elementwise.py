"""Elementwise ops: laws on the elements at one index."""

from __future__ import annotations

from collections.abc import Callable

from tilevm.ir import Op, ops
from tilevm.reference.functions import square_root
from tilevm.reference.numbers import Number, is_negative, negate, over, plus, signed, times
from tilevm.reference.ops.meaning import elementwise, enclosed, fitted

ELEMENTWISE: dict[type[Op], Callable[..., Number]] = {
    ops.Add: lambda op, a, b: fitted(op, plus(a, b, op.rounding)),
    ops.Sub: lambda op, a, b: fitted(op, plus(a, negate(b), op.rounding)),
    ops.Mul: lambda op, a, b: fitted(op, times(a, b)),
    ops.Div: lambda op, a, b: fitted(op, over(a, b)),
    ops.Fma: lambda op, a, b, c: fitted(op, plus(times(a, b), c, op.rounding)),
    ops.Sqrt: lambda op, a: enclosed(op, square_root(a)),
    ops.Neg: lambda op, a: fitted(op, negate(a)),
    ops.Abs: lambda op, a: fitted(op, signed(a, is_negative(a))),
}


elementwise(ELEMENTWISE)
