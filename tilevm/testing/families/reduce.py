"""Reductions."""

from __future__ import annotations

from hypothesis import strategies as st

from tilevm.dtypes import dtype
from tilevm.ir import Value
from tilevm.testing.families.family import coded, family, overflow_of_sum
from tilevm.testing.strategies import dtypes
from tilevm.testing.writer import Writer


def _nan(w: Writer) -> str:
    return w.pick(("propagate", "ignore"))


@family
def reduction(w: Writer) -> Value | None:
    a = w.any_value()
    if not a.tile.rank:
        return None
    dims = w.draw(st.sets(st.integers(0, a.tile.rank - 1), min_size=w.pick((1, 1, 0))))
    over = None if w.rarely(5) else tuple(sorted(dims))
    keep = w.rarely(3)
    if w.rarely(2):
        return w.op(w.pick(("amax", "amin")), a, dims=over, keepdims=keep, nan=_nan(w))
    acc, overflow = w.draw(dtypes()), overflow_of_sum(w)
    return w.op("sum", a, dims=over, acc=acc, overflow=overflow, keepdims=keep)


@family
def other_reduction(w: Writer) -> Value | None:
    a = w.any_value()
    if not a.tile.rank:
        return None
    dim = w.pick((None, *range(a.tile.rank)))
    keep = w.rarely(3)
    match w.pick(("prod", "argmax", "argmin", "any", "all")):
        case "prod":
            over, acc = None if dim is None else (dim,), w.draw(dtypes())
            return w.op("prod", a, dims=over, acc=acc, overflow=overflow_of_sum(w), keepdims=keep)
        case "any" | "all" as kind:
            flags = w.of_type(a.tile.of("u1"))
            return w.op(kind, flags, dims=None if dim is None else (dim,), keepdims=keep)
        case kind:
            return w.op(kind, a, dim=dim, keepdims=keep, nan=_nan(w))


@family
def scan(w: Writer) -> Value | None:
    a = w.any_value()
    if not a.tile.rank:
        return None
    step = w.pick(("add", "mul", "min", "max"))
    ways = {"exclusive": w.rarely(2), "reverse": w.rarely(2)}
    dim = w.number(0, a.tile.rank - 1)
    if step in ("min", "max"):
        return w.op("scan", a, op=step, dim=dim, **ways)
    acc, overflow = w.draw(dtypes()), overflow_of_sum(w)
    return w.op("scan", a, op=step, dim=dim, acc=acc, overflow=overflow, **ways)


MOST_FACTORS = 40  # the exact product of more has too many bits for hardware
KINDS = ("f16", "e4m3fn", "e5m2", "e4m3fnuz", "fixed(i8, -4)", "fixed(u5, 1)")


@family
def exact(w: Writer) -> Value | None:
    """Products, prefixes and extremes of floats and fixed point; their codes are handed on."""
    a = w.any_value()
    if not a.tile.rank or not a.tile.size:
        return None
    dim = w.number(0, a.tile.rank - 1)
    if a.tile.shape[dim] > MOST_FACTORS:
        return None
    with w.apart():
        kind = dtype(w.pick(KINDS))
        x = w.op("cast", a, to=kind, overflow="sat")
        to = dtype(w.pick(("f32", "bf16", "f16")))
        ways = {"exclusive": w.rarely(2), "reverse": w.rarely(2)}
        match w.pick(("prod", "add", "mul", "min", "max", "amax", "amin")):
            case "prod":
                found = w.op("prod", x, dims=(dim,), keepdims=True, acc=to)
            case "add" | "mul" as step:
                found = w.op("scan", x, op=step, dim=dim, acc=to, **ways)
            case "min" | "max" as step:
                found = w.op("scan", x, op=step, dim=dim, nan=_nan(w), **ways)
            case name:
                found = w.op(name, x, dims=(dim,), keepdims=True)
        codes = coded(w, found)
    w.values.append(codes)
    return codes
