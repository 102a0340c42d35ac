"""A design as actors and channels: the one description behind the hardware and the timed model.

An *actor* is a nest of counters and one action, its `fire`.  A *channel* belongs to the actor that
pushes into it and is read by any number of readers, each with a *walk*: the order in which it
takes the beats of a frame.  A *beat* is what moves in one cycle: a few lanes of equal width.

Nothing here imports Amaranth: a netlist can be printed, timed, sized and tested by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from math import prod
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from hdl.turns import Due
from tilevm.diagnostics import Label, Span

ZERO = -1  # a wiring bit tied to 0
ONE = -2  # a wiring bit tied to 1


@dataclass(frozen=True)
class BeatShape:
    """`lanes` elements of `bits` bits each; as a payload, lane 0 holds the lowest bits."""

    lanes: int
    bits: int
    signed: bool = False

    @property
    def width(self) -> int:
        return self.lanes * self.bits

    def __str__(self) -> str:
        return f"{'i' if self.signed else 'u'}{self.bits}x{self.lanes}"


@dataclass(frozen=True)
class Walk:
    """The order in which a reader takes the beats of one frame; it repeats for every frame.

    `levels` are (trips, stride) pairs, outermost first: pop number (c0, c1, ...) takes the beat at
    offset ``sum(ci * stride_i)`` of the frame of `frame` beats.  Beats may be taken again or left
    out.
    """

    levels: tuple[tuple[int, int], ...]
    frame: int

    def __post_init__(self) -> None:
        last = sum((trips - 1) * stride for trips, stride in self.levels)
        assert all(trips > 0 and stride >= 0 for trips, stride in self.levels), self
        assert last < self.frame, self

    @classmethod
    def forward(cls, frame: int) -> Walk:
        """Each beat once, in order: a FIFO."""
        return cls(((frame, 1),), frame)

    @cached_property
    def pops(self) -> int:
        """Beats taken per frame."""
        return prod(trips for trips, _ in self.levels)

    def offsets(self) -> npt.NDArray[np.int64]:
        """Offset in the frame of each pop, shape [pops]."""
        at = np.zeros(1, np.int64)
        for trips, stride in self.levels:
            at = (at[:, None] + np.arange(trips, dtype=np.int64) * stride).reshape(-1)
        return at

    @cached_property
    def progressive(self) -> int:
        """Number of outer levels after each step of which the beats behind are never read again."""
        best = 0
        for count in range(1, len(self.levels) + 1):
            outer, inner = self.levels[:count], self.levels[count:]
            step = outer[-1][1]
            span = sum((trips - 1) * stride for trips, stride in inner) + 1
            packed = step >= span and outer[0][0] * outer[0][1] == self.frame
            for (_, stride), (trips, below) in pairwise(outer):
                packed = packed and stride == trips * below
            if packed:
                best = count
        return best

    @cached_property
    def release_every(self) -> int:
        """Pops between two releases."""
        return prod(trips for trips, _ in self.levels[self.progressive :])

    @cached_property
    def release_count(self) -> int:
        """Beats given back at each release."""
        return self.levels[self.progressive - 1][1] if self.progressive else self.frame


@dataclass(frozen=True)
class When:
    """A static mask of a port: the firings at which every listed level is at its edge.

    `edges` are (level, "first" | "last") pairs on the actor's nest; `negate` takes all other
    firings.
    """

    edges: tuple[tuple[int, str], ...]
    negate: bool = False


Mask = When | Due


@dataclass(eq=False)
class Channel:
    """Beats on the way from one writer to its readers, `depth` of them at most.

    A beat pushed at cycle t can be read from cycle ``t + latency`` on, and its place can be used
    by a push one cycle after the last reader released it.  `frame` beats form one frame.
    """

    name: str
    shape: BeatShape
    frame: int
    latency: int = 1
    depth: int | None = None  # None until sized
    readers: list[Walk] = field(default_factory=list)

    def read(self, walk: Walk | None = None) -> Reader:
        """A new reader of this channel; without a walk it takes each beat once, in order."""
        self.readers.append(walk or Walk.forward(self.frame))
        assert self.readers[-1].frame == self.frame
        return Reader(self, len(self.readers) - 1)


@dataclass(frozen=True, eq=False)
class Reader:
    """One reader of a channel."""

    channel: Channel
    index: int

    @property
    def walk(self) -> Walk:
        return self.channel.readers[self.index]


@dataclass(frozen=True, eq=False)
class Input:
    """An actor's input port: a reader, taken from at the firings of `when` (None: at each)."""

    reader: Reader
    when: Mask | None = None


@dataclass(frozen=True, eq=False)
class Output:
    """An actor's output port: a channel, pushed to at the firings of `when` (None: at each)."""

    channel: Channel
    when: Mask | None = None


