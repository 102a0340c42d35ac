"""Elementwise ops: laws on the elements at one index."""

from __future__ import annotations

from collections.abc import Callable

from tilevm.dtypes import CodebookType
from tilevm.ir import Op, ops
from tilevm.reference.formats import fit, numbers
from tilevm.reference.functions import square_root
from tilevm.reference.numbers import (
    Number,
    Refused,
    is_negative,
    negate,
    number,
    over,
    plus,
    signed,
    times,
)
from tilevm.reference.ops.meaning import Index, Tile, elementwise, enclosed, fitted, means, tile

ELEMENTWISE: dict[type[Op], Callable[..., Number]] = {
    ops.Add: lambda op, a, b: fitted(op, plus(a, b, op.rounding)),
    ops.Sub: lambda op, a, b: fitted(op, plus(a, negate(b), op.rounding)),
    ops.Mul: lambda op, a, b: fitted(op, times(a, b)),
    ops.Div: lambda op, a, b: fitted(op, quotient(op, a, b)),
    ops.Fma: lambda op, a, b, c: fitted(op, plus(times(a, b), c, op.rounding)),
    ops.Sqrt: lambda op, a: enclosed(op, square_root(a)),
    ops.Neg: lambda op, a: fitted(op, negate(a)),
    ops.Abs: lambda op, a: fitted(op, signed(a, is_negative(a))),
}


def quotient(op: ops.Div, a: Number, b: Number) -> Number:
    """a / b; fixed point has no infinity for what is divided by zero."""
    if not op.a.dtype.is_float and b == 0:
        raise Refused("division by zero")
    return over(a, b)


elementwise(ELEMENTWISE)


@means(ops.Decode)
def decode(op: ops.Decode, a: Tile) -> Tile:
    kind = op.a.dtype
    assert isinstance(kind, CodebookType)

    def law(i: Index) -> Number:
        if kind.vector is None:
            return numbers(kind, a[i])
        place, part = divmod(i[-1], kind.vector)
        code = a[(*i[:-1], place) if op.a.tile.rank else ()]
        assert isinstance(code, int)
        entry = kind.entries[code]
        assert isinstance(entry, tuple)
        return fit(kind.entry, number(entry[part]))

    return tile(op.out, law)
