"""A `dot` as what it says: all products, in a type that holds them, and their sum."""

from __future__ import annotations

from tilevm.ir import Value
from tilevm.ir.ops import Cast, Dot, Mul, Sum
from tilevm.passes.dot_forms.operands import Facing, by_depth, held, needs_exact
from tilevm.passes.interval import hull, narrowest, whole
from tilevm.passes.rewrite import Emitter


def mac(op: Dot, emit: Emitter) -> Value | None:
    """The product by multiplications, and one sum over k."""
    a, b = whole(op.a.dtype), whole(op.b.dtype)
    products = hull(a * b, a, b)  # a product and its factors have one type
    if needs_exact(op) and narrowest(products) is None:
        return None
    kind, overflow = held(products)
    meet, sides = Facing(op, emit), []
    for first, value in ((True, op.a), (False, op.b)):
        name = "a" if first else "b"
        value = by_depth(value, emit, name, last=first)
        if value.dtype != kind:
            value = emit(Cast, name=f"{name}_wide", a=value, to=kind, overflow=overflow)
        sides.append(meet.side(first, value, name))
    each = emit(Mul, name="products", a=sides[0], b=sides[1], overflow=overflow)
    dims = (each.tile.rank - 1,)
    return emit(Sum, written=op.written, a=each, dims=dims, acc=op.to, overflow=op.overflow)
