"""Groups: thread blocks that run together, and the values and index symbols that they know."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from tilevm.ir import Access, Expr, Value
from tilevm.vm.buffer import Array, Buffer
from tilevm.vm.places import Index, Known, Regular, Scattered, Starting


class Scope(dict[Value, Any]):
    """The data of values by name, [blocks or 1, *shape], or the buffer.

    What it does not know itself, the scope around it does; `pick`: the blocks to take there.
    """

    __slots__ = ("outer", "pick")

    def __init__(self, outer: Scope | None = None, pick: Array | None = None) -> None:
        self.outer, self.pick = outer, pick

    def __missing__(self, value: Value) -> Any:
        assert self.outer is not None, value.name
        found = self.outer[value]
        if self.pick is not None:
            if not isinstance(found, Buffer) and found.shape[0] > 1:
                found = found[self.pick]
            self[value] = found
        return found


class Group(Mapping[str, Any]):
    """Blocks that run together; what it does not know itself, the group around it does.

    As a mapping it gives the index symbols: an int, or one int64 for each block.  `pick`: which of
    the outer group's blocks are in it; None: all of them.
    """

    def __init__(
        self, blocks: Array, rows: Array, outer: Group | None = None, pick: Array | None = None
    ) -> None:
        self.blocks, self.rows, self.outer, self.pick = blocks, rows, outer, pick
        self.known: Scope = Scope(None if outer is None else outer.known, pick)
        self.indices: dict[str, Any] = {}
        self.loops: tuple[str, ...] = () if outer is None else outer.loops
        self.numbers: dict[int, Index] = {}
        self.places: Known | None = None  # of accesses that are the same in the whole chunk
        self.row: Index | None = None

    def part(self, pick: Array) -> Group:
        """Some of its blocks, by their position."""
        return Group(self.blocks[pick], self.rows[pick], self, pick)

    def inner(self) -> Group:
        """All of its blocks, with room for names of an inner block."""
        return Group(self.blocks, self.rows, self)

    def data(self, value: Value) -> Any:
        """The data of a value [blocks or 1, *shape], or the buffer."""
        return self.known[value]

    def __getitem__(self, name: str) -> Any:
        if name in self.indices:
            return self.indices[name]
        assert self.outer is not None, name
        data = self.outer[name]
        if self.pick is not None and np.ndim(data):
            data = data[self.pick]
        return data

    def __iter__(self) -> Iterator[str]:
        return iter(self.indices)

    def __len__(self) -> int:
        return len(self.indices)

    def index(self, expr: Expr) -> Index:
        """An index expression in numbers; kept in the outermost group where it is the same."""
        group = self.home(expr.names)
        found = group.numbers.get(id(expr))
        if found is None:
            found = group.numbers[id(expr)] = Index.of(expr.evaluate(group))
        return found

    def place(self, access: Access, names: frozenset[str]) -> Regular | Starting | None:
        """The place of an access, if it is inside and known from the start; `names`: its own."""
        known = (self if self.outer is None else self.home(names)).places
        found = None if known is None else known.get(access)
        return None if isinstance(found, Scattered) else found

    def home(self, names: frozenset[str]) -> Group:
        """The outermost group of the same blocks in which these symbols are known."""
        group = self
        while group.outer is not None and group.pick is None and names.isdisjoint(group.indices):
            group = group.outer
        return group

    @property
    def copies(self) -> Index:
        """The copy of a shared buffer that each block has."""
        if self.row is None:
            same = self.outer if self.pick is None else None
            self.row = Index.of(self.rows) if same is None else same.copies
        return self.row
