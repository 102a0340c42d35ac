"""Merge and Route: the head and the tail of a loop that carries values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from hdl.netlist import Actor, Channel, Input, Origin, Output, Reader, When
from hdl.units.lanes import Beats, launches_of

if TYPE_CHECKING:
    from hdl.units.stage import Stage


@dataclass(frozen=True)
class Merge:
    """A beat of input 0 in the first step of `level`, of input 1 in all others."""

    level: int

    @property
    def summary(self) -> str:
        return f"merge at level {self.level}"

    def model(self, inputs: Sequence[Beats], actor: Actor) -> list[Beats]:
        first = actor.due(actor.inputs[0].when)
        launches = launches_of(len(inputs[0]), int(first.sum()), actor)
        mask = np.tile(first, launches)
        merged = np.empty((len(mask), inputs[0].shape[1]), inputs[0].dtype)
        merged[mask], merged[~mask] = inputs[0], inputs[1]
        return [merged]

    def emit(self, m: Any, stage: Stage, actor: Actor) -> list[list[Any]]:
        from amaranth import Mux

        first = stage.nest.first[self.level]
        return [[Mux(first, a, b) for a, b in zip(stage.lanes(0), stage.lanes(1), strict=True)]]


@dataclass(frozen=True)
class Route:
    """Its input's beats: to output 1 in the last step of `level`, to output 0 in all others."""

    level: int

    @property
    def summary(self) -> str:
        return f"route at level {self.level}"

    def model(self, inputs: Sequence[Beats], actor: Actor) -> list[Beats]:
        launches = launches_of(len(inputs[0]), actor.firings, actor)
        mask = np.tile(actor.due(actor.outputs[1].when), launches)
        return [inputs[0][~mask], inputs[0][mask]]

    def emit(self, m: Any, stage: Stage, actor: Actor) -> list[list[Any]]:
        return [stage.lanes(0), stage.lanes(0)]


def merge_actor(
    name: str,
    trips: Sequence[int],
    level: int,
    start: Reader,
    feedback: Reader,
    output: Channel,
    *,
    origin: Origin | None = None,
) -> Actor:
    """An actor that takes from `start` in the first step of `level`, then from `feedback`."""
    shapes = (start.channel.shape, feedback.channel.shape)
    assert shapes == (output.shape, output.shape), f"`{name}`: {shapes} into {output.shape}"
    first = ((level, "first"),)
    inputs = (Input(start, When(first)), Input(feedback, When(first, negate=True)))
    return Actor(name, tuple(trips), Merge(level), inputs, (Output(output),), origin)


def route_actor(
    name: str,
    trips: Sequence[int],
    level: int,
    values: Reader,
    feedback: Channel,
    result: Channel,
    *,
    origin: Origin | None = None,
) -> Actor:
    """An actor that pushes to `feedback`, but in the last step of `level` to `result`."""
    shapes, given = (feedback.shape, result.shape), values.channel.shape
    assert shapes == (given, given), f"`{name}`: {given} into {shapes}"
    last = ((level, "last"),)
    outputs = (Output(feedback, When(last, negate=True)), Output(result, When(last)))
    return Actor(name, tuple(trips), Route(level), (Input(values),), outputs, origin)
