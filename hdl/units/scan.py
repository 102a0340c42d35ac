"""Scan: a running result over the innermost level of the nest, given at every step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from hdl.netlist import Actor, BeatShape, Channel, Input, Origin, Output, Reader
from hdl.units.lanes import Beats, beats_dtype, fit

if TYPE_CHECKING:
    from hdl.units.stage import Stage


class ScanFunction(Protocol):
    """One step of a scan: from the state and a value the new state, and what is given."""

    @property
    def name(self) -> str: ...

    @property
    def shape(self) -> BeatShape: ...

    @property
    def state_shape(self) -> BeatShape: ...

    @property
    def initial(self) -> int:
        """The state before the first step, the same in each lane."""
        ...

    def emit(self, m: Any, state: list[Any], value: list[Any]) -> tuple[list[Any], list[Any]]: ...

    def model(self, state: Beats, value: Beats) -> tuple[Beats, Beats]: ...


@dataclass(frozen=True, eq=False)
class Scan:
    """``state, result = function(state, value)``; the innermost level begins with a new state."""

    function: ScanFunction

    @property
    def summary(self) -> str:
        return f"scan {self.function.name}"

    def state_bits(self, actor: Actor) -> int:
        """Bits of its state."""
        return self.function.state_shape.width

    def model(self, inputs: Sequence[Beats], actor: Actor) -> list[Beats]:
        steps, shape = actor.trips[-1], self.function.state_shape
        values = inputs[0].reshape(-1, steps, inputs[0].shape[1])
        state = np.full((len(values), shape.lanes), self.function.initial, beats_dtype(shape))
        state = fit(state, shape)
        results = []
        for step in range(steps):
            state, result = self.function.model(state, values[:, step])
            results.append(result)
        return [np.stack(results, axis=1).reshape(len(inputs[0]), -1)]

    def emit(self, m: Any, stage: Stage, actor: Actor) -> list[list[Any]]:
        from hdl.units.state import scan_state

        return [scan_state(m, stage, self)]


def scan_actor(
    name: str,
    trips: Sequence[int],
    function: ScanFunction,
    values: Reader,
    output: Channel,
    *,
    origin: Origin | None = None,
) -> Actor:
    """An actor that gives a beat for each that it takes, and starts anew with the last level."""
    assert output.shape == function.shape, f"`{name}`: {function.shape} into {output.shape}"
    return Actor(name, tuple(trips), Scan(function), (Input(values),), (Output(output),), origin)
