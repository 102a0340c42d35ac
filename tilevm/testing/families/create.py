"""Values from memory and from nothing."""

from __future__ import annotations

from tilevm.ir import Const, TileType, Value
from tilevm.testing.families.family import family
from tilevm.testing.strategies import dtypes, shapes
from tilevm.testing.writer import Writer


@family
def loaded(w: Writer) -> Value:
    return w.load(TileType(w.draw(dtypes()), w.draw(shapes(0, 3, w.room))))


@family
def constant(w: Writer) -> Value:
    return w.constant(TileType(w.draw(dtypes()), w.draw(shapes(0, 2, w.room))))


@family
def random(w: Writer) -> Value:
    counter = w.index()[0] if w.rarely(2) else Const(w.number(-3, 9))
    kind = TileType(w.draw(dtypes()), w.draw(shapes(0, 2, w.room)))
    return w.op("random", kind, seed=w.number(0, 3), counter=counter)


@family
def listed(w: Writer) -> Value:
    kind = TileType(w.draw(dtypes()), w.draw(shapes(0, 2, min(w.room, 8))))
    low, high = int(kind.dtype.min), int(kind.dtype.max)
    return w.op("constant", kind, values=tuple(w.number(low, high) for _ in range(kind.size)))
