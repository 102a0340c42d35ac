"""What `convert_layout` costs: elements that change place, and bytes through shared memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from tilevm.ir import Kernel, Value, ops
from tilevm.layouts import Layout
from tilevm.measure.access import CELLS
from tilevm.measure.layouts import Placed, line_of


@dataclass(frozen=True)
class ConversionStats:
    """One `convert_layout`, for one run of it; `moved` is None where the tile is very large.

    `moved`: elements of which some place must get a copy that it does not hold; `shared_bytes`:
    these stored once, and loaded by each place that needs them, packed.
    """

    line: int | None
    value: str
    source: str
    origin: str
    target: str
    elements: int
    moved: int | None
    shared_bytes: int | None


def conversions(kernel: Kernel, placed: Mapping[Value, Placed]) -> Iterator[ConversionStats]:
    """The cost of each `convert_layout` of a kernel."""
    for op in kernel.body.walk():
        if isinstance(op, ops.ConvertLayout):
            source, target = placed[op.a], op.out.tile.layout
            assert source.layout is not None and target is not None
            moved, copies = cost(source.layout, target)
            bits = op.out.dtype.bits
            through = None if moved is None else -(-moved * bits // 8) + -(-copies * bits // 8)
            yield ConversionStats(
                line_of(op.loc), op.out.name, str(source.layout), source.origin, str(target),
                op.out.tile.size, moved, through,
            )  # fmt: skip


def cost(source: Layout, target: Layout) -> tuple[int | None, int]:
    """The elements that some place must get, and how many copies of them are got in all."""
    if max(source.places * source.steps, target.places * target.steps) > CELLS:
        return None, 0
    size = source.size
    held = np.arange(source.places)[:, None] * size + source.elements()
    wanted = np.arange(target.places)[:, None] * size + target.elements()
    missing = wanted[~np.isin(wanted, held)]
    return len(np.unique(missing % size)), len(missing)
