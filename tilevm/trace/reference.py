"""What the living definition computes, as the steps of a trace."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from tilevm import reference
from tilevm.ir import Block, Kernel, Op, Value
from tilevm.reference.machine import ThreadBlock
from tilevm.reference.memory import nested
from tilevm.trace.record import Step, result_step, steps_of


def record_reference(
    kernel: Kernel, arguments: Mapping[str, Any], take: Callable[[Step], None]
) -> None:
    """Runs a kernel without calls in `tilevm.reference`, and hands over all steps."""
    loops = dict(_loops(kernel.body, ()))
    numbers: dict[tuple[int, ...], int] = {}  # thread blocks come in ascending order

    def after(op: Op, at: ThreadBlock) -> None:
        block = numbers.setdefault(at.ids, len(numbers))
        for step in _steps(op, at, block, loops[op]):
            take(step)

    results = reference.run(kernel, arguments, output=lambda line: None, after=after)
    for param in kernel.outputs:
        take(result_step(param, np.asarray(results[param.name], param.dtype.carrier)))


def _steps(op: Op, at: ThreadBlock, block: int, loops: tuple[str, ...]) -> Iterator[Step]:
    blocks = np.array([block])
    rounds = {name: np.array([at.indices[name]]) for name in loops}
    first = {
        str(access): np.array([[at.index(index) for index in access.indices]], np.int64)
        for access in op.accesses
    }
    return steps_of(op, blocks, rounds, first, lambda value: _data(value, at))


def _data(value: Value, at: ThreadBlock) -> Any:
    shape = value.tile.shape
    found = np.asarray(nested(at.tiles[value], shape, ()), value.dtype.carrier)
    return found.reshape(1, *shape)


def _loops(block: Block, around: tuple[str, ...]) -> Iterator[tuple[Op, tuple[str, ...]]]:
    """Every op with the loop variables that it is inside of, the outermost first."""
    for op in block.ops:
        yield op, around
        var = getattr(op, "var", "")
        for inner in op.blocks:
            yield from _loops(inner, (*around, var) if var else around)
