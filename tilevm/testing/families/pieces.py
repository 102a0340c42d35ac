"""Statements that take tiles apart, put them together, and repeat them."""

from __future__ import annotations

from tilevm.ir import Const, Expr, Value
from tilevm.testing.families.family import beyond_hardware, family
from tilevm.testing.writer import Writer


@family
def part(w: Writer) -> Value:
    a = w.any_value()
    start, size, step = [], [], []
    for extent in a.tile.shape:
        step.append(w.pick((1, 1, 2, 3)))
        size.append(w.number(1, (extent - 1) // step[-1] + 1))
        start.append(w.number(0, extent - (size[-1] - 1) * step[-1] - 1))
    return w.op("slice", a, start=tuple(start), size=tuple(size), step=tuple(step))


@family
def inserted(w: Writer) -> Value:
    into = w.any_value()
    size = tuple(w.number(1, extent) for extent in into.tile.shape)
    pairs = zip(into.tile.shape, size, strict=True)
    start = tuple(w.number(0, extent - n) for extent, n in pairs)
    return w.op("insert", w.of_type(into.tile.with_shape(*size)), into, start=start)


@beyond_hardware
def moving_part(w: Writer) -> Value:
    """A part whose start is computed, and brought into the tile by a remainder."""
    a = w.any_value()
    size = tuple(w.number(1, extent) for extent in a.tile.shape)
    start: list[Expr] = []
    for extent, n in zip(a.tile.shape, size, strict=True):
        index, low, _ = w.index()
        index = index - low if low < 0 else index
        start.append(index % (extent - n + 1) if extent > n else Const(0))
    if w.rarely(2):
        return w.op("insert", w.of_type(a.tile.with_shape(*size)), a, start=tuple(start))
    return w.op("slice", a, start=tuple(start), size=size)


@family
def joined(w: Writer) -> Value | None:
    a = w.any_value()
    if not a.tile.rank:
        return None
    dim = w.number(0, a.tile.rank - 1)
    parts, shape = [a], list(a.tile.shape)
    for _ in range(w.number(0, 2)):
        shape[dim] = w.number(1, 3)
        parts.insert(w.number(0, len(parts)), w.of_type(a.tile.with_shape(*shape)))
    shape[dim] = sum(each.tile.shape[dim] for each in parts)
    return w.op("concat", *parts, dim=dim) if w.fits(shape) else None


@family
def repeated(w: Writer) -> Value | None:
    a = w.any_value()
    counts = tuple(w.pick((1, 1, 2, 3)) for _ in a.tile.shape)
    shape = [n * count for n, count in zip(a.tile.shape, counts, strict=True)]
    if not w.fits(shape):
        return None
    return w.op(w.pick(("repeat", "repeat_interleave")), a, counts=counts)


@family
def reversed_(w: Writer) -> Value:
    a = w.any_value()
    dims = tuple(d for d in range(a.tile.rank) if w.rarely(2))
    return w.op("reverse", a, dims=None if w.rarely(4) else dims)
