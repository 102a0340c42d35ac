"""Rules of functions of one float: a table of all codes where they are few, else a circuit."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hdl.lower.functions import Lane
from hdl.lower.rules.floats import (
    OTHER_OVERFLOW,
    WIDEST_DIVIDER,
    WIDEST_TABLE,
    in_circuit,
    no_nan,
    tabulated,
)
from hdl.lower.rules.rule import Plan, lowers, no_trap
from hdl.lower.schedule import Schedule
from hdl.lower.wires import refused
from tilevm.dtypes import FloatType
from tilevm.ir import Op, ops

ROOTS = {"sqrt": "square_root", "rsqrt": "reciprocal_root"}  # by op, the functions of hdl.floats


def function(op: Any, schedule: Schedule, lanes: int) -> Plan:
    """A function of one float, correctly rounded either way."""
    if op.a.dtype.bits > WIDEST_TABLE:
        if op.name not in ROOTS:
            return tabulated(op, schedule, op.run)
        return _circuit(op, schedule)
    table = tabulated(op, schedule, op.run)
    return replace(table, otherwise=_circuit(op, schedule)) if op.name in ROOTS else table


def _circuit(op: Any, schedule: Schedule) -> Plan:
    kind = op.a.dtype
    assert isinstance(kind, FloatType)
    no_trap(op, OTHER_OVERFLOW)
    no_nan(op, kind, kind.signed)
    if kind.bits > WIDEST_DIVIDER:
        reason = f"a root of {kind} would be one path of {kind.format.precision} digits"
        raise refused(op, reason, "take it in f32 or less")
    f, name = kind.format, ROOTS[op.name]

    def logic(c: Any, code: Lane) -> Lane:
        from hdl import floats

        found = getattr(floats, name)(c, floats.unpack(c, f, code), f.precision)
        return floats.round_pack(c, f, found, op.rounding, op.overflow)

    return in_circuit(op, schedule, logic)


def _all() -> list[type[Op]]:
    names = "Exp Exp2 Expm1 Log Log2 Log1p Sin Cos Tanh Sigmoid Silu Rsqrt Erf Gelu Sqrt"
    return [getattr(ops, name) for name in names.split()]


for _kind in _all():
    lowers(_kind)(function)
