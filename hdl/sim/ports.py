"""The ports of a design during a simulation, and beats as the bytes that payloads are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hdl.netlist import Actor, BeatShape, Netlist
from hdl.timing import Usage
from hdl.units.edge import Sink, Source
from hdl.units.lanes import Beats, beats_dtype, fit, from_bits, to_bits
from tilevm.diagnostics import TileError, error
from tilevm.dtypes.packing import pack_codes, row_bytes, unpack_codes

_CHUNK = 1 << 14  # elements at a time: they stay in the cache

Octets = npt.NDArray[np.uint8]  # [beats, bytes]: payloads, lowest byte first, in words of 32 bits


@dataclass(frozen=True, eq=False)
class PortPlan:
    """What a port does in a simulation of Verilog."""

    name: str
    width: int  # bits of a payload
    open: Sequence[bool]  # per cycle; open after the end
    count: int  # beats to move
    beats: Octets | None = None  # what a source is fed; None for a sink


@dataclass(frozen=True, eq=False)
class StreamTap:
    """A stream inside of a design of which every beat is recorded."""

    name: str
    width: int
    count: int  # beats
    payload: str  # Verilog of a beat,
    moved: str  # and of when one is pushed


@dataclass(frozen=True, eq=False)
class UnitTap:
    """A unit of which every firing is recorded, and how many cycles it waited."""

    name: str
    count: int  # firings
    fires: str  # Verilog of when it fires,
    ready: str  # and of when what it waits for first is there: see `usage_of`


Plan = PortPlan | StreamTap | UnitTap


@dataclass(frozen=True, eq=False)
class Moves:
    """What was seen of a port or a tap, cycle 0 being the first one after the reset."""

    cycles: npt.NDArray[np.int64]  # of each beat or firing
    payloads: Octets  # those of a sink or a stream
    broken: int | None = None  # the first cycle in which a sink changed what it had offered
    waited: int = 0  # cycles before its last firing in which a unit was not `ready`


def broken_stream(stream: str, cycle: int) -> TileError:
    """The error for a port, or a stream inside, that does not keep its offer until it is taken."""
    return error(
        "TV0617",
        f"{stream} changes in cycle {cycle} a beat that it offered and nobody had taken",
        notes=["valid must stay, and the payload too, until a cycle in which ready is 1"],
    )


def usage_of(actor: Actor, cycles: npt.NDArray[np.int64], waited: int) -> Usage:
    """How a unit spent the cycles up to its last firing.

    `waited` counts those without what it waits for first: the beats that it takes, or of a `Source`
    room for the one that it gives.  For beats a source waits last, as a `Sink` for room: these are
    the outside's.
    """
    rest = (int(cycles[-1]) + 1 if len(cycles) else 0) - len(cycles) - waited
    if isinstance(actor.unit, Source):
        return Usage(len(cycles), starved=0, blocked=waited, closed=rest)
    if isinstance(actor.unit, Sink):
        return Usage(len(cycles), starved=waited, blocked=0, closed=rest)
    return Usage(len(cycles), starved=waited, blocked=rest, closed=0)


def firings_of(
    netlist: Netlist, launches: int, wanted: Mapping[str, int] | None = None
) -> dict[str, int]:
    """By actor how often it fires in so many launches, or in the one that `wanted` tells of."""
    return {a.name: wanted[a.name] if wanted else a.firings * launches for a in netlist.actors}


def feed_of(port: str, count: int, shape: BeatShape, feeds: Mapping[str, Beats]) -> Octets:
    """The payloads that a port is fed; raises TileError TV0603 unless there are `count`."""
    needed = (count, shape.lanes)
    if port not in feeds or feeds[port].shape != needed:
        given = f"has shape {feeds[port].shape}" if port in feeds else "is missing"
        raise error("TV0603", f"feed of port `{port}` must have shape {needed}, but {given}")
    return to_octets(feeds[port], shape)


def to_octets(beats: Beats, shape: BeatShape) -> Octets:
    """The payload of each beat in whole words of 32 bits, lane 0 lowest."""
    size = row_bytes(shape.width, 1, "word")
    if shape.bits <= 64:
        unsigned = BeatShape(shape.lanes, shape.bits, False)
        codes = fit(beats, unsigned).view(np.uint64)
        return pack_codes(codes, shape.bits, "word").reshape(len(beats), size)
    packed = np.packbits(to_bits(beats, shape), axis=1, bitorder="little")
    return np.pad(packed, ((0, 0), (0, size - packed.shape[1])))


def from_octets(payloads: Octets, shape: BeatShape) -> Beats:
    """The inverse of `to_octets`."""
    if shape.bits <= 64:
        beats = np.empty((len(payloads), shape.lanes), beats_dtype(shape))
        step = max(1, _CHUNK // shape.lanes)
        for start in range(0, len(payloads), step):
            part = payloads[start : start + step]
            codes = unpack_codes(part, shape.bits, (len(part), shape.lanes), "word")
            beats[start : start + step] = fit(codes, shape)
        return beats
    bits = np.unpackbits(payloads, axis=1, count=shape.width, bitorder="little")
    return from_bits(bits, shape)


def pack(beats: Beats, shape: BeatShape) -> list[int]:
    """Each beat as the integer that its payload is."""
    return integers(to_octets(beats, shape))


def unpack(payloads: Sequence[int], shape: BeatShape) -> Beats:
    """The inverse of `pack`."""
    return from_octets(octets_of(payloads, shape.width), shape)


def octets_of(payloads: Sequence[int], width: int) -> Octets:
    """Payloads of `width` bits, given as integers."""
    size = row_bytes(width, 1, "word")
    data = b"".join(payload.to_bytes(size, "little") for payload in payloads)
    return np.frombuffer(data, np.uint8).reshape(len(payloads), size)


def integers(payloads: Octets) -> list[int]:
    """The inverse of `octets_of`."""
    data, size = payloads.tobytes(), payloads.shape[1]
    starts = range(0, len(data), size)
    return [int.from_bytes(data[at : at + size], "little") for at in starts]
