"""The ports of a design during a simulation, and beats as the integers that payloads are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hdl.netlist import Actor, BeatShape, Netlist
from hdl.units.edge import Sink, Source
from hdl.units.lanes import Beats, from_bits, to_bits
from tilevm.diagnostics import TileError, error


@dataclass(frozen=True, eq=False)
class PortPlan:
    """What a port does in a simulation of Verilog, or what is watched inside (a tap)."""

    name: str
    width: int  # bits of a payload
    open: Sequence[bool]  # per cycle; open after the end
    count: int  # beats to move
    beats: Sequence[int] | None = None  # what a source is fed; None for a sink
    tap: tuple[str, str] | None = None  # Verilog of what to record inside the design, and when

    @property
    def kind(self) -> str:
        if self.tap is not None:
            return "TAP"
        return "SINK" if self.beats is None else "SOURCE"


@dataclass(frozen=True, eq=False)
class PortMoves:
    """What moved through a port, cycle 0 being the first one after the reset."""

    cycles: npt.NDArray[np.int64]  # of each beat
    payloads: list[int]  # those of a sink
    broken: int | None = None  # the first cycle in which a sink changed what it had offered


def broken_stream(stream: str, cycle: int) -> TileError:
    """The error for a port, or a stream inside, that does not keep its offer until it is taken."""
    return error(
        "TV0617",
        f"{stream} changes in cycle {cycle} a beat that it offered and nobody had taken",
        notes=["valid must stay, and the payload too, until a cycle in which ready is 1"],
    )


def edge(netlist: Netlist, kind: type[Source] | type[Sink]) -> dict[str, Actor]:
    """The actors of all ports of one kind, by port."""
    return {actor.unit.port: actor for actor in netlist.actors if isinstance(actor.unit, kind)}


def port_actors(netlist: Netlist) -> dict[str, Actor]:
    """The actors of all ports, by port."""
    return {**edge(netlist, Source), **edge(netlist, Sink)}


def firings_of(
    netlist: Netlist, launches: int, wanted: Mapping[str, int] | None = None
) -> dict[str, int]:
    """By actor how often it fires in so many launches, or in the one that `wanted` tells of."""
    return {a.name: wanted[a.name] if wanted else a.firings * launches for a in netlist.actors}


def feed_of(port: str, count: int, shape: BeatShape, feeds: Mapping[str, Beats]) -> list[int]:
    """The payloads that a port is fed; raises TileError TV0603 unless there are `count`."""
    needed = (count, shape.lanes)
    if port not in feeds or feeds[port].shape != needed:
        given = f"has shape {feeds[port].shape}" if port in feeds else "is missing"
        raise error("TV0603", f"feed of port `{port}` must have shape {needed}, but {given}")
    return pack(feeds[port], shape)


def pack(beats: Beats, shape: BeatShape) -> list[int]:
    """Each beat as the integer that its payload is."""
    octets = np.packbits(to_bits(beats, shape), axis=1, bitorder="little")
    return [int.from_bytes(row.tobytes(), "little") for row in octets]


def unpack(payloads: list[int], shape: BeatShape) -> Beats:
    """The inverse of `pack`."""
    size = -(-shape.width // 8)
    data = b"".join(payload.to_bytes(size, "little") for payload in payloads)
    octets = np.frombuffer(data, np.uint8).reshape(len(payloads), size)
    bits = np.unpackbits(octets, axis=1, count=shape.width, bitorder="little")
    return from_bits(bits, shape)
