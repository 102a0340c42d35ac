"""Statements on buffers, element by element."""

from __future__ import annotations

from tilevm.dtypes import DType
from tilevm.ir import BufferType, Const, ops
from tilevm.ir.ops.access import Padded
from tilevm.reference.formats import fit
from tilevm.reference.machine import ThreadBlock, does
from tilevm.reference.memory import Memory
from tilevm.reference.numbers import Number, number
from tilevm.reference.ops import Index, indices, tile


@does(ops.AllocShared)
def alloc_shared(at: ThreadBlock, op: ops.AllocShared) -> None:
    kind = op.out.type
    assert isinstance(kind, BufferType)
    extents = tuple(extent.value for extent in kind.shape if isinstance(extent, Const))
    at.buffers[op.out] = Memory(op.out.name, kind.dtype, extents)


def touched(
    at: ThreadBlock, op: ops.Load | ops.Store, shape: Index
) -> tuple[Memory, dict[Index, Index]]:
    """A buffer, and where in it each element of a tile lies: along its last dimensions.

    TV0403 if the tile leaves the buffer in some dimension, unless the op allows it.
    """
    memory = at.buffers[op.at.buffer]
    start = [at.index(expr) for expr in op.at.indices]
    lead = (0,) * (len(start) - len(shape))
    places = {
        i: tuple(first + n for first, n in zip(start, (*lead, *i), strict=True))
        for i in indices(shape)
    }
    lengths = (*(1 for _ in lead), *shape)
    for first, length, extent in zip(start, lengths, memory.extents, strict=True):
        if op.oob == "trap" and not 0 <= first <= extent - length:
            where = f"{first} .. {first + length} leaves `{memory.name}` {list(memory.extents)}"
            raise op.reject("TV0403", where, "at")
    return memory, places


def outside(op: Padded, kind: DType) -> Number:
    """What an element outside of the buffer is: 0, or the value that the op gives."""
    return fit(kind, number(0 if op.value is None else op.value))


@does(ops.Load)
def load(at: ThreadBlock, op: ops.Load) -> None:
    memory, places = touched(at, op, op.out.tile.shape)
    inside = {i: there for i, there in places.items() if memory.has(there)}
    memory.defined(inside.values())
    read = {i: memory.read(there, at.ids) for i, there in inside.items()}
    at.tiles[op.out] = tile(op.out, lambda i: read.get(i, outside(op, memory.dtype)))


@does(ops.Store)
def store(at: ThreadBlock, op: ops.Store) -> None:
    memory, places = touched(at, op, op.a.tile.shape)
    for i, value in at.tiles[op.a].items():
        if memory.has(places[i]):
            memory.write(places[i], value, at.ids)


@does(ops.Barrier)
def barrier(at: ThreadBlock, op: ops.Barrier) -> None:
    """Nothing: the stores before it are done, as statements run in order."""
