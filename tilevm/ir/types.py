"""The types of values: tiles, and the buffers that they are loaded from and stored to."""

from __future__ import annotations

import re
from collections.abc import Mapping
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
class Scaling:
    """How the elements of a buffer are scaled: one scale for every `group` elements along `dim`.

    With `zero` there is a zero point of that type for each group too.
    """

    scale: DType
    group: Expr
    dim: int
    zero: DType | None = None

    def written(self, rank: int) -> str:
        """As it stands behind the type of a buffer of that rank."""
        dim = f", dim {self.dim}" if self.dim != rank - 1 else ""
        zero = f", zero {self.zero}" if self.zero is not None else ""
        return f"scaled({self.scale}, group {self.group}{dim}{zero})"


@dataclass(frozen=True)
class BufferType:
    """A buffer in `global` memory (kernel arguments) or `shared` memory (one per thread block).

    A `scaled` buffer has others beside it, `companions`, for the scales and zero points.
    """

    space: str
    dtype: DType
    shape: tuple[Expr, ...]
    scaled: Scaling | None = None

    def __post_init__(self) -> None:
        check_rank("a buffer", len(self.shape))

    def __str__(self) -> str:
        text = f"{self.space} {self.dtype}[{', '.join(map(str, self.shape))}]"
        return text if self.scaled is None else f"{text} {self.scaled.written(len(self.shape))}"

    def substitute(self, env: Mapping[str, Expr]) -> BufferType:
        """The type with symbols replaced."""
        scaled = self.scaled
        if scaled is not None:
            scaled = replace(scaled, group=scaled.group.substitute(env))
        shape = tuple(extent.substitute(env) for extent in self.shape)
        return replace(self, shape=shape, scaled=scaled)

    def companions(self, name: str) -> tuple[tuple[str, BufferType], ...]:
        """Names and types of the buffers that belong to a scaled one: ``w_scale``, ``w_zero``."""
        if self.scaled is None:
            return ()
        shape = list(self.shape)
        shape[self.scaled.dim] = (shape[self.scaled.dim] / self.scaled.group).substitute({})
        kinds = (("scale", self.scaled.scale), ("zero", self.scaled.zero))
        return tuple(
            (f"{name}_{part}", BufferType(self.space, kind, tuple(shape)))
            for part, kind in kinds
            if kind is not None
        )

    @property
    def extents(self) -> tuple[int, ...]:
        """The shape in numbers, once all symbols are bound."""
        assert all(isinstance(e, Const) for e in self.shape), f"{self} has open symbols"
        return tuple(e.value for e in self.shape if isinstance(e, Const))


Type = TileType | BufferType
