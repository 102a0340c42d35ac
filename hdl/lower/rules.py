"""One rule per op that computes: what its actor needs in each beat, and what it does with it.

A rule is given the op, the schedule that consumers want of its result, and the number of lanes; it
returns a `Plan`.  Ops without a rule that do not merely move bits are refused.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from hdl.lower.functions import (
    Combine,
    FoldStep,
    HornerStep,
    Lane,
    Lanewise,
    Reduce,
    Select,
    Subsets,
    Weigh,
    absolute,
    beat_shape,
    between,
    clamp,
    tree,
)
from hdl.lower.schedule import HOLE, Schedule, default_schedule, largest_divisor
from hdl.lower.wires import refused
from hdl.netlist import ONE, ZERO
from hdl.units import FoldFunction, LaneFunction
from tilevm.dtypes import DType
from tilevm.ir import Op, Value, ops


@dataclass(frozen=True, eq=False)
class Need:
    """What an actor takes of one operand: elements [beats, lanes], HOLE where it takes none."""

    value: Value
    elements: Schedule


@dataclass(frozen=True, eq=False)
class Plan:
    """How an op is built: a function of beats, and maybe a fold over every `steps` of them.

    `flags` [beats], if any, is a last operand of one constant bit for each beat.
    """

    schedule: Schedule
    needs: tuple[Need, ...]
    function: LaneFunction
    fold: FoldFunction | None = None
    steps: int = 1
    flags: np.ndarray[Any, np.dtype[np.bool_]] | None = None


Rule = Callable[[Any, Schedule, int], Plan]
RULES: dict[type[Op], Rule] = {}


def lowers(kind: type[Op]) -> Callable[[Rule], Rule]:
    """Registers the hardware rule of an op."""

    def register(rule: Rule) -> Rule:
        assert kind not in RULES, f"`{kind.name}` has two hardware rules"
        RULES[kind] = rule
        return rule

    return register


def integers(op: Op, *values: Value) -> None:
    """Refuses operands and results that are no integers."""
    for value in (*values, *op.results):
        if not value.dtype.is_int:
            what = "float" if value.dtype.is_float else "such"
            hint = "use integers here; the virtual machine runs it as it is"
            raise refused(
                op, f"`{value.name}` is {value.type}, and {what} units do not exist yet", hint
            )


# --- elementwise


def lanewise(op: Op, schedule: Schedule, logic: Callable[..., Lane]) -> Plan:
    """An op that computes each element from the same element of its operands."""
    needs = tuple(Need(value, schedule) for value in op.operands)
    shape = beat_shape(op.out.dtype, schedule.shape[1])
    return Plan(schedule, needs, Lanewise(op, shape, logic))


def _arithmetic(kind: type[Op], logic: Callable[..., Lane]) -> None:
    @lowers(kind)
    def rule(op: Any, schedule: Schedule, lanes: int) -> Plan:
        integers(op, *op.operands)
        match getattr(op, "overflow", None):
            case "sat":
                result = op.out.dtype
                return lanewise(op, schedule, lambda *a: clamp(logic(*a), result))
            case "trap":
                raise refused(
                    op, "hardware cannot stop on overflow", "use `overflow = wrap` or `sat`"
                )
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
    integers(op, op.a)
    kind = op.a.dtype
    low, high = (end if b is None else b for b, end in ((op.lo, kind.min), (op.hi, kind.max)))
    return lanewise(op, schedule, lambda a: between(a, int(low), int(high)))


def _choose(kind: type[Op], name: str) -> None:
    @lowers(kind)
    def rule(op: Any, schedule: Schedule, lanes: int) -> Plan:
        integers(op, *op.operands)
        return lanewise(op, schedule, Combine(name, op.out.dtype).logic)


_choose(ops.Min, "min")
_choose(ops.Max, "max")


@lowers(ops.Compare)
def _(op: ops.Compare, schedule: Schedule, lanes: int) -> Plan:
    integers(op, op.a)
    tests: dict[str, Callable[[Lane, Lane], Lane]] = {  # of integers: none has to do with NaN
        "eq": lambda a, b: a == b,
        "ne": lambda a, b: a != b,
        "lt": lambda a, b: a < b,
        "le": lambda a, b: a <= b,
        "gt": lambda a, b: a > b,
        "ge": lambda a, b: a >= b,
    }
    return lanewise(op, schedule, tests[op.pred])


@lowers(ops.Select)
def _(op: ops.Select, schedule: Schedule, lanes: int) -> Plan:
    from amaranth import Mux

    return lanewise(op, schedule, lambda c, a, b: Mux(c, a, b))


@lowers(ops.Shl)
def _(op: ops.Shl, schedule: Schedule, lanes: int) -> Plan:
    kind = op.a.dtype
    if op.overflow == "trap":
        raise refused(op, "hardware cannot stop on overflow", "use `overflow = wrap` or `sat`")

    def shifted(a: Lane, n: Lane) -> Lane:
        return a << _amount(n, kind.bits)

    if op.overflow == "sat":
        return lanewise(op, schedule, lambda a, n: clamp(shifted(a, n), kind))
    return lanewise(op, schedule, shifted)


@lowers(ops.Shr)
def _(op: ops.Shr, schedule: Schedule, lanes: int) -> Plan:
    bits = op.a.dtype.bits
    return lanewise(op, schedule, lambda a, n: a >> _amount(n, bits))


def _amount(n: Lane, bits: int) -> Lane:
    """A shift amount, at most `bits`: as few bits as that needs, so that shifters stay small."""
    from amaranth import Const, Mux

    wide = n.as_unsigned()
    few = bits.bit_length()
    if len(wide) < few or (1 << len(wide)) - 1 <= bits:
        return wide
    return Mux(wide >= bits, Const(bits, few), wide[:few])


@lowers(ops.Cast)
def _(op: ops.Cast, schedule: Schedule, lanes: int) -> Plan:
    integers(op, op.a, op.out)
    if op.overflow == "trap":
        raise refused(op, "hardware cannot stop on overflow", "use `overflow = wrap` or `sat`")
    return lanewise(op, schedule, lambda a: clamp(a, op.to))


# --- reductions


def reduced(schedule: Schedule, members: Schedule, lanes: int) -> tuple[Schedule, int, int]:
    """Spreads a reduction over lanes and beats.

    `members` [results, count] lists the elements that make each result.  Returns the elements
    needed, [beats * steps, lanes * wide], how many neighbouring lanes make one, and the steps.
    """
    count = members.shape[1]
    beats, across = schedule.shape
    wide = largest_divisor(count, max(1, lanes // across))
    steps = count // wide
    taken = np.where(schedule[..., None] == HOLE, HOLE, members[schedule])
    grouped = taken.reshape(beats, across, steps, wide).transpose(0, 2, 1, 3)
    return grouped.reshape(beats * steps, across * wide), wide, steps


def _wrapping(op: Any) -> None:
    """Refuses a sum that does not wrap where it may overflow."""
    if op.overflow not in (None, "wrap") and replace(op, overflow=None).reports_overflow:
        raise refused(
            op,
            f"`overflow = {op.overflow}` of a sum needs an accumulator as wide as the exact one",
            "sum to a wider type, then `cast` with `overflow = sat`",
        )


def _fold(combine: Combine, schedule: Schedule, steps: int) -> FoldFunction | None:
    return FoldStep(combine, schedule.shape[1]) if steps > 1 else None


def _reduction(kind: type[Op], name: str) -> None:
    @lowers(kind)
    def rule(op: Any, schedule: Schedule, lanes: int) -> Plan:
        integers(op, op.a, op.out)
        if isinstance(op, ops.Sum):
            _wrapping(op)
        shape = op.a.tile.shape
        kept = [d for d in range(len(shape)) if d not in op.over]
        numbers = np.arange(op.a.tile.size, dtype=np.int64).reshape(shape)
        members = numbers.transpose(*kept, *op.over).reshape(op.out.tile.size, -1)
        needed, wide, steps = reduced(schedule, members, lanes)
        combine = Combine(name, op.out.dtype)
        function = Reduce(combine, schedule.shape[1], wide)
        return Plan(
            schedule, (Need(op.a, needed),), function, _fold(combine, schedule, steps), steps
        )


_reduction(ops.Sum, "sum")
_reduction(ops.Amax, "max")
_reduction(ops.Amin, "min")


@lowers(ops.Dot)
def _(op: ops.Dot, schedule: Schedule, lanes: int) -> Plan:
    integers(op, op.a, op.b, op.out)
    _wrapping(op)
    depth = op.a.tile.shape[-1]
    a = np.arange(op.a.tile.size, dtype=np.int64).reshape(-1, 1, depth)
    b = np.arange(op.b.tile.size, dtype=np.int64).reshape(depth, -1).T[None]
    rows, columns = a.shape[0], b.shape[1]
    members = [np.broadcast_to(side, (rows, columns, depth)).reshape(-1, depth) for side in (a, b)]
    (left, wide, steps), (right, _, _) = (reduced(schedule, m, lanes) for m in members)
    combine = Combine("sum", op.to)
    function = Reduce(combine, schedule.shape[1], wide, products=True)
    needs = (Need(op.a, left), Need(op.b, right))
    return Plan(schedule, needs, function, _fold(combine, schedule, steps), steps)


@lowers(ops.ShiftAdd)
def _(op: ops.ShiftAdd, schedule: Schedule, lanes: int) -> Plan:
    _wrapping(op)
    planes = op.a.tile.shape[0]
    members = np.arange(op.a.tile.size, dtype=np.int64).reshape(planes, -1).T
    across = schedule.shape[1]
    if planes <= max(1, lanes // across):
        needed, wide, _ = reduced(schedule, members, planes * across)
        function = Weigh(op.acc, across, wide, op.signed, False)
        return Plan(schedule, (Need(op.a, needed),), function)
    # one plane a beat, the most significant first
    needed, _, steps = reduced(schedule, members[:, ::-1], across)
    flags = np.arange(len(needed)) % steps == 0 if op.signed else None
    kind = op.acc
    function = Weigh(kind, across, 1, op.signed, op.signed)
    return Plan(schedule, (Need(op.a, needed),), function, HornerStep(kind, across), steps, flags)


# --- tables


@lowers(ops.SubsetSums)
def _(op: ops.SubsetSums, schedule: Schedule, lanes: int) -> Plan:
    entries = 1 << op.group
    tables = op.out.tile.size // entries
    whole = schedule.shape[1] % entries == 0 and not (schedule == HOLE).any()
    if whole:
        parts = schedule.reshape(len(schedule), -1, entries)
        whole = bool((parts == parts[..., :1] // entries * entries + np.arange(entries)).all())
    if not whole:
        schedule = np.arange(tables * entries, dtype=np.int64).reshape(tables, entries)
    numbers = schedule[:, ::entries] // entries
    needed = (numbers[..., None] * op.group + np.arange(op.group)).reshape(len(schedule), -1)
    function = Subsets(op.out.dtype, op.group, numbers.shape[1])
    return Plan(schedule, (Need(op.a, needed),), function)


@lowers(ops.Lookup)
def _(op: ops.Lookup, schedule: Schedule, lanes: int) -> Plan:
    table, index = op.table.tile, op.index.tile
    *lead, entries = table.shape
    if 1 << index.dtype.bits > entries:
        raise refused(
            op,
            f"an index of type {index.dtype} may go beyond the table of {entries} entries",
            f"`pad` the table to {1 << index.dtype.bits} entries",
        )
    rows = np.arange(table.size // entries, dtype=np.int64).reshape(lead)
    gap = (1,) * (index.rank - len(lead))
    row_of = np.broadcast_to(rows.reshape((*gap, *lead)), index.shape).reshape(-1)
    wanted = np.where(schedule == HOLE, row_of[0], row_of[schedule])
    slots, tables = _slots(wanted)
    needed = (tables[..., None] * entries + np.arange(entries)).reshape(len(schedule), -1)
    function = Select(op.out.dtype, slots, entries)
    return Plan(schedule, (Need(op.table, needed), Need(op.index, schedule)), function)


def _slots(wanted: Schedule) -> tuple[tuple[int, ...], Schedule]:
    """For each lane the number of its table within a beat, and the tables of each beat.

    Lanes that share a table in every beat share it in hardware.
    """
    _, first, slots = np.unique(wanted, axis=1, return_index=True, return_inverse=True)
    order = np.argsort(np.argsort(first))
    return tuple(int(order[s]) for s in slots.reshape(-1)), wanted[:, np.sort(first)]


def flag_table(flags: np.ndarray[Any, np.dtype[np.bool_]]) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Flags [beats] as constant operand bits [beats, 1, 1]."""
    return np.where(flags, ONE, ZERO).astype(np.int64)[:, None, None]


__all__ = ["RULES", "DType", "Need", "Plan", "default_schedule", "flag_table", "lowers", "refused"]
