"""The virtual machine: all thread blocks of a chunk at once, in NumPy.

A value is an array with a leading axis of blocks, of extent 1 while it is the same in all of them.
Where control flow differs between blocks, the group of blocks splits, and its results are joined.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import numpy as np

from tilevm.diagnostics import Label, TileError, error
from tilevm.dtypes import Trap
from tilevm.ir import Access, Block, Expr, Kernel, Op, Value
from tilevm.ir.ops import Quantize, Return
from tilevm.ir.ops.elementwise import Elementwise
from tilevm.vm.bind import Launch, bind
from tilevm.vm.buffer import UNDEFINED, Array, Buffer, Conflict, Form
from tilevm.vm.control import go_on, nothing
from tilevm.vm.debug import TELLS, Said
from tilevm.vm.flight import Copies, Flight
from tilevm.vm.group import Group
from tilevm.vm.memory import Part
from tilevm.vm.places import Index
from tilevm.vm.plan import Plan
from tilevm.vm.steps import steps
from tilevm.vm.watcher import Watcher
from tilevm.vm.whereabouts import others, there, where

if TYPE_CHECKING:
    from tilevm.vm.check import Checker

CHUNK_BYTES = 8 * 2**20  # live bytes of one chunk of blocks: the middle of what measured best


@dataclass(frozen=True)
class Event:
    """A value as it is computed: for which blocks, at which values of the loop variables."""

    value: Value
    blocks: Array  # block numbers, int64 [blocks]
    loops: Mapping[str, Any]  # loop variable -> int, or int64 [blocks]
    data: Array  # [blocks or 1, *shape]


Observer = Callable[[Event], None]


def run(
    kernel: Kernel,
    arguments: Mapping[str, Any] | None = None,
    /,
    *,
    check: bool = False,
    chunk_bytes: int = CHUNK_BYTES,
    observe: Observer | None = None,
    output: Callable[[str], None] | None = None,
    watch: Watcher | None = None,
    **named: Any,
) -> dict[str, Array]:
    """Runs a kernel; returns every buffer that it stores to, as values.

    Arguments are arrays of values for the buffers (by name, or in `arguments`), and integers for
    shape symbols that follow from no array.  They are never changed.  `check` looks for races,
    overflow and more while it runs (docs/sanitizer.md); `chunk_bytes` bounds the memory for tiles;
    `observe` is called with every value computed; `output` takes the lines of `print`; `watch` is
    told of every op before and after it runs.  Raises TileError for whatever is wrong in the
    arguments, or during the run.
    """
    launch = bind(kernel, {**(arguments or {}), **named})
    return execute(
        launch,
        check=check,
        chunk_bytes=chunk_bytes,
        observe=observe,
        output=output,
        watch=watch,
    )


def execute(
    launch: Launch,
    *,
    check: bool = False,
    chunk_bytes: int = CHUNK_BYTES,
    observe: Observer | None = None,
    output: Callable[[str], None] | None = None,
    watch: Watcher | None = None,
) -> dict[str, Array]:
    """Runs a bound launch; see `run`."""
    kernel = launch.kernel
    plan = Plan.of(launch, chunk_bytes)
    guarded = check or not plan.settled
    try:
        buffers = plan.buffers(launch, check)
    except MemoryError:
        raise error("TV0414", f"the buffers of `{kernel.name}` do not fit into memory") from None

    def through(checker: Checker | None) -> dict[str, Array]:
        for chunk in plan.chunks(launch):
            root = chunk.group(buffers)
            machine = Machine(launch, root, observe, output, checker, watch, guarded)
            try:
                machine.block(kernel.body, root)
                if machine.copies is not None:
                    machine.landed(machine.copies)
            finally:
                machine.said.end()
        if checker is not None:
            checker.finish(buffers)
        return {param.name: _result(param, buffers[param]) for param in kernel.outputs}

    if check:
        from tilevm.vm.check import Checker  # the runs that are not checked need none of it

        with Checker(launch) as checker:
            found = through(checker)
    else:
        found = through(None)
    plan.settled = plan.settled or plan.fixed
    return found


def _print(line: str) -> None:
    print(line, file=sys.stdout)  # the one of now


def _result(param: Value, buffer: Buffer) -> Array:
    if buffer.writer is not None and int(buffer.writer.min()) == UNDEFINED:
        unset = buffer.writer == UNDEFINED
        at = [int(i) for i in np.unravel_index(int(np.argmax(unset)), buffer.extents)]
        labels = [Label(param.span, "this buffer was not passed in")] if param.span else []
        raise error(
            "TV0405",
            f"`{buffer.name}{at}` was never written ({int(unset.sum())} of {unset.size} elements)",
            *labels,
            help=f"store to all of it, or pass initial values: `{buffer.zeros}`",
        )
    return buffer.values.reshape(buffer.extents)


class Machine:
    """Runs the blocks of one chunk."""

    def __init__(
        self,
        launch: Launch,
        root: Group,
        observe: Observer | None,
        output: Callable[[str], None] | None,
        checker: Checker | None,
        watch: Watcher | None,
        guarded: bool,
    ) -> None:
        self.launch, self.observe, self.checker = launch, observe, checker
        self.watch, self.guarded = watch, guarded
        self.steps = steps(launch.kernel, checker is None and observe is None and watch is None)
        self.root = root
        self.said = Said(output or _print, len(root.blocks))
        self.copies = Copies(len(root.blocks)) if self.steps.copies else None
        if checker is not None:
            checker.begin(root)

    @cached_property
    def gone(self) -> Array:
        """Which blocks of the chunk have returned."""
        return np.zeros(len(self.root.blocks), bool)

    def block(self, block: Block, group: Group, first: int = 0) -> list[Any]:
        """Runs the ops of a block, from the `first` on; returns what it yields."""
        watch = self.watch
        for number, (op, step, leaves) in enumerate(self.steps[block][first:], first):
            if watch is not None:
                watch.before(op, group)
            try:
                step(self, group)
            except (Conflict, Trap, MemoryError) as problem:
                raise self.stopped(op, group, problem) from None
            here = self.here(group) if leaves else None
            if here is not None:
                return self.left(block, number, group, here)
            if watch is not None:
                watch.after(op, group)
        known = group.known
        return [known[value] for value in block.yields]

    def left(self, block: Block, number: int, group: Group, here: Array) -> list[Any]:
        """What a block yields where an op has let all but the thread blocks `here` return."""
        op, watch = block.ops[number], self.watch
        if isinstance(op, Return):
            if watch is not None:
                watch.after(op, group)
            return []
        if watch is not None and len(here):
            watch.after(op, group.part(here))
        rest = nothing(block.yields, group)
        return go_on(group, here, rest, partial(self.follow, block, number + 1))

    def follow(self, block: Block, first: int, group: Group, values: list[Any]) -> list[Any]:
        """As `block`, for those thread blocks that are still here."""
        return self.block(block, group, first)

    def here(self, group: Group) -> Array | None:
        """The positions of the thread blocks that have not returned; None if they are all here."""
        gone = self.gone[group.rows]
        return np.flatnonzero(~gone) if gone.any() else None

    def stopped(self, op: Op, group: Group, problem: Exception) -> TileError:
        """The error for what an op cannot do."""
        if isinstance(problem, Conflict):
            block, other = problem.block, problem.other
            notes = [] if other is None else others(self.launch, (block, other))
            return self.located(
                op, problem.code, problem.message, block, group, problem.help, notes
            )
        if isinstance(problem, Trap):
            return self.trapped(op, group, problem)
        message = f"`{op.name}` does not fit into memory"
        return self.located(op, "TV0414", message, int(group.blocks[0]), group)

    def trapped(self, op: Op, group: Group, problem: Trap) -> TileError:
        """The error for an element that an op does not take, with what its operands hold there."""
        number, *place = problem.index or (0,)
        row = number if number < len(group.blocks) else 0
        message = problem.message + (f", at element {place}" if place else "")
        told = op.operands if isinstance(op, Elementwise | Quantize) else ()
        notes = [there(group, row, tuple(place), told)] if told else []
        return self.located(op, "TV0407", message, int(group.blocks[row]), group, notes=notes)

    def checked(self, op: Op, arguments: list[Any], group: Group) -> Any:
        """What an op makes of its arguments, where somebody looks on."""
        if self.checker is None:
            return op.run(*arguments)
        return self.checker.step(op, arguments, group)

    def shared(self, out: Value, form: Form) -> Buffer:
        """A shared buffer, with a copy for each block of the chunk."""
        copies = len(self.root.blocks)
        buffer = Buffer(form, form.zeros(copies))
        if self.guarded:
            buffer.track(UNDEFINED, copies)
            touched = self.launch.kernel.touched
            buffer.follow(*(out in touched(how) for how in ("arrives", "leaves")))
        return buffer

    def part(self, access: Access, group: Group, op: Op) -> Part:
        """The part of a buffer that an access touches."""
        part = Part(op, access, group)
        if self.copies is not None:
            part.flight = self.flight(op, group)
        return part if self.checker is None else self.checker.part(part, op, group)

    def flight(self, op: Op, group: Group) -> Flight | None:
        """The asynchronous copies of the blocks of a group, if the kernel has any."""
        return None if self.copies is None else Flight(self.copies, group.rows, op)

    def landed(self, copies: Copies) -> None:
        """The blocks are done; TV0434 if a copy may still be under way."""
        late = copies.late()
        if late:
            op, row = late
            message = "the block ends with this copy under way: no `wait` covers it"
            hint = "put `commit` and `wait` behind it"
            raise self.located(op, "TV0434", message, int(self.root.blocks[row]), None, hint)

    def index(self, expr: Expr, group: Group, op: Op) -> Index:
        """An index expression in numbers; an error without a place gets the op's."""
        try:
            return group.index(expr)
        except TileError as problem:
            raise op.placed(problem) from None

    def tell(self, op: Op, group: Group) -> None:
        """Tells the observer of the results of an op, if there is one."""
        if self.observe is not None and op.results and type(op) not in TELLS:
            loops = {name: group[name] for name in group.loops}
            for value in op.results:
                self.observe(Event(value, group.blocks, loops, group.data(value)))

    def finish(self, op: Op, group: Group, results: Sequence[Any]) -> None:
        """Hands the results of a statement to those behind it."""
        group.known.update(zip(op.results, results, strict=True))
        self.tell(op, group)

    # --- for people

    def located(
        self,
        op: Op,
        code: str,
        message: str,
        block: int,
        group: Group | None,
        help: str | None = None,
        notes: Sequence[str] = (),
    ) -> TileError:
        """An error at an op, which names the thread block and the round."""
        first = op.reject(code, message, "at", help=help).diagnostics[0]
        said = where(self.launch, block, group)
        return error(code, message, *first.labels, help=help, notes=[*notes, *first.notes, *said])
