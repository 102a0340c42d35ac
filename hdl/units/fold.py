"""Fold: a running result over some levels of the nest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from hdl.netlist import Actor, Channel, Input, Origin, Output, Reader, When
from hdl.units.function import FoldFunction
from hdl.units.lanes import Beats, beats_dtype, fit, launches_of

if TYPE_CHECKING:
    from hdl.units.stage import Stage


@dataclass(frozen=True, eq=False)
class Fold:
    """``state = function(state, value)`` over the levels marked in `reduce`; one result for each
    step of the others (the kept levels).

    Input 0 gives the values.  Input 1, where there is one, gives the initial states; without it
    they are `function.initial`.  There is a state for each step of the kept levels that lie inside
    the outermost reduced one: a register for one state, else a small memory.
    """

    function: FoldFunction
    reduce: tuple[bool, ...]

    @property
    def summary(self) -> str:
        levels = ", ".join(str(level) for level, folded in enumerate(self.reduce) if folded)
        return f"fold {self.function.name} over ({levels})"

    def when(self, edge: str) -> When | None:
        """The firings at which all reduced levels are at this edge, "first" or "last"."""
        edges = tuple((level, edge) for level, folded in enumerate(self.reduce) if folded)
        return When(edges) if edges else None

    def state_levels(self) -> tuple[int, ...]:
        """The kept levels inside the outermost reduced one: they index the state."""
        if True not in self.reduce:
            return ()
        outermost = self.reduce.index(True)
        return tuple(n for n, folded in enumerate(self.reduce) if n > outermost and not folded)

    def states(self, trips: tuple[int, ...]) -> int:
        """Number of states held."""
        return prod(trips[level] for level in self.state_levels())

    def state_bits(self, actor: Actor) -> int:
        """Bits of all states."""
        return self.states(actor.trips) * self.function.shape.width

    def model(self, inputs: Sequence[Beats], actor: Actor) -> list[Beats]:
        values, shape = inputs[0], self.function.shape
        launches = launches_of(len(values), actor.firings, actor)
        folded = [1 + n for n, over in enumerate(self.reduce) if over]
        kept = [0] + [1 + n for n, over in enumerate(self.reduce) if not over]
        grid = values.reshape(launches, *actor.trips, values.shape[1])
        grid = grid.transpose(*folded, *kept, grid.ndim - 1)
        steps = prod(actor.trips[axis - 1] for axis in folded)
        results = launches * prod(actor.trips[axis - 1] for axis in kept[1:])
        grid = grid.reshape(steps, results, values.shape[1])
        if len(inputs) == 2:
            state = inputs[1]
            assert state.shape == (results, shape.lanes), f"`{actor.name}`: {state.shape}"
        else:
            state = np.full((results, shape.lanes), self.function.initial, beats_dtype(shape))
            state = fit(state, shape)
        for value in grid:
            state = fit(self.function.model(state, value), shape)
        return [state]

    def emit(self, m: Any, stage: Stage, actor: Actor) -> list[list[Any]]:
        from hdl.units.state import fold_state

        return [fold_state(m, stage, self, actor)]


def fold_actor(
    name: str,
    trips: Sequence[int],
    reduce: Sequence[bool],
    function: FoldFunction,
    values: Reader,
    output: Channel,
    *,
    initial: Reader | None = None,
    origin: Origin | None = None,
) -> Actor:
    """An actor that folds `values`, taken at each firing, over the levels marked in `reduce`.

    `initial` is taken from where all reduced levels are at their first step; `output` is pushed to
    where all are at their last one.
    """
    assert len(reduce) == len(trips), f"`{name}`: {len(reduce)} marks for {len(trips)} levels"
    assert output.shape == function.shape, f"`{name}`: {function.shape} into {output.shape}"
    unit = Fold(function, tuple(bool(folded) for folded in reduce))
    inputs = [Input(values)]
    if initial is not None:
        start = initial.channel.shape
        assert start == function.shape, f"`{name}`: initial state {start}, not {function.shape}"
        inputs.append(Input(initial, unit.when("first")))
    outputs = (Output(output, unit.when("last")),)
    return Actor(name, tuple(trips), unit, tuple(inputs), outputs, origin)
