"""The observer of a checked run: it sees every access, every barrier and every result."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self
from weakref import WeakKeyDictionary

import numpy as np

from tilevm.diagnostics import Label, TileError
from tilevm.ir import Op, Value
from tilevm.ir.ops import Barrier
from tilevm.vm.bind import Launch
from tilevm.vm.buffer import Array, Buffer, Conflict
from tilevm.vm.check.overflow import Overflows
from tilevm.vm.check.owners import Owners, thread_of
from tilevm.vm.check.part import CheckedPart
from tilevm.vm.check.reports import Reports, described, place
from tilevm.vm.check.shadow import Shadow
from tilevm.vm.check.storage import SharedBytes
from tilevm.vm.check.touch import Kind, Touch
from tilevm.vm.group import Group
from tilevm.vm.memory import Part
from tilevm.vm.places import Places

_BEFORE = {"read": "read", "write": "written", "atomic": "changed"}


class Checker:
    """Watches one launch; used as a context, it raises what it found when the run ends."""

    def __init__(self, launch: Launch) -> None:
        self.launch = launch
        ops = list(launch.kernel.body.walk())
        self.reports = Reports()
        self.owners = Owners(launch.kernel)
        self.overflows = Overflows(self)
        self.bytes = SharedBytes(self)
        self.declared = {
            value.name: value.span
            for value in [*launch.kernel.params, *(v for op in ops for v in op.results)]
        }
        self.clock = 0  # accesses so far
        self.ops: list[Op | None] = [None]  # the op of each access
        self.touches: dict[int, Touch] = {}  # those that no barrier has put behind
        self.shadows: WeakKeyDictionary[Buffer, Shadow] = WeakKeyDictionary()
        self.since: Array = np.zeros(0, np.int32)
        self.order = {op: number for number, op in enumerate(ops)}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        found = self.reports.diagnostics
        if isinstance(problem, TileError) and found:
            raise TileError(*found, *problem.diagnostics) from None
        if problem is None and found:
            raise TileError(*found)

    # --- what the machine tells

    def begin(self, root: Group) -> None:
        """A chunk of blocks begins."""
        self.since = np.full(len(root.blocks), self.clock + 1, np.int32)
        self.touches.clear()

    def part(self, part: Part, op: Op, group: Group) -> Part:
        """The part of a buffer that an op is about to touch, watched."""
        if part.buffer.writer is None:  # nobody writes to it
            return part
        return CheckedPart(part, op, self.since[group.rows], self)

    def step(self, op: Op, arguments: list[Any], group: Group) -> Any:
        """Runs an op."""
        if isinstance(op, Barrier):
            self.barrier(group)
        return self.overflows.run(op, arguments, group)

    def barrier(self, group: Group) -> None:
        """All accesses of these blocks so far come before all that follow."""
        self.since[group.rows] = self.clock + 1
        if int(self.since.min()) > self.clock:
            self.touches.clear()

    def finish(self, buffers: Mapping[Value, Buffer]) -> None:
        """The run is over: what can be seen in the buffers."""
        for buffer in buffers.values():
            if buffer.writer is not None and buffer.kind.bits % 8:
                self.bytes.shared_by_blocks(buffer)

    # --- what the accesses tell

    def shadow(self, buffer: Buffer) -> Shadow:
        """What is remembered of a buffer."""
        found = self.shadows.get(buffer)
        if found is None:
            found = self.shadows[buffer] = Shadow(buffer)
        return found

    def touched(
        self,
        op: Op,
        kind: Kind,
        tile: Value | None,
        places: Places,
        blocks: Array,
    ) -> Touch:
        """Gives an access its number."""
        self.clock += 1
        self.ops.append(op)
        made = self.touches[self.clock] = Touch(self.clock, op, kind, tile, places, blocks)
        return made

    # --- reports

    def where(self, block: int) -> list[str]:
        """The note that names a thread block."""
        grid = self.launch.grid
        if not grid:
            return []
        ids = np.unravel_index(block, grid)
        named = zip(self.launch.kernel.grid, ids, strict=True)
        return ["in thread block " + ", ".join(f"{name} = {int(at)}" for (name, _), at in named)]

    def conflict(self, part: CheckedPart, conflict: Conflict) -> None:
        """Reports what another run would stop at, with the line that it is in conflict with."""
        shadow, op = self.shadow(part.buffer), part.op
        other: Op | None = None
        if conflict.did and conflict.address is not None:
            serials = shadow.wrote if conflict.did == "writes" else shadow.read
            other = self.ops[int(serials[conflict.address])]
        if self.reports.known(conflict.code, op, other):
            return
        here = "read here" if conflict.code == "TV0405" else "here"
        if conflict.did and other is None:
            here = "both do it here"
        labels, notes = described(op, place(op), here)
        more: list[Label] = []
        if other is not None:
            more, also = described(other, place(other), f"another block {conflict.did} it here")
            notes = [*notes, *also]
        elif conflict.code == "TV0405":
            more = self.declaration(part.buffer)
        self.reports.add(
            conflict.code,
            conflict.message,
            [*labels, *more],
            [*notes, *self.where(conflict.block)],
            conflict.help,
        )

    def declaration(self, buffer: Buffer) -> list[Label]:
        """Where a buffer was made."""
        span = self.declared.get(buffer.name)
        text = "undefined from here on" if buffer.shared else "this buffer was not passed in"
        return [Label(span, text)] if span else []

    def race(
        self,
        element: str,
        before: Touch,
        now: Touch,
        block: int,
        numbers: tuple[int, int],
    ) -> None:
        """Reports two accesses of one element by threads of one block, in no order."""
        if self.reports.known("TV0440", now.op, before.op):
            return
        did, does = _BEFORE[before.kind], _BEFORE[now.kind]
        again = "again " if did == does else ""
        message = f"`{element}` is {did}, then {does} {again}with no barrier between"
        labels, notes = described(now.op, place(now.op), self.by(now, numbers[1]))
        more, also = described(before.op, place(before.op), self.by(before, numbers[0]))
        rounds = self.order[before.op] >= self.order[now.op]
        if rounds and before.op is not now.op:
            also = [*also, f"it was {did} in an earlier round of the loop"]
        self.reports.add(
            "TV0440",
            message,
            [*labels, *more] if before.op is not now.op else labels,
            [*notes, *also, *self.where(block)],
            self.mend(rounds),
        )

    def by(self, touch: Touch, number: int) -> str:
        thread = thread_of(touch.tile, number)
        return f"{_BEFORE[touch.kind]} here" + (f", by {thread}" if thread else "")

    def mend(self, rounds: bool) -> str:
        where = "at the end of the loop's body" if rounds else "between the two"
        return f"put a `barrier` {where}"
