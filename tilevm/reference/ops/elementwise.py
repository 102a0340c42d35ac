"""Elementwise ops: laws on the elements at one index."""

from __future__ import annotations

from collections.abc import Callable

from tilevm.ir import Op, ops
from tilevm.reference.formats import cast, fit
from tilevm.reference.functions import square_root
from tilevm.reference.numbers import (
    Number,
    Refused,
    compare,
    is_negative,
    largest,
    negate,
    over,
    plus,
    signed,
    smallest,
    times,
)
from tilevm.reference.ops.meaning import MEANINGS, Meaning, enclosed, fitted, tile

_WIDEST = 64  # bits: shifting by more does what shifting by this many does


def _amount(n: int) -> int:
    if n < 0:
        raise Refused(f"shift by {n}, a negative amount,")
    return min(n, _WIDEST)


ELEMENTWISE: dict[type[Op], Callable[..., Number]] = {
    ops.Add: lambda op, a, b: fitted(op, plus(a, b, op.rounding)),
    ops.Sub: lambda op, a, b: fitted(op, plus(a, negate(b), op.rounding)),
    ops.Mul: lambda op, a, b: fitted(op, times(a, b)),
    ops.Div: lambda op, a, b: fitted(op, over(a, b)),
    ops.Fma: lambda op, a, b, c: fitted(op, plus(times(a, b), c, op.rounding)),
    ops.Sqrt: lambda op, a: enclosed(op, square_root(a)),
    ops.Neg: lambda op, a: fitted(op, negate(a)),
    ops.Abs: lambda op, a: fitted(op, signed(a, is_negative(a))),
    ops.Min: lambda op, a, b: smallest([a, b]),
    ops.Max: lambda op, a, b: largest([a, b]),
    ops.And: lambda op, a, b: a & b,
    ops.Or: lambda op, a, b: a | b,
    ops.Xor: lambda op, a, b: a ^ b,
    ops.Not: lambda op, a: fit(op.out.dtype, ~a),
    ops.Shl: lambda op, a, n: fitted(op, a * 2 ** _amount(n)),
    ops.Shr: lambda op, a, n: a // 2 ** _amount(n),
    ops.Compare: lambda op, a, b: 1 if compare(a, b, op.pred) else 0,
    ops.Select: lambda op, c, a, b: a if c else b,
    ops.Cast: lambda op, a: cast(a, op.to, op.rounding, op.overflow),
}


def _elementwise(law: Callable[..., Number]) -> Meaning:
    return lambda op, *tiles: tile(op.out, lambda i: law(op, *(t[i] for t in tiles)))


MEANINGS.update({kind: _elementwise(law) for kind, law in ELEMENTWISE.items()})
