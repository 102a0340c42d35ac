"""Rules of reductions: spread over lanes, then over beats."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from hdl.lower.functions import (
    Accumulator,
    Combine,
    ExactProduct,
    ExactTerms,
    Extreme,
    ExtremeOf,
    Factor,
    FoldStep,
    JoinStep,
    ProductTerms,
    Reduce,
    RoundExact,
    RoundProduct,
    accumulator,
)
from hdl.lower.rules.floats import OTHER_OVERFLOW, no_nan
from hdl.lower.rules.rule import Need, Plan, all_integers, lowers, no_trap
from hdl.lower.schedule import HOLE, Schedule, largest_divisor
from hdl.lower.wires import refused
from hdl.units import FoldFunction
from tilevm.dtypes import DType, FixedType, FloatType, IntType
from tilevm.ir import Op, ops
from tilevm.ir.ops.reduce import numbers_of


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


def wraps(op: Any) -> bool:
    """Whether an accumulator of the result's type does: the sum wraps, or it never overflows."""
    return op.overflow in (None, "wrap") or not replace(op, overflow=None).reports_overflow


def wrapping(op: Any) -> None:
    """Refuses a sum that does not wrap where it may overflow."""
    if not wraps(op):
        no_trap(op)
        raise refused(
            op,
            f"`overflow = {op.overflow}` of a sum needs an accumulator as wide as the exact one",
            "sum to a wider type, then `cast` with `overflow = sat`",
        )


def fold_of(combine: Combine, schedule: Schedule, steps: int) -> FoldFunction | None:
    return FoldStep(combine, schedule.shape[1]) if steps > 1 else None


def exact_sum(
    op: Any,
    to: DType,
    schedule: Schedule,
    needs: Sequence[Need],
    factors: Sequence[Factor],
    count: int,
    wide: int,
    steps: int,
) -> Plan:
    """Sums of `count` products in an accumulator wide enough for all, rounded once at the end."""
    across = schedule.shape[1]
    exact, finish = rounded_sum(op, to, factors, count, across)
    function = ExactTerms(tuple(factors), exact, across, wide)
    fold = JoinStep(exact, across) if steps > 1 else None
    return Plan(
        schedule,
        tuple(needs),
        function,
        fold,
        steps,
        finish=finish,
        accumulator=exact.bits,
    )


def rounded_sum(
    op: Any, to: DType, factors: Sequence[Factor], count: int, across: int
) -> tuple[Accumulator, RoundExact]:
    """The accumulator of `count` products, and what rounds `across` of them."""
    exact = accumulator(factors, count)
    negative = any(_has_negative(kind) for factor in factors for kind in factor.kinds)
    _check_rounded(op, to, exact.special, negative)
    return exact, RoundExact(exact, to, across, getattr(op, "overflow", None))


def rounded_product(
    op: ops.Prod | ops.Scan, to: DType, count: int, across: int
) -> tuple[ExactProduct, RoundProduct]:
    """How exact products of `count` elements are kept, and what rounds `across` of them."""
    exact = ExactProduct(numbers_of(op.a.dtype), count)
    _check_rounded(op, to, exact.special, _has_negative(op.a.dtype))
    return exact, RoundProduct(exact, to, across, op.overflow)


def _has_negative(kind: DType) -> bool:
    return float(numbers_of(kind).min) < 0


def _check_rounded(op: Any, to: DType, special: bool, negative: bool) -> None:
    """Refuses what exact results are not rounded to, or where the machine may stop."""
    no_trap(op, OTHER_OVERFLOW)
    if not isinstance(to, IntType | FixedType | FloatType):
        raise refused(op, f"it gives no {to}", "give it a float type (`acc`)")
    no_nan(op, to, special or (negative and not to.signed), "use a wider float")


def _extreme(
    op: ops.Amax | ops.Amin, schedule: Schedule, needs: tuple[Need, ...], wide: int, steps: int
) -> Plan:
    kind, across = op.out.dtype, schedule.shape[1]
    assert isinstance(kind, FloatType), kind
    extreme = Extreme(kind, isinstance(op, ops.Amax), op.nan)
    fold = JoinStep(extreme, across) if steps > 1 else None
    return Plan(schedule, needs, ExtremeOf(extreme, across, wide), fold, steps)


def spread(op: Any, schedule: Schedule, lanes: int) -> tuple[Need, int, int]:
    """What a reduction over dimensions takes, how many lanes make one result, and the steps."""
    shape = op.a.tile.shape
    kept = [d for d in range(len(shape)) if d not in op.over]
    numbers = np.arange(op.a.tile.size, dtype=np.int64).reshape(shape)
    members = numbers.transpose(*kept, *op.over).reshape(op.out.tile.size, -1)
    needed, wide, steps = reduced(schedule, members, lanes)
    return Need(op.a, needed), wide, steps


def combined(op: Any, schedule: Schedule, lanes: int, name: str) -> Plan:
    """A reduction of integers by a `Combine`."""
    need, wide, steps = spread(op, schedule, lanes)
    combine = Combine(name, op.out.dtype)
    function = Reduce(combine, schedule.shape[1], wide)
    return Plan(schedule, (need,), function, fold_of(combine, schedule, steps), steps)


def _reduction(kind: type[Op], name: str) -> None:
    @lowers(kind)
    def rule(op: Any, schedule: Schedule, lanes: int) -> Plan:
        if all_integers(op.a, op.out) and (not isinstance(op, ops.Sum) or wraps(op)):
            return combined(op, schedule, lanes, name)
        need, wide, steps = spread(op, schedule, lanes)
        if isinstance(op, ops.Sum):
            factors, count = (Factor(op.a.dtype),), op.a.tile.size // op.out.tile.size
            return exact_sum(op, op.to, schedule, (need,), factors, count, wide, steps)
        return _extreme(op, schedule, (need,), wide, steps)


@lowers(ops.Prod)
def _(op: ops.Prod, schedule: Schedule, lanes: int) -> Plan:
    if all_integers(op.a, op.out) and op.overflow in (None, "wrap"):
        return combined(op, schedule, lanes, "product")
    need, wide, steps = spread(op, schedule, lanes)
    across, count = schedule.shape[1], op.a.tile.size // op.out.tile.size
    exact, finish = rounded_product(op, op.to, count, across)
    function = ProductTerms(op.a.dtype, exact, across, wide)
    fold = JoinStep(exact, across) if steps > 1 else None
    return Plan(schedule, (need,), function, fold, steps, finish=finish, accumulator=exact.bits)


_reduction(ops.Sum, "sum")
_reduction(ops.Amax, "max")
_reduction(ops.Amin, "min")
