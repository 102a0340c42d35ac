"""Functions of one float: `tilevm.reference.functions` encloses the value, the op rounds it."""

from __future__ import annotations

from collections.abc import Callable

from tilevm.ir import Op, ops
from tilevm.reference.functions import function
from tilevm.reference.numbers import Number
from tilevm.reference.ops.meaning import elementwise, enclosed

FUNCTIONS: tuple[type[Op], ...] = (
    ops.Cos,
    ops.Erf,
    ops.Exp,
    ops.Exp2,
    ops.Expm1,
    ops.Gelu,
    ops.Log,
    ops.Log1p,
    ops.Log2,
    ops.Rsqrt,
    ops.Sigmoid,
    ops.Silu,
    ops.Sin,
    ops.Tanh,
)


def _law(kind: type[Op]) -> Callable[..., Number]:
    return lambda op, a: enclosed(op, function(kind.name, a))


elementwise({kind: _law(kind) for kind in FUNCTIONS})
