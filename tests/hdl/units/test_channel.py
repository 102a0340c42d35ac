"""Channels alone, cycle by cycle, against a list of beats with the times of their pushes."""

from __future__ import annotations

from math import prod
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hdl.netlist import BeatShape, Channel, Walk
from hdl.units.channel import ChannelComponent
from tests.hdl.units.bench import lanes_of, simulate

SHAPE = BeatShape(2, 8, True)


@st.composite
def walks(draw: st.DrawFn, frame: int) -> Walk:
    """Replays, skips, and steps that give beats back as they go."""
    if draw(st.booleans()):  # a frame in packed parts, each walked any number of times
        part = draw(st.sampled_from([n for n in range(1, frame + 1) if frame % n == 0]))
        inner = draw(st.sampled_from([((part, 1),), ((2, 0), (part, 1)), ((part, 1), (2, 0)), ()]))
        return Walk(((frame // part, part), *inner), frame)
    levels: list[tuple[int, int]] = []
    left = frame - 1
    for _ in range(draw(st.integers(0, 3))):
        trips = draw(st.integers(1, 3))
        stride = draw(st.integers(0, left // max(trips - 1, 1)))
        left -= (trips - 1) * stride
        levels.append((trips, stride))
    return Walk(tuple(draw(st.permutations(levels))), frame)


def releases(walk: Walk, pops: int) -> int:
    """Beats given back after this many pops."""
    return pops // walk.release_every * walk.release_count


def least_depth(walk: Walk) -> int:
    offsets = walk.offsets().tolist()
    return max(at + 1 - releases(walk, n) for n, at in enumerate(offsets))


class Reference:
    """A channel told in the words of `Channel`: when a beat can be read, when a place is free."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.pushed: list[tuple[int, list[int]]] = []
        self.pops = [0] * len(channel.readers)

    def ready(self) -> bool:
        done = [releases(w, n) for w, n in zip(self.channel.readers, self.pops, strict=True)]
        assert self.channel.depth is not None
        return not done or len(self.pushed) - min(done) < self.channel.depth

    def next(self, reader: int, cycle: int) -> list[int] | None:
        walk, pops = self.channel.readers[reader], self.pops[reader]
        frame, step = divmod(pops, walk.pops)
        item = frame * walk.frame + int(walk.offsets()[step])
        if item < len(self.pushed) and self.pushed[item][0] + self.channel.latency <= cycle:
            return self.pushed[item][1]
        return None


def check(channel: Channel, cycles: int, seed: int, openness: float) -> Reference:
    """Assert valid, ready and payload of every stream in every cycle."""
    component, reference, rng = ChannelComponent(channel), Reference(channel), Random(seed)

    async def bench(ctx: Any) -> None:
        offered: list[int] | None = None
        for cycle in range(cycles):
            if offered is None and rng.random() < openness:
                offered = [rng.randrange(-128, 128) for _ in range(SHAPE.lanes)]
                ctx.set(component.write.payload, offered)
            ctx.set(component.write.valid, offered is not None)
            where = f"cycle {cycle} of {channel}, {seed=}"
            pops = []
            for number, stream in enumerate(component.reads):
                is_open = rng.random() < openness
                ctx.set(stream.ready, is_open)
                beat = reference.next(number, cycle)
                assert ctx.get(stream.valid) == (beat is not None), f"reader {number}, {where}"
                if beat is not None:
                    assert lanes_of(ctx, stream) == beat, f"reader {number}, {where}"
                    pops += [number] if is_open else []
            ready = reference.ready()
            assert ctx.get(component.write.ready) == ready, where
            if offered is not None and ready:
                reference.pushed.append((cycle, offered))
                offered = None
            for number in pops:
                reference.pops[number] += 1
            await ctx.tick()

    simulate(component, bench)
    return reference


@settings(max_examples=60)
@given(st.data())
def test_channel_with_any_walks(data: st.DataObject) -> None:
    frame = data.draw(st.integers(1, 8), "frame")
    channel = Channel("c", SHAPE, frame, latency=data.draw(st.integers(1, 3), "latency"))
    for _ in range(data.draw(st.integers(1, 3), "readers")):
        channel.read(data.draw(walks(frame)))
    least = max(least_depth(walk) for walk in channel.readers)
    channel.depth = least + data.draw(st.integers(0, 5), "extra depth")
    openness = data.draw(st.sampled_from([0.3, 0.7, 1.0]), "openness")
    reference = check(channel, 150, data.draw(st.integers(0, 2**16), "seed"), openness)
    least_pops = min(prod(t for t, _ in walk.levels) for walk in channel.readers)
    assert min(reference.pops) > 0 and (openness < 1 or least_pops <= max(reference.pops))


@pytest.mark.parametrize("latency", [1, 2, 3])
@pytest.mark.parametrize("depth", [1, 2, 3, 4, 5, 6])
def test_rate_of_a_fifo(latency: int, depth: int) -> None:
    """A beat a cycle from depth = latency + 1 on, depth / (latency + 1) below."""
    channel = Channel("c", SHAPE, 1, latency, depth)
    channel.read()
    cycles = 60 * (latency + 1)
    reference = check(channel, cycles, seed=0, openness=1.0)
    rate = min(1.0, depth / (latency + 1))
    assert abs(len(reference.pushed) - rate * cycles) <= depth


def test_deep_channel_with_a_replay_uses_a_memory() -> None:
    channel = Channel("c", SHAPE, frame=100, latency=2, depth=130)
    channel.read(Walk(((3, 0), (10, 10), (2, 0), (10, 1)), 100))
    channel.read()
    reference = check(channel, 1500, seed=5, openness=0.9)
    assert reference.pops[0] > 1000 and len(reference.pushed) > 200


def test_channel_without_readers_drops_its_beats() -> None:
    reference = check(Channel("c", SHAPE, 4, depth=1), 30, seed=1, openness=1.0)
    assert len(reference.pushed) == 30


def test_walk_counts_agree_with_its_offsets() -> None:
    """No beat is given back before its last use, whatever the reference above believes."""
    walk = Walk(((2, 6), (3, 2), (2, 0), (2, 1)), 12)
    offsets = walk.offsets()
    for pops in range(walk.pops):
        assert np.all(offsets[pops:] >= releases(walk, pops))
    assert (walk.release_every, walk.release_count) == (4, 2)
