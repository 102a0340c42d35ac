"""Statements that hold statements, and what everyone else asks of them.

The checker, the printer, passes and machines need not know which statement it is: its fields say.
A field that is a `Block` is a block inside it, an index expression or condition is computed before
the blocks run, a `Value` is read before they run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cache, cached_property
from typing import Any, ClassVar, Self

from tilevm.ir.block import Block
from tilevm.ir.fields import OpField
from tilevm.ir.index import Condition, Expr
from tilevm.ir.op import Op
from tilevm.ir.value import Value


@dataclass(frozen=True, kw_only=True, eq=False)
class RegionOp(Op, pure=False, codes=True):
    """A statement that holds statements; it has its own form in the text.

    Inside its blocks the index symbol `var` is known, unless it is "", and the tiles `params`: in
    the first round these are `inits`, later what the block yielded.
    """

    between: ClassVar[str] = "else"  # the word before the second block
    repeats: ClassVar[bool] = False  # whether a thread block may run a block more than once

    var: str = ""
    inits: tuple[Value, ...] = ()
    params: tuple[Value, ...] = ()

    @classmethod
    def fields(cls) -> tuple[OpField, ...]:
        return ()

    @property
    def header(self) -> str:
        """What is written before the first block, without the results."""
        raise NotImplementedError

    @property
    def carry(self) -> str:
        """The carried values as they are written, with a blank before; "" if there are none."""
        pairs = zip(self.params, self.inits, strict=True)
        listed = ", ".join(f"{param.name} = {init.name}" for param, init in pairs)
        return f" carry ({listed})" if listed else ""

    @property
    def operands(self) -> tuple[Value, ...]:
        own = (value for value in self._own().values() if isinstance(value, Value))
        return (*self.inits, *own)

    @property
    def blocks(self) -> tuple[Block, ...]:
        return tuple(value for value in self._own().values() if isinstance(value, Block))

    @property
    def exprs(self) -> tuple[Expr | Condition, ...]:
        """Its index expressions, which do not know `var`."""
        return tuple(v for v in self._own().values() if isinstance(v, Expr | Condition))

    @property
    def flows(self) -> Iterator[tuple[Value, Value]]:
        """Pairs (a, b): the tile a may be what the tile b is."""
        for block in self.blocks:
            if block.leaves:
                continue
            yield from zip(self.results, block.yields, strict=True)
            if self.params:
                yield from zip(self.params, block.yields, strict=True)
        yield from zip(self.params, self.inits, strict=True)
        if self.params:
            yield from zip(self.results, self.inits, strict=True)

    @property
    def matters(self) -> bool:
        return self.may_stop or any(op.matters for block in self.blocks for op in block.ops)

    @cached_property
    def may_return(self) -> bool:
        """Whether a `return` stands in it."""
        return any(op.name == "return" for block in self.blocks for op in block.walk())

    def with_blocks(self, *blocks: Block, **changes: Any) -> Self:
        """The same statement around other blocks, and with `changes` of its fields."""
        names = (name for name, value in self._own().items() if isinstance(value, Block))
        named = {"named": tuple(v.name for v in self.results)}
        return replace(self, **{**named, **dict(zip(names, blocks, strict=True)), **changes})

    def rebuilt(
        self,
        values: Mapping[Value, Value],
        indices: Mapping[str, Expr],
        params: tuple[Value, ...],
        blocks: Sequence[Block],
        named: tuple[str, ...],
    ) -> Self:
        """The same statement on other tiles and index symbols, around other blocks."""
        inner = iter(blocks)
        changes: dict[str, Any] = {}
        for name, old in self._own().items():
            if isinstance(old, Block):
                changes[name] = next(inner)
            elif isinstance(old, Expr | Condition):
                changes[name] = old.substitute(indices)
            elif isinstance(old, Value):
                changes[name] = values.get(old, old)
        inits = tuple(values.get(init, init) for init in self.inits)
        return replace(self, inits=inits, params=params, named=named, **changes)

    def _own(self) -> dict[str, Any]:
        """The fields that are its own, in order."""
        kind: Any = type(self)  # mypy: a class is hashable, whatever its instances are
        return {name: getattr(self, name) for name in _own_fields(kind)}


@cache
def _own_fields(kind: type[Any]) -> tuple[str, ...]:
    base = {item.name for item in fields(RegionOp)}
    return tuple(item.name for item in fields(kind) if item.name not in base)
