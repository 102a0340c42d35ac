"""The op on layouts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tilevm.ir.op import Op
from tilevm.ir.types import TileType
from tilevm.ir.value import Value


@dataclass(frozen=True, kw_only=True, eq=False)
class ConvertLayout(Op, name="convert_layout", needs_type=True):
    """``r[i] = a[i]``: the same tile, in the places that the written layout gives its elements.

    The only op that moves data between places; `tilevm stats` tells how much.  A `view` of the
    result reads the bits that its places hold.
    """

    a: Value

    def result(self) -> TileType:
        kind = self.a.tile
        if self.written is None or self.written.layout is None:
            shape = ", ".join(map(str, kind.shape))
            raise self.reject(
                "TV0311",
                "`convert_layout` needs the layout that it converts to",
                help=f"write it behind the type: `r: {kind.dtype}[{shape}] @ spatial({shape})`",
            )
        return TileType(kind.dtype, kind.shape)

    def run(self, a: Any) -> Any:
        return a
