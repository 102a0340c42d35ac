"""Rules of products, and of the sums of weighted planes that they are rewritten to."""

from __future__ import annotations

from typing import cast

import numpy as np

from hdl.lower.functions import (
    Combine,
    Factor,
    HornerStep,
    Reduce,
    Weigh,
)
from hdl.lower.functions.exact import is_special
from hdl.lower.rules.floats import no_nan, per_group
from hdl.lower.rules.reductions import exact_sum, fold_of, reduced, wrapping, wraps
from hdl.lower.rules.rule import Need, Plan, all_integers, lowers
from hdl.lower.schedule import Schedule
from tilevm.dtypes import FloatType
from tilevm.ir import Value, ops
from tilevm.ir.ops.reduce import numbers_of


def _products(
    a: Value, b: Value, schedule: Schedule, lanes: int
) -> tuple[Schedule, Schedule, int, int]:
    """The elements of both operands of a product, and how many lanes and steps make a result."""
    depth = a.tile.shape[-1]
    left = np.arange(a.tile.size, dtype=np.int64).reshape(*a.tile.shape[:-2], -1, 1, depth)
    right = np.arange(b.tile.size, dtype=np.int64).reshape(*b.tile.shape[:-2], 1, depth, -1)
    meet = np.broadcast_arrays(left, right.swapaxes(-1, -2))  # [..., rows, columns, depth]
    members = [side.reshape(-1, depth) for side in meet]
    (first, wide, steps), (second, _, _) = (reduced(schedule, m, lanes) for m in members)
    return first, second, wide, steps


@lowers(ops.DotScaled)
def _(op: ops.DotScaled, schedule: Schedule, lanes: int) -> Plan:
    x, y, dot = op.unfused
    elements = _products(op.a, op.b, schedule, lanes)
    needs: list[Need] = []
    factors: list[Factor] = []
    for codes, scaled, taken in ((op.a, x, elements[0]), (op.b, y, elements[1])):
        needs.append(Need(codes, taken))
        if scaled is None:
            factors.append(Factor(codes.dtype))
            continue
        zero, scale = scaled.zero, scaled.scale
        parts = [value for value in (zero, scale) if value is not None]
        needs += [Need(value, per_group(value, codes.tile.shape, taken)) for value in parts]
        kinds = (codes.dtype, zero and zero.dtype, scale.dtype)
        to = cast(FloatType, op.to) if op.to is not None else None
        if to is not None:
            given = (numbers_of(codes.dtype), scale.dtype)
            signed = any(float(kind.min) < 0 for kind in given) or zero is not None
            special = any(is_special(value.dtype) for value in (codes, scale))
            no_nan(op, to, special or (signed and not to.signed))
        factors.append(Factor(*kinds, to))
    depth, (wide, steps) = op.a.tile.shape[-1], elements[2:]
    return exact_sum(dot, dot.to, schedule, needs, factors, depth, wide, steps)


@lowers(ops.Dot)
def _(op: ops.Dot, schedule: Schedule, lanes: int) -> Plan:
    depth = op.a.tile.shape[-1]
    left, right, wide, steps = _products(op.a, op.b, schedule, lanes)
    needs = (Need(op.a, left), Need(op.b, right))
    if not all_integers(op.a, op.b, op.out) or not wraps(op):
        factors = (Factor(op.a.dtype), Factor(op.b.dtype))
        return exact_sum(op, op.to, schedule, needs, factors, depth, wide, steps)
    combine = Combine("sum", op.to)
    function = Reduce(combine, schedule.shape[1], wide, products=True)
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
