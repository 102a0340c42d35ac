"""A `dot` without multiplications: each element is added, subtracted or skipped.

One operand must be known to be -1, 0 or 1: by its type (`u1`, `i1`), or by where it comes from
(`tilevm.passes.ranges`: a comparison, a `min` and `max` with constants, a table of such entries).
Known to lie from -2 to 2, as every `i2` does, it is done in two steps, each of which adds,
subtracts or skips: so -2 is right too.
"""

from __future__ import annotations

from tilevm.dtypes import dtype
from tilevm.ir import TileType, Value
from tilevm.ir.ops import Add, Cast, Compare, Dot, Full, Neg, Select, Sum
from tilevm.passes.dot_forms.operands import Facing, by_depth
from tilevm.passes.interval import Interval, hull, narrowest, whole
from tilevm.passes.rewrite import Emitter

STEPS = 2  # additions or subtractions of one element, at most


def ternary(op: Dot, emit: Emitter, a: Interval, b: Interval) -> Value | None:
    """The product by additions and subtractions, where the values of `a` or `b` are that small."""
    first = _steps(a) <= STEPS and (_steps(b) > STEPS or op.a.dtype.bits <= op.b.dtype.bits)
    values, others = (a, op.b) if first else (b, op.a)
    steps = _steps(values)
    terms = whole(others.dtype).upto(steps)
    kind = narrowest(hull(terms, -terms))
    if steps > STEPS or kind is None:
        return None
    return _added(op, emit, first, values, kind.name)


def _steps(values: Interval) -> int:
    return max(-values.low, values.high)


def _added(op: Dot, emit: Emitter, first: bool, values: Interval, kind: str) -> Value:
    wide = dtype(kind)
    meet = Facing(op, emit)
    weights, others = (op.a, op.b) if first else (op.b, op.a)
    weights = by_depth(weights, emit, "weights", last=first)
    others = by_depth(others, emit, "others", last=not first)
    others = emit(Cast, name="plus", a=others, to=wide)
    zero = emit(Full, name="zero", type=TileType(wide, meet.shape), value=0)
    choices = []  # what is taken where the weight is at least, or at most, the number of the step
    if values.low < 0:
        minus = emit(Neg, name="minus", a=others)
        choices.append((-1, "le", meet.side(not first, minus, "minus")))
    if values.high > 0:
        choices.append((1, "ge", meet.side(not first, others, "plus")))
    term: Value | None = None
    for step in range(1, _steps(values) + 1):
        chosen = zero
        for sign, pred, taken in choices:
            if sign * step in values:
                bound = emit(Full, name="bound", type=weights.tile, value=sign * step)
                there = emit(Compare, name="there", a=weights, b=bound, pred=pred)
                there = meet.side(first, there, "there")
                chosen = emit(Select, name="step", c=there, a=taken, b=chosen)
        term = chosen if term is None else emit(Add, name="both", a=term, b=chosen)
    term = zero if term is None else term
    dims = (term.tile.rank - 1,)
    return emit(Sum, written=op.written, a=term, dims=dims, acc=op.to, overflow=op.overflow)
