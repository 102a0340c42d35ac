"""Parts of tiles at places that counters say, by `take`: each element chooses among all it may be.

Where a part leaves the tile the machine stops; `take` then finds something.
"""

from __future__ import annotations

from tilevm.dtypes import dtype
from tilevm.ir import Const, Expr, Value
from tilevm.ir.ops import (
    And,
    Broadcast,
    Clip,
    Compare,
    Insert,
    Iota,
    Reshape,
    Select,
    Slice,
    Take,
)
from tilevm.ir.types import TileType
from tilevm.passes.rewrite import Emitter


def sliced(op: Slice, emit: Emitter) -> Value:
    """Dimensions whose start counters say by `take`, then all by a `slice`."""
    value, starts = op.a, list(op.start)
    for dim, (start, span) in enumerate(zip(op.start, op.spans, strict=True)):
        if isinstance(start, Const):
            continue
        bits = (op.a.tile.shape[dim] - 1).bit_length()
        index = _counted(emit, f"u{max(1, bits)}", dim, span, start)
        value = emit(Take, name="found", a=value, index=index, dim=dim)
        starts[dim] = Const(0)
    return emit(Slice, a=value, start=tuple(starts), size=op.size, step=op.step)


def inserted(op: Insert, emit: Emitter) -> Value:
    """Each element of the whole tile: that of the part that would lie there, where it does."""
    value, shape = op.a, op.into.tile.shape
    inside: Value | None = None
    for dim, (start, size) in enumerate(zip(op.start, op.a.tile.shape, strict=True)):
        extent = shape[dim]
        if size == extent:
            continue
        kind = f"i{extent.bit_length() + 2}"
        place = _counted(emit, kind, dim, extent, Const(0) - start)  # in the part
        clipped = emit(Clip, name="clipped", a=place, lo=0, hi=size - 1)
        value = emit(Take, name="found", a=value, index=clipped, dim=dim)
        same = emit(Compare, name="same", a=place, b=clipped, pred="eq")
        long = (*(1 for _ in shape[:dim]), extent, *(1 for _ in shape[dim + 1 :]))
        flag = emit(Reshape, name="flag", a=same, shape=long)
        flag = emit(Broadcast, name="flags", a=flag, shape=shape)
        inside = flag if inside is None else emit(And, name="inside", a=inside, b=flag)
    if inside is None:  # the whole tile, which lies at 0
        return value
    return emit(Select, c=inside, a=value, b=op.into)


def _counted(emit: Emitter, kind: str, dim: int, extent: int, start: Expr) -> Value:
    """Numbers from a start, along a dimension of a tile that ends with it."""
    tile = TileType(dtype(kind), (*(1 for _ in range(dim)), extent))
    return emit(Iota, name="places", type=tile, dim=dim, start=start)
