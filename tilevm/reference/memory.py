"""Buffers: what their elements hold, and which thread blocks touched them.

Block by block would hide that the result depends on their order; so every element knows who wrote
and who read it, and two blocks that meet there are an error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from tilevm.diagnostics import error
from tilevm.dtypes import DType
from tilevm.ir import Op
from tilevm.reference.numbers import Number, python
from tilevm.reference.ops import Index, Tile, indices


@dataclass
class Memory:
    """A buffer: what its elements hold, if anything, and which blocks wrote and read them."""

    name: str
    dtype: DType
    extents: Index
    values: Tile = field(default_factory=dict)
    writer: dict[Index, Index] = field(default_factory=dict)
    readers: dict[Index, set[Index]] = field(default_factory=dict)
    updaters: dict[Index, set[Index]] = field(default_factory=dict)
    arriving: dict[Index, int] = field(default_factory=dict)  # the group that copies to it
    leaving: dict[Index, int] = field(default_factory=dict)  # the group that copies from it

    def has(self, at: Index) -> bool:
        """Whether the element is inside."""
        return all(0 <= n < extent for n, extent in zip(at, self.extents, strict=True))

    def defined(self, places: Iterable[Index]) -> None:
        """Refuses elements that are undefined: TV0405."""
        for at in places:
            if at not in self.values:
                raise error("TV0405", f"`{self.name}{list(at)}` was never written")

    def read(self, at: Index, block: Index) -> Number:
        """An element, which must be defined: TV0406 if another block wrote or updated it."""
        self.alone(at, block, {self.writer.get(at, block), *self.updaters.get(at, ())})
        self.readers.setdefault(at, set()).add(block)
        return self.values[at]

    def write(self, at: Index, value: Number, block: Index) -> None:
        """Writes an element: TV0406 if another block touched it."""
        others = {*self.readers.get(at, ()), *self.updaters.get(at, ())}
        self.alone(at, block, {self.writer.get(at, block), *others})
        self.writer[at] = block
        self.values[at] = value

    def update(self, at: Index, law: Callable[[Number], Number], block: Index) -> Number:
        """Writes ``law(x)`` in place of x, and gives x: blocks that all do so may meet.

        TV0406 if another block read or wrote it otherwise.
        """
        self.alone(at, block, {self.writer.get(at, block), *self.readers.get(at, ())})
        self.updaters.setdefault(at, set()).add(block)
        before = self.values[at]
        self.values[at] = law(before)
        return before

    def alone(self, at: Index, block: Index, others: set[Index]) -> None:
        """Refuses what another block has touched."""
        for other in sorted(others - {block}):
            what = f"blocks {list(other)} and {list(block)} both touch `{self.name}{list(at)}`"
            raise error("TV0406", f"{what}, and one of them writes it")

    def all(self) -> Any:
        """All elements as nested lists of Python numbers; TV0405 if one is undefined."""
        self.defined(indices(self.extents))
        return nested(self.values, self.extents, ())


def nested(values: Tile, shape: Index, at: Index) -> Any:
    if len(at) == len(shape):
        return python(values[at])
    return [nested(values, shape, (*at, n)) for n in range(shape[len(at)])]


@dataclass
class Copies:
    """How far a thread block has come with its asynchronous copies, in numbers of groups.

    `committed` are closed, `arrived` are covered by a `wait`, `visible` by a `barrier` too.
    """

    committed: int = 0
    arrived: int = 0
    visible: int = 0
    started: list[tuple[int, Op]] = field(default_factory=list)

    def settle(self, at: Index, groups: dict[Index, int], code: str) -> None:
        """Refuses to touch an element that is being copied."""
        if groups.get(at, 0) > self.visible:
            raise error(code, f"element {list(at)} is being copied")

    def end(self) -> None:
        """The block is done: TV0434 if no `wait` covers a copy."""
        for group, op in self.started:
            if group > self.arrived:
                raise op.reject("TV0434", "no `wait` covers this copy")
