"""Which thread holds an element of a tile, and what follows for the order of two accesses.

A place of a written layout is a thread.  Of a tile without one nothing is known but that it lies
somewhere, and always in the same places: two accesses are by one thread if it is the same element
of the same value.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from tilevm.ir import Kernel, Op, RegionOp, TileType, Value
from tilevm.ir.ops.elementwise import Elementwise
from tilevm.layouts import Layout
from tilevm.vm.buffer import Array
from tilevm.vm.check.touch import Touch
from tilevm.vm.places import Places, Regular


class Owners:
    """What the text of a kernel says of threads."""

    def __init__(self, kernel: Kernel) -> None:
        self.sources = sources(kernel)

    def ordered(self, before: Touch, now: Touch, first: Array, second: Array) -> Array:
        """Where one thread's program order, or the flow of data, puts `before` before `now`.

        `first` and `second`: the numbers of the elements in the two tiles.
        """
        if before.tile is None or now.tile is None:
            return np.zeros(len(first), bool)
        same = first == second
        left, right = layout_of(before.tile), layout_of(now.tile)
        if left is None or right is None:
            found = same if before.tile is now.tile else np.zeros(len(first), bool)
        else:
            found = _ordered_places(before.kind, now.kind, left, right, first, second)
        if before.kind == "read" and before.tile in self.sources.get(now.tile, ()):
            if left is None or left.copies == 1:
                found = found | same  # what is written was computed from what was read
        return found

    def always(self, before: Touch, now: Touch) -> bool:
        """A quick look: every element is in one place of both tiles, and ordered as `ordered` says.

        False where a closer look is needed.
        """
        if before.tile is None or now.tile is None:
            return False
        if before.places is not now.places and not _alike(before.places, now.places):
            return False
        if before.blocks is not now.blocks and not np.array_equal(before.blocks, now.blocks):
            return False
        layout = layout_of(before.tile)
        if layout is not None and layout.copies > 1:
            return False
        if before.tile is now.tile:
            return True
        return before.kind == "read" and before.tile in self.sources.get(now.tile, ())

    def together(self, before: Touch, now: Touch, first: Array, second: Array) -> Array:
        """Where the same threads, all of them, make both accesses."""
        if before.tile is None or now.tile is None:
            return np.zeros(len(first), bool)
        left, right = layout_of(before.tile), layout_of(now.tile)
        if left is None or right is None:
            one = before.serial == now.serial  # one store, and the layout is free to keep bytes
            return (
                (first == second) | one if before.tile is now.tile else np.zeros(len(first), bool)
            )
        return _within(left, right, first, second) & _within(right, left, second, first)


def layout_of(tile: Value) -> Layout | None:
    """The layout of a tile, where one was written."""
    return tile.type.layout if isinstance(tile.type, TileType) else None


def thread_of(tile: Value | None, number: int) -> str:
    """The threads that hold an element of a tile, as people say it; "" where nothing is known."""
    layout = None if tile is None else layout_of(tile)
    if layout is None:
        return ""
    base, offsets = _places(layout)
    listed = [str(int(base[number]) + offset) for offset in offsets[:3]]
    more = ", .." if len(offsets) > 3 else ""
    return f"thread{'s' * (len(offsets) > 1)} {', '.join(listed)}{more}"


def _ordered_places(
    did: str, does: str, left: Layout, right: Layout, first: Array, second: Array
) -> Array:
    if did == "read":  # every reader must be the one writer
        if left.copies > 1 or right.copies > 1:
            return np.zeros(len(first), bool)
        return _within(left, right, first, second)
    if does == "read":  # a reader must have written it too: the other writers wrote the same
        return _within(right, left, second, first)
    return _within(left, right, first, second)  # who wrote it first writes it again


def _within(small: Layout, large: Layout, first: Array, second: Array) -> Array:
    """Where the places of an element of one tile are among those of an element of the other."""
    base, offsets = _places(small)
    around, others = _places(large)
    allowed = [d for d in {o - offsets[0] for o in others} if {d + o for o in offsets} <= {*others}]
    gap = base[first] - around[second]
    return np.asarray(gap == allowed[0]) if len(allowed) == 1 else np.isin(gap, allowed)


def _alike(before: Places, now: Places) -> bool:
    """Whether both are the same elements in the same order, as far as a quick look tells."""
    if not isinstance(before, Regular) or not isinstance(now, Regular):
        return False
    one, other = ((p.first, p.step, p.whole, p.strides) for p in (before, now))
    return one == other


@lru_cache(maxsize=256)
def _places(layout: Layout) -> tuple[Array, tuple[int, ...]]:
    """The first place of each element (row-major), and how far its copies are from there."""
    index = np.indices(layout.shape).reshape(layout.rank, -1)
    base = np.zeros(layout.size, np.int64)
    offsets, weight = [0], 1
    for dim, stride, extent in reversed(layout.spatial_modes):
        if dim is None:
            offsets = [o + weight * copy for copy in range(extent) for o in offsets]
        else:
            base += index[dim] // stride % extent * weight
        weight *= extent
    return base, tuple(sorted(offsets))


def sources(kernel: Kernel) -> dict[Value, frozenset[Value]]:
    """The loaded tiles that each tile was computed from, element by element."""
    found: dict[Value, frozenset[Value]] = {}
    flows = [(target, source) for op in kernel.body.walk() for target, source in _flows(op)]
    for op in kernel.body.walk():
        if op.accesses:
            found.update((value, frozenset([value])) for value in op.results)
    changed = True
    while changed:  # loops hand values backward
        changed = False
        for target, source in flows:
            old, new = found.get(target, frozenset()), found.get(source, frozenset())
            if not new <= old:
                found[target] = old | new
                changed = True
    return found


def _flows(op: Op) -> list[tuple[Value, Value]]:
    """Pairs (a, b): element i of tile a is computed from element i of tile b."""
    if isinstance(op, Elementwise):
        (out,) = op.results
        return [(out, a) for a in op.operands if a.tile.shape == out.tile.shape]
    return list(op.flows) if isinstance(op, RegionOp) else []
