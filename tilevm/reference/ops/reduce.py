"""Reductions over some dimensions."""

from __future__ import annotations

from tilevm.ir import ops
from tilevm.reference.numbers import Number, largest, smallest, total
from tilevm.reference.ops.meaning import Index, Tile, fitted, means, tile


def _over(op: ops.Sum | ops.Amax | ops.Amin, a: Tile, i: Index) -> list[Number]:
    """The elements that are reduced to element `i`: all whose other coordinates are `i`."""
    dims = range(op.a.tile.rank) if op.dims is None else op.dims
    return [x for at, x in a.items() if i == tuple(n for d, n in enumerate(at) if d not in dims)]


@means(ops.Sum)
def sum_(op: ops.Sum, a: Tile) -> Tile:
    return tile(op.out, lambda i: fitted(op, total(_over(op, a, i))))


@means(ops.Amax)
def amax(op: ops.Amax, a: Tile) -> Tile:
    return tile(op.out, lambda i: largest(_over(op, a, i)))


@means(ops.Amin)
def amin(op: ops.Amin, a: Tile) -> Tile:
    return tile(op.out, lambda i: smallest(_over(op, a, i)))
