"""Earliest and latest schedules of a timed event graph (a max-plus linear system).

A node fires a known number of times, at most once a cycle.  An arc says that a firing of its
target needs an earlier firing of its source.  The least solution of all these inequalities is the
self-timed execution; the greatest solution under a deadline is the same problem run backwards.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

Cycles = npt.NDArray[np.int64]

_LONG_AGO = -(1 << 60)  # the time of the firing that a firing without a need waits for
_SWEEPS = 32  # updates per node after which relaxing has cost about as much as single steps
_LONG = 64  # mean firings of a node from which on array operations pay


@dataclass(frozen=True, eq=False)
class Arc:
    """``time[target][n] >= time[source][need[n]] + lag`` for every firing n with ``need[n] >= 0``.

    `need` has shape [firings of the target] and never falls: a firing that needs nothing itself may
    name what an earlier one needed.  `cause` says what the arc stands for.
    """

    source: int
    target: int
    need: Cycles
    lag: int
    cause: Any = None

    @cached_property
    def steps(self) -> list[int]:
        """`need` as indices into a list of times that begins with one entry from long ago."""
        steps: list[int] = (self.need + 1).tolist()
        return steps

    @cached_property
    def start(self) -> int:
        """The first firing of the target that needs something."""
        return int(np.searchsorted(self.need, 0))


@dataclass(frozen=True, eq=False)
class Gate:
    """When a node at the edge of a design may fire: a pattern per cycle, always open after its end.

    With `holds`, an offer made in an open cycle stays until it is taken (a stream's source);
    without, the firing itself must fall into an open cycle (a stream's sink).
    """

    open: npt.NDArray[np.bool_]
    holds: bool

    @cached_property
    def following(self) -> list[int]:
        """The first open cycle at or after each cycle of the pattern."""
        cycles = np.where(self.open, np.arange(len(self.open)), len(self.open))
        following: list[int] = np.minimum.accumulate(cycles[::-1])[::-1].tolist()
        return following

    def opens(self, cycle: int) -> int:
        """The first open cycle at or after `cycle`."""
        return self.following[cycle] if cycle < len(self.following) else cycle


@dataclass(frozen=True, eq=False)
class EventGraph:
    """`counts` has the firings of each node; `arcs` may form cycles."""

    counts: Sequence[int]
    arcs: Sequence[Arc]

    def reversed(self) -> EventGraph:
        """The graph run backwards: firing n becomes firing ``count - 1 - n``, arcs turn round."""
        return EventGraph(self.counts, [self._turned(arc) for arc in self.arcs])

    def _turned(self, arc: Arc) -> Arc:
        # Only the first firing that needs a firing of the source holds it back from being later.
        firings = np.flatnonzero(np.diff(arc.need, prepend=-1))
        turned = np.full(self.counts[arc.source], -1, np.int64)
        turned[self.counts[arc.source] - 1 - arc.need[firings]] = (
            self.counts[arc.target] - 1 - firings
        )
        return Arc(arc.target, arc.source, np.maximum.accumulate(turned), arc.lag, arc.cause)


@dataclass(frozen=True, eq=False)
class Schedule:
    """Times of the firings of each node; not `complete` where a deadlock or a deadline ended it."""

    times: list[Cycles]
    complete: bool


def earliest(
    graph: EventGraph,
    gates: Mapping[int, Gate] | None = None,
    floor: Sequence[Cycles] | None = None,
    deadlines: Sequence[Cycles] | None = None,
) -> Schedule:
    """The least solution from cycle 0 on, or not below the times in `floor`.

    With `deadlines`, times that no firing may pass, an attempt that misses one ends incomplete.
    """
    if floor is None:
        floor = [np.arange(count, dtype=np.int64) for count in graph.counts]
    if not gates and sum(graph.counts) >= _LONG * len(graph.counts):
        relaxed = _relax(graph, floor, deadlines)
        if relaxed is not None:
            return relaxed
    return _step(graph, gates or {}, floor, deadlines)


def latest(graph: EventGraph, ceiling: Sequence[Cycles]) -> list[Cycles]:
    """The greatest solution that is not above the times in `ceiling`."""
    end = max(int(times[-1]) for times in ceiling)
    backwards = earliest(graph.reversed(), floor=[end - times[::-1] for times in ceiling])
    assert backwards.complete, "a graph that has an earliest schedule also has a latest one"
    return [end - times[::-1] for times in backwards.times]


def _relax(
    graph: EventGraph, floor: Sequence[Cycles], deadlines: Sequence[Cycles] | None
) -> Schedule | None:
    """Raise lower bounds node by node, all firings at once, until nothing changes.

    This takes few rounds unless a cycle of arcs limits the rate; then it gives up, with None.
    """
    times = list(floor)
    into: list[list[Arc]] = [[] for _ in graph.counts]
    after: list[set[int]] = [set() for _ in graph.counts]
    for arc in graph.arcs:
        if arc.start < len(arc.need):
            into[arc.target].append(arc)
            after[arc.source].add(arc.target)
    orders = {count: np.arange(count) for count in set(graph.counts)}
    queue = deque(range(len(times)))
    queued = set(queue)
    for _ in range(_SWEEPS * len(times)):
        if not queue:
            return Schedule(times, True)
        node = queue.popleft()
        queued.discard(node)
        bound = times[node].copy()
        for arc in into[node]:
            tail = bound[arc.start :]
            np.maximum(tail, times[arc.source][arc.need[arc.start :]] + arc.lag, out=tail)
        bound -= orders[len(bound)]
        np.maximum.accumulate(bound, out=bound)
        bound += orders[len(bound)]
        if np.array_equal(bound, times[node]):
            continue
        times[node] = bound
        if deadlines is not None and (bound > deadlines[node]).any():
            return Schedule(times, False)
        queue.extend(sorted(after[node] - queued))
        queued |= after[node]
    return None


class _Node:
    """One node of a run in single steps."""

    def __init__(self, count: int, start: int, gate: Gate | None) -> None:
        self.count, self.start, self.gate = count, start, gate
        self.times = [_LONG_AGO]
        self.links: list[tuple[list[int], Sequence[int], int, _Node]] = []
        self.waiting: list[tuple[int, _Node]] = []  # (index in times needed, who waits for it)
        self.run = self._fire() if gate is None else self._fire_gated(gate)

    def _fire(self) -> Iterator[tuple[int, _Node]]:
        """Fire `count` times; yields the index of the time of another that it waits for."""
        append, links, time = self.times.append, self.links, self.start - 1
        for n in range(self.count):
            time += 1
            for known, steps, lag, source in links:
                step = steps[n]
                while step >= len(known):
                    yield step, source
                bound = known[step] + lag
                if bound > time:
                    time = bound
            append(time)

    def _fire_gated(self, gate: Gate) -> Iterator[tuple[int, _Node]]:
        """As `_fire`, but only when the gate allows."""
        time = self.start - 1
        for n in range(self.count):
            time = gate.opens(time + 1) if gate.holds else time + 1
            for known, steps, lag, source in self.links:
                while steps[n] >= len(known):
                    yield steps[n], source
                time = max(time, known[steps[n]] + lag)
            if not gate.holds:
                time = gate.opens(time)
            self.times.append(time)


def _step(
    graph: EventGraph,
    gates: Mapping[int, Gate],
    floor: Sequence[Cycles],
    deadlines: Sequence[Cycles] | None,
) -> Schedule:
    """Let each node fire as far as it can, then wait for one firing of another."""
    nodes = [
        _Node(count, int(bound[0]) if count else 0, gates.get(number))
        for number, (count, bound) in enumerate(zip(graph.counts, floor, strict=True))
    ]
    for arc in graph.arcs:
        if arc.start < len(arc.need):
            source = nodes[arc.source]
            nodes[arc.target].links.append((source.times, arc.steps, arc.lag, source))
    for node, bound in zip(nodes, floor, strict=True):
        if bound[-1] - bound[0] >= node.count:  # more than the start of the node
            node.links.append((bound.tolist(), range(node.count), 0, node))
    due = dict(zip(nodes, deadlines or (), strict=False))
    queue, late = deque(nodes), False
    while queue:
        node = queue.popleft()
        blocked = next(node.run, None)
        if blocked is not None:
            needed, source = blocked
            source.waiting.append((needed, node))
        known = len(node.times)
        if node.waiting:
            queue.extend([waiter for needed, waiter in node.waiting if needed < known])
            node.waiting = [pair for pair in node.waiting if pair[0] >= known]
        late = bool(due) and known > 1 and node.times[-1] > due[node][known - 2]
        if late:
            break
    complete = not late and all(len(node.times) == node.count + 1 for node in nodes)
    return Schedule([np.array(node.times[1:], np.int64) for node in nodes], complete)
