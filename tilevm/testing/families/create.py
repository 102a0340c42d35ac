"""Values from memory and from nothing."""

from __future__ import annotations

from tilevm.ir import TileType, Value
from tilevm.testing.families.family import family
from tilevm.testing.strategies import dtypes, shapes
from tilevm.testing.writer import Writer


@family
def loaded(w: Writer) -> Value:
    return w.load(TileType(w.draw(dtypes()), w.draw(shapes(0, 3, w.room))))


@family
def constant(w: Writer) -> Value:
    return w.constant(TileType(w.draw(dtypes()), w.draw(shapes(0, 2, w.room))))
