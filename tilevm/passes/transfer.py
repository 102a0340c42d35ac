"""What each op makes of intervals: the exact result, before it is brought into the type.

An op that is not listed may give any value of its type: that is never wrong, only wide.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

from tilevm.dtypes import dtype
from tilevm.ir import Op, Value, ops
from tilevm.passes.interval import Interval, hull, whole

Of = Callable[[Value], Interval]
Index = Callable[[Any], Interval | None]
Transfer = Callable[[Any, Of, Index], Interval | None]

_RULES: dict[type[Op], Transfer] = {}
BIT = Interval(0, 1)
NOTHING = Interval(0, 0)


def exact(op: Op, of: Of, index: Index) -> Interval | None:
    """The exact values of an op's result, given those of its operands; None: any of the type."""
    rule = _RULES.get(type(op))
    whole_numbers = all(value.dtype.is_int for value in (*op.operands, *op.results))
    return rule(op, of, index) if rule is not None and whole_numbers else None


def partial_sums(op: Op, of: Of) -> Interval | None:
    """What the sum of any of its terms may be, for an op that sums; None for another."""
    match op:
        case ops.Dot():
            return (of(op.a) * of(op.b)).upto(op.a.tile.shape[-1])
        case ops.Sum():
            return of(op.a).upto(_summed(op))
        case ops.ShiftAdd():
            terms = _weighted(op, of)
            return sum((hull(term, NOTHING) for term in terms), NOTHING)
    return None


def _rule(*kinds: type[Op]) -> Callable[[Transfer], Transfer]:
    def register(rule: Transfer) -> Transfer:
        _RULES.update(dict.fromkeys(kinds, rule))
        return rule

    return register


def _summed(op: ops.Sum) -> int:
    return prod(op.a.tile.shape[d] for d in op.over)


def _weighted(op: ops.ShiftAdd, of: Of) -> list[Interval]:
    """The planes of a `shift_add`, each times its weight."""
    plane, count = of(op.a), op.a.tile.shape[0]
    terms = [plane.times(1 << p) for p in range(count)]
    return [*terms[:-1], -terms[-1]] if op.signed and terms else terms


def _below(values: Interval) -> int:
    """All bits that numbers up to the largest may have set."""
    return (1 << values.high.bit_length()) - 1


# --- ops that make a tile


@_rule(ops.Full)
def _(op: ops.Full, of: Of, index: Index) -> Interval | None:
    return Interval(int(op.value), int(op.value))


@_rule(ops.Constant)
def _(op: ops.Constant, of: Of, index: Index) -> Interval | None:
    values = [int(value) for value in op.values]
    return Interval(min(values), max(values)) if values else None


@_rule(ops.Iota)
def _(op: ops.Iota, of: Of, index: Index) -> Interval | None:
    start = index(op.start)
    last = max(0, op.type.shape[op.dim] - 1)
    values = start + Interval(0, last) if start is not None else None
    # start and sum are numbers of 64 bits, and wrap there
    return values if values is not None and values.fits(dtype("i64")) else None


# --- elementwise


@_rule(ops.Add)
def _(op: ops.Add, of: Of, index: Index) -> Interval | None:
    return of(op.a) + of(op.b)


@_rule(ops.Sub)
def _(op: ops.Sub, of: Of, index: Index) -> Interval | None:
    return of(op.a) - of(op.b)


@_rule(ops.Mul)
def _(op: ops.Mul, of: Of, index: Index) -> Interval | None:
    if op.a is op.b:
        ends = [of(op.a).low ** 2, of(op.a).high ** 2]
        return Interval(0 if 0 in of(op.a) else min(ends), max(ends))
    return of(op.a) * of(op.b)


@_rule(ops.Neg)
def _(op: ops.Neg, of: Of, index: Index) -> Interval | None:
    return -of(op.a)


@_rule(ops.Abs)
def _(op: ops.Abs, of: Of, index: Index) -> Interval | None:
    ends = abs(of(op.a).low), abs(of(op.a).high)
    return Interval(0 if 0 in of(op.a) else min(ends), max(ends))


