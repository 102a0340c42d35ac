"""Ops that make a tile from nothing."""

from __future__ import annotations

from tilevm.ir import ops
from tilevm.reference.formats import fit
from tilevm.reference.numbers import number
from tilevm.reference.ops.meaning import Tile, indices, means, tile


@means(ops.Constant)
def constant(op: ops.Constant) -> Tile:
    listed = dict(zip(indices(op.out.tile.shape), op.values, strict=True))
    return tile(op.out, lambda i: fit(op.out.dtype, number(listed[i])))


@means(ops.Full)
def full(op: ops.Full) -> Tile:
    return tile(op.out, lambda i: fit(op.out.dtype, number(op.value)))
