"""Elementwise ops that compare and choose."""

from __future__ import annotations

from tilevm.ir import ops
from tilevm.reference.formats import fit
from tilevm.reference.numbers import NAN, Number, compare, largest, number, smallest
from tilevm.reference.ops.meaning import elementwise


def counted(terms: list[Number], nan: str) -> list[Number]:
    """The terms that take part: without NaN if it is ignored, unless there is nothing else."""
    if nan == "ignore":
        return [x for x in terms if x is not NAN] or terms
    return terms


def holds(a: Number, b: Number, pred: str) -> bool:
    """Whether a predicate of `compare` holds."""
    unordered = a is NAN or b is NAN
    if pred in ("ord", "uno"):
        return unordered == (pred == "uno")
    if pred == "one":
        return not unordered and compare(a, b, "ne")
    if pred[0] == "u":
        return unordered or compare(a, b, pred[1:])
    return compare(a, b, pred)


def clip(op: ops.Clip, a: Number) -> Number:
    kind = op.out.dtype
    if op.lo is not None:
        a = largest([a, fit(kind, number(op.lo))])
    return a if op.hi is None else smallest([a, fit(kind, number(op.hi))])


elementwise(
    {
        ops.Min: lambda op, a, b: smallest(counted([a, b], op.nan)),
        ops.Max: lambda op, a, b: largest(counted([a, b], op.nan)),
        ops.Clip: clip,
        ops.Compare: lambda op, a, b: 1 if holds(a, b, op.pred) else 0,
        ops.Select: lambda op, c, a, b: a if c else b,
    }
)
