"""Rules of products, and of the sums of weighted planes that they are rewritten to."""

from __future__ import annotations

import numpy as np

from hdl.lower.functions import (
    Combine,
    HornerStep,
    Reduce,
    Weigh,
)
from hdl.lower.rules.reductions import fold_of, reduced, wrapping
from hdl.lower.rules.rule import Need, Plan, integers, lowers
from hdl.lower.schedule import Schedule
from tilevm.ir import ops


@lowers(ops.Dot)
def _(op: ops.Dot, schedule: Schedule, lanes: int) -> Plan:
    integers(op, op.a, op.b, op.out)
    wrapping(op)
    depth = op.a.tile.shape[-1]
    a = np.arange(op.a.tile.size, dtype=np.int64).reshape(-1, 1, depth)
    b = np.arange(op.b.tile.size, dtype=np.int64).reshape(depth, -1).T[None]
    rows, columns = a.shape[0], b.shape[1]
    members = [np.broadcast_to(side, (rows, columns, depth)).reshape(-1, depth) for side in (a, b)]
    (left, wide, steps), (right, _, _) = (reduced(schedule, m, lanes) for m in members)
    combine = Combine("sum", op.to)
    function = Reduce(combine, schedule.shape[1], wide, products=True)
    needs = (Need(op.a, left), Need(op.b, right))
    return Plan(schedule, needs, function, fold_of(combine, schedule, steps), steps)


@lowers(ops.ShiftAdd)
def _(op: ops.ShiftAdd, schedule: Schedule, lanes: int) -> Plan:
    wrapping(op)
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
