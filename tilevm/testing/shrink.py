"""A program that two ways compute differently, made small: delta debugging on its statements.

Hypothesis shrinks the choices that made a program; here the program itself is taken apart, by
`tilevm.testing.edits`, greedily, as long as the same difference stays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np

from tilevm.diagnostics import TileError
from tilevm.ir import Call, Kernel, Op, RegionOp, TileType, Value, While, verify
from tilevm.ir.ops import Full, Load
from tilevm.passes import transform
from tilevm.testing import edits
from tilevm.testing.oracles import reports
from tilevm.text import parse
from tilevm.vm import Event, bind, run

Arguments = Mapping[str, Any]
Fails = Callable[[Kernel, Arguments], bool]


@dataclass(frozen=True)
class Case:
    """A kernel and its arguments."""

    kernel: Kernel
    arguments: Arguments

    @property
    def size(self) -> tuple[int, int, int]:
        """What is to be small: statements, characters, elements that are not 0."""
        given = (self.arguments[p.name] for p in self.kernel.params if p.name in self.arguments)
        numbers = sum(int(np.count_nonzero(array)) for array in given)
        return len(edits.statements(self.kernel)), len(str(self.kernel)), numbers


def shrunk(
    kernel: Kernel, arguments: Arguments, fails: Fails, *, tries: int, stops: bool = False
) -> Case:
    """A smaller case that `fails` too, after at most so many tries.

    It is well-formed, can be written to a file and read again, and a checked run finds nothing in
    it that it did not find before.  `stops`: what fails is the run itself, so that a statement may
    matter though nobody reads its result.
    """
    search = _Search(Case(kernel, arguments), fails, tries, stops)
    try:
        search.run()
    except _Enough:
        pass
    return search.best


class _Enough(Exception):
    """All tries are made."""


class _Search:
    def __init__(self, case: Case, fails: Fails, tries: int, stops: bool) -> None:
        self.best, self.fails, self.tries, self.stops = case, fails, tries, stops
        self.found = reports(case.kernel, case.arguments)
        self.readable = _readable(str(case.kernel))
        self.seen = {str(case.kernel)}

    def run(self) -> None:
        """All steps, until none helps any more."""
        inlined = self.made(transform, "inline")
        if inlined is not None:
            self.take(inlined, grows=True)
        steps = (self.around, self.aim, self.halve, self.unwrap, self.slim, self.cut, self.skip)
        before = None
        while before != self.best.size:
            before = self.best.size
            for step in steps:
                step()
        self.zeros()

    def made(
        self, edit: Callable[..., Kernel], *how: Any, more: Arguments | None = None
    ) -> Case | None:
        """What an edit makes of the kernel; None if that was seen, or is no program."""
        try:
            kernel = edits.swept(edit(self.best.kernel, *how), self.stops)
            verify(kernel)
        except TileError:
            return None
        text = str(kernel)
        if text in self.seen:
            return None
        self.seen.add(text)
        given = {**self.best.arguments, **(more or {})}
        return Case(kernel, {p.name: given[p.name] for p in kernel.params if p.name in given})

    def propose(
        self, edit: Callable[..., Kernel], *how: Any, more: Arguments | None = None
    ) -> bool:
        """Takes what an edit makes of the kernel, if it is smaller and fails too."""
        case = self.made(edit, *how, more=more)
        return case is not None and self.take(case)

    def take(self, case: Case, grows: bool = False) -> bool:
        """Takes a case, if it is smaller and fails too."""
        if not grows and case.size >= self.best.size:
            return False
        if self.tries <= 0:
            raise _Enough
        self.tries -= 1
        if self.readable and not _readable(str(case.kernel)):
            return False
        if not self.fails(case.kernel, case.arguments):
            return False
        if not reports(case.kernel, case.arguments) <= self.found:
            return False
        self.best = case
        return True

    def each(self, proposals: Callable[[Op], Iterator[bool]]) -> None:
        """Proposes what can be done to each statement, from the last to the first."""
        at = len(edits.statements(self.best.kernel))
        while at := min(at, len(edits.statements(self.best.kernel))):
            at -= 1
            any(proposals(edits.statements(self.best.kernel)[at]))  # up to the first that is taken

    # --- steps

    def aim(self) -> None:
        """One statement alone: its operands are loaded, its result is all that is stored."""
        seen, grid = _values(self.best)
        found: list[Case] = []
        for op in edits.statements(self.best.kernel):
            operands = dict.fromkeys(each for each in op.operands if each in seen)
            cuts = [edits.Cut(each, seen[each]) for each in operands]
            for number, value in enumerate(op.results):
                if isinstance(value.type, TileType) and not isinstance(op, Load | Full):
                    found += self.loaded(cuts, edits.Aim(op, number, grid))
        any(self.take(case) for case in sorted(found, key=lambda case: case.size))

    def loaded(self, cuts: Sequence[edits.Cut], aim: edits.Aim | None = None) -> list[Case]:
        try:
            kernel, arrays = edits.loaded(self.best.kernel, cuts, aim)
        except TileError:
            return []
        case = self.made(lambda _: kernel, more=arrays)
        return [] if case is None else [case]

    def halve(self) -> None:
        """Statements in a row go, and zeros take the place of their results."""
        length = len(edits.statements(self.best.kernel))
        while length := length // 2:
            at = len(edits.statements(self.best.kernel))
            while at > 0:
                gone = edits.statements(self.best.kernel)[max(0, at - length) : at]
                self.propose(edits.without, gone)
                at = min(at - length, len(edits.statements(self.best.kernel)))

    def unwrap(self) -> None:
        """A loop runs once, a branch always, a function stands where it is called."""

        def proposals(op: Op) -> Iterator[bool]:
            for number in range(1 if isinstance(op, Call) else len(op.blocks)):
                yield self.propose(edits.unwrapped, op, number)

        self.each(proposals)

    def slim(self) -> None:
        """A loop or branch hands on one tile less."""

        def proposals(op: Op) -> Iterator[bool]:
            if isinstance(op, RegionOp):
                for number in range(len(op.results)):
                    if not (isinstance(op, While) and number == op.number):
                        yield self.propose(edits.slimmer, op, number)

        self.each(proposals)

    def cut(self) -> None:
        """One tile is loaded, and not computed."""

        def proposals(op: Op) -> Iterator[bool]:
            if not isinstance(op, Load | Full):
                seen, _ = _values(self.best)
                cuts = [edits.Cut(value, seen[value]) for value in op.results if value in seen]
                yield from map(self.take, self.loaded(cuts) if cuts else [])

        self.each(proposals)

    def skip(self) -> None:
        """An operand takes the place of the result."""

        def proposals(op: Op) -> Iterator[bool]:
            if not op.blocks and len(op.results) == 1:
                for number, operand in enumerate(op.operands):
                    if operand.type == op.out.type:
                        yield self.propose(edits.passed_on, op, number)

        self.each(proposals)

    def around(self) -> None:
        """Fewer buffers, numbers for symbols, a smaller grid, no layouts."""
        for param in self.best.kernel.params:
            if param in self.best.kernel.params:
                self.propose(edits.without_param, param)
        symbols = bind(self.best.kernel, self.best.arguments).symbols
        self.propose(edits.bound, symbols)
        for number in reversed(range(len(self.best.kernel.grid))):
            self.propose(edits.without_grid, number)
        if edits.layouts(self.best.kernel):
            self.propose(edits.plain)
        for number in reversed(range(edits.layouts(self.best.kernel))):
            self.propose(edits.plain, number)

    def zeros(self) -> None:
        """Arguments that are 0 everywhere."""
        for name, array in self.best.arguments.items():
            zero = {**self.best.arguments, name: np.zeros_like(array)}
            self.take(Case(self.best.kernel, zero))


def _readable(text: str) -> bool:
    try:
        parse(text)
    except TileError:
        return False
    return True


def _values(case: Case) -> tuple[dict[Value, Any], tuple[int, ...]]:
    """What the machine computes for each tile, the last time: [*grid, *shape]; the grid."""
    launch = bind(case.kernel, case.arguments)
    found: dict[Value, Any] = {}

    def note(event: Event) -> None:
        if isinstance(event.value.type, TileType):
            if event.value not in found:
                shape = (launch.blocks, *event.data.shape[1:])
                found[event.value] = np.broadcast_to(event.data[:1], shape).copy()
            found[event.value][event.blocks] = event.data

    with suppress(Exception):  # it may be the machine that fails
        run(case.kernel, case.arguments, observe=note, output=lambda line: None)
    return {
        value: data.reshape((*launch.grid, *data.shape[1:])) for value, data in found.items()
    }, launch.grid
