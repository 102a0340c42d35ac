"""Tiles without elements: made, computed with, and turned into something that has elements."""

from __future__ import annotations

from tilevm.ir import TileType, Value
from tilevm.ir.ops import Add, Dot, Full, Pad, Sum, Transpose
from tilevm.testing.families.family import beyond_hardware
from tilevm.testing.strategies import dtypes
from tilevm.testing.writer import Writer


@beyond_hardware
def of_nothing(w: Writer) -> Value:
    """A tile of zeros, or of padding; only this last one is seen by other statements."""
    rows, columns = w.number(1, 3), w.number(1, 3)

    def emit(kind: type, *operands: object, **attributes: object) -> Value:
        made: Value = w.builder.emit(kind, operands, attributes, name=w.name("v"))
        return made

    none = emit(Full, TileType(w.draw(dtypes()), (rows, 0)), value=0)
    if w.rarely(2):
        none = emit(Add, none, none)
    match w.pick(("dot", "sum", "pad")):
        case "dot":
            other = emit(Full, TileType(w.draw(dtypes()), (columns, 0)), value=0)
            found = emit(Dot, none, emit(Transpose, other), acc=w.draw(dtypes()))
        case "sum":
            found = emit(Sum, none, dims=(1,), acc=w.draw(dtypes()))
        case _:
            ends = (0, int(none.dtype.min), int(none.dtype.max))
            found = emit(Pad, none, high=(0, columns), value=w.pick(ends))
    w.values.append(found)
    return found
