"""Statements made ready to run: what an op takes, calls and gives is looked up once for a kernel.

A `Step` does all that a statement does in a group of thread blocks.  A run that somebody watches,
checks or observes has steps of its own: the others need not ask whether anybody does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from tilevm.ir import Access, Block, BufferType, Kernel, Op, RegionOp, Value
from tilevm.ir.ops import AllocShared, Load, Return, Store
from tilevm.vm.buffer import Buffer, Form
from tilevm.vm.control import CONTROL
from tilevm.vm.debug import TELLS
from tilevm.vm.group import Group
from tilevm.vm.memo import Memo
from tilevm.vm.memory import Part
from tilevm.vm.pairs import pairs

if TYPE_CHECKING:
    from tilevm.vm.machine import Machine

Step = Callable[["Machine", Group], None]
Take = Callable[["Machine", Group], Any]  # gives one argument of `Op.run`


class Ready(NamedTuple):
    """A statement and its step; `leaves`: whether thread blocks may return in it."""

    op: Op
    step: Step
    leaves: bool


class Steps:
    """The steps of the blocks of a kernel, each made when it is first run.

    `alone`: nobody watches, checks or observes the run.
    """

    def __init__(self, kernel: Kernel, alone: bool) -> None:
        self.runs: Mapping[Op, Callable[..., Any]] = pairs(kernel) if alone else {}
        self.alone = alone
        self.copies = bool(kernel.touched("arrives"))  # whether any copy runs on its own
        self.plain = alone and not self.copies
        self._known: dict[Block, tuple[Ready, ...]] = {}

    def __getitem__(self, block: Block) -> tuple[Ready, ...]:
        found = self._known.get(block)
        if found is None:
            found = self._known[block] = tuple(map(self._ready, block.ops))
        return found

    def _ready(self, op: Op) -> Ready:
        if isinstance(op, RegionOp):
            return Ready(op, _control(op), op.may_return)
        if isinstance(op, Return):
            return Ready(op, _return, True)
        if isinstance(op, AllocShared):
            return Ready(op, _shared(op), False)
        if isinstance(op, Load) and self.plain and op.out.tile.size:
            return Ready(op, _load(op), False)
        if isinstance(op, Store) and self.plain and op.a.tile.size:
            return Ready(op, _store(op), False)
        return Ready(op, self._op(op), False)

    def _op(self, op: Op) -> Step:
        takes, give = _takes(op, _plain_part if self.plain else _part), _give(op)
        run = self.runs.get(op) or op.run
        if not self.alone:

            def told(machine: Machine, group: Group) -> None:
                arguments = [take(machine, group) for take in takes]
                give(machine, group, machine.checked(op, arguments, group))
                machine.tell(op, group)

            return told
        if type(op) in TELLS or len(op.results) != 1:

            def several(machine: Machine, group: Group) -> None:
                give(machine, group, run(*[take(machine, group) for take in takes]))

            return several
        return _one(op.out, run, takes)


_KNOWN: Memo[tuple[Steps, Steps]] = Memo()


def steps(kernel: Kernel, alone: bool) -> Steps:
    """The steps of a kernel, kept with it."""
    known = _KNOWN.get(kernel)
    if known is None:
        known = _KNOWN.keep(kernel, (Steps(kernel, False), Steps(kernel, True)))
    return known[alone]


# --- statements that are no `Op.run`


def _control(op: RegionOp) -> Step:
    control = CONTROL[type(op)]
    return lambda machine, group: control(machine, op, group)


def _return(machine: Machine, group: Group) -> None:
    machine.gone[group.rows] = True


def _shared(op: AllocShared) -> Step:
    out, kind = op.out, op.out.type
    assert isinstance(kind, BufferType)
    form = Form.of(out.name, kind.dtype, kind.extents, shared=True)

    def shared(machine: Machine, group: Group) -> None:
        group.known[out] = machine.shared(out, form)

    return shared


def _load(op: Load) -> Step:
    """Where the place is known, and nothing of it recorded, a load is a view."""
    access, out = op.at, op.out
    buffer, names = access.buffer, access.names

    def load(machine: Machine, group: Group) -> None:
        known = group.known
        found: Buffer = known[buffer]
        places = group.place(access, names)
        if places is None or found.writer is not None:
            known[out] = op.run(Part(op, access, group))
        else:
            known[out] = found.taken(places)

    return load


def _store(op: Store) -> Step:
    """As `_load`: a store is an assignment to a view."""
    access, tile = op.at, op.a
    buffer, names = access.buffer, access.names

    def store(machine: Machine, group: Group) -> None:
        known = group.known
        found: Buffer = known[buffer]
        places = group.place(access, names)
        if places is None or found.writer is not None:
            op.run(known[tile], Part(op, access, group))
        else:
            places.put(found.values, known[tile])

    return store


def _one(out: Value, run: Callable[..., Any], takes: list[Take]) -> Step:
    """The step that makes one tile; nearly all do, so it is written out for few arguments."""
    if len(takes) == 1:
        (only,) = takes

        def unary(machine: Machine, group: Group) -> None:
            group.known[out] = run(only(machine, group))

        return unary
    if len(takes) == 2:
        first, second = takes

        def binary(machine: Machine, group: Group) -> None:
            group.known[out] = run(first(machine, group), second(machine, group))

        return binary

    def any_number(machine: Machine, group: Group) -> None:
        group.known[out] = run(*[take(machine, group) for take in takes])

    return any_number


# --- what `Op.run` takes, and what becomes of its result


def _takes(op: Op, part: Callable[[Access, Op], Take]) -> list[Take]:
    """In field order: tiles, parts of buffers, values of index attributes."""
    found = [_flight(op)] if op.synchronises else []
    for role, value in op.takes:
        if role == "operand":
            found.append(_tile(value))
        elif role == "access":
            found.append(part(value, op))
        elif value is None:
            found.append(lambda machine, group: None)
        else:
            found.append(_index(value, op))
    return found


def _tile(value: Value) -> Take:
    return lambda machine, group: group.known[value]


def _part(access: Access, op: Op) -> Take:
    return lambda machine, group: machine.part(access, group, op)


def _plain_part(access: Access, op: Op) -> Take:
    return lambda machine, group: Part(op, access, group)


def _index(value: Any, op: Op) -> Take:
    return lambda machine, group: machine.index(value, group, op).values


def _flight(op: Op) -> Take:
    return lambda machine, group: machine.flight(op, group)


def _give(op: Op) -> Callable[[Machine, Group, Any], None]:
    tell, results = TELLS.get(type(op)), op.results
    if tell is not None:
        return lambda machine, group, result: tell(machine, op, result, group)
    if len(results) == 1:
        return lambda machine, group, result: group.known.__setitem__(results[0], result)
    if not results:
        return lambda machine, group, result: None
    return lambda machine, group, result: group.known.update(zip(results, result, strict=True))
