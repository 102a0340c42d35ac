"""What one op did, as a step of a trace; and who writes it down while a program runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tilevm.ir import Op, TileType, Value
from tilevm.vm import Group, Launch, Watcher, execute

Array = Any


@dataclass(frozen=True)
class Step:
    """One op in some thread blocks, or at the end of a run a buffer (op "result", no block).

    `name`: the value that it gives; for an op without one, the places that it touches.  `loops`:
    the loop variables, int64 [blocks] each.  `at`: the first element of each access, int64
    [blocks, rank], by the text of the access.  `data`: [blocks or 1, *shape], None for no value.
    """

    op: str
    name: str
    type: str
    line: int | None
    blocks: Array
    loops: Mapping[str, Array]
    at: Mapping[str, Array]
    data: Array | None


def steps_of(
    op: Op,
    blocks: Array,
    loops: Mapping[str, Array],
    at: Mapping[str, Array],
    data: Callable[[Value], Array],
) -> Iterator[Step]:
    """A step for each tile that an op gives, or one for an op that gives none."""
    line = op.loc.span.line if op.loc.span is not None else None
    tiles = [value for value in op.results if isinstance(value.type, TileType)]
    if not tiles:
        names = ", ".join([value.name for value in op.results] or list(at))
        yield Step(op.name, names, "", line, blocks, loops, at, None)
    for value in tiles:
        kind = typed(value, value.tile.shape)
        yield Step(op.name, value.name, kind, line, blocks, loops, at, data(value))


def result_step(param: Value, data: Array) -> Step:
    """The step for what a buffer holds at the end of a run."""
    none = np.zeros(1, np.int64)
    return Step("result", param.name, typed(param, data.shape), None, none, {}, {}, data[None])


def typed(value: Value, shape: Sequence[int]) -> str:
    """The element type and a shape, as a step says them."""
    return f"{value.dtype}{list(shape)}"


class Recorder(Watcher):
    """Hands every step of a run to `take`, in the order in which it ends."""

    def __init__(self, take: Callable[[Step], None]) -> None:
        self.take = take

    def before(self, op: Op, group: Group) -> None:
        pass

    def after(self, op: Op, group: Group) -> None:
        blocks = group.blocks
        whole = (len(blocks),)
        loops = {
            name: np.broadcast_to(np.asarray(group[name], np.int64), whole) for name in group.loops
        }
        at = {
            str(access): np.stack(
                [np.broadcast_to(group.index(i).values, whole) for i in access.indices], axis=-1
            ).astype(np.int64)
            for access in op.accesses
        }
        for step in steps_of(op, blocks, loops, at, group.data):
            self.take(step)


def record(launch: Launch, take: Callable[[Step], None], **options: Any) -> dict[str, Array]:
    """Runs a launch and hands over all steps, the results last; returns the results."""
    results = execute(launch, watch=Recorder(take), **options)
    for param in launch.kernel.outputs:
        take(result_step(param, results[param.name]))
    return results
