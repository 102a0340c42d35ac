"""Products, and the steps that they are rewritten into."""

from __future__ import annotations

from tilevm.ir import ops
from tilevm.reference.formats import numbers
from tilevm.reference.numbers import Number, Refused, times, total
from tilevm.reference.ops.meaning import Index, Integers, Tile, aligned, fitted, means, tile


@means(ops.Dot)
def dot(op: ops.Dot, a: Tile, b: Tile) -> Tile:
    rows, columns = op.a.tile.rank > 1, op.b.tile.rank > 1  # else there is no M, no N

    def law(i: Index) -> Number:
        stack = i[: len(i) - rows - columns]
        m, n = i[len(stack) : len(stack) + rows], i[len(i) - columns :]
        here, there = (aligned(stack, t.tile.shape[:-2]) for t in (op.a, op.b))
        products = []
        for k in range(op.a.tile.shape[-1]):
            x, y = a[*here, *m, k], b[*there, k, *n]
            products.append(times(numbers(op.a.dtype, x), numbers(op.b.dtype, y)))
        return fitted(op, total(products))

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
        return table[*aligned(i, tuple(lead)), index[i]]

    return tile(op.out, law)


@means(ops.ShiftAdd)
def shift_add(op: ops.ShiftAdd, a: Integers) -> Tile:
    planes = op.a.tile.shape[0]
    weights = [2**p for p in range(planes)]
    if op.signed and planes:
        weights[-1] = -weights[-1]
    return tile(op.out, lambda i: fitted(op, sum(w * a[p, *i] for p, w in enumerate(weights))))
