"""Ops that have no unit of their own, written with those that have one.

What is made is a program again: the machine runs it beside the hardware, and every stream of it is
compared.  Where the op would have stopped with an error, an `assert` does so in its place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import prod
from typing import Any

from hdl.lower.copies import plain_copies
from hdl.lower.even import even_loops
from hdl.lower.extremes import chooses, first_place, of_integers
from hdl.lower.memories import memories_of
from hdl.lower.pieces import inserted, sliced
from hdl.lower.returns import without_returns
from hdl.lower.wires import makes_floats
from tilevm.dtypes import CodebookType, FixedType, dtype
from tilevm.ir import Access, Const, Expr, Kernel, Op, Value
from tilevm.ir.ops import (
    Add,
    Amax,
    Amin,
    And,
    ArgMax,
    ArgMin,
    Assert,
    Bitcast,
    Broadcast,
    Cast,
    Clip,
    Compare,
    Decode,
    Dequantize,
    Dot,
    Full,
    Gather,
    Insert,
    Iota,
    Load,
    Pack,
    Reshape,
    Scan,
    Select,
    ShiftAdd,
    Slice,
    Sum,
    Take,
    Unpack,
    View,
)
from tilevm.ir.types import TileType
from tilevm.passes import canonicalise
from tilevm.passes.rewrite import Emitter, rewrite

MAX_LINE = 1 << 14  # bits of what one element may be gathered from
MAX_WINDOW = 1 << 20  # bits of what a tile may be gathered from


def legalise(kernel: Kernel) -> Kernel:
    """A kernel of bound shapes, with the same results, in ops that hardware has."""
    even = even_loops(without_returns(plain_copies(kernel)))
    # gathered from as they are, an element after the other
    memories = {buffer.name for buffer in memories_of(even, gathers=False)}

    def rule(op: Op, emit: Emitter) -> Sequence[Value] | None:
        if isinstance(op, Gather) and op.at.buffer.name in memories:
            return None
        return _rule(op, emit)

    return canonicalise(rewrite(even, rule))


def _rule(op: Op, emit: Emitter) -> Sequence[Value] | None:
    match op:
        case ArgMax() | ArgMin() if op.a.tile.size:
            return (first_place(op, emit),)
        case Amax() | Amin() | Scan() if isinstance(op.a.dtype, FixedType) and chooses(op):
            return (of_integers(op, emit),)
        case Sum() | Dot() | ShiftAdd() if op.overflow == "sat" and op.out.dtype.is_int:
            return _exact_sum(op, emit)
        case Gather() if op.out.tile.size:
            return _gathered(op, emit)
        case Slice() if op.may_stop and op.out.tile.size:
            return (sliced(op, emit),)
        case Insert() if op.may_stop and op.a.tile.size:
            return (inserted(op, emit),)
        case Pack() | Unpack() | View() if makes_floats(op):
            return (_as_bits(op, emit),)
        case Iota() if op.overflow == "sat" and not isinstance(op.start, Const):
            wide = replace(op.type, dtype=dtype("i64"))
            numbers = emit(Iota, name="numbers", type=wide, dim=op.dim, start=op.start)
            return (emit(Cast, a=numbers, to=op.out.dtype, overflow="sat"),)
        case Cast() | Dequantize() if isinstance(op.a.dtype, CodebookType) and not tabled(op):
            entries = emit(Decode, name="entries", a=op.a)
            return emit.append(replace(op, a=entries, written=None))
    return None


def tabled(op: Cast | Dequantize) -> bool:
    """Whether codes have a table of all results: one number for each, whatever stands around."""
    return isinstance(op, Cast) and op.seed is None


def _as_bits(op: Pack | Unpack | View, emit: Emitter) -> Value:
    """Bits cut as integers, which then become floats: every NaN the one of its type."""
    kind = op.out.tile
    bits = dtype(f"u{kind.dtype.bits}")
    if isinstance(op, View):
        cut = emit(View, name="bits", written=replace(kind, dtype=bits), a=op.a)
    else:
        cut = emit(type(op), name="bits", a=op.a, to=bits)
    return emit(Bitcast, a=cut, to=kind.dtype)


def _exact_sum(op: Sum | Dot | ShiftAdd, emit: Emitter) -> Sequence[Value] | None:
    """The sum in a type that holds every one, then clamped; None where it needs over 64 bits."""
    match op:
        case Dot():
            pairs = [int(x) * int(y) for x in _ends(op.a) for y in _ends(op.b)]
            count = op.a.tile.shape[-1]
        case Sum():
            pairs = [int(x) for x in _ends(op.a)]
            count = prod(op.a.tile.shape[d] for d in op.over)
        case ShiftAdd():
            pairs = [sign * int(x) for x in _ends(op.a) for sign in (-1, 1)]
            count = (1 << op.a.tile.shape[0]) - 1
    low, high = min(0, count * min(pairs)), max(0, count * max(pairs))
    bits = max(low.bit_length(), high.bit_length()) + 1
    if bits > 64 or not all(value.dtype.is_int for value in op.operands):
        return None
    wide = dtype(f"i{max(bits, 2)}")
    name = emit.walk.fresh(f"{op.out.name}_exact")
    exact = replace(op, acc=wide, overflow=None, written=None, named=(name,))
    emit.append(exact)
    return (emit(Cast, a=exact.out, to=op.out.dtype, overflow="sat"),)


def _ends(value: Value) -> tuple[Any, Any]:
    return value.dtype.min, value.dtype.max


def _gathered(op: Gather, emit: Emitter) -> Sequence[Value] | None:
    """The whole line of the buffer as a tile, and `take` from it; None where that is too wide."""
    extents, tile = op.at.type.extents, op.out.tile
    lead = len(extents) - tile.rank
    long = extents[op.dim]
    if not 0 < long * tile.dtype.bits <= MAX_LINE:
        return None
    along = op.dim - lead  # of the tile; before its dimensions if negative
    if along >= 0:
        shape = (*tile.shape[:along], long, *tile.shape[along + 1 :])
        loaded_shape, result = shape, tile.shape
    else:
        loaded_shape = (long, *(1,) * (lead - op.dim - 1), *tile.shape)
        shape, result = (long, *tile.shape), (1, *tile.shape)
    if prod(shape) * tile.dtype.bits > MAX_WINDOW:
        return None
    start: list[Expr] = list(op.at.indices)
    first, start[op.dim] = start[op.dim], Const(0)
    at = Access(op.at.buffer, tuple(start), op.at.span)
    fill = {"oob": op.oob, "value": op.value}
    line = emit(Load, name="line", written=TileType(tile.dtype, loaded_shape), at=at, **fill)
    if loaded_shape != shape:
        line = emit(Reshape, name="lines", a=line, shape=shape)
    wide = dtype("i64")
    index = emit(Cast, name="number", a=op.index, to=wide, overflow="sat")
    padded = (*(() if along >= 0 else (1,)), *op.index.tile.shape)
    padded = (*padded, *(1,) * (len(result) - len(padded)))
    index = emit(Reshape, name="each", a=index, shape=padded)
    base = emit(Iota, name="from", type=TileType(wide, (1,)), start=first)
    base = emit(Reshape, name="base", a=base, shape=(1,) * len(padded))
    base = emit(Broadcast, name="bases", a=base, shape=padded)
    low, high = (
        emit(Full, name=n, type=TileType(wide, padded), value=v)
        for n, v in (("least", 0), ("most", long - 1))
    )
    # a sum beyond 64 bits would be brought to the end that is outside as well
    place = emit(Add, name="place", a=index, b=base, overflow="sat")
    above = emit(Compare, name="above", a=place, b=low, pred="ge")
    below = emit(Compare, name="below", a=place, b=high, pred="le")
    inside = emit(And, name="inside", a=above, b=below)
    clipped = emit(Clip, name="clipped", a=place, lo=0, hi=long - 1)
    small = dtype(f"u{max(1, (long - 1).bit_length())}")
    narrow = emit(Cast, name="narrow", a=clipped, to=small)
    spread = emit(Broadcast, name="spread", a=narrow, shape=result)
    found = emit(Take, name="found", a=line, index=spread, dim=max(along, 0))
    if op.oob == "trap":
        message = f"an index of `gather` is outside of `{op.at.buffer.name}`"
        emit.append(Assert(a=inside, message=message, loc=op.loc))
    else:
        each = emit(Broadcast, name="valid", a=inside, shape=result)
        value = 0 if op.value is None else op.value
        other = emit(Full, name="other", type=TileType(tile.dtype, result), value=value)
        found = emit(Select, name="kept", c=each, a=found, b=other)
    return (emit(Reshape, a=found, shape=tile.shape),)
