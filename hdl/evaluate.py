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
from hdl.units.edge import Sink, Source
from hdl.units.lanes import Beats, beats_dtype, fit
from tilevm.diagnostics import error, nearest


@dataclass(frozen=True, eq=False)
class Values:
    """Beats ``[beats, lanes]`` of all launches in a row."""

    outputs: dict[str, Beats]  # by port name of the sink
    taps: dict[str, Beats]  # every pushed beat, by channel name


def evaluate(netlist: Netlist, feeds: Mapping[str, npt.ArrayLike], launches: int = 1) -> Values:
    """Evaluate `launches` launches on `feeds`, the beats ``[beats, lanes]`` of each source port.

    Elements are taken modulo the width of the port's payload.  Raises TileError TV0402 if a feed is
    missing, unknown, or of another shape.
    """
    beats = _Beats(netlist, launches)
    sources = {a.unit.port: a for a in netlist.actors if isinstance(a.unit, Source)}
    for port in feeds:
        if port not in sources:
            near = nearest(port, list(sources))
            raise error(
                "TV0402",
                f"`{netlist.name}` has no input port `{port}`",
                help=f"did you mean `{near}`?" if near else None,
            )
    outputs = {}
    for cluster in _clusters(netlist):
        for actor in cluster:
            if isinstance(actor.unit, Source):
                given = _feed(actor, actor.unit.port, feeds, launches)
                beats.push(actor, actor.unit.model([given], actor))
            elif isinstance(actor.unit, Sink):
                outputs[actor.unit.port] = actor.unit.model(beats.taken(actor), actor)[0]
        inner = [actor for actor in cluster if not isinstance(actor.unit, Source | Sink)]
        # Each firing depends on earlier ones only: repeated from any start, a cycle settles on the
        # one solution, at least a beat further each time.
        while any([beats.push(actor, _apply(actor, beats, launches)) for actor in inner]):
            if len(inner) == 1 and not _feeds_itself(inner[0]):
                break
    return Values(outputs, {channel.name: beats.pushed[id(channel)] for channel in netlist.channels})


def _apply(actor: Actor, beats: _Beats, launches: int) -> list[Beats]:
    results = actor.unit.model(beats.taken(actor), actor)
    if not actor.inputs:  # constants: the model knows one launch, all launches are alike
        results = [np.tile(result, (launches, 1)) for result in results]
    return results


def _feed(actor: Actor, port: str, feeds: Mapping[str, npt.ArrayLike], launches: int) -> Beats:
    shape = actor.outputs[0].channel.shape
    wanted = (actor.firings * launches, shape.lanes)
    if port not in feeds:
        raise error("TV0402", f"the input port `{port}` needs beats of shape {list(wanted)}")
    given = np.asarray(feeds[port])
    if given.shape != wanted:
        raise error(
            "TV0402",
            f"the input port `{port}` needs beats of shape {list(wanted)}, not {list(given.shape)}",
        )
    return fit(given, shape)


class _Beats:
    """The beats pushed into each channel: zeros where none are known yet."""

    def __init__(self, netlist: Netlist, launches: int) -> None:
        self.pushed: dict[int, Beats] = {}
        self._traffic: dict[int, Traffic] = {}
        for traffic in traffic_of(netlist, launches):
            channel = traffic.channel
            shape = (len(traffic.pushed), channel.shape.lanes)
            self.pushed[id(channel)] = np.zeros(shape, beats_dtype(channel.shape))
            self._traffic[id(channel)] = traffic

    def _take(self, port: Input) -> Beats:
        reader = port.reader
        taking = self._traffic[id(reader.channel)].takings[reader.index]
        taken: Beats = self.pushed[id(reader.channel)][taking.beats]
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
        old = self.pushed[id(channel)]
        assert result.shape == old.shape, f"`{actor.name}` gave {result.shape}, not {old.shape}"
        self.pushed[id(channel)] = result.astype(old.dtype)
        return not np.array_equal(old, result)


def _feeds_itself(actor: Actor) -> bool:
    own = {id(port.channel) for port in actor.outputs}
    return any(id(port.reader.channel) in own for port in actor.inputs)


def _clusters(netlist: Netlist) -> list[list[Actor]]:
    """The actors in data order, those that form a cycle together (strongly connected components)."""
    writers = {id(port.channel): actor for actor in netlist.actors for port in actor.outputs}
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
                before = writers[id(port.reader.channel)]
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
