"""Control flow: what the statements that hold statements do with a group of thread blocks.

Where blocks go different ways the group splits, and the results are joined behind the statement.
Blocks that have returned (`Machine.gone`) take no part in what follows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from tilevm.diagnostics import TileError
from tilevm.ir import For, If, RegionOp, Value, While
from tilevm.vm.buffer import Array
from tilevm.vm.group import Group

if TYPE_CHECKING:
    from tilevm.vm.machine import Machine

Control = Callable[["Machine", Any, Group], None]
AnyControl = TypeVar("AnyControl", bound=Control)

CONTROL: dict[type[Any], Control] = {}


def runs(kind: type[RegionOp]) -> Callable[[AnyControl], AnyControl]:
    """Makes a function what a statement does."""

    def register(control: AnyControl) -> AnyControl:
        CONTROL[kind] = control
        return control

    return register


@runs(For)
def loop(machine: Machine, op: For, group: Group) -> None:
    """Runs a loop; blocks may make different numbers of rounds."""
    step = machine.index(op.step, group, op)
    if step.low < 1:
        message = f"the step of the loop is {step.low}, it must be at least 1"
        raise op.reject("TV0215", message)
    lo, hi = machine.index(op.lo, group, op), machine.index(op.hi, group, op)
    if hi.high - lo.low >= 1 << 63:  # but perhaps these are bounds of different blocks
        first, last = (np.asarray(bound.values, object) for bound in (lo, hi))
        longest = int(np.max(last - first))
        if longest >= 1 << 63:
            raise op.reject("TV0415", f"a range of {longest} is more than 64 bits count")
    forward = np.greater(hi.values, lo.values)
    span = np.zeros(forward.shape, np.int64)
    np.subtract(hi.values, lo.values, out=span, where=forward)  # backward it may not fit
    counts = np.asarray(-(-span // step.values))
    if counts.ndim and not (counts == counts[0]).all():
        machine.finish(op, group, uneven(machine, op, group, counts))
    else:
        carried = [group.data(value) for value in op.inits]
        count = int(counts.flat[0])
        machine.finish(op, group, rounds(machine, op, range(count), group, carried))


def uneven(machine: Machine, op: For, group: Group, counts: Array) -> list[Array]:
    """Runs a loop all blocks at once; a block leaves when its rounds are done."""
    joined = room(op, group)
    carried = [group.data(value) for value in op.inits]
    done = 0
    for count in np.unique(counts).tolist():
        pick = np.flatnonzero(counts >= count)
        carried = rounds(machine, op, range(done, count), group.part(pick), carried)
        leaves = counts[pick] == count
        for whole, piece in zip(joined, carried, strict=True):
            whole[pick[leaves]] = piece if len(piece) == 1 else piece[leaves]
        carried = [piece if len(piece) == 1 else piece[~leaves] for piece in carried]
        done = count
    return joined


def rounds(
    machine: Machine, op: For, numbers: range, group: Group, carried: list[Any]
) -> list[Any]:
    """Runs the body for these rounds, in one group; returns the carried values."""
    lo, step = group.index(op.lo).values, group.index(op.step).values
    for number in numbers:
        here = machine.here(group) if op.may_return else None
        if here is not None:
            follow = partial(rounds, machine, op, range(number, numbers.stop))
            return go_on(group, here, carried, follow)
        inner = group.inner()
        inner.loops = (*group.loops, op.var)
        inner.indices[op.var] = lo + number * step
        inner.known.update(zip(op.params, carried, strict=True))
        following = machine.block(op.body, inner)
        carried = carried if op.body.leaves else following
    return carried


def go_on(
    group: Group,
    here: Array,
    values: list[Any],
    run: Callable[[Group, list[Any]], list[Any]],
) -> list[Any]:
    """What `run` makes of the values, in the thread blocks at the positions `here` alone."""
    if not len(here):
        return values
    own = [value if len(value) == 1 else value[here] for value in values]
    joined = []
    for value, piece in zip(values, run(group.part(here), own), strict=True):
        whole = np.zeros((len(group.blocks), *piece.shape[1:]), piece.dtype)
        whole[...] = value
        whole[here] = piece
        joined.append(whole)
    return joined


def nothing(values: Sequence[Value], group: Group) -> list[Any]:
    """Zeros in place of values that nobody will read."""
    shapes = [(len(group.blocks), *value.tile.shape) for value in values]
    return [np.zeros(s, v.dtype.carrier) for s, v in zip(shapes, values, strict=True)]


@runs(While)
def repeat(machine: Machine, op: While, group: Group) -> None:
    """Runs a loop on a condition: a thread block leaves when its own is 0."""
    limit = machine.index(op.fuel, group, op)
    if limit.low < 0:
        raise op.reject("TV0244", f"the `fuel` of the loop is {limit.low}, it must be at least 0")
    fuel = limit.values
    carried = [group.data(value) for value in op.inits]
    active, part, number = np.arange(len(group.blocks)), group, 0
    joined: list[Array] | None = None
    while True:
        going = np.broadcast_to(carried[op.number].reshape(-1) != 0, len(active))
        if op.may_return:
            going = going & ~machine.gone[part.rows]
        if not going.all():
            if joined is None and not going.any():
                return machine.finish(op, group, carried)  # all at once: as they are
            joined = room(op, group) if joined is None else joined
            for whole, piece in zip(joined, carried, strict=True):
                whole[active[~going]] = piece if len(piece) == 1 else piece[~going]
            active = active[going]
            carried = [piece if len(piece) == 1 else piece[going] for piece in carried]
            if not len(active):
                return machine.finish(op, group, joined)
            part = group.part(active)
        over = np.broadcast_to(np.less_equal(fuel, number), len(group.blocks))[active]
        if over.any():
            message = f"the loop has made {number} rounds, and would go on"
            hint = "that is all its `fuel`: give it more, or mend how it ends"
            block = int(part.blocks[np.argmax(over)])
            raise machine.located(op, "TV0464", message, block, group, hint)
        inner = part.inner()
        inner.known.update(zip(op.params, carried, strict=True))
        following = machine.block(op.body, inner)
        carried = carried if op.body.leaves else following
        number += 1


@runs(If)
def branch(machine: Machine, op: If, group: Group) -> None:
    """Runs one branch, or each for its part of the blocks."""
    if isinstance(op.cond, Value):
        taken = np.asarray(group.data(op.cond)).reshape(-1) != 0
    else:
        try:
            taken = np.atleast_1d(op.cond.evaluate(group))
        except TileError as problem:
            raise op.placed(problem) from None
    if taken.all() or not taken.any():
        machine.finish(op, group, arm(machine, op, group.inner(), taken[0]))
    else:
        machine.finish(op, group, split(machine, op, group, taken))


def arm(machine: Machine, op: If, group: Group, taken: np.bool) -> list[Any]:
    """Runs a branch of an `if`."""
    block = op.then if taken else op.orelse
    found = machine.block(block, group)
    return nothing(op.results, group) if block.leaves else found


def split(machine: Machine, op: If, group: Group, taken: Array) -> list[Array]:
    """Runs each branch for its part of the blocks, then joins what they yield."""
    joined = room(op, group)
    for one in np.unique(taken):
        pick = np.flatnonzero(taken == one)
        for whole, piece in zip(joined, arm(machine, op, group.part(pick), one), strict=True):
            whole[pick] = piece
    return joined


def room(op: RegionOp, group: Group) -> list[Array]:
    """Arrays for the results of blocks that part."""
    return nothing(op.results, group)
