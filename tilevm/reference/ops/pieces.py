"""Ops that put tiles together, and repeat them."""

from __future__ import annotations

from collections.abc import Callable

from tilevm.ir import ops
from tilevm.reference.ops.meaning import Index, Tile, means, tile


@means(ops.Concat)
def concat(op: ops.Concat, *tiles: Tile) -> Tile:
    found: Tile = {}
    first = 0
    for value, part in zip(op.a, tiles, strict=True):
        for i, x in part.items():
            found[*i[: op.dim], i[op.dim] + first, *i[op.dim + 1 :]] = x
        first += value.tile.shape[op.dim]
    return tile(op.out, lambda i: found[i])


@means(ops.Repeat)
def repeat(op: ops.Repeat, a: Tile) -> Tile:
    return tile(op.out, lambda i: a[_each(i, op.a.tile.shape, lambda n, extent: n % extent)])


@means(ops.RepeatInterleave)
def repeat_interleave(op: ops.RepeatInterleave, a: Tile) -> Tile:
    return tile(op.out, lambda i: a[_each(i, op.counts, lambda n, count: n // count)])


@means(ops.Reverse)
def reverse(op: ops.Reverse, a: Tile) -> Tile:
    shape = op.a.tile.shape
    dims = range(len(shape)) if op.dims is None else op.dims
    return tile(
        op.out,
        lambda i: a[tuple(shape[d] - 1 - n if d in dims else n for d, n in enumerate(i))],
    )


def _each(i: Index, numbers: Index, law: Callable[[int, int], int]) -> Index:
    return tuple(law(n, number) for n, number in zip(i, numbers, strict=True))
