"""What ops take and give: values, and the elements of buffers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from tilevm.diagnostics import Label, Span, error
from tilevm.dtypes import DType
from tilevm.ir.index import Expr, as_expr
from tilevm.ir.types import BufferType, TileType, Type


@dataclass(eq=False)
class Value:
    """A named result: a tile, or a buffer.  Values compare by identity."""

    name: str
    type: Type
    span: Span | None = None

    @property
    def tile(self) -> TileType:
        """The type, where a tile is meant; TileError TV0204 for a buffer."""
        if isinstance(self.type, TileType):
            return self.type
        labels = [Label(self.span, f"this is {self.type}")] if self.span else []
        hint = f"load a tile first: `t: {self.type.dtype}[...] = load {self.name}[...]`"
        raise error("TV0204", f"`{self.name}` is a buffer, not a tile", *labels, help=hint)

    @property
    def dtype(self) -> DType:
        """The element type, of a tile or a buffer."""
        return self.type.dtype

    def __getitem__(self, indices: Expr | int | str | tuple[Expr | int | str, ...]) -> Access:
        """An element of the buffer, as `Builder` takes it: ``w[n * 64, 0]``."""
        listed = indices if isinstance(indices, tuple) else (indices,)
        return Access(self, tuple(as_expr(i) for i in listed))


@dataclass(frozen=True, eq=False)
class Access:
    """An element of a buffer, the first of those that a load or store touches."""

    buffer: Value
    indices: tuple[Expr, ...]
    span: Span | None = None

    @cached_property
    def names(self) -> frozenset[str]:
        """The symbols in its indices."""
        return frozenset().union(*(index.names for index in self.indices))

    def __str__(self) -> str:
        return f"{self.buffer.name}[{', '.join(map(str, self.indices))}]"

    @property
    def type(self) -> BufferType:
        """The type of the buffer; TileError TV0204 where a tile was given instead."""
        if isinstance(self.buffer.type, BufferType):
            return self.buffer.type
        labels = [Label(self.span, f"this is {self.buffer.type}")] if self.span else []
        raise error("TV0204", f"`{self.buffer.name}` is a tile, not a buffer", *labels)
