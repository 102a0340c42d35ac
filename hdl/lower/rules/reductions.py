"""Rules of reductions: spread over lanes, then over beats."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from hdl.lower.functions import (
    Combine,
    FoldStep,
    Reduce,
)
from hdl.lower.rules.rule import Need, Plan, integers, lowers
from hdl.lower.schedule import HOLE, Schedule, largest_divisor
from hdl.lower.wires import refused
from hdl.units import FoldFunction
from tilevm.ir import Op, ops


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


def wrapping(op: Any) -> None:
    """Refuses a sum that does not wrap where it may overflow."""
    if op.overflow not in (None, "wrap") and replace(op, overflow=None).reports_overflow:
        raise refused(
            op,
            f"`overflow = {op.overflow}` of a sum needs an accumulator as wide as the exact one",
            "sum to a wider type, then `cast` with `overflow = sat`",
        )


def fold_of(combine: Combine, schedule: Schedule, steps: int) -> FoldFunction | None:
    return FoldStep(combine, schedule.shape[1]) if steps > 1 else None


def _reduction(kind: type[Op], name: str) -> None:
    @lowers(kind)
    def rule(op: Any, schedule: Schedule, lanes: int) -> Plan:
        integers(op, op.a, op.out)
        if isinstance(op, ops.Sum):
            wrapping(op)
        shape = op.a.tile.shape
        kept = [d for d in range(len(shape)) if d not in op.over]
        numbers = np.arange(op.a.tile.size, dtype=np.int64).reshape(shape)
        members = numbers.transpose(*kept, *op.over).reshape(op.out.tile.size, -1)
        needed, wide, steps = reduced(schedule, members, lanes)
        combine = Combine(name, op.out.dtype)
        function = Reduce(combine, schedule.shape[1], wide)
        return Plan(
            schedule, (Need(op.a, needed),), function, fold_of(combine, schedule, steps), steps
        )


_reduction(ops.Sum, "sum")
_reduction(ops.Amax, "max")
_reduction(ops.Amin, "min")
