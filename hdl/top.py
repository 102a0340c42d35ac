"""The design as one component: actors and channels, wired as the netlist says."""

from __future__ import annotations

from typing import Any

from amaranth import Module, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from hdl.netlist import Channel, Netlist
from hdl.units.actor import ActorComponent
from hdl.units.channel import ChannelComponent
from hdl.units.edge import Sink, Source
from hdl.units.stage import stream_of


class Top(wiring.Component):
    """One stream in for each source's port and one out for each sink's: `ports`, by port name.

    As a member of the component the port x is ``port_x``.  `actors`, by name, are there to watch
    once the design was elaborated.  After a launch every counter is at its start again: launches
    follow each other without a reset.
    """

    def __init__(self, netlist: Netlist) -> None:
        self.netlist = netlist
        self.actors: dict[str, ActorComponent] = {}
        members: dict[str, Any] = {}
        for actor in netlist.actors:
            if isinstance(actor.unit, Source):
                members[actor.unit.port] = In(stream_of(actor.outputs[0].channel.shape))
            elif isinstance(actor.unit, Sink):
                members[actor.unit.port] = Out(stream_of(actor.inputs[0].reader.channel.shape))
        super().__init__({f"port_{name}": member for name, member in members.items()})
        self.ports: dict[str, Any] = {name: getattr(self, f"port_{name}") for name in members}

    @property
    def pins(self) -> dict[str, Value]:
        """Every signal at the edge of the design, by its name in Verilog."""
        return {
            f"{name}_{part}": Value.cast(getattr(stream, part))
            for name, stream in self.ports.items()
            for part in ("payload", "valid", "ready")
        }

    def elaborate(self, platform: Any) -> Module:
        m = Module()
        self.actors = {actor.name: ActorComponent(actor) for actor in self.netlist.actors}
        channels: dict[Channel, ChannelComponent] = {}
        for channel in self.netlist.channels:
            channels[channel] = ChannelComponent(channel)
            m.submodules[f"{channel.name}_channel"] = channels[channel]
        for actor in self.netlist.actors:
            component = self.actors[actor.name]
            m.submodules[f"{actor.name}_actor"] = component
            if isinstance(actor.unit, Source):
                connect(m, flipped(self.ports[actor.unit.port]), component.inputs[0])
            if isinstance(actor.unit, Sink):
                connect(m, component.outputs[0], flipped(self.ports[actor.unit.port]))
            for source, stream in zip(actor.inputs, component.inputs, strict=False):
                connect(m, channels[source.reader.channel].reads[source.reader.index], stream)
            for target, stream in zip(actor.outputs, component.outputs, strict=False):
                connect(m, stream, channels[target.channel].write)
        return m
