"""Depths for the channels of a design: small ones that cost no time and cannot deadlock.

1. Time the design with unbounded channels: no depths can be faster.
2. Run it backwards from the results: the latest schedule in which they come as early.  The most
   beats that it has in each channel at once are depths with which it is possible, and the design
   never runs later than a possible schedule.  (In the earliest one sources fill all memories.)
3. Shrink one channel after the other, the widest memory first, while every firing still meets the
   latest schedule of the same total time: missing one is what makes the total longer.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hdl.deadlock import deadlock
from hdl.event_graph import Arc, Cycles, EventGraph, Schedule, earliest, latest
from hdl.netlist import Netlist, Walk
from hdl.timing import beat_arcs, last_cycle, peak, room_arcs
from hdl.traffic import Traffic, traffic_of
from hdl.units.edge import Sink

_EFFORT = 20_000_000  # firings that the shrinking may time, some seconds; depths stay valid without


def size_channels(netlist: Netlist) -> int:
    """Give a depth to every channel without one; returns the cycles of a launch, the best possible.

    Depths that are set already are part of the meaning of the design, and stay.  Raises TileError
    TV0601 if these make it deadlock.
    """
    traffic = traffic_of(netlist)
    trial = _Trial(netlist, traffic)
    unbounded = earliest(trial.graph())
    if not unbounded.complete:
        raise deadlock(netlist, trial.graph(), [len(times) for times in unbounded.times])
    punctual = latest(trial.graph(), _ceiling(netlist, unbounded, every_result=True))
    deadlines = latest(trial.graph(), _ceiling(netlist, unbounded, every_result=False))
    free = [n for n, t in enumerate(traffic) if t.channel.depth is None]
    for n in free:
        trial.set(n, peak(traffic[n], punctual))
    schedule = earliest(trial.graph(), floor=unbounded.times, deadlines=deadlines)
    assert schedule.complete, "the latest schedule is possible with the depths that it needs"

    effort = _EFFORT // max(1, sum(trial.counts))
    for n in sorted(free, key=lambda n: -trial.depths[n] * traffic[n].channel.shape.width):
        low, high = min(smallest_depth(traffic[n]), trial.depths[n]), trial.depths[n]
        while low < high and effort > 0:
            effort -= 1
            middle = (low + high) // 2
            trial.set(n, middle)
            attempt = earliest(trial.graph(), floor=schedule.times, deadlines=deadlines)
            if attempt.complete:
                high, schedule = middle, attempt
            else:
                low = middle + 1
        trial.set(n, high)

    total = last_cycle(netlist, unbounded) + 1
    assert last_cycle(netlist, schedule) + 1 == total, "sizing must not cost time"
    for n in free:
        traffic[n].channel.depth = trial.depths[n]
    return total


def smallest_depth(traffic: Traffic) -> int:
    """The depth below which a reader waits for a beat that has no room: a local bound."""
    return max((_span(walk) for walk in traffic.channel.readers), default=1)


def _span(walk: Walk) -> int:
    offsets = walk.offsets()
    released = np.arange(walk.pops) // walk.release_every * walk.release_count
    return int((np.maximum.accumulate(offsets) + 1 - released).max())


def _ceiling(netlist: Netlist, schedule: Schedule, every_result: bool) -> list[Cycles]:
    """Times to keep: each firing of a sink or only the last one of all; elsewhere the makespan."""
    makespan = max(int(times[-1]) for times in schedule.times)
    total = last_cycle(netlist, schedule)
    ceiling = []
    for actor, times in zip(netlist.actors, schedule.times, strict=True):
        is_sink = isinstance(actor.unit, Sink)
        end = total if is_sink else makespan
        even = np.arange(end + 1 - len(times), end + 1, dtype=np.int64)
        ceiling.append(times if is_sink and every_result else even)
    return ceiling


class _Trial:
    """The event graph of a netlist under depths that change one at a time."""

    def __init__(self, netlist: Netlist, traffic: Sequence[Traffic]) -> None:
        self.traffic = traffic
        self.counts = [actor.firings for actor in netlist.actors]
        self.depths: dict[int, int] = {}
        self._beats = [arc for t in traffic for arc in beat_arcs(t, self.counts)]
        self._room: list[list[Arc]] = [[] for _ in traffic]
        for n, t in enumerate(traffic):
            if t.channel.depth is not None:
                self.set(n, t.channel.depth)

    def set(self, n: int, depth: int) -> None:
        """Give the channel of ``traffic[n]`` this depth."""
        self.depths[n] = depth
        self._room[n] = room_arcs(self.traffic[n], depth, self.counts)

    def graph(self) -> EventGraph:
        return EventGraph(
            self.counts, [*self._beats, *(arc for arcs in self._room for arc in arcs)]
        )
