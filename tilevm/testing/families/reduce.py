"""Reductions."""

from __future__ import annotations

from hypothesis import strategies as st

from tilevm.ir import Value
from tilevm.testing.families.family import family, overflow_of_sum
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
