"""The laws of the ops that compute tiles from tiles, as their docstrings state them."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any, TypeVar

from tilevm.ir import Op, TileType, Value, ops
from tilevm.layouts import Layout
from tilevm.reference.formats import cast, decode, encode, fit
from tilevm.reference.numbers import (
    Number,
    Refused,
    compare,
    largest,
    negate,
    number,
    plus,
    smallest,
    times,
    total,
)

Index = tuple[int, ...]
Tile = dict[Index, Number]
Integers = dict[Index, int]
Meaning = Callable[..., Tile]
AnyMeaning = TypeVar("AnyMeaning", bound=Meaning)

MEANINGS: dict[type[Op], Meaning] = {}  # from the op and its operands to its result

_WIDEST = 64  # bits: shifting by more does what shifting by this many does


def means(kind: type[Op]) -> Callable[[AnyMeaning], AnyMeaning]:
    """Makes a function the meaning of an op."""

    def register(meaning: AnyMeaning) -> AnyMeaning:
        MEANINGS[kind] = meaning
        return meaning

    return register


def indices(shape: Index) -> list[Index]:
    """Every index of a tile of this shape, in row-major order."""
    return list(product(*map(range, shape)))


def tile(result: Value, law: Callable[[Index], Number]) -> Tile:
    """The tile that has ``law(i)`` at each index; Refused names the first that the law refuses."""
    found: Tile = {}
    for i in indices(result.tile.shape):
        try:
            found[i] = law(i)
        except Refused as problem:
            raise Refused(f"{problem} at element {list(i)}") from None
    return found


# --- create


@means(ops.Full)
def full(op: ops.Full) -> Tile:
    return tile(op.out, lambda i: fit(op.out.dtype, number(op.value)))


# --- elementwise: laws on the elements at one index


def _fitted(op: Any, exact: Number) -> Number:
    return fit(op.out.dtype, exact, op.overflow)


def _amount(n: int) -> int:
    if n < 0:
        raise Refused(f"shift by {n}, a negative amount,")
    return min(n, _WIDEST)


ELEMENTWISE: dict[type[Op], Callable[..., Number]] = {
    ops.Add: lambda op, a, b: _fitted(op, plus(a, b)),
    ops.Sub: lambda op, a, b: _fitted(op, plus(a, negate(b))),
    ops.Mul: lambda op, a, b: _fitted(op, times(a, b)),
    ops.Neg: lambda op, a: _fitted(op, negate(a)),
    ops.Min: lambda op, a, b: smallest([a, b]),
    ops.Max: lambda op, a, b: largest([a, b]),
    ops.And: lambda op, a, b: a & b,
    ops.Or: lambda op, a, b: a | b,
    ops.Xor: lambda op, a, b: a ^ b,
    ops.Not: lambda op, a: fit(op.out.dtype, ~a),
    ops.Shl: lambda op, a, n: _fitted(op, a * 2 ** _amount(n)),
    ops.Shr: lambda op, a, n: a // 2 ** _amount(n),
    ops.Compare: lambda op, a, b: 1 if compare(a, b, op.pred) else 0,
    ops.Select: lambda op, c, a, b: a if c else b,
    ops.Cast: lambda op, a: cast(a, op.to, op.rounding, op.overflow),
}


def _elementwise(law: Callable[..., Number]) -> Meaning:
    return lambda op, *tiles: tile(op.out, lambda i: law(op, *(t[i] for t in tiles)))


MEANINGS.update({kind: _elementwise(law) for kind, law in ELEMENTWISE.items()})


# --- reduce


def _over(op: ops.Sum | ops.Amax | ops.Amin, a: Tile, i: Index) -> list[Number]:
    """The elements that are reduced to element `i`: all whose other coordinates are `i`."""
    dims = range(op.a.tile.rank) if op.dims is None else op.dims
    return [x for at, x in a.items() if i == tuple(n for d, n in enumerate(at) if d not in dims)]


@means(ops.Sum)
def sum_(op: ops.Sum, a: Tile) -> Tile:
    return tile(op.out, lambda i: fit(op.out.dtype, total(_over(op, a, i))))


@means(ops.Amax)
def amax(op: ops.Amax, a: Tile) -> Tile:
    return tile(op.out, lambda i: largest(_over(op, a, i)))


@means(ops.Amin)
def amin(op: ops.Amin, a: Tile) -> Tile:
    return tile(op.out, lambda i: smallest(_over(op, a, i)))


# --- matrix


@means(ops.Dot)
def dot(op: ops.Dot, a: Tile, b: Tile) -> Tile:
    rows = op.a.tile.rank - 1  # 0 if there is no M

    def law(i: Index) -> Number:
        products = (times(a[*i[:rows], k], b[k, *i[rows:]]) for k in range(op.a.tile.shape[-1]))
        return fit(op.out.dtype, total(products))

    return tile(op.out, law)


@means(ops.BitPlanes)
def bit_planes(op: ops.BitPlanes, a: Integers) -> Tile:
    return tile(op.out, lambda i: a[i[1:]] >> i[0] & 1)


@means(ops.SubsetSums)
def subset_sums(op: ops.SubsetSums, a: Integers) -> Tile:
    def law(at: Index) -> Number:
        *lead, j, e = at
        return sum(a[*lead, j * op.group + i] for i in range(op.group) if e >> i & 1)

    return tile(op.out, law)


@means(ops.Lookup)
def lookup(op: ops.Lookup, table: Tile, index: Integers) -> Tile:
    *lead, entries = op.table.tile.shape

    def law(i: Index) -> Number:
        if index[i] >= entries:
            raise Refused(f"index {index[i]} is beyond the table of {entries} entries")
        return table[*_aligned(i, tuple(lead)), index[i]]

    return tile(op.out, law)


def _aligned(i: Index, shape: Index) -> Index:
    """Where `i` reads a tile that is repeated: aligned at the last dimension, 0 at extent 1."""
    tail = i[len(i) - len(shape) :]
    return tuple(0 if extent == 1 else n for n, extent in zip(tail, shape, strict=True))


@means(ops.ShiftAdd)
def shift_add(op: ops.ShiftAdd, a: Integers) -> Tile:
    planes = op.a.tile.shape[0]
    weights = [2**p for p in range(planes)]
    if op.signed:
        weights[-1] = -weights[-1]
    return tile(
        op.out, lambda i: fit(op.out.dtype, sum(w * a[p, *i] for p, w in enumerate(weights)))
    )


# --- shape


@means(ops.Reshape)
def reshape(op: ops.Reshape, a: Tile) -> Tile:
    there = dict(zip(indices(op.out.tile.shape), indices(op.a.tile.shape), strict=True))
    return tile(op.out, lambda i: a[there[i]])


@means(ops.Transpose)
def transpose(op: ops.Transpose, a: Tile) -> Tile:
    rank = op.a.tile.rank
    perm = tuple(reversed(range(rank))) if op.perm is None else op.perm
    return tile(op.out, lambda i: a[tuple(i[perm.index(d)] for d in range(rank))])


@means(ops.Broadcast)
def broadcast(op: ops.Broadcast, a: Tile) -> Tile:
    return tile(op.out, lambda i: a[_aligned(i, op.a.tile.shape)])


@means(ops.Pad)
def pad(op: ops.Pad, a: Tile) -> Tile:
    low = op.low or (0,) * op.a.tile.rank
    value = fit(op.out.dtype, number(op.value))
    return tile(op.out, lambda i: a.get(tuple(n - p for n, p in zip(i, low, strict=True)), value))


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
