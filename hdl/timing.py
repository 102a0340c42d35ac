"""The exact timed model of a netlist: the cycle of every firing of every actor.

``T[n] = max(T[n-1] + 1, push of each due input beat + latency, 1 + release of beat m - depth for
each due output beat m)``, in cycles from 0, the first one after reset.  The least solution is what
the hardware does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from hdl.deadlock import Wait, deadlock
from hdl.event_graph import Arc, Cycles, EventGraph, Gate, Schedule, earliest
from hdl.netlist import Netlist
from hdl.traffic import Traffic, traffic_of
from hdl.units.edge import Sink, Source

Stall = npt.NDArray[np.bool_]  # per cycle whether a port at the edge is open; open after its end


@dataclass(frozen=True)
class Usage:
    """How an actor spent the cycles up to its last firing."""

    busy: int  # firings
    starved: int  # waiting for a beat
    blocked: int  # having its beats, waiting for room
    closed: int  # ready, but its port to the outside was not


@dataclass(frozen=True, eq=False)
class Moments:
    """Of each firing of an actor the cycles in which what it needs was there, one after the other.

    From `able` to `fed` it was starved, to `roomy` blocked, to `fires` its port was closed.
    """

    able: Cycles  # the first cycle that it could fire in
    fed: Cycles  # all its beats are there
    roomy: Cycles  # and there is room for what it gives
    fires: Cycles


@dataclass(frozen=True, eq=False)
class Timing:
    """The timed model's result, by actor and channel name."""

    fires: dict[str, Cycles]  # the cycle of each firing, all launches in a row
    cycles: int  # last firing of a sink + 1
    peaks: dict[str, int]  # the most beats that were in a channel at once
    usage: dict[str, Usage]


def simulate_timing(
    netlist: Netlist, launches: int = 1, stalls: Mapping[str, Stall] | None = None
) -> Timing:
    """Time `launches` launches, one right after the other; `stalls` are per port name.

    A channel without a depth is unbounded.  Raises TileError TV0601 if the design deadlocks, with
    who waits for whom.
    """
    traffic = traffic_of(netlist, launches)
    graph = event_graph(netlist, traffic, launches)
    gates = _gates(netlist, stalls or {})
    schedule = earliest(graph, gates)
    if not schedule.complete:
        raise deadlock(netlist, graph, [len(times) for times in schedule.times])
    waits = [_moments(number, graph, schedule.times) for number in range(len(netlist.actors))]
    return Timing(
        {actor.name: times for actor, times in zip(netlist.actors, schedule.times, strict=True)},
        last_cycle(netlist, schedule) + 1,
        {t.channel.name: peak(t, schedule.times) for t in traffic},
        {actor.name: _usage(times) for actor, times in zip(netlist.actors, waits, strict=True)},
    )


def moments(netlist: Netlist, timing: Timing, launches: int = 1) -> dict[str, Moments]:
    """By actor why each firing came when it did; `timing` is of the same launches."""
    graph = event_graph(netlist, traffic_of(netlist, launches), launches)
    times = [timing.fires[actor.name] for actor in netlist.actors]
    return {actor.name: _moments(n, graph, times) for n, actor in enumerate(netlist.actors)}


def first_firings(netlist: Netlist, timing: Timing, counts: Mapping[str, int]) -> Timing:
    """The beginning of a launch: so many firings of each actor, which need none beyond these.

    Peaks are those of the whole launch.
    """
    waits = {
        name: Moments(*(each[: counts[name]] for each in (at.able, at.fed, at.roomy, at.fires)))
        for name, at in moments(netlist, timing).items()
    }
    fires = {name: at.fires for name, at in waits.items()}
    sinks = [a.name for a in netlist.actors if isinstance(a.unit, Sink)]
    ends = [int(fires[name][-1]) for name in sinks or fires if len(fires[name])]
    usage = {name: _usage(at) for name, at in waits.items()}
    return Timing(fires, max(ends, default=-1) + 1, timing.peaks, usage)


