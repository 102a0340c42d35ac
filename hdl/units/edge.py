"""Source and Sink: the edge of a design, where streams come in and go out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hdl.netlist import Actor, BeatShape, Channel, Input, Netlist, Origin, Output, Reader
from hdl.units.lanes import Beats

if TYPE_CHECKING:
    from hdl.units.stage import Stage


@dataclass(frozen=True)
class Source:
    """The stream `port` from outside, into a channel."""

    port: str

    @property
    def summary(self) -> str:
        return f"source {self.port}"

    def model(self, inputs: Sequence[Beats], actor: Actor) -> list[Beats]:
        return [inputs[0]]

    def emit(self, m: Any, stage: Stage, actor: Actor) -> list[list[Any]]:
        return [stage.lanes(0)]


@dataclass(frozen=True)
class Sink:
    """A channel, out to the stream `port`."""

    port: str

    @property
    def summary(self) -> str:
        return f"sink {self.port}"

    def model(self, inputs: Sequence[Beats], actor: Actor) -> list[Beats]:
        return [inputs[0]]

    def emit(self, m: Any, stage: Stage, actor: Actor) -> list[list[Any]]:
        return [stage.lanes(0)]


def source_actor(
    name: str, port: str, output: Channel, beats: int, *, origin: Origin | None = None
) -> Actor:
    """An actor that brings `beats` beats a launch from the stream `port` into a channel."""
    return Actor(name, (beats,), Source(port), (), (Output(output),), origin)


def sink_actor(
    name: str, port: str, values: Reader, beats: int, *, origin: Origin | None = None
) -> Actor:
    """An actor that brings `beats` beats a launch from a channel to the stream `port`."""
    return Actor(name, (beats,), Sink(port), (Input(values),), (), origin)


def input_shapes(actor: Actor) -> list[BeatShape]:
    """Shapes of the streams into an actor; a source has one from outside."""
    if isinstance(actor.unit, Source):
        return [actor.outputs[0].channel.shape]
    return [port.reader.channel.shape for port in actor.inputs]


def output_shapes(actor: Actor) -> list[BeatShape]:
    """Shapes of the streams out of an actor; a sink has one to the outside."""
    if isinstance(actor.unit, Sink):
        return [actor.inputs[0].reader.channel.shape]
    return [port.channel.shape for port in actor.outputs]


def edge(netlist: Netlist, kind: type[Source] | type[Sink]) -> dict[str, Actor]:
    """The actors of all ports of one kind, by port."""
    return {actor.unit.port: actor for actor in netlist.actors if isinstance(actor.unit, kind)}


def port_actors(netlist: Netlist) -> dict[str, Actor]:
    """The actors of all ports, by port."""
    return {**edge(netlist, Source), **edge(netlist, Sink)}
