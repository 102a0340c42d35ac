"""Drives a component alone, with ports that open and close at random, and watches its streams."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from random import Random
from typing import Any

import numpy as np
import numpy.typing as npt
from amaranth import Cat, ClockDomain, Module
from amaranth.sim import Simulator

from hdl.netlist import Actor
from hdl.units import output_shapes
from hdl.units.actor import ActorComponent
from hdl.units.lanes import Beats, fit

IDLE = 300  # cycles without a transfer after which a bench gives up


def drive(
    component: Any,
    inputs: Sequence[tuple[Any, Sequence[Sequence[int]]]],
    outputs: Sequence[Any],
    seed: int,
    openness: float = 0.6,
) -> list[list[list[int]]]:
    """Offer each input stream its beats and take all that come; returns the beats per output.

    A stream is open in a cycle with the probability `openness`; a beat that was offered stays.
    Asserts the rule of streams: valid and payload stay until the beat is taken.
    """
    rng = Random(seed)
    taken: list[list[list[int]]] = [[] for _ in outputs]

    async def bench(ctx: Any) -> None:
        position, offered = [0] * len(inputs), [False] * len(inputs)
        waiting: list[Any] = [None] * len(outputs)  # the beat that an output holds
        idle = 0
        while idle < IDLE:
            idle += 1
            for number, (stream, beats) in enumerate(inputs):
                more = position[number] < len(beats)
                offered[number] = offered[number] or (more and rng.random() < openness)
                ctx.set(stream.valid, offered[number])
                if offered[number]:
                    ctx.set(stream.payload, list(beats[position[number]]))
            for stream in outputs:
                ctx.set(stream.ready, rng.random() < openness)
            for number, (stream, _) in enumerate(inputs):
                if offered[number] and ctx.get(stream.ready):
                    position[number], offered[number], idle = position[number] + 1, False, 0
            for number, stream in enumerate(outputs):
                valid, lanes = ctx.get(stream.valid), lanes_of(ctx, stream)
                if waiting[number] is not None:
                    assert valid and lanes == waiting[number], f"output {number} changed, {seed=}"
                waiting[number] = lanes if valid else None
                if valid and ctx.get(stream.ready):
                    taken[number].append(lanes)
                    waiting[number], idle = None, 0
            await ctx.tick()

    simulate(component, bench)
    return taken


def simulate(component: Any, bench: Callable[[Any], Coroutine[Any, Any, None]]) -> None:
    """Run a testbench with a clock, which the component itself need not use."""
    m = Module()
    m.domains.sync = ClockDomain()
    m.submodules.unit = component
    simulator = Simulator(m)
    simulator.add_clock(1e-8)
    simulator.add_testbench(bench)
    simulator.run()


def lanes_of(ctx: Any, stream: Any) -> list[int]:
    """The lanes of a stream's payload now."""
    payload = stream.payload
    values = ctx.get(Cat(payload.as_value()))
    shape = payload.shape().elem_shape
    mask, half = (1 << shape.width) - 1, 1 << shape.width - 1 if shape.signed else 0
    lanes = [values >> shape.width * n & mask for n in range(payload.shape().length)]
    return [(lane + half & mask) - half for lane in lanes]


def check(actor: Actor, inputs: Sequence[Beats], seed: int, openness: float = 0.6) -> None:
    """Assert that an actor's component alone gives what its unit's model gives."""
    component = ActorComponent(actor)
    streams = list(zip(component.inputs, [beats.tolist() for beats in inputs], strict=True))
    given = drive(component, streams, component.outputs, seed, openness)
    expected = actor.unit.model(inputs, actor)
    for number, (found, beats) in enumerate(zip(given, expected, strict=True)):
        where = f"output {number} of {actor.unit.summary}, {actor.trips}, {seed=}"
        assert found == beats.tolist(), where
        assert beats.shape[1] == output_shapes(actor)[number].lanes, where


def random_beats(rng: np.random.Generator, beats: int, shape: Any) -> npt.NDArray[Any]:
    """Elements of any size that fit the shape."""
    words = rng.integers(-(2**63), 2**63 - 1, (beats, shape.lanes), np.int64)
    return fit(words, shape)
