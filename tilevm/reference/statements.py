"""Statements on buffers, element by element."""

from __future__ import annotations

from collections.abc import Iterable

from tilevm.diagnostics import error
from tilevm.dtypes import DType
from tilevm.ir import Access, BufferType, Const, Op, Value, ops
from tilevm.ir.ops.access import Padded
from tilevm.reference.formats import fit
from tilevm.reference.machine import ThreadBlock, does
from tilevm.reference.memory import Memory
from tilevm.reference.numbers import Number, largest, number, plus, smallest
from tilevm.reference.ops import Index, indices, tile
from tilevm.reference.ops.meaning import beginning


@does(ops.AllocShared)
def alloc_shared(at: ThreadBlock, op: ops.AllocShared) -> None:
    kind = op.out.type
    assert isinstance(kind, BufferType)
    extents = tuple(extent.value for extent in kind.shape if isinstance(extent, Const))
    at.buffers[op.out] = Memory(op.out.name, kind.dtype, extents)


def touched(
    at: ThreadBlock,
    op: Op,
    access: Access,
    shape: Index,
    trap: bool,
    named: Value | None = None,
    along: int = 0,
) -> tuple[Memory, dict[Index, Index]]:
    """A buffer, and where in it each element of a tile lies: along its last dimensions.

    In dimension `along` an index tile may say it.  TV0403 if the tile leaves the buffer in some
    dimension, where that is to `trap`.
    """
    memory = at.buffers[access.buffer]
    start = [at.index(expr) for expr in access.indices]
    lead = (0,) * (len(start) - len(shape))
    places = {
        i: [first + n for first, n in zip(start, (*lead, *i), strict=True)] for i in indices(shape)
    }
    lengths = (*(1 for _ in lead), *shape)
    for dim, (first, length, extent) in enumerate(zip(start, lengths, memory.extents, strict=True)):
        inside = 0 <= first <= extent - length
        if named is not None and dim == along:
            for i, there in places.items():
                index = at.tiles[named][beginning(i, named.tile.shape)]
                assert isinstance(index, int)
                there[dim] = first + index
            inside = all(0 <= there[dim] < extent for there in places.values())
        if trap and not inside:
            where = f"the tile leaves dimension {dim} of `{memory.name}` {list(memory.extents)}"
            raise op.reject("TV0403", where, "at")
    return memory, {i: tuple(there) for i, there in places.items()}


def taken(at: ThreadBlock, memory: Memory, places: Iterable[Index]) -> list[Number]:
    """The values at the places, which lie inside."""
    places = list(places)
    memory.defined(places)
    for there in places:
        at.copies.settle(there, memory.arriving, "TV0432")
    return [memory.read(there, at.ids) for there in places]


def put(at: ThreadBlock, memory: Memory, there: Index, value: Number) -> None:
    """Writes an element."""
    memory.write(there, value, at.ids)
    at.copies.settle(there, memory.arriving, "TV0432")
    at.copies.settle(there, memory.leaving, "TV0433")


def outside(op: Padded, kind: DType) -> Number:
    """What an element outside of the buffer is: 0, or the value that the op gives."""
    return fit(kind, number(0 if op.value is None else op.value))


@does(ops.Load)
@does(ops.Gather)
def load(at: ThreadBlock, op: ops.Load | ops.Gather) -> None:
    named = (op.index, op.dim) if isinstance(op, ops.Gather) else ()
    memory, places = touched(at, op, op.at, op.out.tile.shape, op.oob == "trap", *named)
    inside = {i: there for i, there in places.items() if memory.has(there)}
    read = dict(zip(inside, taken(at, memory, inside.values()), strict=True))
    at.tiles[op.out] = tile(op.out, lambda i: read.get(i, outside(op, memory.dtype)))


@does(ops.Store)
def store(at: ThreadBlock, op: ops.Store) -> None:
    memory, places = touched(at, op, op.at, op.a.tile.shape, op.oob == "trap")
    for i, value in at.tiles[op.a].items():
        if memory.has(places[i]):
            put(at, memory, places[i], value)


@does(ops.Scatter)
def scatter(at: ThreadBlock, op: ops.Scatter) -> None:
    memory, places = touched(at, op, op.at, op.a.tile.shape, op.oob == "trap", op.index, op.dim)
    stored: dict[Index, Number] = {}
    for i, value in at.tiles[op.a].items():
        there = places[i]
        if there in stored and op.duplicate == "trap":
            raise error("TV0430", f"two elements go to `{memory.name}{list(there)}`")
        if there in stored and op.duplicate == "add":
            value = fit(memory.dtype, plus(stored[there], value), op.overflow)
        if memory.has(there):
            stored[there] = value
    for there, value in stored.items():
        put(at, memory, there, value)


def combined(op: ops.Atomic, held: Number, given: Number) -> Number:
    """What an atomic puts in place of a value."""
    match op.op:
        case "add":
            return fit(op.a.dtype, plus(held, given), op.overflow)
        case "min":
            return smallest([held, given])
        case "max":
            return largest([held, given])
        case "exchange":
            return given
    assert isinstance(held, int) and isinstance(given, int)
    return {"and": held & given, "or": held | given, "xor": held ^ given}[op.op]


@does(ops.Atomic)
@does(ops.AtomicCas)
def atomic(at: ThreadBlock, op: ops.Atomic | ops.AtomicCas) -> None:
    moved = op.a if isinstance(op, ops.Atomic) else op.expected
    memory, places = touched(at, op, op.at, moved.tile.shape, op.oob == "trap", op.index, op.dim)
    memory.defined(there for there in places.values() if memory.has(there))
    old = {i: fit(moved.dtype, 0) for i in places} if op.results else {}

    for i, there in places.items():

        def law(held: Number, i: Index = i) -> Number:
            if isinstance(op, ops.Atomic):
                return combined(op, held, at.tiles[op.a][i])
            return at.tiles[op.desired][i] if held == at.tiles[op.expected][i] else held

        if memory.has(there):
            at.copies.settle(there, memory.arriving, "TV0432")
            at.copies.settle(there, memory.leaving, "TV0433")
            old[i] = memory.update(there, law, at.ids)
    if op.results:
        at.tiles[op.results[0]] = old


@does(ops.CopyAsync)
def copy_async(at: ThreadBlock, op: ops.CopyAsync) -> None:
    source, there = touched(at, op, op.at, op.shape, op.oob == "trap")
    target, here = touched(at, op, op.to, op.shape, op.oob != "skip")
    moved = [i for i in there if op.oob != "skip" or (source.has(there[i]) and target.has(here[i]))]
    inside = [i for i in moved if source.has(there[i])]
    values = dict(zip(inside, taken(at, source, (there[i] for i in inside)), strict=True))
    for i in moved:
        put(at, target, here[i], values[i] if i in values else outside(op, source.dtype))
    group = at.copies.committed + 1
    if there:
        at.copies.started.append((group, op))
    source.leaving.update({there[i]: group for i in inside})
    target.arriving.update({here[i]: group for i in moved})


@does(ops.Commit)
def commit(at: ThreadBlock, op: ops.Commit) -> None:
    at.copies.committed += 1


@does(ops.Wait)
def wait(at: ThreadBlock, op: ops.Wait) -> None:
    at.copies.arrived = max(at.copies.arrived, at.copies.committed - op.pending)


@does(ops.Barrier)
def barrier(at: ThreadBlock, op: ops.Barrier) -> None:
    """Stores before it are done, as statements run in order; copies become visible."""
    at.copies.visible = at.copies.arrived
