"""Rules of ops that compute each element from the same element of their operands."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from hdl.lower.functions import (
    Combine,
    Lane,
    Lanewise,
    absolute,
    beat_shape,
    between,
    clamp,
    tree,
)
from hdl.lower.rules import floats
from hdl.lower.rules.rule import Need, Plan, all_integers, lowers, no_trap
from hdl.lower.schedule import Schedule
from tilevm.ir import Op, ops


def lanewise(op: Op, schedule: Schedule, logic: Callable[..., Lane]) -> Plan:
    """An op that computes each element from the same element of its operands."""
    needs = tuple(Need(value, schedule) for value in op.operands)
    shape = beat_shape(op.out.dtype, schedule.shape[1])
    return Plan(schedule, needs, Lanewise(op, shape, logic))


_FLOATING = (ops.Add, ops.Sub, ops.Mul, ops.Neg, ops.Abs)


def _arithmetic(kind: type[Op], logic: Callable[..., Lane]) -> None:
    @lowers(kind)
    def rule(op: Any, schedule: Schedule, lanes: int) -> Plan:
        if not all_integers(*op.operands) and kind in _FLOATING:
            return floats.floating(op, schedule)
        no_trap(op)
        if getattr(op, "overflow", None) == "sat":
            result = op.out.dtype
            return lanewise(op, schedule, lambda *a: clamp(logic(*a), result))
        return lanewise(op, schedule, logic)


_arithmetic(ops.Add, lambda a, b: a + b)
_arithmetic(ops.Sub, lambda a, b: a - b)
_arithmetic(ops.Mul, lambda a, b: a * b)
_arithmetic(ops.Neg, lambda a: -a)
_arithmetic(ops.Abs, absolute)
_arithmetic(ops.And, lambda a, b: a & b)
_arithmetic(ops.Or, lambda a, b: a | b)
_arithmetic(ops.Xor, lambda a, b: a ^ b)
_arithmetic(ops.Not, lambda a: ~a)


@lowers(ops.MulHi)
def _(op: ops.MulHi, schedule: Schedule, lanes: int) -> Plan:
    bits = op.a.dtype.bits
    return lanewise(op, schedule, lambda a, b: a * b >> bits)


@lowers(ops.Popcount)
def _(op: ops.Popcount, schedule: Schedule, lanes: int) -> Plan:
    return lanewise(op, schedule, lambda a: tree(list(a.as_unsigned()), lambda x, y: x + y))


@lowers(ops.Clip)
def _(op: ops.Clip, schedule: Schedule, lanes: int) -> Plan:
    kind = op.a.dtype
    if not kind.is_int:
        given = ((op.lo, True), (op.hi, False))
        return floats.chosen(op, schedule, *((b, larger) for b, larger in given if b is not None))
    low, high = (end if b is None else b for b, end in ((op.lo, kind.min), (op.hi, kind.max)))
    return lanewise(op, schedule, lambda a: between(a, int(low), int(high)))


def _choose(kind: type[Op], name: str) -> None:
    @lowers(kind)
    def rule(op: Any, schedule: Schedule, lanes: int) -> Plan:
        if not all_integers(op.a):
            return floats.chosen(op, schedule)
        return lanewise(op, schedule, Combine(name, op.out.dtype).logic)


_choose(ops.Min, "min")
_choose(ops.Max, "max")


@lowers(ops.Compare)
def _(op: ops.Compare, schedule: Schedule, lanes: int) -> Plan:
    if not all_integers(op.a):
        return floats.compared(op, schedule)
    # of integers, whose predicates have nothing to do with NaN, and the names of Python's operators
    return lanewise(op, schedule, getattr(operator, op.pred))


@lowers(ops.Select)
def _(op: ops.Select, schedule: Schedule, lanes: int) -> Plan:
    from amaranth import Mux

    return lanewise(op, schedule, lambda c, a, b: Mux(c, a, b))


@lowers(ops.Cast)
def _(op: ops.Cast, schedule: Schedule, lanes: int) -> Plan:
    if not all_integers(op.a, op.out):
        return floats.cast(op, schedule)
    no_trap(op)
    return lanewise(op, schedule, lambda a: clamp(a, op.to))
