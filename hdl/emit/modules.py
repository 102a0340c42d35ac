"""One module for all actors that work the same, and one for all channels that do.

What a module is follows from its unit, its nest and the shapes and masks of its ports; names and
lines of the program belong to its instances in the top module.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from amaranth import ClockSignal, Instance, Module, ResetSignal, Signal, Value
from amaranth.lib import wiring

from hdl.emit.kept import fingerprint
from hdl.netlist import Actor, Channel, Netlist, Reader
from hdl.top import Top
from hdl.units.actor import ActorComponent
from hdl.units.channel import ChannelComponent, read_name, write_name
from hdl.units.edge import Sink, Source, input_shapes, output_shapes

_PARTS = ("payload", "valid", "ready")


@dataclass(frozen=True, eq=False)
class Kinds:
    """The modules of a netlist: for each actor and channel the name of its module."""

    names: Mapping[Actor | Channel, str]

    @classmethod
    def of(cls, netlist: Netlist, prefix: str) -> Kinds:
        """Names begin with `prefix`, and say what the module does."""
        by_key: dict[object, str] = {}
        taken: set[str] = set()
        names: dict[Actor | Channel, str] = {}
        for part in (*netlist.actors, *netlist.channels):
            key = _key(part) or id(part)  # what cannot be compared is a module of its own
            if key not in by_key:
                by_key[key] = _free(f"{prefix}_{_label(part)}", taken)
            names[part] = by_key[key]
        return cls(names)

    @property
    def parts(self) -> dict[str, Actor | Channel]:
        """By module the first actor or channel that is an instance of it."""
        found: dict[str, Actor | Channel] = {}
        for part, name in self.names.items():
            found.setdefault(name, part)
        return found


def instance_name(part: Actor | Channel) -> str:
    """The name of the instance that an actor or a channel is."""
    return f"{part.name}_{'actor' if isinstance(part, Actor) else 'channel'}"


def component_of(part: Actor | Channel) -> tuple[wiring.Component, dict[str, Value]]:
    """The module of a part, and every signal at its edge by name."""
    component: Any
    if isinstance(part, Actor):
        component = ActorComponent(part, plain=True)
        streams = [*component.inputs, *component.outputs]
        names = [f"in{n}" for n in range(len(component.inputs))]
        names += [f"out{n}" for n in range(len(component.outputs))]
    else:
        component = ChannelComponent(part, plain=True)
        streams = [component.write, *component.reads]
        names = ["write", *(f"read{n}" for n in range(len(component.reads)))]
    pins = {
        f"{name}_{pin}": Value.cast(getattr(stream, pin))
        for name, stream in zip(names, streams, strict=True)
        for pin in _PARTS
    }
    return component, pins


class SharedTop(Top):
    """`hdl.top.Top` with instances of modules that are written apart, `clocked` by name.

    Of a module, `clocked` tells which of the pins ``clk`` and ``rst`` it has.
    """

    def __init__(
        self, netlist: Netlist, kinds: Kinds, clocked: Mapping[str, frozenset[str]]
    ) -> None:
        super().__init__(netlist)
        self._kinds, self._clocked = kinds, clocked

    def elaborate(self, platform: Any) -> Module:
        m = Module()
        wires: dict[str, dict[str, Value]] = {}
        for channel in self.netlist.channels:
            reads = [read_name(Reader(channel, n)) for n in range(len(channel.readers))]
            for name in (write_name(channel), *reads):
                wires[name] = _wires(name, channel.shape.width)
            streams = {"write": (wires[write_name(channel)], True)}
            streams |= {f"read{n}": (wires[name], False) for n, name in enumerate(reads)}
            self._instance(m, channel, streams)
        for actor in self.netlist.actors:
            takes = [wires[read_name(port.reader)] for port in actor.inputs]
            gives = [wires[write_name(port.channel)] for port in actor.outputs]
            if isinstance(actor.unit, Source):
                takes = [self._edge(actor.unit.port)]
            if isinstance(actor.unit, Sink):
                gives = [self._edge(actor.unit.port)]
            streams = {f"in{n}": (stream, True) for n, stream in enumerate(takes)}
            streams |= {f"out{n}": (stream, False) for n, stream in enumerate(gives)}
            assert len(takes) == len(input_shapes(actor)), actor.name
            assert len(gives) == len(output_shapes(actor)), actor.name
            self._instance(m, actor, streams)
        return m

    def _edge(self, port: str) -> dict[str, Value]:
        stream = self.ports[port]
        return {part: Value.cast(getattr(stream, part)) for part in _PARTS}

    def _instance(
        self, m: Module, part: Actor | Channel, streams: Mapping[str, tuple[dict[str, Value], bool]]
    ) -> None:
        """Adds the instance of a part; streams are by name, with whether they go in."""
        kind = self._kinds.names[part]
        pins: list[tuple[str, str, Value]] = []
        for pin, signal in (("clk", ClockSignal()), ("rst", ResetSignal())):
            if pin in self._clocked[kind]:
                pins.append(("i", pin, signal))
        for name, (wires, inward) in streams.items():
            for pin in _PARTS:
                way = "i" if inward == (pin != "ready") else "o"
                pins.append((way, f"{name}_{pin}", wires[pin]))
        m.submodules[instance_name(part)] = Instance(kind, *pins)


def _wires(name: str, width: int) -> dict[str, Value]:
    widths = {"payload": width, "valid": 1, "ready": 1}
    return {part: Signal(bits, name=f"{name}_{part}") for part, bits in widths.items()}


def _key(part: Actor | Channel) -> str | None:
    if isinstance(part, Channel):
        walks = [(w.levels[w.progressive :], w.release_count) for w in part.readers]
        return fingerprint(["channel", part.shape, part.depth, part.latency, walks])
    unit: Any = part.unit
    if isinstance(unit, Source | Sink):  # all but the name of its port
        unit = type(unit)
    masks = [port.when for port in (*part.inputs, *part.outputs)]
    shapes = [input_shapes(part), output_shapes(part)]
    return fingerprint(["actor", part.trips, unit, shapes, masks])


def _label(part: Actor | Channel) -> str:
    """What a part does, as the end of a name."""
    if isinstance(part, Channel):
        plain = len(part.readers) == 1 and part.readers[0].release_every == 1
        shape = f"{part.shape}_depth{part.depth}"
        return f"{'fifo' if plain else 'buffer'}_{shape}"
    said = part.unit.summary
    if isinstance(part.unit, Source | Sink):
        said = type(part.unit).__name__
    slug = re.sub(r"[^a-z0-9]+", "_", said.lower()).strip("_")
    return "_".join([slug, *(str(shape) for shape in output_shapes(part)[:1])])


def _free(name: str, taken: set[str]) -> str:
    """The name, with a number where it is taken."""
    found, number = name, 1
    while found in taken:
        number += 1
        found = f"{name}_{number}"
    taken.add(found)
    return found
