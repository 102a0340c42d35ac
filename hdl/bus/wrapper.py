"""A design with buses at its edges: the core, a gate and an adapter at each port, registers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from amaranth import (
    ClockDomain,
    ClockSignal,
    Const,
    DomainRenamer,
    Module,
    ResetSignal,
    Shape,
    Value,
)
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from hdl.bus.axi4 import Axi4Reader, Axi4Writer, axi4_read, axi4_write
from hdl.bus.axi_stream import FromAxiStream, ToAxiStream, axi_stream
from hdl.bus.control import Control, Facts
from hdl.bus.edges import MEMORIES, Edges
from hdl.bus.gate import Gate
from hdl.bus.launch import TOKEN
from hdl.bus.memory_port import ADDRESS_BITS
from hdl.bus.register_bus import FromAxiLite, FromWishbone, axi_lite, wishbone
from hdl.bus.registers import RegisterMap
from hdl.bus.repack import BeatsToWords, WordsToBeats
from hdl.bus.wishbone_master import WishboneReader, WishboneWriter
from hdl.netlist import BeatShape, Netlist
from hdl.runtime import RuntimeSize
from hdl.top import Top
from hdl.units.edge import Sink, Source, input_shapes
from hdl.units.nest import any_of
from hdl.units.stage import stream_of


@dataclass(frozen=True)
class Edge:
    """One port: its name, its bus, its beats."""

    name: str
    kind: str
    inward: bool
    shape: BeatShape
    beats: int


class BusTop(wiring.Component):
    """The design of a netlist, its ports as `edges` says.

    Members are ``port_<name>`` and, with control registers, `control`.  Without them every port is
    always open, as in `hdl.top.Top`.  `launch` is the port of the launch token, if there is one.
    With a `size` that is chosen at each launch the core is reset after each, as it may have been
    left in the midst of a longer one.
    """

    def __init__(
        self,
        netlist: Netlist,
        edges: Edges,
        launch: str | None,
        facts: Facts,
        size: RuntimeSize | None = None,
    ) -> None:
        assert launch is None or edges.control is not None
        self.netlist, self.launch, self.facts = netlist, launch, facts
        self.control_kind = edges.control
        self.edges, self.choice = edges_in(netlist, edges), edges
        self.map = register_map(netlist, edges, size)
        members: dict[str, Any] = {}
        for edge in self.edges:
            signature = _signature(edge, edges.bus_bits)
            inward = edge.inward and edge.kind not in MEMORIES
            members[f"port_{edge.name}"] = In(signature) if inward else Out(signature)
        if edges.control is not None:
            members["control"] = In(_control_bus(edges.control, self.map.address_bits))
        super().__init__(members)
        self.ports = {edge.name: getattr(self, f"port_{edge.name}") for edge in self.edges}
        self.core: Top | None = None  # what stands in for `Top`

    @property
    def pins(self) -> dict[str, Value]:
        """Every signal at the edge of the design, by its name in Verilog."""
        pins: dict[str, Value] = {}
        for edge in self.edges:
            for part in _signature(edge, self.choice.bus_bits).members:
                pins[f"{edge.name}_{part}"] = Value.cast(getattr(self.ports[edge.name], part))
        if self.control_kind is not None:
            prefix = control_prefix([edge.name for edge in self.edges])
            for part in self.control.signature.members:
                pins[f"{prefix}_{part}"] = getattr(self.control, part)
        return pins

    def elaborate(self, platform: Any) -> Module:
        m = Module()
        core, size = self.core or Top(self.netlist), self.map.size
        gated = self.control_kind is not None
        control = self._control(m) if gated else None
        if size is None:
            m.submodules.core = core
        else:
            assert control is not None, "a size is chosen in a register"
            domain = ClockDomain("core")
            m.domains += domain
            m.d.comb += [
                domain.clk.eq(ClockSignal()),
                domain.rst.eq(ResetSignal() | control.restart),
            ]
            m.submodules.core = DomainRenamer("core")(core)
        start: Value = control.start if control is not None else Const(0)
        misframed: list[Value] = []
        for number, edge in enumerate(self.edges):
            gate = Gate(edge.shape, edge.beats, gated=gated, sized=size is not None)
            if size is not None and control is not None:
                rate = size.rates[edge.name]
                m.d.comb += gate.count.eq(control.steps * rate.each + rate.once)
            m.submodules[f"{edge.name}_gate"] = gate
            m.d.comb += gate.start.eq(start)
            outside = flipped(self.ports[edge.name])
            if edge.inward:
                connect(m, gate.result, core.ports[edge.name])
                waiting = gate.open & ~gate.source.valid
            else:
                connect(m, core.ports[edge.name], gate.source)
                waiting = gate.result.valid & ~gate.result.ready
            finished: Value = gate.finished
            match edge.kind, edge.inward:
                case "stream", True:
                    connect(m, outside, gate.source)
                case "stream", False:
                    connect(m, gate.result, outside)
                case "axi-stream", True:
                    m.submodules[f"{edge.name}_bus"] = receiver = FromAxiStream(edge.shape)
                    connect(m, outside, receiver.bus)
                    connect(m, receiver.result, gate.source)
                    m.d.comb += receiver.last.eq(gate.last)
                    misframed.append(receiver.misframed)
                case "axi-stream", False:
                    m.submodules[f"{edge.name}_bus"] = sender = ToAxiStream(edge.shape)
                    connect(m, gate.result, sender.source)
                    connect(m, sender.bus, outside)
                    m.d.comb += sender.last.eq(gate.last)
                case _:
                    assert control is not None, "a memory port needs an address"
                    master = self._memory(m, edge, gate)
                    connect(m, master.bus, outside)
                    m.d.comb += [
                        master.address.eq(getattr(control, f"address{number}")),
                        getattr(control, f"failed{number}").eq(master.failed),
                    ]
                    if not edge.inward:
                        finished = master.finished
            if control is not None:
                m.d.comb += [
                    getattr(control, f"finished{number}").eq(finished),
                    getattr(control, f"waiting{number}").eq(waiting),
                ]
        if self.launch is not None:
            m.submodules.launch_gate = token = Gate(TOKEN, 1, gated=True)
            m.d.comb += [token.start.eq(start), token.source.valid.eq(1)]
            connect(m, token.result, core.ports[self.launch])
        if control is not None:
            m.d.comb += control.misframed.eq(any_of(misframed))
        return m

    def _memory(self, m: Module, edge: Edge, gate: Gate) -> Any:
        """The master of a port's memory bus, connected to its gate."""
        slots = self.choice.slots(edge.shape, edge.beats)
        master: Axi4Reader | Axi4Writer | WishboneReader | WishboneWriter
        repack: WordsToBeats | BeatsToWords
        if edge.kind == "axi4":
            kind = Axi4Reader if edge.inward else Axi4Writer
            master = kind(slots, self.choice.burst, sized=gate.sized)
        else:
            master = (WishboneReader if edge.inward else WishboneWriter)(slots, sized=gate.sized)
        m.submodules[f"{edge.name}_bus"] = master
        if edge.inward:
            m.submodules[f"{edge.name}_repack"] = repack = WordsToBeats(slots)
            connect(m, master.words, repack.words)
            connect(m, repack.result, gate.source)
            m.d.comb += master.start.eq(gate.start)
        else:
            m.submodules[f"{edge.name}_repack"] = repack = BeatsToWords(slots)
            connect(m, gate.result, repack.source)
            connect(m, repack.words, master.words)
        m.d.comb += [repack.last.eq(gate.last), master.beats.eq(gate.count)]
        return master

    def _control(self, m: Module) -> Control:
        """The registers, behind the bus that was asked for."""
        m.submodules.registers = control = Control(self.map, self.facts)
        make = FromAxiLite if self.control_kind == "axi-lite" else FromWishbone
        m.submodules.control_bus = front = make(self.map.address_bits)
        connect(m, flipped(self.control), front.bus)
        connect(m, front.registers, control.bus)
        return control


