"""A `dot` as look-ups in tables of partial sums, and shifted additions.

Tables over the activations are those of T-MAC (arXiv 2407.00088) and LUT-GEMM (arXiv 2206.09557);
tables over the weights, which the bits of many activations index, those of SAIL (arXiv 2509.25853).
"""

from __future__ import annotations

from tilevm.dtypes import DType, dtype
from tilevm.ir import TileType, Value
from tilevm.ir.ops import (
    BitPlanes,
    Broadcast,
    Cast,
    Dot,
    Lookup,
    Pad,
    Reshape,
    ShiftAdd,
    SubsetSums,
    Sum,
    View,
)
from tilevm.passes.dot_forms.operands import by_depth, needs_exact
from tilevm.passes.rewrite import Emitter


def lut(op: Dot, emit: Emitter, group: int, tables_weights: bool) -> Value | None:
    """The product from tables of `group` elements, over the weights or over the activations."""
    a, b = op.a, op.b
    first_is_weights = a.dtype.bits <= b.dtype.bits
    tables_first = first_is_weights == tables_weights
    depth = a.tile.shape[-1]
    tabled, indexed = (a, b) if tables_first else (b, a)
    group = _fitting(group, tabled.dtype)
    bits = tabled.dtype.bits + (group - 1).bit_length()
    exact = bits + (-(-depth // group) - 1).bit_length()
    wide = exact + indexed.dtype.bits + 1  # bits of the exact result, whatever the signs
    if wide > 64 and needs_exact(op):
        return None

    rows = tabled.tile.rank == 2
    columns = indexed.tile.rank == 2
    tabled = _padded(tabled, emit, "tabled", group, last=tables_first)
    indexed = _padded(indexed, emit, "indexed", group, last=not tables_first)
    sums = emit(SubsetSums, name="table", a=tabled, group=group)
    planes = emit(BitPlanes, name="planes", a=indexed)
    index = _grouped(planes, emit, group)
    if max(a.tile.rank, b.tile.rank) > 2:
        sums, index = _stacked(op, emit, sums, index, tables_first)
    elif rows:
        # the index is shared by all rows of the tables: give it their dimension
        shape = list(index.tile.shape)
        at = len(shape) - 2 if columns and tables_first else len(shape) - 1
        shape.insert(at, 1)
        index = emit(Reshape, name="spread", a=index, shape=tuple(shape))
        shape[at] = tabled.tile.shape[0]
        index = emit(Broadcast, name="each", a=index, shape=tuple(shape))
        if columns and tables_first:
            lead, *rest = sums.tile.shape
            sums = emit(Reshape, name="tables", a=sums, shape=(lead, 1, *rest))
    found = emit(Lookup, name="found", table=sums, index=index)
    signed = "i" if sums.dtype.signed else "u"
    per_plane = dtype(f"{signed}{min(64, exact)}")
    wraps = "wrap" if exact > 64 else None  # else it is exact
    dims = (found.tile.rank - 1,)
    partial = emit(Sum, name="sums", a=found, dims=dims, acc=per_plane, overflow=wraps)
    sign = indexed.dtype.signed
    if op.to.is_int:
        mode = wraps or op.overflow
        return emit(ShiftAdd, written=op.written, a=partial, signed=sign, acc=op.to, overflow=mode)
    signed_sum = dtype(f"i{wide}")
    total = emit(ShiftAdd, name="exact", a=partial, signed=sign, acc=signed_sum)
    return emit(Cast, written=op.written, a=total, to=op.to)


def _stacked(
    op: Dot, emit: Emitter, sums: Value, index: Value, tables_first: bool
) -> tuple[Value, Value]:
    """Tables and indices of stacks of matrices, as they face each other.

    The tables are [stacks, M, N, groups, entries], with an extent of 1 where they repeat; the
    indices [planes, stacks, M, N, groups].  A missing M or N is missing here too.
    """
    rows = op.a.tile.shape[-2:-1]
    columns = op.b.tile.shape[-1:] if op.b.tile.rank > 1 else ()
    stacks = op.out.tile.shape[: op.out.tile.rank - len(rows) - len(columns)]
    for_a, for_b = (
        (1,) * (len(stacks) - len(own)) + own
        for own in (op.a.tile.shape[:-2], op.b.tile.shape[:-2])
    )
    of_a = (*for_a, *rows, *(1 for _ in columns))
    of_b = (*for_b, *(1 for _ in rows), *columns)
    of_table, of_index = (of_a, of_b) if tables_first else (of_b, of_a)
    shape = (*of_table, *sums.tile.shape[-2:])
    sums = emit(Reshape, name="tables", a=sums, shape=shape)
    planes, groups = index.tile.shape[0], index.tile.shape[-1]
    index = emit(Reshape, name="spread", a=index, shape=(planes, *of_index, groups))
    every = (planes, *stacks, *rows, *columns, groups)
    if index.tile.shape != every:
        index = emit(Broadcast, name="each", a=index, shape=every)
    return sums, index


def _fitting(group: int, kind: DType) -> int:
    """The largest group up to the wanted one whose table entries have at most 64 bits."""
    while kind.bits + (group - 1).bit_length() > 64:
        group -= 1
    return group


def _padded(value: Value, emit: Emitter, name: str, group: int, last: bool) -> Value:
    """The operand with the summed dimension last, and a multiple of the group long."""
    value = by_depth(value, emit, name, last)
    missing = -value.tile.shape[-1] % group
    if missing:
        high = (0,) * (value.tile.rank - 1) + (missing,)
        value = emit(Pad, name=f"{name}_padded", a=value, high=high)
    return value


def _grouped(planes: Value, emit: Emitter, group: int) -> Value:
    """Each `group` bits along the last dimension as one index."""
    kind = planes.tile
    shape = (*kind.shape[:-1], kind.shape[-1] // group)
    return emit(View, name="index", written=TileType(dtype(f"u{group}"), shape), a=planes)
