"""Ops that move elements or bits."""

from __future__ import annotations

from tilevm.ir import TileType, ops
from tilevm.layouts import Layout
from tilevm.reference.formats import decode, encode, fit
from tilevm.reference.numbers import Number, Refused, number
from tilevm.reference.ops.meaning import (
    Index,
    Integers,
    Tile,
    aligned,
    beginning,
    indices,
    means,
    tile,
)


@means(ops.Reshape)
def reshape(op: ops.Reshape, a: Tile) -> Tile:
    there = dict(zip(indices(op.out.tile.shape), indices(op.a.tile.shape), strict=True))
    return tile(op.out, lambda i: a[there[i]])


@means(ops.ConvertLayout)
def convert_layout(op: ops.ConvertLayout, a: Tile) -> Tile:
    return tile(op.out, lambda i: a[i])


@means(ops.Transpose)
def transpose(op: ops.Transpose, a: Tile) -> Tile:
    rank = op.a.tile.rank
    perm = tuple(reversed(range(rank))) if op.perm is None else op.perm
    return tile(op.out, lambda i: a[tuple(i[perm.index(d)] for d in range(rank))])


@means(ops.Broadcast)
def broadcast(op: ops.Broadcast, a: Tile) -> Tile:
    return tile(op.out, lambda i: a[aligned(i, op.a.tile.shape)])


@means(ops.Pad)
def pad(op: ops.Pad, a: Tile) -> Tile:
    low = op.low or (0,) * op.a.tile.rank
    value = fit(op.out.dtype, number(op.value))
    return tile(op.out, lambda i: a.get(tuple(n - p for n, p in zip(i, low, strict=True)), value))


@means(ops.Take)
def take(op: ops.Take, a: Tile, index: Integers) -> Tile:
    extent = op.a.tile.shape[op.dim]

    def law(i: Index) -> Number:
        found = index[beginning(i, op.index.tile.shape)]
        if not 0 <= found < extent:
            raise Refused(f"index {found} is not in 0 .. {extent - 1}")
        return a[(*i[: op.dim], found, *i[op.dim + 1 :])]

    return tile(op.out, law)


@means(ops.View)
def view(op: ops.View, a: Tile) -> Tile:
    old, new = op.a.tile, op.out.tile
    found: Tile = {}
    for place, elements in enumerate(_places(old)):
        codes = [encode(old.dtype, a[i]) for i in elements]
        bits = [code >> b & 1 for code in codes for b in range(old.dtype.bits)]
        for step, i in enumerate(_places(new)[place]):
            cut = bits[step * new.dtype.bits : (step + 1) * new.dtype.bits]
            value = decode(new.dtype, sum(bit << b for b, bit in enumerate(cut)))
            if found.setdefault(i, value) != value:
                raise Refused(f"places that hold copies have different bits at element {list(i)}")
    return found


def _places(kind: TileType) -> list[list[Index]]:
    """The indices that each place holds, in the order of its steps."""
    if kind.layout is None:
        return [indices(kind.shape)]
    layout = kind.layout
    return [[_element(layout, p, s) for s in range(layout.steps)] for p in range(layout.places)]


def _element(layout: Layout, place: int, step: int) -> Index:
    """The index at a place and step, each a number written in the layout's digits."""
    at = [0] * layout.rank
    for rest, modes in ((place, layout.spatial_modes), (step, layout.local_modes)):
        for dim, stride, extent in reversed(modes):
            rest, digit = divmod(rest, extent)
            if dim is not None:  # else it counts copies
                at[dim] += digit * stride
    return tuple(at)
