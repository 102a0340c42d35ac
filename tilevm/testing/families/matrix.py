"""Products, and the steps that they are rewritten into."""

from __future__ import annotations

from math import prod

import numpy as np

from tilevm.dtypes import dtype
from tilevm.ir import TileType, Value
from tilevm.testing.families.family import family, overflow_of_sum
from tilevm.testing.strategies import dtypes
from tilevm.testing.writer import Writer


@family
def dot(w: Writer) -> Value | None:
    a = w.any_value()
    if not a.tile.rank:
        return None
    depth, stack = a.tile.shape[-1], a.tile.shape[:-2]
    columns = w.pick((None, 1, 2, 3, 4, 5, 8))
    other = stack[w.number(0, len(stack)) :] if stack else (1,) * w.rarely(3)
    other = tuple(w.pick((1, 2)) if extent == 1 else w.pick((1, extent)) for extent in other)
    shape = (depth,) if columns is None else (*other, depth, columns)
    both = np.broadcast_shapes(stack, shape[:-2])
    results = prod((*both, *a.tile.shape[-2:-1])) * (columns or 1)
    if not w.fits(shape) or not w.fits((results,)):
        return None
    # products over the whole depth: keep them few
    if results * depth > 4 * w.room:
        return None
    b = w.of_type(TileType(w.draw(dtypes()), shape))
    operands = (a, b)
    if a.tile.rank == 1 and columns is None and w.rarely(2):
        operands = (b, a)
    return w.op("dot", *operands, acc=w.draw(dtypes()), overflow=overflow_of_sum(w))


@family
def planes(w: Writer) -> Value | None:
    a = w.any_value()
    return w.op("bit_planes", a) if w.fits((a.dtype.bits, *a.tile.shape)) else None


@family
def weighted(w: Writer) -> Value | None:
    a = w.any_value()
    if not a.tile.rank:
        return None
    return w.op(
        "shift_add",
        a,
        signed=w.pick((False, True)),
        acc=w.draw(dtypes()),
        overflow=overflow_of_sum(w),
    )


@family
def subset_sums(w: Writer) -> Value | None:
    a = w.any_value()
    groups = [g for g in (1, 2, 3, 4, 5) if a.tile.rank and a.tile.shape[-1] % g == 0]
    groups = [g for g in groups if a.dtype.bits + (g - 1).bit_length() <= 64]
    groups = [g for g in groups if w.fits((a.tile.size // g, 1 << g))]
    return w.op("subset_sums", a, group=w.pick(groups)) if groups else None


@family
def lookup(w: Writer) -> Value | None:
    table = w.any_value()
    if not table.tile.rank or table.tile.shape[-1] < 2:
        return None
    *lead, entries = table.tile.shape
    bits = w.number(1, entries.bit_length() - 1)
    shape = [w.pick((1, 2, 3)) if extent == 1 else extent for extent in lead]
    if len(shape) < 3 and w.rarely(2):
        shape.insert(0, w.pick((1, 2, 3, 5)))
    if not w.fits(shape):
        return None
    return w.op("lookup", table, w.of_type(TileType(dtype(f"u{bits}"), tuple(shape))))
