"""What the living definition computes, as the steps of a trace."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from tilevm import reference
from tilevm.ir import Block, Kernel, Op, TileType, Value
from tilevm.reference.machine import ThreadBlock
from tilevm.reference.memory import nested
from tilevm.trace.record import Step


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
        data = np.asarray(results[param.name], param.dtype.carrier)
        kind = f"{param.dtype}{list(data.shape)}"
        take(Step("result", param.name, kind, None, np.zeros(1, np.int64), {}, {}, data[None]))


def _steps(op: Op, at: ThreadBlock, block: int, loops: tuple[str, ...]) -> Iterator[Step]:
    blocks = np.array([block])
    rounds = {name: np.array([at.indices[name]]) for name in loops}
    first = {
        str(access): np.array([[at.index(index) for index in access.indices]], np.int64)
        for access in op.accesses
    }
    line = op.loc.span.line if op.loc.span is not None else None
    tiles = [value for value in op.results if isinstance(value.type, TileType)]
    if not tiles:
        names = ", ".join([value.name for value in op.results] or list(first))
        yield Step(op.name, names, "", line, blocks, rounds, first, None)
    for value in tiles:
        kind = f"{value.dtype}{list(value.tile.shape)}"
        yield Step(op.name, value.name, kind, line, blocks, rounds, first, _data(value, at))


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
