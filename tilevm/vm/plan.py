"""What runs of a kernel with the same shapes have in common: the chunks, and indices in them.

A small launch costs mostly what Python does around NumPy; so what follows from shapes alone is
worked out by the first launch and kept with them (`Launch.memo`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np

from tilevm.ir import Value
from tilevm.vm.bind import Launch
from tilevm.vm.buffer import INITIAL, UNDEFINED, Array, Buffer, Form
from tilevm.vm.footprint import check_memory, chunk_size
from tilevm.vm.group import Group
from tilevm.vm.places import Index, Known

_KEPT = 64  # chunks whose indices are kept


@dataclass(frozen=True, eq=False)
class Chunk:
    """Thread blocks that run together; `indices`, `numbers` and `places` as in a `Group`."""

    blocks: Array
    rows: Array
    indices: dict[str, object]
    numbers: dict[int, Index] = field(default_factory=dict)
    places: Known = field(default_factory=dict)

    def group(self, buffers: dict[Value, Buffer]) -> Group:
        """A group of all its blocks, which know the buffers and their own indices."""
        group = Group(self.blocks, self.rows)
        group.known.update(buffers)
        group.indices, group.numbers, group.places = self.indices, self.numbers, self.places
        return group


@dataclass(eq=False)
class Plan:
    """How launches of the same shapes run: in chunks of `size` thread blocks, on such buffers.

    `fixed`: shapes alone say what each statement touches.  So once a run has met no conflict,
    no other can, and the plan is `settled`: nobody need record who reads and writes what.
    """

    size: int
    fixed: bool
    forms: tuple[tuple[Value, Form], ...]
    settled: bool = False
    kept: dict[int, Chunk] = field(default_factory=dict)
    whole: tuple[Chunk, ...] = ()  # all of them, once all are kept

    @classmethod
    def of(cls, launch: Launch, chunk_bytes: int) -> Plan:
        """The plan for a launch; TileError TV0414 where it exceeds the memory there is."""
        key = (chunk_bytes, *launch.arrays)
        plan: Plan | None = launch.memo.get(key)
        if plan is None:
            check_memory(launch)
            size, fixed = chunk_size(launch, chunk_bytes), launch.kernel.fixed
            forms = tuple((param, _form(launch, param)) for param in launch.kernel.params)
            plan = launch.memo[key] = cls(size, fixed, forms)
        return plan

    def buffers(self, launch: Launch, check: bool) -> dict[Value, Buffer]:
        """The buffers of a launch; who touches what is recorded where a conflict is possible."""
        found: dict[Value, Buffer] = {}
        for param, form in self.forms:
            values = launch.arrays.get(param.name)
            state = UNDEFINED if values is None else INITIAL
            if values is None:
                values = form.zeros()
            elif form.stored:
                values = values.copy()
            buffer = found[param] = Buffer(form, values)
            if form.stored and (check or not self.settled):
                # updates alone are in conflict with nothing, once there are initial values
                if not check and state == INITIAL and param in launch.kernel.only_updated:
                    continue
                touched = launch.kernel.touched
                how = ("reads", "updates", "arrives", "leaves")
                reads, updates, arrives, leaves = (param in touched(each) for each in how)
                buffer.track(state, launch.blocks, reads, updates)
                buffer.follow(arrives, leaves)
        return found

    def chunks(self, launch: Launch) -> Iterable[Chunk]:
        """The chunks in the order of their blocks."""
        return self.whole or self._chunks(launch)

    def _chunks(self, launch: Launch) -> Iterator[Chunk]:
        """As `chunks`; keeps the first few."""
        firsts = range(0, launch.blocks, self.size)
        for first in firsts:
            chunk = self.kept.get(first)
            if chunk is None:
                chunk = _chunk(launch, first, min(first + self.size, launch.blocks))
                if len(self.kept) < _KEPT:
                    self.kept[first] = chunk
            yield chunk
        if len(self.kept) == len(firsts):
            self.whole = tuple(self.kept[first] for first in firsts)


def _form(launch: Launch, param: Value) -> Form:
    name, stored = param.name, param in launch.kernel.outputs
    return Form.of(name, param.dtype, launch.extents[name], stored=stored)


def _chunk(launch: Launch, first: int, end: int) -> Chunk:
    blocks = np.arange(first, end, dtype=np.int64)
    indices: dict[str, object] = dict(launch.symbols)
    ids = np.unravel_index(blocks, launch.grid) if launch.grid else ()
    for (name, _), at in zip(launch.kernel.grid, ids, strict=True):
        same = bool((at == at[0]).all())
        indices[name] = int(at[0]) if same else at.astype(np.int64)
    return Chunk(blocks, np.arange(len(blocks)), indices)