@dataclass(frozen=True, eq=False)
class Wiring:
    """How an operand's lanes are picked from a payload: bit by bit, and by the counters.

    `table` has shape [variants, lanes, bits]: the payload bit that each operand bit is, or ZERO,
    or ONE.
    Which variant holds at a firing is ``sum(counter[level] * stride)`` over `select`.
    """

    shape: BeatShape
    table: npt.NDArray[np.int32]
    select: tuple[tuple[int, int], ...] = ()

    def used(self, trips: Sequence[int]) -> int:
        """How many variants an actor with these trips may choose from: the first ones."""
        most = 1 + sum((trips[level] - 1) * stride for level, stride in self.select)
        return min(most, len(self.table))

    @classmethod
    def identity(cls, shape: BeatShape) -> Wiring:
        table = np.arange(shape.width, dtype=np.int32).reshape(1, shape.lanes, shape.bits)
        return cls(shape, table)


class Unit(Protocol):
    """What an actor does with its beats at a firing; the classes are in hdl/units."""

    @property
    def summary(self) -> str:
        """A few words for people."""
        ...

    def model(self, inputs: Sequence[npt.NDArray[Any]], actor: Actor) -> list[npt.NDArray[Any]]:
        """The beats pushed by each output port, given those taken by each input port.

        Arrays are ``[beats, lanes]`` (see hdl.units.lanes) and cover whole launches.  A source
        takes the beats of its port as its one input; a sink gives those of its port.
        """
        ...

    def emit(self, m: Any, stage: Any, actor: Actor) -> list[list[Any]]:
        """Add the logic to the Amaranth module `m`; returns the lanes of each output's payload.

        `stage` is an hdl.units.stage.Stage: the lanes of each input's payload, the counters, and
        `fire`.
        """
        ...


@dataclass(frozen=True)
class Origin:
    """Where an actor comes from: the IR value it computes, the op, and the line of the program."""

    value: str
    op: str
    span: Span | None = None

    @property
    def statement(self) -> str:
        """The first line of the statement; "" where it stands in no text."""
        text = self.span.text if self.span is not None else ""
        return (text.splitlines() or [""])[0].strip()

    @property
    def labels(self) -> list[Label]:
        """What a diagnostic points at."""
        return [Label(self.span)] if self.span is not None else []


@dataclass(eq=False)
class Actor:
    """One nest of counters (trip counts, outermost first) and one action, for every launch anew.

    It fires when all inputs that are due have a beat and all outputs that are due have room.
    """

    name: str
    trips: tuple[int, ...]
    unit: Unit
    inputs: tuple[Input, ...] = ()
    outputs: tuple[Output, ...] = ()
    origin: Origin | None = None

    @property
    def labels(self) -> list[Label]:
        """What a diagnostic about it points at."""
        return self.origin.labels if self.origin is not None else []

    @property
    def firings(self) -> int:
        """Firings of one launch."""
        return prod(self.trips)

    def counters(self) -> npt.NDArray[np.int64]:
        """Counter values at each firing of a launch, shape [firings, levels]."""
        return np.indices(self.trips, dtype=np.int64).reshape(len(self.trips), self.firings).T

    def due(self, when: Mask | None) -> npt.NDArray[np.bool_]:
        """The firings of one launch at which a port with this mask takes part, shape [firings]."""
        if isinstance(when, Due):
            return when.firings()
        mask = np.ones(self.firings, np.bool_)
        if when is None:
            return mask
        at = self.counters()
        for level, edge in when.edges:
            mask &= at[:, level] == (0 if edge == "first" else self.trips[level] - 1)
        return ~mask if when.negate else mask

    def moves(self, when: Mask | None, firings: int) -> int:
        """Beats that a port with this mask moves in so many firings."""
        launches, rest = divmod(firings, self.firings)
        due = self.due(when)
        return launches * int(due.sum()) + int(due[:rest].sum())


@dataclass(eq=False)
class Netlist:
    """Actors in an order in which every channel but a feedback is written before it is read."""

    name: str
    actors: list[Actor]

    @cached_property
    def channels(self) -> list[Channel]:
        return [port.channel for actor in self.actors for port in actor.outputs]

    def writer(self, channel: Channel) -> Actor:
        return next(a for a in self.actors if any(p.channel is channel for p in a.outputs))

    def __str__(self) -> str:
        lines = [f"netlist {self.name}"]
        for actor in self.actors:
            takes = ", ".join(
                f"{p.reader.channel.name}{list(p.reader.walk.levels)}{_mask(p.when)}"
                for p in actor.inputs
            )
            gives = ", ".join(
                f"{p.channel.name}: {p.channel.shape} depth {p.channel.depth}{_mask(p.when)}"
                for p in actor.outputs
            )
            nest = "x".join(map(str, actor.trips)) or "1"
            lines.append(f"  {actor.name} [{nest}] {actor.unit.summary}: ({takes}) -> ({gives})")
        return "\n".join(lines) + "\n"


def _mask(when: Mask | None) -> str:
    if when is None:
        return ""
    if isinstance(when, Due):
        return f" in turn {when.place}"
    text = " and ".join(f"{edge}({level})" for level, edge in when.edges)
    return f" when {'not ' if when.negate else ''}{text}"
