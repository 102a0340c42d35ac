"""A block: the statements between two braces."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tilevm.ir.loc import Loc
from tilevm.ir.value import Value

if TYPE_CHECKING:
    from tilevm.ir.op import Op


@dataclass(frozen=True, eq=False)
class Block:
    """Statements in order, and the values that they hand to the statement around them."""

    ops: tuple[Op, ...]
    yields: tuple[Value, ...] = ()
    yield_loc: Loc = Loc()

    @property
    def leaves(self) -> bool:
        """Whether it ends the thread block, by a `return`, and so hands on nothing."""
        return bool(self.ops) and self.ops[-1].name == "return"

    def walk(self) -> Iterator[Op]:
        """Every op in it, those of inner blocks after the op that holds them."""
        for op in self.ops:
            yield op
            for inner in op.blocks:
                yield from inner.walk()

    def uses(self) -> Counter[Value]:
        """How often each tile is an operand, or yielded, in it and in the blocks inside it."""
        found = Counter(self.yields)
        for op in self.walk():
            found.update(op.operands)
            for inner in op.blocks:
                found.update(inner.yields)
        return found
