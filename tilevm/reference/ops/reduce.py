"""Reductions over some dimensions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from tilevm.ir import ops
from tilevm.reference.formats import numbers, numbers_of
from tilevm.reference.numbers import Number, largest, multiplied, smallest, total
from tilevm.reference.ops.compare import counted
from tilevm.reference.ops.meaning import Index, Tile, fitted, means, tile


def _over(op: Any, a: Tile, i: Index) -> list[Number]:
    """The elements that are reduced to element `i`: all whose other coordinates are `i`."""
    dims = range(op.a.tile.rank) if op.dims is None else op.dims
    return [a[at] for at in _reduced(op, a, i, dims)]


def _reduced(op: Any, a: Tile, i: Index, dims: Sequence[int]) -> list[Index]:
    def goes(at: Index) -> Index:
        if op.keepdims:
            return tuple(0 if d in dims else n for d, n in enumerate(at))
        return tuple(n for d, n in enumerate(at) if d not in dims)

    return [at for at in a if goes(at) == i]


@means(ops.Sum)
def sum_(op: ops.Sum, a: Tile) -> Tile:
    kind = op.a.dtype
    return tile(op.out, lambda i: fitted(op, total(numbers(kind, x) for x in _over(op, a, i))))


@means(ops.Prod)
def prod(op: ops.Prod, a: Tile) -> Tile:
    kind, is_float = op.a.dtype, numbers_of(op.a.dtype).is_float

    def law(i: Index) -> Number:
        return fitted(op, multiplied((numbers(kind, x) for x in _over(op, a, i)), is_float))

    return tile(op.out, law)


@means(ops.Amax)
def amax(op: ops.Amax, a: Tile) -> Tile:
    return tile(op.out, lambda i: largest(counted(_over(op, a, i), op.nan)))


@means(ops.Amin)
def amin(op: ops.Amin, a: Tile) -> Tile:
    return tile(op.out, lambda i: smallest(counted(_over(op, a, i), op.nan)))


@means(ops.ArgMax)
def argmax(op: ops.ArgMax, a: Tile) -> Tile:
    return tile(op.out, lambda i: _first(op, a, i, largest))


@means(ops.ArgMin)
def argmin(op: ops.ArgMin, a: Tile) -> Tile:
    return tile(op.out, lambda i: _first(op, a, i, smallest))


def _first(op: Any, a: Tile, i: Index, pick: Callable[[list[Number]], Number]) -> int:
    dims = range(op.a.tile.rank) if op.dim is None else [op.dim]
    terms = [a[at] for at in _reduced(op, a, i, dims)]
    return terms.index(pick(counted(terms, op.nan)))


@means(ops.Any_)
def any_(op: ops.Any_, a: Tile) -> Tile:
    return tile(op.out, lambda i: 1 if 1 in _over(op, a, i) else 0)


@means(ops.All_)
def all_(op: ops.All_, a: Tile) -> Tile:
    return tile(op.out, lambda i: 0 if 0 in _over(op, a, i) else 1)
