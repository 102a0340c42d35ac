"""Why a design stands still: follow who waits for whom until somebody comes up again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from hdl.event_graph import Arc, EventGraph
from hdl.netlist import Actor, Channel, Netlist
from hdl.traffic import traffic_of
from tilevm.diagnostics import Label, TileError, error


@dataclass(frozen=True)
class Wait:
    """What an arc of a netlist's event graph stands for: a beat of a channel, or room in it."""

    kind: Literal["beat", "room"]
    channel: Channel


def deadlock(
    netlist: Netlist, graph: EventGraph, fired: Sequence[int], code: str = "TV0601"
) -> TileError:
    """The error for a design that stopped after ``fired[i]`` firings of actor i.

    `fired` comes from the timed model or from a simulation; `graph` has the same launches.
    """
    path, ring = _follow(graph, fired)
    held = fills(netlist, fired)
    lines = [_sentence(netlist, fired, held, number, arc) for number, arc in path + ring]
    labels = []
    for (number, _), line in zip(path + ring, lines, strict=True):
        origin = netlist.actors[number].origin
        if origin is not None and origin.span is not None:
            labels.append(Label(origin.span, line))
    what = "deadlocks" if ring else "stands still"
    return error(
        code,
        f"the design `{netlist.name}` {what}: {'; '.join(lines)}",
        *labels,
        notes=[_progress(netlist, graph, fired)],
    )


def fills(netlist: Netlist, fired: Sequence[int]) -> dict[Channel, int]:
    """The beats in every channel after so many firings: pushed, and not released by all readers."""
    launches = max(
        (-(-count // actor.firings) for actor, count in zip(netlist.actors, fired, strict=True)),
        default=1,
    )
    found = {}
    for traffic in traffic_of(netlist, max(1, launches)):
        pushed = np.searchsorted(traffic.pushed, fired[traffic.writer])
        released = [np.searchsorted(t.released, fired[t.reader]) for t in traffic.takings]
        # a beat may be released unread, before it comes
        found[traffic.channel] = max(0, int(pushed - min(released, default=pushed)))
    return found


def _follow(
    graph: EventGraph, fired: Sequence[int]
) -> tuple[list[tuple[int, Arc | None]], list[tuple[int, Arc | None]]]:
    """The actors on the way into a ring of waiting, and the ring; (actor, the arc it waits on).

    Without a ring the way ends at an actor that waits for nothing inside the design, and the ring
    is empty.
    """
    number = max(n for n, count in enumerate(graph.counts) if fired[n] < count)
    seen: list[tuple[int, Arc | None]] = []
    while all(number != known for known, _ in seen):
        arc = _unmet(graph, fired, number)
        seen.append((number, arc))
        if arc is None:
            return seen, []
        number = arc.source
    start = next(i for i, (known, _) in enumerate(seen) if known == number)
    return [], seen[start:]


def _unmet(graph: EventGraph, fired: Sequence[int], number: int) -> Arc | None:
    """An arc that keeps an actor from its next firing; a missing beat rather than missing room."""
    at = fired[number]
    if at >= graph.counts[number]:
        return None
    arcs = [a for a in graph.arcs if a.target == number and a.need[at] >= fired[a.source]]
    return min(arcs, key=lambda arc: arc.cause.kind != "beat", default=None)


def _sentence(
    netlist: Netlist,
    fired: Sequence[int],
    held: Mapping[Channel, int],
    number: int,
    arc: Arc | None,
) -> str:
    actor = netlist.actors[number]
    who = f"`{actor.name}` {_iteration(actor, fired[number])}"
    if arc is None:
        return f"{who} waits for nothing inside the design"
    channel, other = arc.cause.channel, netlist.actors[arc.source]
    most = "" if channel.depth is None else f" of {channel.depth}"
    fill = f"it holds {held[channel]}{most} beats"
    if arc.cause.kind == "beat":
        fill += ", not that one" if held[channel] else ""
        return f"{who} waits for a beat of `{other.name}` from `{channel.name}` ({fill})"
    return (
        f"{who} waits for room in `{channel.name}` ({fill}), until `{other.name}` releases a beat"
    )


def _iteration(actor: Actor, firing: int) -> str:
    launch, at = divmod(firing, actor.firings)
    counters = [int(c) for c in np.unravel_index(at, actor.trips)] if actor.trips else []
    return f"at iteration {counters}" + (f" of launch {launch}" if launch else "")


def _progress(netlist: Netlist, graph: EventGraph, fired: Sequence[int]) -> str:
    parts = [
        f"`{actor.name}` {count} of {total}"
        for actor, count, total in zip(netlist.actors, fired, graph.counts, strict=True)
    ]
    return "firings so far: " + ", ".join(parts)
