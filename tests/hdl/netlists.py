"""Random netlists: every kind of unit and port, forks, joins, replays, loops and dead values.

``random_netlist(Random(seed))`` is a well-formed design without depths: its rates are balanced, and
with enough room in its channels it does not deadlock.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import count
from math import prod
from random import Random
from typing import Any

import numpy as np
import numpy.typing as npt

from hdl.netlist import ONE, Actor, BeatShape, Channel, Netlist, Reader, Walk, When, Wiring
from hdl.sizing import size_channels
from hdl.units import (
    Collect,
    Fold,
    Map,
    Merge,
    Route,
    Sink,
    Source,
    collect_actor,
    fold_actor,
    map_actor,
    merge_actor,
    route_actor,
    sink_actor,
    source_actor,
)

_MOST_FIRINGS = 96  # of an actor, in one launch


@dataclass(frozen=True)
class Mix:
    """``3 * a + 5 * b + 1`` and so on, lane by lane: every operand and its place matter."""

    shape: BeatShape
    name: str = "mix"

    def emit(self, m: Any, operands: list[list[Any]]) -> list[Any]:
        return [
            sum(lane * (2 * place + 3) for place, lane in enumerate(lanes)) + 1
            for lanes in zip(*operands, strict=True)
        ]

    def model(self, operands: list[npt.NDArray[Any]]) -> npt.NDArray[Any]:
        scaled = [array * (2 * place + 3) for place, array in enumerate(operands)]
        return np.asarray(np.sum(scaled, axis=0) + 1)


@dataclass(frozen=True)
class Horner:
    """``3 * state + value``, lane by lane: the order of the values matters."""

    shape: BeatShape
    initial: int = 1
    name: str = "horner"

    def emit(self, m: Any, state: list[Any], value: list[Any]) -> list[Any]:
        return [3 * s + v for s, v in zip(state, value, strict=True)]

    def model(self, state: npt.NDArray[Any], value: npt.NDArray[Any]) -> npt.NDArray[Any]:
        return np.asarray(3 * state + value)


def random_netlist(rng: Random, steps: int = 6) -> Netlist:
    """A design that `steps` random steps build, each an actor or a loop of several."""
    growth = _Growth(rng)
    growth.source()
    for _ in range(steps):
        rng.choice(
            [
                growth.source,
                growth.constants,
                growth.map,
                growth.map,
                growth.join,
                growth.join,
                growth.fold,
                growth.collect,
                growth.loop,
                growth.loop,
            ]
        )()
    growth.sinks()
    return Netlist("random", growth.actors)


def random_feeds(
    netlist: Netlist, launches: int, rng: np.random.Generator
) -> dict[str, npt.NDArray[np.int64]]:
    """Beats for every source port, over the whole range of its elements."""
    feeds = {}
    for actor in netlist.actors:
        if isinstance(actor.unit, Source):
            shape = actor.outputs[0].channel.shape
            low = -(1 << shape.bits - 1) if shape.signed else 0
            size = (actor.firings * launches, shape.lanes)
            feeds[actor.unit.port] = rng.integers(low, low + (1 << shape.bits), size)
    return feeds


def sink_beats(netlist: Netlist) -> dict[str, int]:
    """Beats of one launch at every sink port."""
    return {a.unit.port: a.firings for a in netlist.actors if isinstance(a.unit, Sink)}


def edge_ports(netlist: Netlist) -> list[str]:
    """The names of all ports to the outside."""
    return [a.unit.port for a in netlist.actors if isinstance(a.unit, Source | Sink)]


class _Growth:
    """A netlist on the way: its actors, and the channels that later ones may read."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.actors: list[Actor] = []
        self.beats: dict[Channel, int] = {}  # pushed in a launch

    def source(self) -> None:
        beats = prod(self.rng.choice([1, 2, 2, 3, 4]) for _ in range(self.rng.randint(1, 3)))
        name = self._name("source")
        output = self._channel(name, self._shape(), beats)
        self.actors.append(source_actor(name, f"in_{name}", output, beats))

    def constants(self) -> None:
        trips = self._trips(self.rng.randint(1, 12))
        self._map(trips, [])

    def map(self) -> None:
        reader, firings = self._read(self._any())
        self._map(self._trips(firings), [reader])

    def join(self) -> None:
        reader, firings = self._read(self._any())
        others = [self._read_times(self._any(), firings) for _ in range(self.rng.randint(1, 2))]
        self._map(self._trips(firings), [reader, *(other for other in others if other)])

    def fold(self) -> None:
        values, firings = self._read(self._any())
        trips = self._trips(firings)
        reduce = [self.rng.random() < 0.5 for _ in trips]
        results = prod(t for t, folded in zip(trips, reduce, strict=True) if not folded)
        name, shape = self._name("fold"), values.channel.shape
        initial = None
        if self.rng.random() < 0.4:
            fitting = [c for c in self.beats if c.shape == shape]
            initial = self._read_times(self.rng.choice(fitting), results)
        output = self._channel(name, shape, results)
        function = Horner(shape, self.rng.randint(0, 1))
        self.actors.append(
            fold_actor(name, trips, reduce, function, values, output, initial=initial)
        )

    def collect(self) -> None:
        values, firings = self._read(self._any())
        given = values.channel.shape
        count = self.rng.choice([n for n in (1, 2, 3, 4) if firings % n == 0])
        if given.lanes * count > 6:
            count = 1
        trips = (*self._trips(firings // count), count)
        shape = BeatShape(given.lanes * count, given.bits, given.signed)
        name = self._name("collect")
        output = self._channel(name, shape, firings // count)
        self.actors.append(collect_actor(name, trips, values, output))

    def loop(self) -> None:
        """Carried beats, `m` at a time: Merge at the head, some maps, Route at the tail."""
        start, beats = self._read(self._any())
        shape = start.channel.shape
        m = self.rng.choice([n for n in range(1, beats + 1) if beats % n == 0])
        rounds = self.rng.randint(2, 4)
        if beats * rounds > _MOST_FIRINGS:
            start.channel.readers.pop()
            return
        trips, name = (beats // m, rounds, m), self._name("loop")
        back = Channel(f"{name}_back", shape, self._divisor(m), self._latency())
        head = Channel(f"{name}_head", shape, self._divisor(m), self._latency())
        feedback = back.read(self._shuffle(back.frame))
        self.actors.append(merge_actor(f"{name}_merge", trips, 1, start, feedback, head))
        carried = head
        for step in range(self.rng.randint(0, 2)):
            readers = [carried.read(self._shuffle(carried.frame))]
            other = self._read_times(self._any(), prod(trips)) if self.rng.random() < 0.5 else None
            carried = Channel(f"{name}_step{step}", shape, self._divisor(m), self._latency())
            readers += [other] if other else []
            self._map_into(f"{name}_map{step}", trips, readers, carried, None)
        result = self._channel(f"{name}_result", shape, beats)
        last = carried.read(self._shuffle(carried.frame))
        self.actors.append(route_actor(f"{name}_route", trips, 1, last, back, result))

    def sinks(self) -> None:
        """Bring most of what nobody has read out, and something in any case."""
        unread = [c for c in self.beats if not c.readers]
        last = (unread or list(self.beats))[-1]
        for channel in dict.fromkeys([*unread, last]):
            if channel is last or self.rng.random() < 0.9:
                reader, beats = self._read(channel)
                name = self._name("sink")
                self.actors.append(sink_actor(name, f"out_{name}", reader, beats))

    def _map(self, trips: tuple[int, ...], inputs: Sequence[Reader]) -> None:
        name, shape = self._name("map"), self._shape()
        when, beats = None, prod(trips)
        if trips and self.rng.random() < 0.3:
            level = self.rng.randrange(len(trips))
            negate = trips[level] > 1 and self.rng.random() < 0.5
            when = When(((level, self.rng.choice(["first", "last"])),), negate)
            beats = beats // trips[level] * (trips[level] - 1 if negate else 1)
        output = self._channel(name, shape, beats)
        self._map_into(name, trips, inputs, output, when)

    def _map_into(
        self,
        name: str,
        trips: tuple[int, ...],
        inputs: Sequence[Reader],
        output: Channel,
        when: When | None,
    ) -> None:
        shapes = [reader.channel.shape for reader in inputs]
        operands: list[tuple[int | None, Wiring]] = [
            (port, self._wiring(given.width, output.shape.lanes, trips))
            for port, given in enumerate(shapes)
        ]
        if not operands or self.rng.random() < 0.2:
            operands.append((None, self._wiring(0, output.shape.lanes, trips)))
        function = Mix(output.shape)
        self.actors.append(map_actor(name, trips, inputs, operands, function, output, when=when))

    def _wiring(self, width: int, lanes: int, trips: tuple[int, ...]) -> Wiring:
        """Any bits of a payload, of the two constants, or runs of bits; by the counters or not."""
        rng = self.rng
        shape = BeatShape(lanes, rng.randint(1, 8), rng.random() < 0.5)
        select: tuple[tuple[int, int], ...] = ()
        variants = 1
        if trips and rng.random() < 0.5:
            level = rng.randrange(len(trips))
            select, variants = ((level, 1),), trips[level]
        table = np.array(
            [[rng.randint(ONE, width - 1) for _ in range(shape.width)] for _ in range(variants)]
        )
        return Wiring(shape, table.reshape(variants, lanes, shape.bits).astype(np.int32), select)

    def _any(self) -> Channel:
        """A channel to read, rather a late one that nobody reads yet."""
        unread = [c for c in self.beats if not c.readers]
        return self.rng.choice(unread if unread and self.rng.random() < 0.6 else list(self.beats))

    def _read(self, channel: Channel) -> tuple[Reader, int]:
        """A new reader with a random walk, and how many beats it takes in a launch."""
        frames, frame = self.beats[channel] // channel.frame, channel.frame
        walk = Walk.forward(frame)
        if self.rng.random() < 0.5:
            pops = self.rng.randint(1, 2 * frame)
            walk = self._walk(pops if frames * pops <= _MOST_FIRINGS else frame, frame)
        return channel.read(walk), frames * walk.pops

    def _read_times(self, channel: Channel, firings: int) -> Reader | None:
        """A new reader that takes `firings` beats in a launch, if the frames allow it."""
        frames = self.beats[channel] // channel.frame
        if firings % frames:
            return None
        return channel.read(self._walk(firings // frames, channel.frame))

    def _walk(self, pops: int, frame: int) -> Walk:
        """Any walk of this many pops: replays, steps over beats, other orders."""
        rng = self.rng
        if pops == frame and rng.random() < 0.3:
            return self._shuffle(frame)
        if pops % frame == 0 and rng.random() < 0.5:
            group = self._divisor(frame)  # replay each group of beats
            return Walk(((frame // group, group), (pops // frame, 0), (group, 1)), frame)
        room, levels = frame - 1, []
        for trips in rng.sample(list(parts := self._trips(pops)), len(parts)):
            stride = rng.randint(0, room // (trips - 1)) if trips > 1 else rng.randint(0, frame)
            room -= (trips - 1) * stride
            levels.append((trips, stride))
        rng.shuffle(levels)
        return Walk(tuple(levels), frame)

    def _shuffle(self, frame: int) -> Walk:
        """Each beat of the frame once: forward, or as a matrix is transposed."""
        rows = self._divisor(frame)
        return Walk(((rows, 1), (frame // rows, rows)), frame)

    def _channel(self, name: str, shape: BeatShape, beats: int) -> Channel:
        channel = Channel(f"{name}_out", shape, self._divisor(beats), self._latency())
        self.beats[channel] = beats
        return channel

    def _trips(self, firings: int) -> tuple[int, ...]:
        """A nest of up to three levels with this many steps."""
        trips = []
        for _ in range(self.rng.randint(0, 2)):
            trips.append(self._divisor(firings))
            firings //= trips[-1]
        trips.insert(self.rng.randint(0, len(trips)), firings)
        return tuple(trips)

    def _divisor(self, number: int) -> int:
        return self.rng.choice([n for n in range(1, number + 1) if number % n == 0])

    def _shape(self) -> BeatShape:
        return BeatShape(self.rng.randint(1, 3), self.rng.randint(1, 9), self.rng.random() < 0.5)

    def _latency(self) -> int:
        return self.rng.choice([1, 1, 2, 3])

    def _name(self, kind: str) -> str:
        return f"{kind}{len(self.actors)}"


@cache
def design_of_all_units() -> tuple[int, Netlist]:
    """The first random design that has every kind of unit, with its depths, and its seed."""
    wanted = {Source, Map, Fold, Collect, Merge, Route, Sink}
    for seed in count():
        netlist = random_netlist(Random(seed), steps=14)
        if {type(actor.unit) for actor in netlist.actors} == wanted:
            size_channels(netlist)
            return seed, netlist
    raise AssertionError
