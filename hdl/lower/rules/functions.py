"""Rules of functions of one float: a table of all codes where they are few, else a circuit."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hdl.lower.functions import Lane, TabledCircuits
from hdl.lower.rules.floats import (
    OTHER_OVERFLOW,
    WIDEST_DIVIDER,
    WIDEST_TABLE,
    no_nan,
    tabulated,
)
from hdl.lower.rules.rule import Need, Plan, lowers, no_trap
from hdl.lower.schedule import Schedule
from hdl.lower.wires import refused
from tilevm.dtypes import LOOKED_AT, FloatType
from tilevm.ir import Op, ops

# by op, the functions of hdl.floats: exact digit by digit, or as close as their rounding needs
ROOTS = {"sqrt": "square_root", "rsqrt": "reciprocal_root"}
CLOSE = {name: name for name in ("exp", "exp2", "expm1", "log", "log2", "sigmoid", "silu", "tanh")}
CIRCUITS = ROOTS | CLOSE
OF_POSITIVE = {*ROOTS, "log", "log2"}  # NaN of what is negative


def function(op: Any, schedule: Schedule, lanes: int) -> Plan:
    """A function of one float, correctly rounded either way."""
    if op.a.dtype.bits > WIDEST_TABLE and op.name in CIRCUITS:
        return _circuit(op, schedule)
    table = tabulated(op, schedule, op.run)
    return replace(table, otherwise=_circuit(op, schedule)) if op.name in CIRCUITS else table


def _circuit(op: Any, schedule: Schedule) -> Plan:
    kind = op.a.dtype
    assert isinstance(kind, FloatType)
    no_trap(op, OTHER_OVERFLOW)
    no_nan(op, kind, kind.signed and op.name in OF_POSITIVE)
    f, name = kind.format, CIRCUITS[op.name]
    if kind.bits > WIDEST_DIVIDER and op.name in ROOTS:
        reason = f"a root of {kind} would be one path of {f.precision} digits"
        raise refused(op, reason, "take it in f32 or less")
    if f.precision > LOOKED_AT and op.name not in ROOTS:
        reason = f"it is known up to {LOOKED_AT} bits how close results come to where they round"
        raise refused(op, f"{reason}, and {kind} has {f.precision}", "compute it in f32")

    def logic(c: Any, code: Lane) -> Lane:
        from hdl import floats

        found = getattr(floats, name)(c, floats.unpack(c, f, code), f)
        return floats.round_pack(c, f, found, op.rounding, op.overflow)

    needs, lanes = (Need(op.a, schedule),), schedule.shape[1]
    return Plan(schedule, needs, TabledCircuits(op.name, (kind,), kind, lanes, logic, op.run))


def _all() -> list[type[Op]]:
    names = "Exp Exp2 Expm1 Log Log2 Log1p Sin Cos Tanh Sigmoid Silu Rsqrt Erf Gelu Sqrt"
    return [getattr(ops, name) for name in names.split()]


for _kind in _all():
    lowers(_kind)(function)
