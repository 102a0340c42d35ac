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
    return w.op(w.pick(("and", "or", "xor", "min", "max", "mulhi")), a, w.of_type(a.tile))


@family
def division(w: Writer) -> Value:
    """By numbers that are odd, and so not zero."""
    a = w.any_value()
    one = w.op("full", a.tile.with_shape(*a.tile.shape), value=int(max(a.dtype.min, -1)) or 1)
    odd = w.op("or", w.of_type(a.tile), one)
    kind = w.pick(("floordiv", "truncdiv", "floormod", "truncmod"))
    if kind in ("floormod", "truncmod"):
        return w.op(kind, a, odd)
    return w.op(kind, a, odd, overflow=w.pick((None, "wrap", "sat")))


@family
def clip(w: Writer) -> Value:
    a = w.any_value()
    ends = sorted(w.number(int(a.dtype.min), int(a.dtype.max)) for _ in range(2))
    given = w.pick((("lo", "hi"), ("lo",), ("hi",)))
    return w.op("clip", a, **{k: v for k, v in zip(("lo", "hi"), ends, strict=True) if k in given})


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