def control_prefix(ports: Sequence[str]) -> str:
    """What the names of the control bus's pins begin with: not the name of a port."""
    prefix, number = "control", 1
    while prefix in ports:
        number += 1
        prefix = f"control_{number}"
    return prefix


def edges_in(netlist: Netlist, edges: Edges) -> list[Edge]:
    """The ports of a netlist that `edges` gives a bus to, in its order."""
    found = []
    for actor in netlist.actors:
        unit = actor.unit
        if isinstance(unit, Source | Sink) and unit.port in edges.kinds:
            inward, shape = isinstance(unit, Source), input_shapes(actor)[0]
            found.append(Edge(unit.port, edges.kinds[unit.port], inward, shape, actor.firings))
    return found


def register_map(netlist: Netlist, edges: Edges, size: RuntimeSize | None = None) -> RegisterMap:
    """The control registers of a design."""
    return RegisterMap.of([(e.name, e.kind in MEMORIES) for e in edges_in(netlist, edges)], size)


def pins_in(netlist: Netlist, edges: Edges) -> dict[str, list[str]]:
    """The names of the pins of each port."""
    return {
        edge.name: [f"{edge.name}_{part}" for part in _signature(edge, edges.bus_bits).members]
        for edge in edges_in(netlist, edges)
    }


def pin_widths(netlist: Netlist, edges: Edges) -> dict[str, int]:
    """The bits of every pin at the edge of a design but its clock and reset, by name."""
    found, sides = {}, edges_in(netlist, edges)
    signatures = {edge.name: _signature(edge, edges.bus_bits) for edge in sides}
    if edges.control is not None:
        bits = register_map(netlist, edges).address_bits
        signatures[control_prefix(list(signatures))] = _control_bus(edges.control, bits)
    for prefix, signature in signatures.items():
        for part, member in signature.members.items():
            found[f"{prefix}_{part}"] = Shape.cast(member.shape).width
    return found


def _control_bus(kind: str, address_bits: int) -> wiring.Signature:
    return axi_lite(address_bits) if kind == "axi-lite" else wishbone(address_bits)


def _signature(edge: Edge, word_bits: int) -> wiring.Signature:
    """The bus of a port, as the side that sends beats sees it, or the master of a memory bus."""
    match edge.kind:
        case "axi-stream":
            return axi_stream(edge.shape)
        case "axi4":
            return axi4_read(word_bits) if edge.inward else axi4_write(word_bits)
        case "wishbone":
            return wishbone(ADDRESS_BITS, word_bits)
    return stream_of(edge.shape)
