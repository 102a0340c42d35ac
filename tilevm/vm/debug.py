"""Ops for people in the machine: facts that are checked, and tiles that are shown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from tilevm.ir import Op, Value
from tilevm.ir.ops import Assert, Assume, Compare, Expect, Print, Watch
from tilevm.ir.ops.debug import Shows
from tilevm.ir.ops.facts import Fact
from tilevm.vm.buffer import Array
from tilevm.vm.group import Group
from tilevm.vm.show import grid, texts
from tilevm.vm.whereabouts import named, there

if TYPE_CHECKING:
    from tilevm.vm.machine import Machine

FEW = 4  # elements that an error tells of

Tell = Callable[["Machine", Any, Any, Group], None]
AnyTell = TypeVar("AnyTell", bound=Tell)

TELLS: dict[type[Op], Tell] = {}


def tells(kind: type[Op]) -> Callable[[AnyTell], AnyTell]:
    """Makes a function what follows from the result of an op's `run` for a group."""

    def register(tell: AnyTell) -> AnyTell:
        TELLS[kind] = tell
        return tell

    return register


# --- facts


@tells(Assert)
def assert_(machine: Machine, op: Assert, holds: Array, group: Group) -> None:
    compared = _compared(machine, op.a)
    _fact(machine, op, holds, group, "TV0408", "assertion fails", compared)


@tells(Assume)
def assume(machine: Machine, op: Assume, holds: Array, group: Group) -> None:
    compared = _compared(machine, op.a)
    _fact(machine, op, holds, group, "TV0460", "assumption does not hold", compared)


@tells(Expect)
def expect(machine: Machine, op: Expect, same: Array, group: Group) -> None:
    what = f"`{op.a.name}` is not `{op.b.name}`"
    _fact(machine, op, same, group, "TV0461", what, (op.a, op.b), codes=True)


def _compared(machine: Machine, tile: Value) -> tuple[Value, ...]:
    """The operands of the `compare` that made a tile, if one did."""
    for op in machine.launch.kernel.body.walk():
        if isinstance(op, Compare) and tile in op.results:
            return op.operands
    return ()


def _fact(
    machine: Machine,
    op: Fact | Expect,
    holds: Array,
    group: Group,
    code: str,
    what: str,
    told: Sequence[Value],
    codes: bool = False,
) -> None:
    """An error, unless it holds everywhere, with what the tiles `told` are where it does not."""
    if holds.all():
        return
    row = int(np.argmax(~holds.reshape(len(holds), -1).all(axis=1)))
    places = [tuple(map(int, place)) for place in np.argwhere(~holds[row])]
    size = holds[row].size
    message = what
    if holds[row].ndim:
        message += f" at {list(places[0])}, in {len(places)} of {size} elements"
    notes = [there(group, row, place, told, codes) for place in places[:FEW] if told]
    if not told and len(places) > 1:
        notes.append("also at " + ", ".join(str(list(place)) for place in places[1:FEW]))
    if len(places) > FEW:
        notes.append(f"and {len(places) - FEW} more")
    message += f": {op.message}" if op.message else ""
    raise machine.located(op, code, message, int(group.blocks[row]), group, notes=notes)


# --- tiles that are shown


class Said:
    """What the thread blocks of one chunk say: block by block, though they run all at once."""

    def __init__(self, output: Callable[[str], None], blocks: int) -> None:
        self.output = output
        self.alone = blocks == 1  # nobody else talks
        self.lines: dict[int, list[str]] = {}
        self.seen: dict[Op, Seen] = {}

    def say(self, row: int, text: str) -> None:
        """Says something for a block, by its position in the chunk."""
        if self.alone:
            self.output(text)
        else:
            self.lines.setdefault(row, []).append(text)

    def end(self) -> None:
        """The blocks are done, or one of them stopped the run."""
        lines, self.lines = self.lines, {}
        for row in sorted(lines):
            for text in lines[row]:
                self.output(text)


class Seen:
    """What a `watch` saw last, as codes [blocks, *shape], and in which blocks it saw anything."""

    def __init__(self, blocks: int, shape: tuple[int, ...]) -> None:
        self.codes = np.zeros((blocks, *shape), np.uint64)
        self.ever = np.zeros(blocks, bool)


@tells(Print)
def print_(machine: Machine, op: Print, data: Array, group: Group) -> None:
    part = f"[{op.part}]" if op.part else ""
    for number, row in enumerate(group.rows):
        tile = data[number if len(data) > 1 else 0]
        _whole(machine, op, part, tile, int(row))


@tells(Watch)
def watch(machine: Machine, op: Watch, data: Array, group: Group) -> None:
    shape, said = op.a.tile.shape, machine.said
    seen = said.seen.get(op)
    if seen is None:
        seen = said.seen[op] = Seen(len(machine.root.blocks), shape)
    rows = group.rows
    codes = np.broadcast_to(op.a.dtype.encode(data), (len(rows), *shape))
    changed = (codes != seen.codes[rows]).reshape(len(rows), -1).any(axis=1)
    for number in np.flatnonzero(changed | ~seen.ever[rows]).tolist():
        row, tile = int(rows[number]), data[number if len(data) > 1 else 0]
        if seen.ever[row]:
            _changes(machine, op, seen.codes[row], codes[number], row)
        else:
            _whole(machine, op, "", tile, row)
    seen.codes[rows], seen.ever[rows] = codes, True


def _whole(machine: Machine, op: Shows, part: str, tile: Array, row: int) -> None:
    """Says what a tile is, up to the limit."""
    few = tile.reshape(-1)[: op.limit]
    shown = texts(op.a.dtype, few, op.format)
    kind = replace(op.a.tile, shape=tile.shape) if part else op.a.tile
    head = f"{op.a.name}{part}: {kind}"
    if tile.size <= op.limit:
        rows = grid(shown, tile.shape)
    else:
        rows = f"{grid(shown, few.shape)} and {tile.size - op.limit} more"
    _say(machine, op, row, head, f" =\n{rows}")


def _changes(machine: Machine, op: Watch, before: Array, now: Array, row: int) -> None:
    """Says which elements of a tile are others than before, given the codes."""
    kind, differs = op.a.dtype, before != now
    places = np.argwhere(differs)[: op.limit].tolist()
    old, new = (
        texts(kind, kind.decode(codes[differs][: op.limit]), op.format) for codes in (before, now)
    )
    listed = [f"\n{at}: {a} -> {b}" for at, a, b in zip(places, old, new, strict=True)]
    more = int(differs.sum()) - len(places)
    if more:
        listed.append(f"\nand {more} more")
    _say(machine, op, row, f"{op.a.name}: {op.a.tile}", " changes" + "".join(listed))


def _say(machine: Machine, op: Shows, row: int, what: str, rest: str) -> None:
    block = int(machine.root.blocks[row])
    ids = named(machine.launch.kernel, machine.launch.grid, block)
    where = f" [{ids}]" if ids else ""
    label = f"{op.label}: " if op.label else ""
    machine.said.say(row, f"{label}{what}{where}{rest}")
