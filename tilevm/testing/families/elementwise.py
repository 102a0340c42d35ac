"""Elementwise statements."""

from __future__ import annotations

from tilevm.ir import Value
from tilevm.testing.families.family import family
from tilevm.testing.strategies import dtypes
from tilevm.testing.writer import Writer


@family
def arithmetic(w: Writer) -> Value:
    a = w.any_value()
    kind = w.pick(("add", "sub", "mul"))
    return w.op(kind, a, w.of_type(a.tile), overflow=w.pick((None, "wrap", "sat")))


@family
def bitwise(w: Writer) -> Value:
    a = w.any_value()
    return w.op(w.pick(("and", "or", "xor", "min", "max")), a, w.of_type(a.tile))


@family
def unary(w: Writer) -> Value:
    a = w.any_value()
    if w.rarely(2):
        return w.op("not", a)
    return w.op(w.pick(("neg", "abs")), a, overflow=w.pick((None, "wrap", "sat")))


@family
def shift(w: Writer) -> Value:
    a = w.any_value()
    # a signed amount could be negative
    bits = w.pick((1, 2, 3, 7, 8, 64))
    n = w.of_type(a.tile.of(f"u{bits}"))
    if w.rarely(2):
        return w.op("shr", a, n)
    return w.op("shl", a, n, overflow=w.pick((None, "wrap", "sat")))


@family
def choice(w: Writer) -> Value:
    a = w.any_value()
    b = w.of_type(a.tile)
    c = w.op("compare", a, b, pred=w.pick(("eq", "ne", "lt", "le", "gt", "ge")))
    other = w.of_type(w.any_value().tile.with_shape(*a.tile.shape))
    return w.op("select", c, other, w.of_type(other.tile)) if w.rarely(2) else c


@family
def cast(w: Writer) -> Value:
    return w.op("cast", w.any_value(), to=w.draw(dtypes()), overflow=w.pick((None, "wrap", "sat")))
