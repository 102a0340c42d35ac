"""Buffers that are memories: touched at addresses, or in an order, that no stream has.

All accesses to such a buffer go through one unit (hdl/units/memory.py), an element a firing, in the
order of the machine: thread blocks ascending, statements as they stand, elements row by row.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import numpy as np

from hdl.lower.functions import Always, Swap, beat_shape, to_beats
from hdl.lower.rules import RULES, Need
from hdl.lower.rules.rule import no_trap
from hdl.lower.schedule import Schedule
from hdl.lower.wires import refused
from hdl.units import Access, LaneFunction
from tilevm.dtypes import DType
from tilevm.ir import Block, BufferType, Condition, Const, If, Kernel, Op, Value, ops
from tilevm.ir.ops import Atomic, AtomicCas, Gather, Load, Scatter, Store
from tilevm.ir.types import TileType

MAX_MEMORY = 1 << 23  # bits of a buffer on chip: a megabyte

Touch = Load | Store | Gather | Scatter | Atomic | AtomicCas
Way = tuple[Condition | Value, bool]  # a branch around a statement, and which one

_UPDATES: dict[str, type[Op]] = {
    "add": ops.Add,
    "min": ops.Min,
    "max": ops.Max,
    "and": ops.And,
    "or": ops.Or,
    "xor": ops.Xor,
}


def memories_of(kernel: Kernel, gathers: bool = True) -> set[Value]:
    """The buffers that need a memory, as far as their statements alone show it.

    Those of atomics, `scatter` and, with `gathers`, `gather`; those both loaded and stored, or
    stored under a condition on a tile; shared memory at places that change while it runs.
    """
    found: set[Value] = set()
    loaded: set[Value] = set()
    stored: set[Value] = set()

    def collect(block: Block, on_tile: bool) -> None:
        for op in block.ops:
            if isinstance(op, Touch):
                buffer, far = op.at.buffer, is_global(op.at.buffer)
                moves = any(not isinstance(index, Const) for index in op.at.indices)
                if (
                    isinstance(op, Atomic | AtomicCas | Scatter)
                    or (isinstance(op, Gather) and gathers)
                    or (isinstance(op, Load | Store) and moves and not far)
                    or (isinstance(op, Store) and on_tile and far)
                ):
                    found.add(buffer)
                (loaded if isinstance(op, Load | Gather) else stored).add(buffer)
            for inner in op.blocks:
                collect(inner, on_tile or (isinstance(op, If) and isinstance(op.cond, Value)))

    collect(kernel.body, False)
    return found | {buffer for buffer in loaded & stored if is_global(buffer)}


def buffer_type(buffer: Value) -> BufferType:
    """The type of a buffer."""
    assert isinstance(buffer.type, BufferType), buffer.name
    return buffer.type


def is_global(buffer: Value) -> bool:
    """Whether a buffer is a parameter of the kernel, not shared memory."""
    return buffer_type(buffer).space == "global"


@dataclass(frozen=True, eq=False)
class Touching:
    """A statement on a memory: under which conditions, what it needs, what it does there."""

    op: Touch
    under: tuple[Way, ...]
    values: tuple[Need, ...]  # the operands of an access
    flags: tuple[Need, ...]  # of the conditions on tiles
    index: Need | None
    accesses: tuple[Access, ...]  # one, or two after each other; the first has no operand then

    @property
    def needs(self) -> tuple[Need, ...]:
        return (*self.values, *self.flags, *(() if self.index is None else (self.index,)))

    @property
    def shape(self) -> tuple[int, ...]:
        return tile_of(self.op).shape


def tile_of(op: Touch) -> TileType:
    """The tile that a statement moves."""
    match op:
        case Load() | Gather():
            return op.out.tile
        case AtomicCas():
            return op.expected.tile
        case _:
            return op.a.tile


def one_by_one(size: int) -> Schedule:
    """Elements in row-major order, one a beat."""
    return np.arange(size, dtype=np.int64)[:, None]


def touching(op: Touch, under: Sequence[Way]) -> Touching:
    """How a statement on a memory is built; TileError TV0502 where it is not."""
    tile, buffer = tile_of(op), op.at.buffer
    bits = prod(op.at.type.extents) * op.at.type.dtype.bits
    if bits > MAX_MEMORY:
        reason = f"`{buffer.name}` has {bits:,} bits, and {MAX_MEMORY:,} is the most on chip"
        raise refused(op, reason, "use a smaller buffer; or tiles at places that counters say")
    each = one_by_one(tile.size)
    flags = tuple(Need(cond, np.zeros_like(each)) for cond, _ in under if isinstance(cond, Value))
    index = getattr(op, "index", None)
    where = None if index is None else Need(index, _spread(index.tile.shape, tile.shape))
    values = tuple(Need(value, each) for value in op.operands if value is not index)
    return Touching(op, tuple(under), values, flags, where, _accesses(op, tile.dtype))


def _spread(index: tuple[int, ...], tile: tuple[int, ...]) -> Schedule:
    """The element of an index tile that goes with each element of a tile."""
    numbers = np.arange(prod(index), dtype=np.int64)
    lead = numbers.reshape(*index, *[1] * (len(tile) - len(index)))
    return np.ascontiguousarray(np.broadcast_to(lead, tile)).reshape(-1, 1)


def _accesses(op: Touch, kind: DType) -> tuple[Access, ...]:
    gives = bool(op.results)
    outside = 0
    if gives:
        fill = 0 if getattr(op, "oob", None) == "skip" else getattr(op, "fill", None)
        outside = (
            0 if fill is None else int(to_beats(kind.coerce([0]) if fill == 0 else [fill], kind)[0])
        )
    match op:
        case Load() | Gather():
            return (Access(gives=True, otherwise=outside),)
        case AtomicCas():
            update: LaneFunction | None = Swap(beat_shape(kind, 1))
            return (Access(2, update, True, gives, outside),)
        case Atomic():
            update = None if op.op == "exchange" else _combine(op, kind, op.op)
            return (Access(1, update, True, gives, outside),)
        case Scatter() if op.duplicate == "add":
            # what was held does not count: first what changes nothing, then all are added
            none = Always(beat_shape(kind, 1), _nothing(op, kind))
            return Access(0, none, True), Access(1, _combine(op, kind, "add"), True)
    return (Access(values=1, writes=True),)


def _nothing(op: Touch, kind: DType) -> int:
    """What an addition leaves as it is: of floats that have it, the negative zero."""
    zero = kind.coerce([0]) if kind.is_int else -np.abs(kind.coerce([0]))
    return int(to_beats(zero, kind)[0])


def _combine(op: Touch, kind: DType, name: str) -> LaneFunction:
    """Two elements combined as the op of that name does; refused where hardware has none."""
    one = TileType(kind, (1,))
    held, given = Value("held", one), Value("given", one)
    no_trap(op)
    overflow = {"overflow": getattr(op, "overflow", None)} if name == "add" else {}
    made = _UPDATES[name](a=held, b=given, loc=op.loc, **overflow)  # type: ignore[arg-type,call-arg]
    plan = RULES[type(made)](made, one_by_one(1), 1)
    if plan.steps != 1 or plan.fold is not None or plan.finish is not None:
        raise refused(op, f"`{name}` of {kind} takes several steps", "cast it first")
    return plan.function
