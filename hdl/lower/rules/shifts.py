"""Rules of shifts."""

from __future__ import annotations

from hdl.lower.functions import (
    Lane,
    clamp,
)
from hdl.lower.rules.elementwise import lanewise
from hdl.lower.rules.rule import Plan, lowers, no_trap
from hdl.lower.schedule import Schedule
from tilevm.ir import ops


@lowers(ops.Shl)
def _(op: ops.Shl, schedule: Schedule, lanes: int) -> Plan:
    kind = op.a.dtype
    no_trap(op)

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
