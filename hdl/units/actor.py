"""The component of an actor: counters, masks, `fire`, and its unit's logic between streams."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from amaranth import Const, Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.netlist import Actor, BeatShape, Mask
from hdl.turns import Due, Turns
from hdl.units.channel import read_name, write_name
from hdl.units.edge import Sink, Source, input_shapes, output_shapes
from hdl.units.nest import Nest, all_of
from hdl.units.sequencer import Sequencer
from hdl.units.stage import Stage, pack, stream_of


class ActorComponent(wiring.Component):
    """Streams in (`inputs`) and out (`outputs`), in the order of the actor's ports.

    It fires when all inputs that are due are valid and all outputs that are due are ready.  `fire`
    is there to watch, and so is what it waits for: `fed` and `roomy`.  The valid of an output
    follows from the inputs, the counters, and the ready of *other* outputs due at the same firing:
    two outputs due together need readers whose ready waits for no valid, as that of a channel.

    As members the streams are named after what they connect: ``x_read0`` is reader 0 of channel x,
    ``y_write`` the writer of channel y; the stream to the outside is `port`.  With `plain`, they
    are ``in0, in1, ...`` and ``out0, out1, ...``: equal for all actors that work the same.
    """

    def __init__(self, actor: Actor, *, plain: bool = False) -> None:
        self.actor = actor
        takes = [read_name(port.reader) for port in actor.inputs]
        gives = [write_name(port.channel) for port in actor.outputs]
        if isinstance(actor.unit, Source):
            takes = ["port"]
        if isinstance(actor.unit, Sink):
            gives = ["port"]
        if plain:
            takes = [f"in{number}" for number in range(len(takes))]
            gives = [f"out{number}" for number in range(len(gives))]
        members: dict[str, Any] = {}
        for name, shape in zip(takes, input_shapes(actor), strict=True):
            members[name] = In(stream_of(shape))
        for name, shape in zip(gives, output_shapes(actor), strict=True):
            members[name] = Out(stream_of(shape))
        super().__init__(members)
        self.inputs: list[Any] = [getattr(self, name) for name in takes]
        self.outputs: list[Any] = [getattr(self, name) for name in gives]
        # kept under its name in Verilog, where simulators watch it
        keep = {"keep": 1}
        self.fire = Signal(name="fire" if plain else f"{actor.name}_fire", attrs=keep)
        self.fed = Signal(name="fed", attrs=keep)
        self.roomy = Signal(name="roomy", attrs=keep)

    def elaborate(self, platform: Any) -> Module:
        m, actor = Module(), self.actor
        nest = Nest(m, actor.trips, self.fire)
        turns = _turns(m, actor, self.fire)
        takes = _due(m, nest, turns, [p.when for p in actor.inputs], "take")
        gives = _due(m, nest, turns, [p.when for p in actor.outputs], "give")
        takes += [Const(1)] * (len(self.inputs) - len(takes))  # the stream to the outside
        gives += [Const(1)] * (len(self.outputs) - len(gives))

        beats = all_of([_met(due, s.valid) for due, s in zip(takes, self.inputs, strict=True)])
        room = [_met(due, s.ready) for due, s in zip(gives, self.outputs, strict=True)]
        m.d.comb += [self.fed.eq(beats), self.roomy.eq(all_of(room))]
        m.d.comb += self.fire.eq(self.fed & self.roomy)
        for due, stream in zip(takes, self.inputs, strict=True):
            m.d.comb += stream.ready.eq(all_of([self.fire, due]))

        stage = Stage([stream.payload for stream in self.inputs], nest, self.fire, turns)
        results = zip(actor.unit.emit(m, stage, actor), output_shapes(actor), strict=True)
        for number, (lanes, shape) in enumerate(results):
            stream, others = self.outputs[number], room[:number] + room[number + 1 :]
            m.d.comb += stream.valid.eq(all_of([gives[number], self.fed, *others]))
            # Or with 0 makes one cell, and so one port in Verilog, of a payload of many parts.
            named = _named(m, f"out{number}", lanes, shape)
            m.d.comb += stream.payload.as_value().eq(pack(named, shape) | 0)
        return m


def _named(m: Module, name: str, lanes: Sequence[Any], shape: BeatShape) -> list[Value]:
    """Lanes, as signals of their own where their sign is repeated.

    Else Verilog takes it from the payload that is being made, a loop to other people's tools.
    """
    found = []
    for number, lane in enumerate(map(Value.cast, lanes)):
        if len(lane) < shape.bits and lane.shape().signed:
            held = Signal(lane.shape(), name=f"{name}_lane{number}", attrs={"keep": 1})
            m.d.comb += held.eq(lane)
            lane = held
        found.append(lane)
    return found


def _turns(m: Module, actor: Actor, fire: Value) -> Sequencer | None:
    """The turns of an actor that serves several places; None for all others."""
    found: Turns | None = getattr(actor.unit, "turns", None)
    return None if found is None else Sequencer(m, found, fire)


def _due(
    m: Module,
    nest: Nest,
    turns: Sequencer | None,
    masks: Sequence[Mask | None],
    prefix: str,
) -> list[Value]:
    """Per port: whether it takes part in the firing that comes next."""
    result: list[Value] = []
    for number, when in enumerate(masks):
        if when is None:
            result.append(Const(1))
            continue
        if isinstance(when, Due):
            assert turns is not None
            result.append(turns.at(when.place))
            continue
        due = Signal(name=f"{prefix}{number}_due")
        at = all_of([getattr(nest, edge)[level] for level, edge in when.edges])
        m.d.comb += due.eq(~at if when.negate else at)
        result.append(due)
    return result


def _met(due: Value, offered: Value) -> Value:
    return offered if isinstance(due, Const) else ~due | offered
