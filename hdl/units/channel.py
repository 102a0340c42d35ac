"""The component of a channel: one writer, some readers, each with a walk over frames of beats."""

from __future__ import annotations

from typing import Any

from amaranth import Const, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.netlist import Channel, Reader, Walk
from hdl.units.nest import Nest, all_of, modulo
from hdl.units.stage import stream_of
from hdl.units.words import Words

_REGISTERS = 4  # depth up to which beats are held in registers


def write_name(channel: Channel) -> str:
    """Name of the stream into a channel."""
    return f"{channel.name}_write"


def read_name(reader: Reader) -> str:
    """Name of the stream from a channel to one of its readers."""
    return f"{reader.channel.name}_read{reader.index}"


class ChannelComponent(wiring.Component):
    """A stream in (`write`), and streams out (`reads`), one for each reader.

    A beat written in cycle t can be read from cycle ``t + latency`` on; its place is free one cycle
    after the last reader released it.  Valid, ready and payload of all streams come from registers
    and memory, never from each other.  The stages of the latency have no enable, so that a
    synthesizer can move logic between them.  Without readers, beats are dropped.

    As members the streams of a channel x are ``x_write`` and ``x_read0, x_read1, ...``; with
    `plain`, ``write`` and ``read0, read1, ...``: equal for all channels that work the same.
    """

    def __init__(self, channel: Channel, *, plain: bool = False) -> None:
        assert channel.depth is not None, f"channel `{channel.name}` has no depth yet"
        assert channel.depth >= 1 and channel.latency >= 1, f"channel `{channel.name}`"
        self.channel, self.depth = channel, channel.depth
        write = "write" if plain else write_name(channel)
        reads = [read_name(Reader(channel, n)) for n in range(len(channel.readers))]
        if plain:
            reads = [f"read{number}" for number in range(len(reads))]
        beats = stream_of(channel.shape)
        super().__init__({write: In(beats), **{name: Out(beats) for name in reads}})
        self.write: Any = getattr(self, write)
        self.reads: list[Any] = [getattr(self, name) for name in reads]

    def elaborate(self, platform: Any) -> Module:
        m, channel = Module(), self.channel
        # kept under their names in Verilog, where simulators watch them
        push = Signal(attrs={"keep": 1})
        beat = Signal(channel.shape.width, attrs={"keep": 1})
        m.d.comb += push.eq(self.write.valid & self.write.ready)
        m.d.comb += beat.eq(self.write.payload.as_value())
        if not channel.readers:
            m.d.comb += self.write.ready.eq(1)
            return m
        arrived, payload = self._pipeline(m, push, beat)
        rooms, addresses = [], []
        for number, (stream, walk) in enumerate(zip(self.reads, channel.readers, strict=True)):
            room, address = self._reader(m, f"read{number}_", stream, walk, push, arrived)
            rooms.append(room)
            addresses.append(address)
        m.d.comb += self.write.ready.eq(all_of(rooms))
        beats = self._storage(m, arrived, payload, addresses)
        for stream, beat in zip(self.reads, beats, strict=True):
            m.d.comb += stream.payload.as_value().eq(beat)
        return m

    def _pipeline(self, m: Module, push: Value, beat: Value) -> tuple[Value, Value]:
        """A beat on its way, one stage for each cycle of latency above the first."""
        valid, payload = push, beat
        for stage in range(1, self.channel.latency):
            valid_next = Signal(name=f"stage{stage}_valid")
            payload_next = Signal(len(payload), name=f"stage{stage}_payload", reset_less=True)
            m.d.sync += [valid_next.eq(valid), payload_next.eq(payload)]
            valid, payload = valid_next, payload_next
        return valid, payload

    def _reader(
        self, m: Module, prefix: str, stream: Any, walk: Walk, push: Value, arrived: Value
    ) -> tuple[Value, Value]:
        """A reader's counters; returns whether it leaves room for a push, and its address."""
        # Progressive levels need no counter: there, releasing moves the base as the walk does.
        inner = walk.levels[walk.progressive :]
        pop, release = Signal(name=f"{prefix}pop"), Signal(name=f"{prefix}release")
        nest = Nest(m, [trips for trips, _ in inner], pop, prefix)
        strides = [stride for _, stride in inner]
        offset = nest.index("offset", strides)
        address = nest.address("address", strides, walk.release_count, self.depth)
        m.d.comb += [pop.eq(stream.valid & stream.ready), release.eq(all_of([pop, nest.done]))]
        visible = self._level(m, f"{prefix}visible", arrived, release, walk.release_count)
        fill = visible
        if self.channel.latency > 1:  # else what is pushed is visible in the next cycle
            fill = self._level(m, f"{prefix}fill", push, release, walk.release_count)
        m.d.comb += stream.valid.eq(visible > offset)
        return fill != self.depth, address

    def _level(self, m: Module, name: str, up: Value, release: Value, count: int) -> Value:
        """Beats ahead of a reader: one more where `up`, `count` fewer where it releases.

        It is negative while beats that were released unread are still to come.
        """
        level = Signal(range(1 - count, self.depth + 1), name=name)
        with m.If(up | release):
            m.d.sync += level.eq(level + up - Mux(release, count, 0))
        return level

    def _storage(
        self, m: Module, arrived: Value, payload: Value, addresses: list[Value]
    ) -> list[Value]:
        """The places of the beats; returns the beat at each address."""
        depth, width = self.depth, len(payload)
        end: Value = Const(0)
        if depth > 1:
            end = Signal(range(depth), name="write_address")
            with m.If(arrived):
                m.d.sync += end.eq(modulo(end + 1, depth))
        if depth <= _REGISTERS:
            places = [Signal(width, name=f"place{n}", reset_less=True) for n in range(depth)]
            for number, place in enumerate(places):
                with m.If(arrived & (end == number) if depth > 1 else arrived):
                    m.d.sync += place.eq(payload)
            return [_choose(places, address) for address in addresses]
        words = Words(m, "places", depth, width)
        words.write(end, payload, arrived)
        return [words.read(address) for address in addresses]


def _choose(places: list[Signal], address: Value) -> Value:
    """The place at `address`; the last one has no test of its own."""
    chosen: Value = places[-1]
    for number in reversed(range(len(places) - 1)):
        chosen = Mux(address == number, places[number], chosen)
    return chosen
