"""Extremes with other ops: the place where one stands first, and those of fixed-point numbers."""

from __future__ import annotations

from dataclasses import replace

from tilevm.dtypes import FixedType, dtype
from tilevm.ir import Value
from tilevm.ir.ops import (
    Amax,
    Amin,
    And,
    ArgMax,
    ArgMin,
    Bitcast,
    Broadcast,
    Cast,
    Compare,
    Full,
    Iota,
    Or,
    Reshape,
    Scan,
    Select,
)
from tilevm.ir.types import TileType
from tilevm.passes.rewrite import Emitter


def chooses(op: Amax | Amin | Scan) -> bool:
    """Whether each result is one of the elements."""
    return not isinstance(op, Scan) or op.chooses


def of_integers(op: Amax | Amin | Scan, emit: Emitter) -> Value:
    """The extreme of fixed-point numbers, or extremes so far: ordered as their integers are."""
    kind = op.a.dtype
    assert isinstance(kind, FixedType)
    whole = emit(Bitcast, name="whole", a=op.a, to=kind.base)
    named = (emit.walk.fresh(f"{op.out.name}_whole"),)
    extreme = replace(op, a=whole, written=None, named=named)
    emit.append(extreme)
    return emit(Bitcast, a=extreme.out, to=kind)


def first_place(op: ArgMax | ArgMin, emit: Emitter) -> Value:
    """The smallest of the places at which the extreme value stands."""
    a, dim = op.a, op.dim
    if isinstance(a.dtype, FixedType):
        a = emit(Bitcast, name="whole", a=a, to=a.dtype.base)
    if dim is None:
        a, dim = emit(Reshape, name="flat", a=a, shape=(a.tile.size,)), 0
    shape, extent = a.tile.shape, a.tile.shape[dim]
    best = Amax if isinstance(op, ArgMax) else Amin
    top = emit(best, name="top", a=a, dims=(dim,), keepdims=True, nan=op.nan)
    tops = emit(Broadcast, name="tops", a=top, shape=shape)
    kind = TileType(dtype(f"u{extent.bit_length()}"), shape)
    places = emit(Iota, name="places", type=kind, dim=dim)
    none = emit(Full, name="none", type=kind, value=extent)
    held = emit(Select, name="held", c=_same(a, tops, emit), a=places, b=none)
    first = emit(Amin, name="first", a=held, dims=(dim,))
    shaped = emit(Reshape, name="shaped", a=first, shape=op.out.tile.shape)
    return emit(Cast, a=shaped, to=op.out.dtype)


def _same(a: Value, b: Value, emit: Emitter) -> Value:
    """Where two tiles hold one value: -0 differs from +0, and a NaN is the same as any NaN."""
    kind = a.dtype
    if kind.is_int:
        return emit(Compare, name="same", a=a, b=b, pred="eq")
    bits = dtype(f"u{kind.bits}")
    codes = [emit(Bitcast, name="code", a=side, to=bits) for side in (a, b)]
    same = emit(Compare, name="same", a=codes[0], b=codes[1], pred="eq")
    # an element that came from outside may have the bits of any NaN
    nans = [emit(Compare, name="nan", a=side, b=side, pred="uno") for side in (a, b)]
    both = emit(And, name="nans", a=nans[0], b=nans[1])
    return emit(Or, name="alike", a=same, b=both)
