"""The observer of a checked run: it sees every access, every barrier and every result."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self
from weakref import WeakKeyDictionary

import numpy as np

from tilevm.diagnostics import Span, TileError
from tilevm.ir import Access, Op, Value
from tilevm.ir.ops import Barrier, CopyAsync
from tilevm.vm.bind import Launch
from tilevm.vm.buffer import Array, Buffer, Conflict
from tilevm.vm.check.overflow import Overflows
from tilevm.vm.check.owners import Owners, thread_of
from tilevm.vm.check.part import CheckedPart
from tilevm.vm.check.reports import Reports, Site
from tilevm.vm.check.shadow import Shadow
from tilevm.vm.check.storage import SharedBytes
from tilevm.vm.check.touch import Kind, Touch
from tilevm.vm.group import Group
from tilevm.vm.memory import Part
from tilevm.vm.places import Places
from tilevm.vm.whereabouts import others, where

DONE = {"read": "read", "write": "written", "atomic": "changed"}
# errors of copies under way: what the copy did to the element when it started
_COPIES = {"TV0432": "writes", "TV0433": "reads"}


class Checker:
    """Watches one launch; used as a context, it raises what it found when the run ends."""

    def __init__(self, launch: Launch) -> None:
        self.launch = launch
        self.reports = Reports()
        self.owners = Owners(launch.kernel)
        self.overflows = Overflows(self)
        self.bytes = SharedBytes(self)
        self.sites: list[Site | None] = [None]  # of each access, by serial number
        self.touches: dict[int, Touch] = {}  # those that no barrier has put behind
        self.shadows: WeakKeyDictionary[Buffer, Shadow] = WeakKeyDictionary()
        self.since: Array = np.zeros(0, np.int32)
        self.order = {op: number for number, op in enumerate(launch.kernel.body.walk())}
        self._sites: dict[Access, Site] = {}

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
        self.since = np.full(len(root.blocks), len(self.sites), np.int32)
        self.touches.clear()

    def part(self, part: Part, op: Op, group: Group) -> Part:
        """The part of a buffer that an op is about to touch, watched."""
        access = part.access
        assert isinstance(access, Access)
        site = self._sites.get(access)
        if site is None:
            site = self._sites[access] = Site(op, access)
        return CheckedPart(part, site, self.since[group.rows], group, self)

    def step(self, op: Op, arguments: list[Any], group: Group) -> Any:
        """Runs an op."""
        if isinstance(op, Barrier):
            self.barrier(group)
        return self.overflows.run(op, arguments, group)

    def barrier(self, group: Group) -> None:
        """All accesses of these blocks so far come before all that follow."""
        now = len(self.sites)
        self.since[group.rows] = now
        if int(self.since.min()) == now:
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
        self, site: Site, kind: Kind, tile: Value | None, places: Places, blocks: Array
    ) -> Touch:
        """Gives an access its number."""
        serial = len(self.sites)
        self.sites.append(site)
        made = self.touches[serial] = Touch(serial, site, kind, tile, places, blocks)
        return made

    # --- reports

    def where(self, block: int, group: Group | None = None) -> list[str]:
        """The note that names a thread block, and the rounds of the loops that it is in."""
        return where(self.launch, block, group)

    def conflict(self, part: CheckedPart, conflict: Conflict, last: bool = False) -> None:
        """Reports what another run would stop at, with the line that it is in conflict with.

        `last`: the run cannot go on; TileError.
        """
        other, did = self.opponent(part, conflict)
        if self.reports.known(conflict.code, part.site, other) and not last:
            return
        text = "read here" if conflict.code == "TV0405" else "here"
        if conflict.did and other is None:
            text = "both do it here"
        places: list[tuple[Site | Span | None, str]] = [(part.site, text)]
        if other is not None:
            places.append((other, did))
        elif not conflict.did:
            places.append(part.declaration(conflict.code))
        block, whom = conflict.block, conflict.other
        notes = [] if whom is None else others(self.launch, (block, whom))
        notes += self.where(block, part.group)
        self.reports.add(conflict.code, conflict.message, places, notes, conflict.help)
        if last:
            raise TileError(self.reports.take())

    def opponent(self, part: CheckedPart, conflict: Conflict) -> tuple[Site | None, str]:
        """The access that another one is in conflict with, and what it did."""
        did = _COPIES.get(conflict.code, conflict.did)
        if not did or conflict.address is None:
            return None, ""
        serials = self.shadow(part.buffer).of(did)
        site = self.sites[int(serials[conflict.address])]
        if conflict.did:
            return site, f"another block {did} it here"
        copies = site is not None and isinstance(site.op, CopyAsync)
        return (site if copies else None), "the copy starts here"

    def race(
        self,
        element: str,
        before: Touch,
        now: Touch,
        numbers: tuple[int, int],
        block: int,
        group: Group,
    ) -> None:
        """Reports two accesses of one element by threads of one block, in no order."""
        if self.reports.known("TV0440", now.site, before.site):
            return
        did, does = DONE[before.kind], DONE[now.kind]
        again = " again" if did == does else ""
        first, second = (self.order.get(touch.site.op, 0) for touch in (before, now))
        rounds = first >= second
        earlier = " in an earlier round" if rounds else ""
        by_first, by_second = (
            f", by {thread}" if thread else ""
            for thread in map(thread_of, (before.tile, now.tile), numbers)
        )
        self.reports.add(
            "TV0440",
            f"`{element}` is {did}{earlier}, then {does}{again} with no barrier between",
            [
                (now.site, f"{does} here{by_second}"),
                (before.site, f"{did} here{by_first}{earlier}"),
            ],
            self.where(block, group),
            f"put a `barrier` {'at the end of the loop' if rounds else 'between the two'}",
        )
