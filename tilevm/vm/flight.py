"""Asynchronous copies under way, and accesses that come too early for them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tilevm.ir import Op
from tilevm.vm.buffer import Array, Conflict
from tilevm.vm.places import Places, first
from tilevm.vm.races import Guarded


class Copies:
    """How far each block of a chunk has come with its copies.

    A block counts its groups from 1, and an element that is copied keeps the number of its group.
    So a group is under way for those who see it as long as its number is above `visible`.
    """

    def __init__(self, blocks: int) -> None:
        self.committed = np.zeros(blocks, np.int32)  # groups that are closed
        self.arrived = np.zeros(blocks, np.int32)  # those that a `wait` covers
        self.visible = np.zeros(blocks, np.int32)  # those that a `barrier` follows too
        self.started: dict[Op, Array] = {}  # the last group of each `copy_async`

    def late(self) -> tuple[Op, int] | None:
        """A copy that no `wait` covers, and the position of its block."""
        for op, groups in self.started.items():
            if (groups > self.arrived).any():
                return op, int(np.argmax(groups > self.arrived))
        return None


@dataclass(frozen=True)
class Flight:
    """The copies of the blocks that run an op; `rows`: their positions in the chunk."""

    copies: Copies
    rows: Array
    op: Op

    def commit(self) -> None:
        self.copies.committed[self.rows] += 1

    def wait(self, pending: int) -> None:
        covered = self.copies.committed[self.rows] - min(pending, 1 << 30)
        self.copies.arrived[self.rows] = np.maximum(self.copies.arrived[self.rows], covered)

    def barrier(self) -> None:
        self.copies.visible[self.rows] = self.copies.arrived[self.rows]

    def start(self) -> Array:
        """The number of the group that a copy joins, of each block."""
        group = self.copies.committed[self.rows] + 1
        none = np.zeros(len(self.copies.committed), np.int32)
        self.copies.started.setdefault(self.op, none)[self.rows] = group
        return group


class Awaited(Guarded):
    """A region that knows which of its elements are being copied; Conflict TV0432 and TV0433."""

    flight: Flight | None = None  # where the kernel copies anything

    def admit_read(self, places: Places, writer: Array) -> None:
        super().admit_read(places, writer)
        self.settled(places, self.buffer.arriving, "TV0432", "read")

    def admit_write(self, places: Places, writer: Array) -> None:
        super().admit_write(places, writer)
        self.settled(places, self.buffer.arriving, "TV0432", "written")
        self.settled(places, self.buffer.leaving, "TV0433", "written")

    def admit_update(self, places: Places, writer: Array) -> None:
        super().admit_update(places, writer)
        self.settled(places, self.buffer.arriving, "TV0432", "changed")
        self.settled(places, self.buffer.leaving, "TV0433", "changed")

    def settled(self, places: Places, groups: Array | None, code: str, does: str) -> None:
        """Refuses to touch what is being copied."""
        if groups is None or self.flight is None:
            return
        found, copies = places.get(groups), self.flight.copies
        rows = self.flight.rows[: places.count]
        where = first(found > copies.visible[rows].reshape(-1, *[1] * (found.ndim - 1)), places)
        if where is None:
            return
        row, group = int(rows[where[0]]), int(found[where])
        if group > copies.committed[row]:
            why, hint = "no `commit` closes its group", "put `commit`, `wait` and `barrier` before"
        elif group > copies.arrived[row]:
            after = int(copies.committed[row]) - group
            why = "no `wait` covers its group"
            hint = f"put `wait {{pending = {after}}}` and `barrier` before"
        else:
            why, hint = "no `barrier` follows the `wait`", "put a `barrier` behind the `wait`"
        address = places.address(where)
        which = "to" if code == "TV0432" else "from"
        element = self.buffer.element(address)
        block = int(self.blocks[where[0]])
        message = f"`{element}` is {does} while it is copied {which}: {why}"
        self.refuse(Conflict(code, block, message, hint, address))

    def stamp(self, places: Places, groups: Array | None, numbers: Array) -> None:
        """Notes the group of a copy, one number for each block, at its elements."""
        if groups is not None:
            column = numbers[: places.count].reshape(-1, *[1] * (len(places.whole) - 1))
            places.put(groups, column)
