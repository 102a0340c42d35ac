"""Prefixes along a dimension."""

from __future__ import annotations

from tilevm.dtypes import FloatType
from tilevm.ir import ops
from tilevm.reference.formats import numbers, numbers_of
from tilevm.reference.numbers import Number, largest, multiplied, negate, number, smallest, total
from tilevm.reference.ops.compare import counted
from tilevm.reference.ops.meaning import Index, Tile, fitted, means, tile


@means(ops.Scan)
def scan(op: ops.Scan, a: Tile) -> Tile:
    extent, kind = op.a.tile.shape[op.dim], op.a.dtype

    def law(i: Index) -> Number:
        before = [n for n in range(extent) if (n > i[op.dim] if op.reverse else n < i[op.dim])]
        taken = before if op.exclusive else [*before, i[op.dim]]
        terms = [a[*i[: op.dim], n, *i[op.dim + 1 :]] for n in taken]
        match op.op:
            case "add":
                return fitted(op, total(numbers(kind, x) for x in terms))
            case "mul":
                is_float = numbers_of(kind).is_float
                return fitted(op, multiplied((numbers(kind, x) for x in terms), is_float))
        if not terms:
            return _neutral(op)
        pick = smallest if op.op == "min" else largest
        return pick(counted(terms, op.nan))

    return tile(op.out, law)


def _neutral(op: ops.Scan) -> Number:
    kind = op.a.dtype
    infinite = isinstance(kind, FloatType) and kind.format.convention == "ieee"
    if infinite and (op.op == "min" or kind.signed):
        infinity = number(float("inf"))
        return infinity if op.op == "min" else negate(infinity)
    return number(kind.max if op.op == "min" else kind.min)
