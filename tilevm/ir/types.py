"""The types of values: tiles, and the buffers that they are loaded from and stored to."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from math import prod

from tilevm.diagnostics import Label, error
from tilevm.dtypes import DType, dtype
from tilevm.ir.index import Const, Expr
from tilevm.layouts import Layout
from tilevm.layouts import parse as parse_layout

MAX_RANK = 32  # of tiles, buffers and grids: NumPy's 64, with room for the dimensions that ops add


def check_rank(what: str, rank: int, *labels: Label) -> None:
    """TileError TV0216 for more than `MAX_RANK` dimensions."""
    if rank > MAX_RANK:
        raise error("TV0216", f"{what} has at most {MAX_RANK} dimensions, not {rank}", *labels)


@dataclass(frozen=True)
class TileType:
    """A tile: element type, shape, and where it was written, the layout.

    An extent may be 0: the tile has no element then, and no layout.

    Types compare without layouts: a layout never changes a value.
    """

    dtype: DType
    shape: tuple[int, ...]
    layout: Layout | None = field(default=None, compare=False)

    def __str__(self) -> str:
        text = f"{self.dtype}[{', '.join(map(str, self.shape))}]"
        return f"{text} @ {self.layout}" if self.layout is not None else text

    def __post_init__(self) -> None:
        if any(extent < 0 for extent in self.shape):
            raise error("TV0216", f"an extent is at least 0, which {self} does not keep to")
        check_rank("a tile", len(self.shape))
        if self.layout is not None and self.layout.shape != self.shape:
            raise error(
                "TV0301",
                f"the tile has shape {list(self.shape)}, its layout {list(self.layout.shape)}",
            )

    @property
    def size(self) -> int:
        """Number of elements."""
        return prod(self.shape)

    @property
    def rank(self) -> int:
        """Number of dimensions."""
        return len(self.shape)

    def of(self, element: DType | str) -> TileType:
        """A tile of the same shape and layout with other elements."""
        return replace(self, dtype=dtype(element))

    def with_shape(self, *shape: int) -> TileType:
        """A tile of the same elements with another shape, and no layout."""
        return TileType(self.dtype, shape)

    @classmethod
    def parse(cls, text: str) -> TileType:
        """From text such as ``i8[16, 8] @ spatial(16, 8)``; TileError TV0216 if malformed."""
        match = re.fullmatch(r"\s*(\w+(?:\s*\(.*\))?)\s*\[([\d\s,]*)\]\s*(?:@(.*))?", text, re.S)
        if not match:
            raise error("TV0216", f"not a tile type: {text!r}", help="write it as in `i8[16, 8]`")
        shape = tuple(int(part) for part in match[2].split(",") if part.strip())
        layout = parse_layout(match[3].strip()) if match[3] else None
        return cls(dtype(match[1]), shape, layout)


@dataclass(frozen=True)
class BufferType:
    """A buffer in `global` memory (kernel arguments) or `shared` memory (one per thread block)."""

    space: str
    dtype: DType
    shape: tuple[Expr, ...]

    def __post_init__(self) -> None:
        check_rank("a buffer", len(self.shape))

    def __str__(self) -> str:
        return f"{self.space} {self.dtype}[{', '.join(map(str, self.shape))}]"

    @property
    def extents(self) -> tuple[int, ...]:
        """The shape in numbers, once all symbols are bound."""
        assert all(isinstance(e, Const) for e in self.shape), f"{self} has open symbols"
        return tuple(e.value for e in self.shape if isinstance(e, Const))


Type = TileType | BufferType