def event_graph(
    netlist: Netlist,
    traffic: Sequence[Traffic],
    launches: int = 1,
    wanted: Mapping[str, int] | None = None,
) -> EventGraph:
    """One node per actor; arcs for beats, and for room in the channels that have a depth.

    With `wanted`, of a launch that is the beginning of a whole one: so many firings by actor.
    """
    counts = [actor.firings * launches for actor in netlist.actors]
    arcs = [arc for channel in traffic for arc in beat_arcs(channel, counts)]
    for channel in traffic:
        if channel.channel.depth is not None:
            arcs += room_arcs(channel, channel.channel.depth, counts)
    if wanted is not None:
        counts = [wanted[actor.name] for actor in netlist.actors]
        arcs = [replace(arc, need=arc.need[: counts[arc.target]]) for arc in arcs]
    return EventGraph(counts, arcs)


def beat_arcs(traffic: Traffic, counts: Sequence[int]) -> list[Arc]:
    """A reader needs the push of the beat that it takes."""
    cause = Wait("beat", traffic.channel)
    latency = traffic.channel.latency
    return [
        Arc(
            traffic.writer,
            taking.reader,
            _needs(counts[taking.reader], taking.at, traffic.pushed[taking.beats]),
            latency,
            cause,
        )
        for taking in traffic.takings
    ]


def room_arcs(traffic: Traffic, depth: int, counts: Sequence[int]) -> list[Arc]:
    """The push of beat m needs the release of beat ``m - depth`` by every reader."""
    cause = Wait("room", traffic.channel)
    beats = len(traffic.pushed)
    at = traffic.pushed[depth:]
    return [
        Arc(
            taking.reader,
            traffic.writer,
            _needs(counts[traffic.writer], at, taking.released[: max(0, beats - depth)]),
            1,
            cause,
        )
        for taking in traffic.takings
    ]


def _needs(firings: int, at: Cycles, needed: Cycles) -> Cycles:
    """Shape [firings]: what the firings `at` need; those between need no more than before."""
    need = np.full(firings, -1, np.int64)
    need[at] = needed
    return np.maximum.accumulate(need)


def last_cycle(netlist: Netlist, schedule: Schedule) -> int:
    """The cycle of the last firing of a sink, or of any actor in a netlist without sinks."""
    ends = {number: int(times[-1]) for number, times in enumerate(schedule.times) if len(times)}
    sinks = [end for number, end in ends.items() if isinstance(netlist.actors[number].unit, Sink)]
    return max(sinks or ends.values(), default=-1)


def peak(traffic: Traffic, times: Sequence[Cycles]) -> int:
    """The smallest depth with which a schedule is possible: the most beats in the channel at once.

    A beat takes its place from the cycle of its push to that of its last release.
    """
    pushes = times[traffic.writer][traffic.pushed]
    if not traffic.takings or not len(pushes):
        return min(1, len(pushes))
    releases = np.max([times[t.reader][t.released] for t in traffic.takings], axis=0)
    free = np.searchsorted(releases, pushes - 1, side="right")
    return max(1, int((np.arange(1, len(pushes) + 1) - free).max()))


def _gates(netlist: Netlist, stalls: Mapping[str, Stall]) -> dict[int, Gate]:
    gates = {}
    for number, actor in enumerate(netlist.actors):
        unit = actor.unit
        if isinstance(unit, Source | Sink) and unit.port in stalls:
            pattern = np.asarray(stalls[unit.port], np.bool_)
            gates[number] = Gate(pattern, holds=isinstance(unit, Source))
    return gates


def _moments(number: int, graph: EventGraph, fires: Sequence[Cycles]) -> Moments:
    times = fires[number]
    able = np.concatenate([[0], times[:-1] + 1])[: len(times)]
    fed, room = able.copy(), able.copy()
    for arc in graph.arcs:
        if arc.target == number:
            bound = fed if arc.cause.kind == "beat" else room
            tail = bound[arc.start :]
            found = fires[arc.source][arc.need[arc.start :]] + arc.lag
            np.maximum(tail, found, out=tail)
    return Moments(able, fed, np.maximum(fed, room), times)


def _usage(at: Moments) -> Usage:
    waits = (at.fed - at.able, at.roomy - at.fed, at.fires - at.roomy)
    starved, blocked, closed = (int(wait.sum()) for wait in waits)
    return Usage(len(at.fires), starved, blocked, closed)
