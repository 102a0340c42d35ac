"""Streams of values between actors, and how a consumer is connected to them.

A consumer says which bits it needs in each of its beats.  `Streams.operand` finds the walk over the
producer's beats and the wiring out of each, and inserts an actor that collects several beats into a
wide one only where no single beat holds what is needed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from math import prod

import numpy as np
import numpy.typing as npt

from hdl.lower.functions import Join
from hdl.lower.schedule import Bits, Schedule, nest_of, pattern_of, positions, row_numbers
from hdl.lower.wires import Wires
from hdl.netlist import ONE, ZERO, Actor, BeatShape, Channel, Origin, Reader, Walk, Wiring
from hdl.units import Identity, collect_actor, map_actor
from tilevm.ir import Condition, Value


@dataclass(frozen=True)
class Loop:
    """A level around an actor: a dimension of the grid, or a `for` from `first` on by `step`.

    `depth` is the number of loops around it; `block` says that it is a dimension of the grid.
    """

    name: str
    trips: int
    depth: int
    first: int = 0
    step: int = 1
    block: bool = False


Scope = tuple[Loop, ...]


def rounds(scope: Scope) -> int:
    """Iterations of all loops of a scope together."""
    return prod(loop.trips for loop in scope)


def counts(scope: Scope) -> dict[str, npt.NDArray[np.int64]]:
    """By loop its variable in each iteration of a scope, int64 [iterations]."""
    grids = np.meshgrid(*(np.arange(loop.trips) for loop in scope), indexing="ij") if scope else []
    return {
        loop.name: loop.first + grid.reshape(-1) * loop.step
        for loop, grid in zip(scope, grids, strict=True)
    }


def taken(under: Iterable[tuple[Condition | Value, bool]], scope: Scope) -> npt.NDArray[np.bool_]:
    """The iterations of a scope in which all branches around are taken that counters decide.

    `under`: the conditions of the branches around, and which way each goes.
    """
    found = np.ones(rounds(scope), np.bool_)
    for cond, way in under:
        if isinstance(cond, Condition):
            found &= np.broadcast_to(cond.evaluate(counts(scope)), found.shape) == way
    return found


@dataclass(eq=False)
class Stream:
    """A value as beats: `schedule` once for every iteration of `scope`.

    A source holds all iterations in one frame: `steps` gives the beats from one iteration of a loop
    to the next.  For other streams an iteration is a frame of its own, and `steps` is None.
    """

    value: Value
    channel: Channel
    schedule: Schedule
    scope: Scope
    steps: Mapping[Loop, int] | None = None
    collected: dict[int, Stream] = field(default_factory=dict)

    def walk(self, beats: npt.NDArray[np.int64], scope: Scope) -> Walk:
        """The walk of an actor inside `scope` that takes these beats, a nest, in each iteration."""
        nest = nest_of(beats)
        assert nest is not None, beats
        if self.steps is None:
            outer = [(loop.trips, 0) for loop in scope[len(self.scope) :]]
        else:
            outer = [(loop.trips, self.steps.get(loop, 0)) for loop in scope]
        return Walk(_merged([*outer, *nest]), self.channel.frame)


def _merged(levels: Sequence[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """The same walk in fewer levels."""
    found: list[tuple[int, int]] = []
    for trips, stride in levels:
        if trips == 1:
            continue
        if found and found[-1][1] == trips * stride:
            found[-1] = (found[-1][0] * trips, stride)
        else:
            found.append((trips, stride))
    return tuple(found)


@dataclass(frozen=True, eq=False)
class Operand:
    """A connected operand: where its beats come from (None: constants), and the bits of each lane.

    `table` [variants, lanes, bits]; variant ``(beat // run) % variants`` holds at a beat of the
    actor; or, if `select` gives (level, stride) of the loops around it, the one that their counters
    say.
    """

    reader: Reader | None
    shape: BeatShape
    table: npt.NDArray[np.int32]
    run: int
    select: tuple[tuple[int, int], ...] | None = None

    @property
    def is_plain(self) -> bool:
        """Whether it is the payload as it comes."""
        if self.reader is None or self.reader.channel.shape != self.shape:
            return False
        return bool(np.array_equal(self.table, Wiring.identity(self.shape).table))


class Streams:
    """The streams of a netlist under construction."""

    def __init__(self, wires: Wires) -> None:
        self.wires = wires
        self.actors: list[Actor] = []
        self.of: dict[Value, Stream] = {}
        self.names: set[str] = set()

    def name(self, wanted: str) -> str:
        """The wanted name, or one with a number behind it."""
        label, number = wanted, 1
        while label in self.names:
            number += 1
            label = f"{wanted}_{number}"
        self.names.add(label)
        return label

    def operand(self, bits: Bits, scope: Scope, origin: Origin) -> Operand:
        """Connects bits [beats, lanes, bits] to an actor in `scope`."""
        shape = BeatShape(bits.shape[1], bits.shape[2])
        parts = self.wires.parts(bits)
        if not parts:
            run, table = _variants(bits)
            return Operand(None, shape, table, run)
        found = [self._from_root(root, part, shape, scope) for root, part in parts.items()]
        if len(found) == 1:
            return found[0]
        name = self.name(f"{origin.value}_joined")
        channel = Channel(name, shape, len(bits))
        self.map(name, found, Join(shape), channel, len(bits), scope, origin)
        return Operand(channel.read(), shape, Wiring.identity(shape).table, 1)

    def _from_root(self, root: Value, bits: Bits, shape: BeatShape, scope: Scope) -> Operand:
        stream = self.of[root]
        for count in self._groups(stream, bits):
            found = _route(stream, count, bits)
            if found is None or nest_of(found[0]) is None:
                continue
            source = stream if count == 1 else self._collected(stream, count)
            walk = source.walk(found[0], scope)
            run, table = _variants(found[1])
            return Operand(source.channel.read(walk), shape, table, run)
        raise AssertionError(f"`{root.name}` cannot be connected")  # one wide beat always can

    def flag(self, holds: npt.NDArray[np.bool_], scope: Scope) -> Operand:
        """A bit for each iteration of `scope`."""
        bits: Bits = np.where(holds, ONE, ZERO).astype(np.int64)[:, None]
        return self.by_iteration(bits, scope)

    def by_iteration(self, bits: Bits, scope: Scope) -> Operand:
        """A constant of one lane for each iteration of `scope`: bits [iterations, bits]."""
        trips = [loop.trips for loop in scope]
        table = bits.reshape(*trips, 1, bits.shape[-1])
        select: list[tuple[int, int]] = []
        stride = 1
        for level in reversed(range(len(scope))):
            if (table == table.take([0], axis=level)).all():
                table = table.take([0], axis=level)
            else:
                select.insert(0, (level, stride))
                stride *= trips[level]
        table = table.reshape(-1, 1, bits.shape[-1]).astype(np.int32)
        return Operand(None, BeatShape(1, bits.shape[-1]), table, 1, tuple(select))

    def _groups(self, stream: Stream, bits: Bits) -> list[int]:
        """How many beats to join, the fewest first."""
        frame = len(stream.schedule)
        return [count for count in range(1, frame + 1) if frame % count == 0]

    def _collected(self, stream: Stream, count: int) -> Stream:
        """A stream of the same value with `count` beats in each of its own."""
        if count not in stream.collected:
            frame = len(stream.schedule)
            schedule = stream.schedule.reshape(frame // count, -1)
            given = stream.channel.shape
            shape = BeatShape(given.lanes * count, given.bits, given.signed)
            label = self.name(f"{stream.channel.name}_wide")
            channel = Channel(label, shape, frame // count)
            walk = stream.walk(np.arange(frame, dtype=np.int64), stream.scope)
            trips = [loop.trips for loop in stream.scope] + [frame // count, count]
            reader = stream.channel.read(walk)
            origin = Origin(stream.value.name, "relayout", stream.value.span)
            self.actors.append(collect_actor(label, trips, reader, channel, origin=origin))
            stream.collected[count] = Stream(stream.value, channel, schedule, stream.scope)
        return stream.collected[count]

    def plain(
        self, bits: Bits, shape: BeatShape, scope: Scope, label: str, origin: Origin
    ) -> Reader:
        """A reader whose payload is just these bits, through an actor that picks them if needed."""
        operand = replace(self.operand(bits, scope, origin), shape=shape)
        if operand.is_plain:
            assert operand.reader is not None
            return operand.reader
        name = self.name(label)
        channel = Channel(name, shape, len(bits))
        self.map(name, [operand], Identity(shape), channel, len(bits), scope, origin)
        return channel.read()

    def map(
        self,
        name: str,
        operands: Sequence[Operand],
        function: object,
        output: Channel,
        beats: int,
        scope: Scope,
        origin: Origin,
    ) -> None:
        """An actor that computes `beats` beats in each iteration of `scope`."""
        levels = _levels(beats, operands)
        trips = [loop.trips for loop in scope] + levels
        inputs: list[Reader] = []
        wired: list[tuple[int | None, Wiring]] = []
        for operand in operands:
            port = None
            if operand.reader is not None:
                port = len(inputs)
                inputs.append(operand.reader)
            wired.append((port, _wiring(operand, levels, len(scope))))
        self.actors.append(map_actor(name, trips, inputs, wired, function, output, origin=origin))  # type: ignore[arg-type]


def _route(
    stream: Stream, count: int, bits: Bits
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]] | None:
    """The one beat that each need lies in, if `count` beats are joined, and its payload bits.

    Bits are [beats, lanes, bits].  None if a need lies in several beats.
    """
    width = stream.channel.shape.bits
    schedule = stream.schedule.reshape(len(stream.schedule) // count, -1)
    beat_of, lane_of = positions(schedule, stream.value.tile.size)
    constant = bits < 0
    element = np.where(constant, 0, bits // width)
    beat = np.where(constant, -1, beat_of[element]).reshape(len(bits), -1)
    last = beat.max(axis=1)
    if ((beat != last[:, None]) & (beat >= 0)).any():
        return None
    # a beat of constants only takes the beat before it once more
    for number in np.flatnonzero(last < 0):
        last[number] = last[number - 1] if number else 0
    payload = np.where(constant, bits, lane_of[element] * width + bits % width)
    return last, payload


def _variants(table: npt.NDArray[np.int64]) -> tuple[int, npt.NDArray[np.int32]]:
    """(run, variants): beat b has variant ``(b // run) % len(variants)``."""
    run, period = pattern_of(row_numbers(table))
    return run, table[::run][:period].astype(np.int32)


def _levels(beats: int, operands: Sequence[Operand]) -> list[int]:
    """Trip counts of beat counters, outermost first, that can select every operand's variant."""
    edges = {1, beats}
    for operand in operands:
        if len(operand.table) > 1 and operand.select is None:
            edges |= {operand.run, operand.run * len(operand.table)}
    chain = [1]
    for edge in sorted(edges):
        if edge % chain[-1] == 0 and beats % edge == 0 and edge > chain[-1]:
            chain.append(edge)
    if chain[-1] != beats:
        chain.append(beats)
    trips = [high // low for low, high in pairwise(chain)]
    return trips[::-1] or [1]


def _wiring(operand: Operand, levels: Sequence[int], depth: int) -> Wiring:
    """The operand's table, selected by the counters of the beat levels behind `depth` others."""
    if len(operand.table) == 1 or operand.select is not None:
        return Wiring(operand.shape, operand.table, operand.select or ())
    spans = [prod(levels[i + 1 :]) for i in range(len(levels))]  # beats per step of each level
    low = max(span for span in [*spans, 1] if operand.run % span == 0)
    whole = operand.run * len(operand.table)
    tops = [span * trips for span, trips in zip(spans, levels, strict=True)]
    high = min(top for top in tops if top % whole == 0)
    chosen = [i for i, span in enumerate(spans) if low <= span < high]
    at = (np.arange(low, high + low, low)[: high // low] - low) // operand.run % len(operand.table)
    select = tuple((depth + i, spans[i] // low) for i in chosen if levels[i] > 1)
    return Wiring(operand.shape, operand.table[at], select)


__all__ = ["Loop", "Operand", "Scope", "Stream", "Streams"]
