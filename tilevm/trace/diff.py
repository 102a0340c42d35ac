"""The first difference of two traces: op, thread block, round, element.

Steps belong together that give the value of one name (or touch the same place), in one thread
block, at one value of the loop variables, for the n-th time.  So traces of other chunk sizes, or of
a program before and after a pass, can be compared; steps that only one of them has do not count,
and neither do types: numbers are compared.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tilevm.trace.record import Step

Key = tuple[Any, ...]


@dataclass(frozen=True)
class Difference:
    """The first place where two traces differ, in the order of the first.

    `element` and the two values are None where a shape or place differs: `what` says it.
    """

    step: Step
    block: int
    loops: dict[str, int]
    element: tuple[int, ...] | None
    first: Any
    second: Any
    what: str
    count: int  # elements of this tile that differ

    def __str__(self) -> str:
        if self.step.op == "result":
            where = f"result `{self.step.name}`"
        else:
            rounds = "".join(f", {name} = {value}" for name, value in self.loops.items())
            line = f" in line {self.step.line}" if self.step.line is not None else ""
            where = f"`{self.step.op}` of `{self.step.name}`{line}, block {self.block}{rounds}"
        if self.element is None:
            return f"{where}: {self.what}"
        more = f" ({self.count} elements differ)" if self.count > 1 else ""
        return f"{where}, element {list(self.element)}: {self.first} and {self.second}{more}"


@dataclass(frozen=True)
class Compared:
    """What a comparison found: `both` steps by thread block were in both traces."""

    difference: Difference | None
    both: int
    only_first: int
    only_second: int


def first_difference(first: Sequence[Step], second: Sequence[Step]) -> Compared:
    """Compares two traces."""
    there = dict(_keyed(second))
    both = only = 0
    found: Difference | None = None
    for key, (step, row) in _keyed(first):
        other = there.pop(key, None)
        if other is None:
            only += 1
            continue
        both += 1
        if found is None:
            found = _differs(step, row, *other)
    return Compared(found, both, only, len(there))


def _keyed(steps: Sequence[Step]) -> Iterator[tuple[Key, tuple[Step, int]]]:
    seen: Counter[Key] = Counter()
    for step in steps:
        columns = [values.tolist() for values in step.loops.values()]
        for row, block in enumerate(step.blocks.tolist()):
            rounds = tuple(zip(step.loops, (column[row] for column in columns), strict=True))
            kind = step.op if step.data is None or step.op == "result" else ""
            key = (kind, step.name, block, rounds)
            seen[key] += 1
            yield (*key, seen[key]), (step, row)


def _differs(step: Step, row: int, other: Step, there: int) -> Difference | None:
    block = int(step.blocks[row])
    loops = {name: int(values[row]) for name, values in step.loops.items()}

    def said(what: str) -> Difference:
        return Difference(step, block, loops, None, None, None, what, 0)

    for name, values in step.at.items():
        if name in other.at and values[row].tolist() != other.at[name][there].tolist():
            return said(f"at {values[row].tolist()} and {other.at[name][there].tolist()}")
    if step.data is None or other.data is None:
        return None
    a, b = _row(step.data, row), _row(other.data, there)
    if a.shape != b.shape:
        return said(f"{step.type} and {other.type}")
    unequal = ~_same(a, b)
    if not unequal.any():
        return None
    at = tuple(int(i) for i in np.argwhere(unequal)[0])
    return Difference(step, block, loops, at, a[at].item(), b[at].item(), "", int(unequal.sum()))


def _row(data: Any, number: int) -> Any:
    return data[number if len(data) > 1 else 0]


def _same(a: Any, b: Any) -> Any:
    """Element by element: equal numbers with equal signs of zeros, or NaN both."""
    same = a == b
    if a.dtype.kind == "f" and b.dtype.kind == "f":
        same = (same & (np.signbit(a) == np.signbit(b))) | (np.isnan(a) & np.isnan(b))
    return np.asarray(same)
