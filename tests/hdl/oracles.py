"""A netlist's timing the slow way: cycle by cycle, with counters of beats, as a circuit would."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from hdl.netlist import Actor, Channel, Input, Netlist, Output
from hdl.timing import Stall
from hdl.units import Sink, Source


@dataclass(eq=False)
class _Beats:
    """A channel: when each beat was pushed; per reader its next pop and how many it released."""

    channel: Channel
    pushed: list[int] = field(default_factory=list)
    pops: list[int] = field(default_factory=list)
    released: list[int] = field(default_factory=list)

    def readable(self, reader: int, cycle: int) -> bool:
        walk = self.channel.readers[reader]
        frame, pop = divmod(self.pops[reader], walk.pops)
        beat = frame * walk.frame + int(walk.offsets()[pop])
        return beat < len(self.pushed) and self.pushed[beat] + self.channel.latency <= cycle

    def has_room(self) -> bool:
        if self.channel.depth is None:
            return True
        return all(len(self.pushed) - done < self.channel.depth for done in self.released)

    def pop(self, reader: int) -> None:
        walk = self.channel.readers[reader]
        self.pops[reader] += 1
        if self.pops[reader] % walk.release_every == 0:
            self.released[reader] += walk.release_count


def firing_cycles(
    netlist: Netlist, launches: int = 1, stalls: Mapping[str, Stall] | None = None
) -> dict[str, list[int]] | None:
    """The cycle of each firing, by actor; None if the design deadlocks."""
    beats = {c: _Beats(c, [], [0] * len(c.readers), [0] * len(c.readers)) for c in netlist.channels}
    due: dict[Input | Output, npt.NDArray[np.bool_]] = {}
    for actor in netlist.actors:
        due |= {port: actor.due(port.when) for port in actor.inputs}
        due |= {port: actor.due(port.when) for port in actor.outputs}
    fires: dict[str, list[int]] = {actor.name: [] for actor in netlist.actors}
    offered: set[Actor] = set()
    patterns = {port: list(pattern) for port, pattern in (stalls or {}).items()}
    cycle, quiet_from = 0, max(map(len, patterns.values()), default=0)
    while any(len(fires[a.name]) < a.firings * launches for a in netlist.actors):
        firing = []
        for actor in netlist.actors:
            step = len(fires[actor.name]) % actor.firings
            if len(fires[actor.name]) == actor.firings * launches:
                continue
            ready = all(
                beats[port.reader.channel].readable(port.reader.index, cycle)
                for port in actor.inputs
                if due[port][step]
            ) and all(beats[port.channel].has_room() for port in actor.outputs if due[port][step])
            if isinstance(actor.unit, Source | Sink):
                pattern = patterns.get(actor.unit.port, [])
                is_open = cycle >= len(pattern) or pattern[cycle]
                if isinstance(actor.unit, Source) and is_open:
                    offered.add(actor)
                ready = ready and (actor in offered if isinstance(actor.unit, Source) else is_open)
            if ready:
                firing.append((actor, step))
        for actor, step in firing:
            fires[actor.name].append(cycle)
            offered.discard(actor)
            for port in actor.inputs:
                if due[port][step]:
                    beats[port.reader.channel].pop(port.reader.index)
            for output in actor.outputs:
                if due[output][step]:
                    beats[output.channel].pushed.append(cycle)
        if not firing and cycle > quiet_from + max(c.latency for c in netlist.channels):
            last = max((times[-1] for times in fires.values() if times), default=0)
            if cycle > last + max(c.latency for c in netlist.channels) + 1:
                return None
        cycle += 1
    return fires


def beats_in(channel: Channel, netlist: Netlist, fires: Mapping[str, Sequence[int]]) -> int:
    """The most beats in a channel at once, a beat that is released in a cycle still among them."""
    writer = netlist.writer(channel)
    port = next(p for p in writer.outputs if p.channel is channel)
    change: dict[int, int] = {}
    pushes = np.array(fires[writer.name])[np.resize(writer.due(port.when), len(fires[writer.name]))]
    most = 1
    if not channel.readers:
        return most
    released = np.full(len(pushes), -1)
    for actor in netlist.actors:
        for taking in actor.inputs:
            if taking.reader.channel is channel:
                cycles = np.array(fires[actor.name])
                taken = cycles[np.resize(actor.due(taking.when), len(cycles))]
                walk = taking.reader.walk
                at = taken[walk.release_every - 1 :: walk.release_every]
                released = np.maximum(released, np.repeat(at, walk.release_count))
    for push, release in zip(pushes.tolist(), released.tolist(), strict=True):
        change[push] = change.get(push, 0) + 1
        change[release + 1] = change.get(release + 1, 0) - 1
    level = 0
    for cycle in sorted(change):
        level += change[cycle]
        most = max(most, level)
    return most
