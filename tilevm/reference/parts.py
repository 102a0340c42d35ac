"""Parts of tiles, which start where an index expression says."""

from __future__ import annotations

from itertools import product

from tilevm.ir import ops
from tilevm.reference.machine import ThreadBlock, does
from tilevm.reference.numbers import Refused
from tilevm.reference.ops import Index, indices, tile


def part(at: ThreadBlock, op: ops.Slice | ops.Insert, size: Index, step: Index) -> list[Index]:
    """Where the elements of a part lie in the whole tile, in order; Refused if one is outside."""
    whole = (op.a if isinstance(op, ops.Slice) else op.into).tile.shape
    start = [at.index(expr) for expr in op.start]
    for dim, (first, extent) in enumerate(zip(start, whole, strict=True)):
        last = first + (size[dim] - 1) * step[dim]
        if first < 0 or max(first, last + 1) > extent:
            raise Refused(f"{first} .. {last + 1} leaves dimension {dim}, of extent {extent},")
    places = zip(start, step, strict=True)
    axes = [[first + n * by for n in range(size[d])] for d, (first, by) in enumerate(places)]
    return list(product(*axes))


@does(ops.Slice)
def slice_(at: ThreadBlock, op: ops.Slice) -> None:
    step = op.step or (1,) * len(op.size)
    places = dict(zip(indices(op.size), part(at, op, op.size, step), strict=True))
    at.tiles[op.out] = tile(op.out, lambda i: at.tiles[op.a][places[i]])


@does(ops.Insert)
def insert(at: ThreadBlock, op: ops.Insert) -> None:
    size = op.a.tile.shape
    places = part(at, op, size, (1,) * len(size))
    made = dict(at.tiles[op.into])
    made.update(zip(places, (at.tiles[op.a][i] for i in indices(size)), strict=True))
    at.tiles[op.out] = made
