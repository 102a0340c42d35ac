"""Amaranth's simulator as the clock of a design, with every firing and every beat recorded."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from amaranth import Cat, Elaboratable, Fragment, Module, Shape, Signal, Value
from amaranth.sim import Simulator

from hdl.deadlock import deadlock
from hdl.netlist import Actor, Netlist
from hdl.sim.contract import Watched
from hdl.sim.ports import broken_stream, feed_of, firings_of, integers, unpack, usage_of
from hdl.sim.stalls import Stall
from hdl.sim.waves import check_writable, groups, no_waves, wave_format
from hdl.timing import Usage, event_graph
from hdl.top import Top
from hdl.traffic import traffic_of
from hdl.units.edge import Sink, Source, input_shapes
from hdl.units.lanes import Beats
from hdl.units.stage import joined

Cycles = npt.NDArray[np.int64]

_PERIOD = 1e-8  # s; only the time axis of a waveform shows it


@dataclass(frozen=True, eq=False)
class SimResult:
    """What a simulation saw; cycle 0 is the first one after the reset."""

    outputs: dict[str, Beats]  # by port of a sink: [beats, lanes]
    cycles: int  # last firing of a sink + 1
    fires: dict[str, Cycles]  # by actor: the cycle of each firing, all launches in a row
    taps: dict[str, Beats]  # by channel: every beat pushed, [beats, lanes]
    usage: dict[str, Usage]  # by actor: what it did in each cycle up to its last firing


def run(
    netlist: Netlist,
    feeds: Mapping[str, Beats],
    *,
    launches: int = 1,
    firings: Mapping[str, int] | None = None,
    stalls: Mapping[str, Stall] | None = None,
    taps: bool = True,
    waves: str | Path | None = None,
    max_idle: int = 1000,
) -> SimResult:
    """Simulate `launches` launches, one right after the other, until every actor has fired.

    Or one smaller launch, of so many `firings` by actor.  `feeds` gives the beats of each source's
    port, ``[beats, lanes]``, of all launches; `stalls` says per port in which cycles it is open
    (see `random_stalls`).  With `taps`, all beats of all channels are recorded and, without
    `waves`, the contract of every stream is watched; `waves` is the waveform file to write (.vcd).

    Raises TileError TV0802 where the waveform cannot be written, TV0602 where nothing fires for
    `max_idle` cycles in which all ports are open, TV0603 for a feed of the wrong shape, TV0617 for
    a stream that changes a beat that it offers.
    """
    if waves is not None:
        if (kind := wave_format(waves)) != "vcd":
            raise no_waves("amaranth", kind)
        check_writable(waves)
    with _long_numbers():
        wanted = firings_of(netlist, launches, firings)
        return _run(netlist, feeds, launches, wanted, stalls or {}, taps, waves, max_idle)


def _run(
    netlist: Netlist,
    feeds: Mapping[str, Beats],
    launches: int,
    wanted: Mapping[str, int],
    stalls: Mapping[str, Stall],
    taps: bool,
    waves: str | Path | None,
    max_idle: int,
) -> SimResult:
    top = Top(netlist)
    # elaborates the design, so that its actors can be watched
    watched = Watched(top) if taps and waves is None else None
    simulator = Simulator(watched or (top if waves is None else _Grouped(top)))
    recorder = _Recorder(top, wanted, taps)
    driver = _Driver(top, feeds, wanted, stalls)
    finished = False

    async def bench(ctx: Any) -> None:
        nonlocal finished
        cycle = last = 0
        while True:
            driver.before(ctx, cycle)
            driver.check(ctx, cycle)
            if watched is not None:
                watched.check(ctx, cycle)
            fired = recorder.look(ctx)
            left = recorder.left
            if fired:
                recorder.record(ctx, cycle, fired)
                driver.after(fired)
                if recorder.left == 0:
                    finished = True
                    await ctx.tick()  # the last cycle is in the waveform too
                    return
            if recorder.left < left:
                last = cycle
            elif cycle - max(last, driver.open_from) > max_idle:
                return
            cycle += 1
            await ctx.tick()

    simulator.add_clock(_PERIOD)
    simulator.add_testbench(bench)
    with _waveform(simulator, waves):
        simulator.run()
    if not finished:
        graph = event_graph(netlist, traffic_of(netlist, launches), launches, wanted)
        raise deadlock(netlist, graph, recorder.counts, code="TV0602")
    return recorder.result()


@contextmanager
def _long_numbers() -> Iterator[None]:
    """Lets Python read and write numbers of any length as text, as Amaranth's simulator does with
    masks: beats wider than 14,284 bits have more digits than Python's own limit.
    """
    limit = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(0)
    try:
        yield
    finally:
        sys.set_int_max_str_digits(limit)


@contextmanager
def _waveform(simulator: Simulator, path: str | Path | None) -> Iterator[None]:
    """Writes a waveform while the simulator runs, if there is a path: the whole file or none."""
    if path is None:
        yield
        return
    part = Path(f"{path}.part")
    try:
        with simulator.write_vcd(str(part)):
            yield
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


class _Grouped(Elaboratable):
    """A design with its signals once more, in groups for a waveform."""

    def __init__(self, top: Top) -> None:
        self.top = top

    def elaborate(self, platform: Any) -> Module:
        m = Module()
        m.submodules.design = Fragment.get(self.top, platform)  # now, so that its actors are there
        streams = {
            port.channel: stream
            for name, actor in self.top.actors.items()
            for port, stream in zip(actor.actor.outputs, actor.outputs, strict=False)
        }
        for group in groups(self.top.netlist):
            m.submodules[group.name] = inner = Module()
            for wave in group.waves:
                signal = Signal(Shape(wave.bits, wave.signed), name=wave.name)
                if isinstance(wave.of, Actor):
                    source: Value = self._signal(wave.of, wave.signal)
                elif wave.low is None:
                    source = streams[wave.of].valid & streams[wave.of].ready
                else:
                    payload = streams[wave.of].payload.as_value()
                    source = payload[wave.low : wave.low + wave.bits]
                inner.d.comb += signal.eq(source)
        return m

    def _signal(self, actor: Actor, name: str) -> Value:
        """A signal of a unit, or of the port that it is."""
        unit = actor.unit
        if isinstance(unit, Source | Sink) and name in ("payload", "valid", "ready"):
            return Value.cast(getattr(self.top.ports[unit.port], name))
        return Value.cast(getattr(self.top.actors[actor.name], name))


class _Recorder:
    """The firings of all actors and the beats of all channels, cycle by cycle."""

    def __init__(self, top: Top, wanted: Mapping[str, int], taps: bool) -> None:
        self.netlist = netlist = top.netlist
        components = list(top.actors.values())
        self.fires: Value = joined([component.fire for component in components])
        # what each waits for first: see `usage_of`
        needs = [c.roomy if isinstance(c.actor.unit, Source) else c.fed for c in components]
        self._needs: Value = joined(needs)
        self._met: list[int] = []  # in each cycle, one bit for each actor
        self.wanted = [wanted[actor.name] for actor in netlist.actors]
        self.times: list[list[int]] = [[] for _ in netlist.actors]
        self.left = sum(self.wanted)
        self._watched: list[list[tuple[Value, Value, list[int]]]] = []
        self.outputs: dict[str, list[int]] = {}
        self.pushed: dict[str, list[int]] = {}
        for actor in netlist.actors:
            watched = []
            names = [output.channel.name for output in actor.outputs if taps]
            records = [self.pushed.setdefault(name, []) for name in names]
            if isinstance(actor.unit, Sink):
                records = [self.outputs.setdefault(actor.unit.port, [])]
            for stream, beats in zip(top.actors[actor.name].outputs, records, strict=False):
                watched.append((stream.valid, stream.payload.as_value(), beats))
            self._watched.append(watched)

    @property
    def counts(self) -> list[int]:
        return [len(times) for times in self.times]

    def look(self, ctx: Any) -> int:
        """The firings of this cycle, one bit for each actor; who waits is noted."""
        self._met.append(ctx.get(self._needs))
        fired: int = ctx.get(self.fires)
        return fired

    def record(self, ctx: Any, cycle: int, fired: int) -> None:
        """Note the beats of a cycle in which some actors fired."""
        while fired:
            number = (fired & -fired).bit_length() - 1
            fired &= fired - 1
            times = self.times[number]
            if len(times) == self.wanted[number]:
                continue  # constants run ahead into a launch that nobody asked for
            times.append(cycle)
            self.left -= 1
            for valid, payload, beats in self._watched[number]:
                if ctx.get(valid):
                    beats.append(ctx.get(payload))

    def result(self) -> SimResult:
        actors = self.netlist.actors
        fires = {a.name: np.array(t, np.int64) for a, t in zip(actors, self.times, strict=True)}
        sinks = [t for a, t in zip(actors, self.times, strict=True) if isinstance(a.unit, Sink)]
        last = max((times[-1] for times in sinks or self.times), default=-1)
        outputs = {
            a.unit.port: unpack(self.outputs[a.unit.port], input_shapes(a)[0])
            for a in actors
            if isinstance(a.unit, Sink)
        }
        taps = {
            channel.name: unpack(self.pushed[channel.name], channel.shape)
            for channel in self.netlist.channels
            if channel.name in self.pushed
        }
        return SimResult(outputs, last + 1, fires, taps, self._usage())

    def _usage(self) -> dict[str, Usage]:
        """What each actor did, counted from its own signals, cycle by cycle."""
        actors = self.netlist.actors
        met = _bits(self._met, len(actors))
        found = {}
        for number, actor in enumerate(actors):
            cycles = np.array(self.times[number], np.int64)
            until = int(cycles[-1]) + 1 if len(cycles) else 0
            waited = until - int(met[:until, number].sum())
            found[actor.name] = usage_of(actor, cycles, waited)
        return found


def _bits(rows: list[int], width: int) -> npt.NDArray[np.bool_]:
    """Bit n of each number in column n."""
    size = -(-width // 8)
    data = b"".join(row.to_bytes(size, "little") for row in rows)
    octets = np.frombuffer(data, np.uint8).reshape(len(rows), size)
    return np.unpackbits(octets, axis=1, count=width, bitorder="little").astype(np.bool_)


class _Driver:
    """The outside of the ports: beats offered to sources, room offered to sinks."""

    def __init__(
        self,
        top: Top,
        feeds: Mapping[str, Beats],
        wanted: Mapping[str, int],
        stalls: Mapping[str, Stall],
    ) -> None:
        self._ports = [
            _port(number, actor, top, feeds, wanted, stalls)
            for number, actor in enumerate(top.netlist.actors)
            if isinstance(actor.unit, Source | Sink)
        ]
        self.open_from = max((len(port.open) for port in self._ports), default=0)

    def before(self, ctx: Any, cycle: int) -> None:
        """Drive what a cycle starts with."""
        for port in self._ports:
            port.before(ctx, cycle)

    def check(self, ctx: Any, cycle: int) -> None:
        """Compare what ports offer with what they offered, and nobody took, in the last cycle."""
        for port in self._ports:
            port.check(ctx, cycle)

    def after(self, fired: int) -> None:
        """Note which ports took part in the cycle."""
        for port in self._ports:
            if fired >> port.number & 1:
                port.offered = False


class _Port:
    """One port: a source's, which offers `beats` in order, or a sink's (None)."""

    def __init__(
        self, name: str, number: int, stream: Any, stall: list[bool], beats: list[int] | None
    ) -> None:
        self.number, self.open = number, stall
        self._beats = beats
        self._next = 0
        self._drive: Value = stream.ready if beats is None else Cat(stream.valid, stream.payload)
        self._driven = 0
        self.offered = False  # a source's beat stays offered until it is taken
        self._name = name
        self._offer: Value = Cat(stream.valid, stream.payload)
        self._kept: int | None = None  # what a sink offered while nobody took it

    def check(self, ctx: Any, cycle: int) -> None:
        """TV0617 where a sink takes back or changes what it offers."""
        if self._beats is not None or (self._kept is None and self._driven):
            return
        offer = ctx.get(self._offer)
        if self._kept is not None and offer != self._kept:
            raise broken_stream(f"port `{self._name}`", cycle)
        self._kept = offer if offer & 1 and not self._driven else None

    def before(self, ctx: Any, cycle: int) -> None:
        is_open = cycle >= len(self.open) or self.open[cycle]
        if self._beats is None:
            value = int(is_open)
        elif self.offered:
            return
        elif is_open and self._next < len(self._beats):
            value = self._beats[self._next] << 1 | 1
            self._next += 1
            self.offered = True
        else:
            value = self._driven & ~1
        if value != self._driven:
            ctx.set(self._drive, value)
            self._driven = value


def _port(
    number: int,
    actor: Actor,
    top: Top,
    feeds: Mapping[str, Beats],
    wanted: Mapping[str, int],
    stalls: Mapping[str, Stall],
) -> _Port:
    assert isinstance(actor.unit, Source | Sink)
    port, beats = actor.unit.port, None
    if isinstance(actor.unit, Source):
        beats = integers(feed_of(port, wanted[actor.name], input_shapes(actor)[0], feeds))
    opened = [bool(is_open) for is_open in stalls.get(port, ())]
    return _Port(port, number, top.ports[port], opened, beats)