@_rule(ops.Clip)
def _(op: ops.Clip, of: Of, index: Index) -> Interval | None:
    kind = whole(op.a.dtype)
    low = kind.low if op.lo is None else int(op.lo)
    return of(op.a).clamped(Interval(low, kind.high if op.hi is None else int(op.hi)))


@_rule(ops.Popcount, ops.Clz, ops.Ctz)
def _(op: Any, of: Of, index: Index) -> Interval | None:
    return Interval(0, op.a.dtype.bits)


@_rule(ops.Min)
def _(op: ops.Min, of: Of, index: Index) -> Interval | None:
    a, b = of(op.a), of(op.b)
    return Interval(min(a.low, b.low), min(a.high, b.high))


@_rule(ops.Max)
def _(op: ops.Max, of: Of, index: Index) -> Interval | None:
    a, b = of(op.a), of(op.b)
    return Interval(max(a.low, b.low), max(a.high, b.high))


@_rule(ops.And)
def _(op: ops.And, of: Of, index: Index) -> Interval | None:
    tops = [of(side).high for side in (op.a, op.b) if of(side).low >= 0]
    return Interval(0, min(tops)) if tops else None


@_rule(ops.Or, ops.Xor)
def _(op: ops.Or | ops.Xor, of: Of, index: Index) -> Interval | None:
    a, b = of(op.a), of(op.b)
    return Interval(0, _below(hull(a, b))) if min(a.low, b.low) >= 0 else None


@_rule(ops.Not)
def _(op: ops.Not, of: Of, index: Index) -> Interval | None:
    kind = whole(op.a.dtype)
    return Interval(kind.low + kind.high - of(op.a).high, kind.low + kind.high - of(op.a).low)


@_rule(ops.Shl)
def _(op: ops.Shl, of: Of, index: Index) -> Interval | None:
    amount = of(op.n)
    if not 0 <= amount.low <= amount.high <= op.a.dtype.bits:
        return None
    return of(op.a) * Interval(1 << amount.low, 1 << amount.high)


@_rule(ops.Shr)
def _(op: ops.Shr, of: Of, index: Index) -> Interval | None:
    a, amount = of(op.a), of(op.n)
    if amount.low < 0:
        return None
    shifts = [min(amount.low, 64), min(amount.high, 64)]
    ends = [end >> n for end in (a.low, a.high) for n in shifts]
    return Interval(min(ends), max(ends))


@_rule(ops.Compare)
def _(op: ops.Compare, of: Of, index: Index) -> Interval | None:
    return BIT


@_rule(ops.Select)
def _(op: ops.Select, of: Of, index: Index) -> Interval | None:
    return hull(of(op.a), of(op.b))


@_rule(ops.Cast)
def _(op: ops.Cast, of: Of, index: Index) -> Interval | None:
    return of(op.a)


# --- moves


@_rule(ops.Reshape, ops.Transpose, ops.Broadcast, ops.ConvertLayout)
def _(op: Any, of: Of, index: Index) -> Interval | None:
    return of(op.a)


@_rule(ops.Pad)
def _(op: ops.Pad, of: Of, index: Index) -> Interval | None:
    return hull(of(op.a), Interval(int(op.value), int(op.value)))


# --- sums and tables


@_rule(ops.Dot)
def _(op: ops.Dot, of: Of, index: Index) -> Interval | None:
    return (of(op.a) * of(op.b)).times(op.a.tile.shape[-1])


@_rule(ops.Sum)
def _(op: ops.Sum, of: Of, index: Index) -> Interval | None:
    return of(op.a).times(_summed(op))


@_rule(ops.Amax, ops.Amin)
def _(op: Any, of: Of, index: Index) -> Interval | None:
    return of(op.a)


@_rule(ops.BitPlanes)
def _(op: ops.BitPlanes, of: Of, index: Index) -> Interval | None:
    return BIT


@_rule(ops.SubsetSums)
def _(op: ops.SubsetSums, of: Of, index: Index) -> Interval | None:
    return of(op.a).upto(op.group)


@_rule(ops.Lookup)
def _(op: ops.Lookup, of: Of, index: Index) -> Interval | None:
    return of(op.table)


@_rule(ops.ShiftAdd)
def _(op: ops.ShiftAdd, of: Of, index: Index) -> Interval | None:
    return sum(_weighted(op, of), NOTHING)
