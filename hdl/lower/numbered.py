"""Values that follow from the number of each element: counted, and random ones.

A function of two operands: the number of the first element in each iteration, which the counters
say, and constants for each beat.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hdl.lower.functions import Offset, Philox, beat_shape
from hdl.lower.rules import Words
from hdl.lower.schedule import Bits, Schedule
from hdl.lower.streams import Operand, Scope, counts, rounds
from hdl.lower.wires import constant_bits, refused
from hdl.netlist import Channel, Origin, Wiring
from hdl.units import LaneFunction
from tilevm.dtypes import IntType, dtype
from tilevm.ir import Expr, Value
from tilevm.ir.ops import Iota, Random
from tilevm.ir.ops.overflow import holds

if TYPE_CHECKING:
    from hdl.lower.building import Building


def iota(built: Building, op: Iota, scope: Scope) -> None:
    """An `iota` that starts from loop counters: that start, plus constants for each beat."""
    schedule, kind = built.schedules[op.out], op.out.dtype
    starts = np.asarray(op.start.evaluate(counts(scope)), np.int64)
    starts = np.broadcast_to(starts, (rounds(scope),))
    index = np.unravel_index(np.maximum(schedule, 0), op.out.tile.shape)[op.dim]
    if op.overflow in ("sat", "trap") and starts.size:
        low, high = int(starts.min()), int(starts.max()) + op.type.shape[op.dim] - 1
        if not holds(kind, low, high):
            reason = f"its numbers go from {low} to {high}, and {kind} does not hold them"
            raise refused(op, reason, "use a wider type, then `cast`")
    wide, function = dtype("i64"), Offset(beat_shape(kind, schedule.shape[1]))
    first, rest = (constant_bits(wide.cast(part, kind), kind) for part in (starts, index))
    _op(built, op, function, first, rest, scope)


def random(built: Building, op: Random, scope: Scope) -> None:
    """Random elements by their number."""
    schedule, kind = built.schedules[op.out], op.out.dtype
    assert isinstance(kind, IntType)
    function = Philox(kind, schedule.shape[1], op.seed)
    _op(built, op, function, *_numbers(op.counter, schedule, scope), scope)


def random_words(
    built: Building, words: Words, value: Value, schedule: Schedule, scope: Scope, origin: Origin
) -> Operand:
    """A random word for each element of a value."""
    kind = dtype("u32")
    assert isinstance(kind, IntType)
    function = Philox(kind, schedule.shape[1], words.seed)
    channel = Channel(built.streams.name(f"{value.name}_words"), function.shape, len(schedule))
    first, rest = _numbers(words.counter, schedule, scope)
    _map(built, channel, function, first, rest, scope, origin)
    return Operand(channel.read(), channel.shape, Wiring.identity(channel.shape).table, 1)


def _numbers(counter: Expr, schedule: Schedule, scope: Scope) -> tuple[Bits, Bits]:
    """The number of the first element in each iteration, and those of all elements from there."""
    starts = np.asarray(counter.evaluate(counts(scope)), np.int64)
    starts = np.broadcast_to(starts, (rounds(scope),)).view(np.uint64)
    index = np.maximum(schedule, 0).view(np.uint64)
    return constant_bits(starts, dtype("u64")), constant_bits(index, dtype("u64"))


def _op(
    built: Building,
    op: Iota | Random,
    function: LaneFunction,
    first: Bits,
    rest: Bits,
    scope: Scope,
) -> None:
    schedule, origin = built.schedules[op.out], Origin(op.out.name, op.name, op.loc.span)
    output = built.channel(op.out, schedule)
    _map(built, output, function, first, rest, scope, origin)
    built.made(op.out, output, schedule, scope, origin)


def _map(
    built: Building,
    output: Channel,
    function: LaneFunction,
    first: Bits,
    rest: Bits,
    scope: Scope,
    origin: Origin,
) -> None:
    streams = built.streams
    operands = [streams.by_iteration(first, scope), streams.operand(rest, scope, origin)]
    streams.map(output.name, operands, function, output, output.frame, scope, origin)
