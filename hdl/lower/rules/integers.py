"""Rules of integer ops beyond arithmetic: division, counts of bits, rotation, flags, products."""

from __future__ import annotations

from typing import Any

from hdl.lower.functions import Divide, Rotate, beat_shape, tree
from hdl.lower.rules.elementwise import lanewise
from hdl.lower.rules.reductions import combined
from hdl.lower.rules.rule import Need, Plan, lowers, no_trap
from hdl.lower.schedule import Schedule
from tilevm.ir import Op, ops


def _division(kind: type[Op], *, floor: bool, remainder: bool) -> None:
    @lowers(kind)
    def rule(op: Any, schedule: Schedule, lanes: int) -> Plan:
        if not remainder:
            no_trap(op)
        saturates = not remainder and op.overflow == "sat"
        function = Divide(op.out.dtype, schedule.shape[1], floor, remainder, saturates)
        return Plan(schedule, (Need(op.a, schedule), Need(op.b, schedule)), function)


_division(ops.FloorDiv, floor=True, remainder=False)
_division(ops.FloorMod, floor=True, remainder=True)
_division(ops.TruncDiv, floor=False, remainder=False)
_division(ops.TruncMod, floor=False, remainder=True)


def _below_lowest(bits: Any) -> Any:
    """The number of zeros below the lowest 1: the ones that subtracting 1 makes of them."""
    ones = ~bits & (bits - 1)[: len(bits)]
    return tree(list(ones), lambda x, y: x + y)


@lowers(ops.Ctz)
def _(op: ops.Ctz, schedule: Schedule, lanes: int) -> Plan:
    return lanewise(op, schedule, lambda a: _below_lowest(a.as_unsigned()))


@lowers(ops.Clz)
def _(op: ops.Clz, schedule: Schedule, lanes: int) -> Plan:
    from amaranth import Cat

    return lanewise(op, schedule, lambda a: _below_lowest(Cat(reversed(a.as_unsigned()))))


def _rotation(kind: type[Op]) -> None:
    @lowers(kind)
    def rule(op: Any, schedule: Schedule, lanes: int) -> Plan:
        needs = tuple(Need(value, schedule) for value in op.operands)
        return Plan(schedule, needs, Rotate(op, beat_shape(op.out.dtype, schedule.shape[1])))


_rotation(ops.Rotl)
_rotation(ops.Rotr)


def _reduction(kind: type[Op], name: str) -> None:
    @lowers(kind)
    def rule(op: Any, schedule: Schedule, lanes: int) -> Plan:
        return combined(op, schedule, lanes, name)


_reduction(ops.Any_, "or")
_reduction(ops.All_, "and")
