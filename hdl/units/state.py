"""State that changes at firings: the running results of a fold, the beats of a collect."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from amaranth import Cat, Const, Module, Mux, Signal, Value

from hdl.netlist import Actor
from hdl.units.nest import all_of
from hdl.units.stage import Stage, beat_signal, pack, payload_lanes
from hdl.units.words import Words

if TYPE_CHECKING:
    from hdl.units.fold import Fold
    from hdl.units.scan import Scan


def fold_state(m: Module, stage: Stage, unit: Fold, actor: Actor) -> list[Any]:
    """One step of a fold; returns the lanes of the new state, which is the result when due."""
    shape, levels = unit.function.shape, unit.state_levels()
    first = all_of([stage.nest.first[n] for n, folded in enumerate(unit.reduce) if folded])
    if len(stage.payloads) == 2:
        initial = stage.payloads[1].as_value()
    else:
        initial = pack([Const(unit.function.initial, shape.bits)] * shape.lanes, shape)
    state, result = beat_signal(shape, "state"), beat_signal(shape, "result")
    states = unit.states(actor.trips)
    if states == 1:
        held = Signal(shape.width, name="held", reset_less=True)
        with m.If(stage.fire):
            m.d.sync += held.eq(result.as_value())
        stored: Value = held
    else:
        strides, stride = [0] * len(actor.trips), 1
        for level in reversed(levels):
            strides[level] = stride
            stride *= actor.trips[level]
        index = stage.nest.index("state_index", strides)
        words = Words(m, "states", states, shape.width)
        words.write(index, result.as_value(), stage.fire)
        stored = words.read(index)
    m.d.comb += state.as_value().eq(Mux(first, initial, stored))
    lanes = unit.function.emit(m, payload_lanes(state), stage.lanes(0))
    m.d.comb += result.as_value().eq(pack(lanes, shape))
    return payload_lanes(result)


def scan_state(m: Module, stage: Stage, unit: Scan) -> list[Any]:
    """One step of a scan; returns the lanes of its result."""
    shape = unit.function.state_shape
    initial = pack([Const(unit.function.initial, shape.bits)] * shape.lanes, shape)
    held = Signal(shape.width, name="held", reset_less=True)
    state, after = beat_signal(shape, "state"), beat_signal(shape, "after")
    m.d.comb += state.as_value().eq(Mux(stage.nest.first[-1], initial, held))
    new, results = unit.function.emit(m, payload_lanes(state), stage.lanes(0))
    m.d.comb += after.as_value().eq(pack(new, shape))
    with m.If(stage.fire):
        m.d.sync += held.eq(after.as_value())
    return results


def collect_state(m: Module, stage: Stage, count: int) -> list[Any]:
    """The lanes of the last `count` beats, the oldest first."""
    newest, lanes = stage.payloads[0].as_value(), stage.payloads[0].shape().length
    held = Signal((count - 1) * len(newest), name="held", reset_less=True)
    with m.If(stage.fire):
        m.d.sync += held.eq(Cat(held, newest)[len(newest) :])
    bits = len(newest) // lanes
    # from each part alone: a slice of a Cat costs as much as the whole Cat
    parts: list[Value] = [held, newest]
    return [part[at : at + bits] for part in parts for at in range(0, len(part), bits)]
