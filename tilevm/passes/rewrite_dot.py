"""rewrite_dot: a `dot` of integers as table look-ups and shifted additions.

Before (3-bit `w`, 8-bit `x`, groups of 4)::

    y = dot w, x {acc = i32}                      # w: i3[64, 32], x: i8[32]

After::

    y_table = subset_sums x {group = 4}           # i10[8, 16]: 8 tables of 16 partial sums
    y_planes = bit_planes w                       # u1[3, 64, 32]
    y_index: u4[3, 64, 8] = view y_planes
    y_found = lookup y_table, y_index             # i10[3, 64, 8]
    y_sums = sum y_found {dims = [2], acc = i13}  # per plane
    y = shift_add y_sums {signed = true}

Tables over the activations are those of T-MAC (arXiv 2407.00088) and LUT-GEMM (arXiv 2206.09557);
tables over the weights, which the bits of many activations index, those of SAIL (arXiv 2509.25853).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal, TypeVar, get_args

from tilevm.diagnostics import error, nearest
from tilevm.dtypes import DType, dtype
from tilevm.ir import Kernel, Op, Program, TileType, Value
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
    Transpose,
    View,
)
from tilevm.passes.rewrite import Emitter, rewrite

Form = Literal["mac", "lut"]
Table = Literal["activations", "weights"]
K = TypeVar("K", Kernel, Program)  # a kernel gives a kernel, a program a program


def rewrite_dot(kernel: K, form: Form = "lut", group: int = 4, table: Table = "activations") -> K:
    """The kernel with each `dot` of integers in another form: `lut` as above, `mac` as it is.

    `group`: elements per table, 1 to 8.  `table`: the operand that is tabled; the weights are the
    one with fewer bits, the first if both have as many.  A dimension that `group` does not divide
    is padded with zeros.  A `dot` of floats stays, one without a product, and one whose exact sum
    the result needs (a float, or with `overflow` of sat or trap) but 64 bits do not hold.
    TileError TV0501 for options that do not exist.
    """
    for what, given, known in (("form", form, get_args(Form)), ("table", table, get_args(Table))):
        if given not in known:
            near = nearest(str(given), known)
            hint = f"did you mean `{near}`?" if near else None
            raise error(
                "TV0501", f"`{what}` is one of {', '.join(known)}, not {given!r}", help=hint
            )
    if isinstance(group, bool) or not isinstance(group, int) or not 1 <= group <= 8:
        raise error("TV0501", f"`group` is a number of elements from 1 to 8, not {group!r}")

    def rule(op: Op, emit: Emitter) -> Sequence[Value] | None:
        return _lut(op, emit, group, table) if isinstance(op, Dot) and form == "lut" else None

    if isinstance(kernel, Program):
        lowered = {name: rewrite(each, rule) for name, each in kernel.kernels.items()}
        return replace(kernel, kernels=lowered)
    return rewrite(kernel, rule)


def _lut(op: Dot, emit: Emitter, group: int, table: Table) -> Sequence[Value] | None:
    a, b = op.a, op.b
    if a.dtype.is_float or b.dtype.is_float or not (a.tile.size and b.tile.size):
        return None
    first_is_weights = a.dtype.bits <= b.dtype.bits
    tables_first = first_is_weights == (table == "weights")
    depth = a.tile.shape[-1]
    tabled, indexed = (a, b) if tables_first else (b, a)
    group = _fitting(group, tabled.dtype)
    bits = tabled.dtype.bits + (group - 1).bit_length()
    exact = bits + (-(-depth // group) - 1).bit_length()
    wide = exact + indexed.dtype.bits + 1  # bits of the exact result, whatever the signs
    if wide > 64 and (op.to.is_float or op.overflow in ("sat", "trap")):
        return None

    rows = tabled.tile.rank == 2
    columns = indexed.tile.rank == 2
    tabled = _by_depth(tabled, emit, "tabled", group, last=tables_first)
    indexed = _by_depth(indexed, emit, "indexed", group, last=not tables_first)
    sums = emit(SubsetSums, name="table", a=tabled, group=group)
    planes = emit(BitPlanes, name="planes", a=indexed)
    index = _grouped(planes, emit, group)
    if rows:
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
        return (emit(ShiftAdd, a=partial, signed=sign, acc=op.to, overflow=mode),)
    signed_sum = dtype(f"i{wide}")
    total = emit(ShiftAdd, name="exact", a=partial, signed=sign, acc=signed_sum)
    return (emit(Cast, a=total, to=op.to),)


def _fitting(group: int, kind: DType) -> int:
    """The largest group up to the wanted one whose table entries have at most 64 bits."""
    while kind.bits + (group - 1).bit_length() > 64:
        group -= 1
    return group


def _by_depth(value: Value, emit: Emitter, name: str, group: int, last: bool) -> Value:
    """The operand with the summed dimension last, and a multiple of the group long."""
    if value.tile.rank == 2 and not last:
        value = emit(Transpose, name=name, a=value)
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
