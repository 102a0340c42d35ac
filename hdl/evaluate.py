"""The values of a netlist: its actors as a Kahn network, evaluated in NumPy without time.

What flows through a channel depends on neither depths, latencies nor stalls, so this is what any
simulation of the hardware must give.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hdl.netlist import Actor, Channel, Input, Netlist
from hdl.traffic import Traffic, traffic_of
from hdl.units.edge import Sink, Source, edge
from hdl.units.lanes import Beats, beats_dtype, fit
from tilevm.diagnostics import error, nearest


@dataclass(frozen=True, eq=False)
class Values:
    """Beats ``[beats, lanes]`` of all launches in a row."""

    outputs: dict[str, Beats]  # by port name of the sink
    taps: dict[str, Beats]  # every pushed beat, by channel name


def evaluate(netlist: Netlist, feeds: Mapping[str, npt.ArrayLike], launches: int = 1) -> Values:
    """Evaluate `launches` launches on `feeds`, the beats ``[beats, lanes]`` of each source port.

    Elements are taken modulo the width of the port's payload.  Raises TileError TV0603 if a feed is
    missing, unknown, or of another shape.
    """
    beats = _Beats(netlist, launches)
    sources = edge(netlist, Source)
    for port in feeds:
        if port not in sources:
            near = nearest(port, list(sources))
            raise error(
                "TV0603",
                f"`{netlist.name}` has no input port `{port}`",
                help=f"did you mean `{near}`?" if near else None,
            )
    for cluster in _clusters(netlist):
        news = True
        while news:
            # In order, so that each sees what the one before has pushed.  A firing depends on
            # earlier ones only: repeated from any start, a cycle settles on its one solution.
            pushed = [beats.push(actor, _apply(actor, beats, feeds)) for actor in cluster]
            news = any(pushed) and _is_cycle(cluster)
    sinks = [(actor, actor.unit) for actor in netlist.actors if isinstance(actor.unit, Sink)]
    return Values(
        {unit.port: unit.model(beats.taken(actor), actor)[0] for actor, unit in sinks},
        {channel.name: beats.pushed[channel] for channel in netlist.channels},
    )


def _apply(actor: Actor, beats: _Beats, feeds: Mapping[str, npt.ArrayLike]) -> list[Beats]:
    """What an actor pushes into its channels; nothing for a sink."""
    unit = actor.unit
    if isinstance(unit, Sink):
        return []
    if isinstance(unit, Source):
        return unit.model([_feed(actor, unit.port, feeds, beats.launches)], actor)
    results = unit.model(beats.taken(actor), actor)
    if not actor.inputs:  # constants: the model knows one launch, all launches are alike
        results = [np.tile(result, (beats.launches, 1)) for result in results]
    return results


def _feed(actor: Actor, port: str, feeds: Mapping[str, npt.ArrayLike], launches: int) -> Beats:
    shape = actor.outputs[0].channel.shape
    wanted = (actor.firings * launches, shape.lanes)
    given = np.asarray(feeds[port]) if port in feeds else None
    if given is None or given.shape != wanted:
        found = "is missing" if given is None else f"has shape {given.shape}"
        raise error("TV0603", f"feed of port `{port}` must have shape {wanted}, but {found}")
    return fit(given, shape)


class _Beats:
    """The beats pushed into each channel: zeros where none are known yet."""

    def __init__(self, netlist: Netlist, launches: int) -> None:
        self.launches = launches
        self.pushed: dict[Channel, Beats] = {}
        self._traffic: dict[Channel, Traffic] = {}
        for traffic in traffic_of(netlist, launches):
            channel = traffic.channel
            shape = (len(traffic.pushed), channel.shape.lanes)
            self.pushed[channel] = np.zeros(shape, beats_dtype(channel.shape))
            self._traffic[channel] = traffic

    def _take(self, port: Input) -> Beats:
        reader = port.reader
        taking = self._traffic[reader.channel].takings[reader.index]
        taken: Beats = self.pushed[reader.channel][taking.beats]
        return taken

    def taken(self, actor: Actor) -> list[Beats]:
        """The beats that each input port of an actor takes."""
        return [self._take(port) for port in actor.inputs]

    def push(self, actor: Actor, results: Sequence[Beats]) -> bool:
        """Store what an actor pushes; whether that is news."""
        news = False
        for port, result in zip(actor.outputs, results, strict=True):
            news |= self._store(port.channel, actor, result)
        return news

    def _store(self, channel: Channel, actor: Actor, result: Beats) -> bool:
        old = self.pushed[channel]
        assert result.shape == old.shape, f"`{actor.name}` gave {result.shape}, not {old.shape}"
        self.pushed[channel] = result.astype(old.dtype)
        return not np.array_equal(old, result)


def _is_cycle(cluster: Sequence[Actor]) -> bool:
    own = {port.channel for actor in cluster for port in actor.outputs}
    return any(port.reader.channel in own for actor in cluster for port in actor.inputs)


def _clusters(netlist: Netlist) -> list[list[Actor]]:
    """The strongly connected components: the actors in data order, those of a cycle together."""
    writers = {port.channel: actor for actor in netlist.actors for port in actor.outputs}
    order: dict[Actor, int] = {}
    low: dict[Actor, int] = {}
    stack: list[Actor] = []
    found: list[list[Actor]] = []
    placed: set[Actor] = set()

    def visit(root: Actor) -> None:  # Tarjan's algorithm, with a stack of its own
        path = [(root, iter(root.inputs))]
        while path:
            actor, ports = path[-1]
            if actor not in order:
                order[actor] = low[actor] = len(order)
                stack.append(actor)
            for port in ports:
                before = writers[port.reader.channel]
                if before not in order:
                    path.append((before, iter(before.inputs)))
                    break
                if before not in placed:
                    low[actor] = min(low[actor], order[before])
            else:
                path.pop()
                if path:
                    parent = path[-1][0]
                    low[parent] = min(low[parent], low[actor])
                if low[actor] == order[actor]:
                    at = stack.index(actor)
                    members = set(stack[at:])
                    del stack[at:]
                    placed.update(members)
                    found.append([a for a in netlist.actors if a in members])

    for actor in netlist.actors:
        if actor not in order:
            visit(actor)
    return found
