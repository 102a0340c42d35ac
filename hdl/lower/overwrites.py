"""Stores that are overwritten later: left out, so that the order of ports never matters.

A receiver of two ports sees no order between their beats.  Addresses are static, so the last write
to every element is known here; the lanes of all earlier ones are holes, to be ignored.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import numpy as np
import numpy.typing as npt

from hdl.lower.schedule import HOLE, Schedule
from tilevm.ir import Block, BufferType, Const, For, Kernel
from tilevm.ir.ops import Store


@dataclass(frozen=True)
class _Moment:
    """When a store runs: `start`, and for each level around it (trips, time of one round)."""

    start: int
    levels: tuple[tuple[int, int], ...]

    def times(self) -> npt.NDArray[np.int64]:
        """In the order of the levels, shape [rounds]."""
        at = np.array([self.start], np.int64)
        for trips, length in self.levels:
            at = (at[:, None] + np.arange(trips, dtype=np.int64) * length).reshape(-1)
        return at


def rounds_of(op: For) -> int:
    """Rounds of a loop whose bounds are constants."""
    lo, hi, step = (bound.value for bound in (op.lo, op.hi, op.step) if isinstance(bound, Const))
    return max(0, -((lo - hi) // step))


def last_writes(kernel: Kernel, written: Sequence[tuple[Store, Schedule]]) -> list[Schedule]:
    """What each store writes, HOLE where a later write goes to the same element.

    `written` gives with each store the elements of the flattened buffer [beats, lanes], HOLE where
    a lane has none, in the order of the grid and of the loops around it (with constant bounds).
    """
    moments = _moments(kernel)
    last = {
        param: np.full(prod(param.type.extents), -1, np.int64)
        for param in kernel.outputs
        if isinstance(param.type, BufferType)
    }
    times = []
    for store, elements in written:
        rounds = moments[store].times()
        each = np.repeat(rounds, len(elements) // len(rounds))
        times.append(np.broadcast_to(each[:, None], elements.shape))
        used = elements != HOLE
        np.maximum.at(last[store.at.buffer], elements[used], times[-1][used])
    found: list[Schedule] = []
    for (store, elements), at in zip(written, times, strict=True):
        latest = last[store.at.buffer][np.maximum(elements, 0)]
        found.append(np.where(at == latest, elements, HOLE))
    return found


def _moments(kernel: Kernel) -> dict[Store, _Moment]:
    """The moments of all stores: blocks one after the other, one unit of time for each store."""
    found: dict[Store, _Moment] = {}
    blocks = prod(extent.value for _, extent in kernel.grid if isinstance(extent, Const))
    _visit(kernel.body, ((blocks, _length(kernel.body)),), 0, found)
    return found


def _visit(
    block: Block, levels: tuple[tuple[int, int], ...], start: int, found: dict[Store, _Moment]
) -> None:
    """Notes the moments of the stores in a block that first starts at a time."""
    time = start
    for op in block.ops:
        if isinstance(op, Store):
            found[op] = _Moment(time, levels)
            time += 1
        elif isinstance(op, For):
            length = _length(op.body)
            _visit(op.body, (*levels, (rounds_of(op), length)), time, found)
            time += rounds_of(op) * length
        else:
            for branch in op.blocks:
                _visit(branch, levels, time, found)
                time += _length(branch)


def _length(block: Block) -> int:
    """Stores that a block runs, one after the other."""
    stores = sum(isinstance(op, Store) for op in block.ops)
    inside = (
        (rounds_of(op) if isinstance(op, For) else 1) * _length(inner)
        for op in block.ops
        for inner in op.blocks
    )
    return stores + sum(inside)
