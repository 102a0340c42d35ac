"""Which firing pushes, takes and releases each beat: the static index maps of a netlist.

Rates are static, so all of this is known before anything runs, and does not depend on time.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hdl.netlist import Actor, Channel, Mask, Netlist
from tilevm.diagnostics import error

Index = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Taking:
    """What one reader does to its channel; `reader` is the number of its actor in the netlist."""

    reader: int
    at: Index  # [pops] firing of the reader that takes each pop
    beats: Index  # [pops] number of the beat that each pop takes
    released: Index  # [beats] firing of the reader that releases each beat


@dataclass(frozen=True, eq=False)
class Traffic:
    """The beats of one channel, numbered in the order in which `writer` pushes them."""

    channel: Channel
    writer: int
    pushed: Index  # [beats] firing of the writer that pushes each beat
    takings: tuple[Taking, ...]  # in the order of channel.readers


def traffic_of(netlist: Netlist, launches: int = 1) -> list[Traffic]:
    """The index maps of every channel, in the order of `netlist.channels`.

    Raises TileError TV0901 where a channel does not carry whole frames, or a reader takes more or
    fewer beats than are pushed: such a netlist is no design.
    """
    takers = {
        (id(port.reader.channel), port.reader.index): (number, port.when)
        for number, actor in enumerate(netlist.actors)
        for port in actor.inputs
    }
    result = []
    for number, actor in enumerate(netlist.actors):
        for port in actor.outputs:
            channel = port.channel
            pushed = _firings(actor, port.when)
            frames, rest = divmod(len(pushed), channel.frame)
            if rest:
                raise error(
                    "TV0901",
                    f"`{actor.name}` pushes {len(pushed)} beats a launch into `{channel.name}`,"
                    f" whose frames have {channel.frame} beats",
                )
            takings = []
            for index in range(len(channel.readers)):
                if (id(channel), index) not in takers:
                    raise error("TV0901", f"no actor is reader {index} of `{channel.name}`")
                reader, when = takers[id(channel), index]
                taking = _taking(netlist.actors[reader], reader, when, channel, index, frames)
                takings.append(_repeat_taking(taking, netlist, len(pushed), launches))
            pushed = _repeat(pushed, launches, actor.firings)
            result.append(Traffic(channel, number, pushed, tuple(takings)))
    return result


def _firings(actor: Actor, when: Mask | None) -> Index:
    return np.flatnonzero(actor.due(when)).astype(np.int64)


def _taking(
    actor: Actor, reader: int, when: Mask | None, channel: Channel, index: int, frames: int
) -> Taking:
    walk = channel.readers[index]
    at = _firings(actor, when)
    if len(at) != frames * walk.pops:
        raise error(
            "TV0901",
            f"`{actor.name}` takes {len(at)} beats a launch from `{channel.name}`, which offers"
            f" {frames * walk.pops}: {frames} frames, each with {walk.pops} to take",
        )
    beats = _repeat(walk.offsets(), frames, channel.frame)
    releases = (np.arange(channel.frame) // walk.release_count + 1) * walk.release_every - 1
    return Taking(reader, at, beats, at[_repeat(releases, frames, walk.pops)])


def _repeat_taking(taking: Taking, netlist: Netlist, beats: int, launches: int) -> Taking:
    firings = netlist.actors[taking.reader].firings
    return Taking(
        taking.reader,
        _repeat(taking.at, launches, firings),
        _repeat(taking.beats, launches, beats),
        _repeat(taking.released, launches, firings),
    )


def _repeat(index: Index, times: int, stride: int) -> Index:
    """`times` copies of `index`, each `stride` further than the one before."""
    steps = np.arange(times, dtype=np.int64)[:, None] * stride
    return (steps + index.astype(np.int64)).reshape(-1)
