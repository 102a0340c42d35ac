"""Statements that move elements or bits."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from tilevm.dtypes import dtype
from tilevm.ir import TileType, Value, ops
from tilevm.layouts import spatial
from tilevm.testing.families.family import family, split
from tilevm.testing.strategies import layouts
from tilevm.testing.writer import Writer


@family
def reshape(w: Writer) -> Value:
    a = w.any_value()
    return w.op("reshape", a, shape=split(w, a.tile.size))


@family
def transpose(w: Writer) -> Value:
    a = w.any_value()
    order = w.draw(st.permutations(range(a.tile.rank)))
    return w.op("transpose", a, perm=tuple(order))


@family
def convert_layout(w: Writer) -> Value | None:
    a = w.any_value()
    if not w.written_layouts or 0 in a.tile.shape:
        return None
    kind = replace(a.tile, layout=w.draw(layouts(a.tile.shape)))
    value: Value = w.builder.convert_layout(a, type=kind, name=w.name("v"))
    w.values.append(value)
    return value


@family
def broadcast(w: Writer) -> Value | None:
    a = w.any_value()
    shape = [w.pick((1, 2, 3, 4)) if extent == 1 else extent for extent in a.tile.shape]
    if a.tile.rank < 3 and w.rarely(2):
        shape.insert(0, w.pick((1, 2, 3, 5)))
    return w.op("broadcast", a, shape=tuple(shape)) if w.fits(shape) else None


@family
def pad(w: Writer) -> Value | None:
    a = w.any_value()
    low, high = (tuple(w.pick((0, 0, 1, 2)) for _ in a.tile.shape) for _ in range(2))
    if not w.fits([sum(e) for e in zip(low, a.tile.shape, high, strict=True)]):
        return None
    kind = a.tile.dtype
    return w.op("pad", a, low=low, high=high, value=w.pick((0, int(kind.min), int(kind.max))))


@family
def view(w: Writer) -> Value | None:
    a = w.any_value()
    old = a.tile
    bits = old.size * old.dtype.bits
    widths = [b for b in range(1, 65) if bits % b == 0 and bits // b <= w.room]
    if not w.written_layouts or w.rarely(2):
        if not widths or old.layout is not None:
            return None
        kind = dtype(f"{w.pick('iu')}{w.pick(widths)}")
        return _view(w, a, TileType(kind, split(w, bits // kind.bits)))
    if old.layout is None or old.layout.copies > 1:
        copy = w.draw(layouts(old.shape, copies=False))
        zero = w.op("full", old.with_shape(*old.shape), value=0)
        a = w.builder.emit(ops.Add, (a, zero), {}, name=w.name("v"), type=replace(old, layout=copy))
        w.values.append(a)
        old = a.tile
    assert old.layout is not None
    per_place = old.layout.steps * old.dtype.bits
    widths = [b for b in range(1, 65) if per_place % b == 0]
    kind = dtype(f"{w.pick('iu')}{w.pick(widths)}")
    places, steps = old.layout.places, per_place // kind.bits
    if not w.fits([places, steps]):
        return None
    layout = spatial(places, 1).local(1, steps)
    return _view(w, a, TileType(kind, (places, steps), layout))


def _view(w: Writer, a: Value, kind: TileType) -> Value:
    value: Value = w.builder.view(a, type=kind, name=w.name("v"))
    w.values.append(value)
    return value
