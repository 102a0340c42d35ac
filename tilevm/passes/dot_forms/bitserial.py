"""A `dot` bit by bit: what an SRAM array does in place.

The product of two numbers is the sum of the products of their bits, each with the weight of both;
the sign bits of two's complement weigh negatively.  So for each pair of bit-planes the sum over k
counts where both bits are 1, and the counts are added with their weights: first over the planes of
`a`, then over those of `b`.
"""

from __future__ import annotations

from tilevm.dtypes import dtype
from tilevm.ir import Value
from tilevm.ir.ops import And, BitPlanes, Dot, ShiftAdd, Sum
from tilevm.passes.dot_forms.operands import Facing, by_depth, held, needs_exact, total
from tilevm.passes.interval import narrowest, whole
from tilevm.passes.rewrite import Emitter


def bitserial(op: Dot, emit: Emitter) -> Value | None:
    """The product from the bits of both operands."""
    depth = op.a.tile.shape[-1]
    per_plane = whole(op.a.dtype).upto(depth)
    exact = (whole(op.a.dtype) * whole(op.b.dtype)).upto(depth)
    if needs_exact(op) and (narrowest(exact) is None or narrowest(per_plane) is None):
        return None
    left = emit(BitPlanes, name="a_planes", a=by_depth(op.a, emit, "rows", last=True))
    right = emit(BitPlanes, name="b_planes", a=by_depth(op.b, emit, "columns", last=False))
    meet = Facing(op, emit, ((op.a.dtype.bits,), (op.b.dtype.bits,)))
    both = emit(And, name="both", a=meet.side(True, left, "a"), b=meet.side(False, right, "b"))
    kind = dtype(f"u{depth.bit_length()}")
    counts = emit(Sum, name="counts", a=both, dims=(both.tile.rank - 1,), acc=kind)
    kind, overflow = held(per_plane)
    signed = op.a.dtype.signed
    sums = emit(ShiftAdd, name="sums", a=counts, signed=signed, acc=kind, overflow=overflow)
    return total(op, emit, sums, op.b.dtype.signed, exact)
