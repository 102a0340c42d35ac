"""Ops that only move bits: no hardware but wires, so a consumer looks through them to the producer.

A value behind such ops is *wired*: each of its bits is a bit of a value that an actor makes (a
root), or constant.  Bits of all roots are numbered in one row.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from hdl.lower.schedule import HOLE, Bits, Schedule
from hdl.netlist import ONE, ZERO
from tilevm.diagnostics import TileError
from tilevm.dtypes import DType, FloatFormat, FloatType, Trap
from tilevm.ir import Const, Op, TileType, Value
from tilevm.ir.ops import (
    Bitcast,
    BitPlanes,
    Broadcast,
    Cast,
    Concat,
    Constant,
    ConvertLayout,
    Full,
    Insert,
    Iota,
    Pack,
    Pad,
    PermuteBytes,
    PermuteNibbles,
    Repeat,
    RepeatInterleave,
    Reshape,
    Reverse,
    Slice,
    Transpose,
    Unpack,
    View,
)

UNKNOWN = -3  # a bit of shared memory of which nothing certain is known


def refused(op: Op, reason: str, help: str | None = None) -> TileError:
    """The diagnostic for an op that cannot be built: its line, the reason, what would help."""
    return op.reject("TV0502", f"`{op.name}` cannot be built as hardware: {reason}", help=help)


class Wires:
    """The bits behind every tile: [elements, bits], numbers of bits of roots, or ZERO, ONE."""

    def __init__(self) -> None:
        self.bits: dict[Value, Bits] = {}
        self._roots: list[Value] = []
        self._starts: list[int] = []
        self._next = 0

    def add_root(self, value: Value) -> None:
        """A value that an actor makes: its bits are its own."""
        kind = value.tile
        count = kind.size * kind.dtype.bits
        numbers = np.arange(self._next, self._next + count, dtype=np.int64)
        self.bits[value] = numbers.reshape(kind.size, kind.dtype.bits)
        self._roots.append(value)
        self._starts.append(self._next)
        self._next += count

    def parts(self, bits: Bits) -> dict[Value, Bits]:
        """By root its bits among these, numbered from 0, ZERO elsewhere; ones go with the first."""
        used = bits >= 0
        owner = np.searchsorted(self._starts, bits, side="right") - 1
        found: dict[Value, Bits] = {}
        for number in np.unique(owner[used]):
            mine = used & (owner == number)
            rest = ZERO if found else np.where(used, ZERO, bits)
            found[self._roots[number]] = np.where(mine, bits - self._starts[number], rest)
        return found

    def need(self, value: Value, elements: Schedule) -> Bits:
        """The bits [beats, lanes, bits] behind elements of a value; ZERO where there is none."""
        return np.where((elements == HOLE)[..., None], ZERO, self.bits[value][elements])


def constant_bits(values: npt.ArrayLike, kind: DType) -> Bits:
    """Constants [...] as bits [..., bits]."""
    codes = kind.encode(np.asarray(values))
    shifts = np.arange(kind.bits, dtype=np.uint64)
    ones = (np.asarray(codes, np.uint64)[..., None] >> shifts) & np.uint64(1)
    return np.where(ones == 1, ONE, ZERO).astype(np.int64)


Move = Callable[..., Bits]
MOVES: dict[type[Op], Move] = {}


def moves(kind: type[Op]) -> Callable[[Move], Move]:
    """Registers how an op moves bits: those of operands [*shape, bits] to result [*shape, bits]."""

    def register(move: Move) -> Move:
        MOVES[kind] = move
        return move

    return register


def wired(op: Op, wires: Wires) -> Bits | None:
    """The bits of the result of an op [elements, bits], if it only moves bits."""
    if isinstance(op, Full | Constant):
        made = constant_bits(op.run(), op.out.tile.dtype)
        return made.reshape(-1, made.shape[-1])
    if isinstance(op, Iota):
        if not isinstance(op.start, Const):
            return None
        try:
            numbers = op.run(op.start.value)
        except Trap as stop:
            reason = f"it always stops: {stop.message}"
            raise refused(op, reason, "use a wider type") from None
        made = constant_bits(numbers, op.out.tile.dtype)
        return made.reshape(-1, made.shape[-1])
    move = MOVES.get(type(op))
    if move is None or (isinstance(op, Cast) and not _is_rewiring(op)) or makes_floats(op):
        return None
    if isinstance(op, Slice | Insert) and op.may_stop:  # the part is not known
        return None
    shaped = [
        wires.bits[operand].reshape(*operand.tile.shape, operand.dtype.bits)
        for operand in op.operands
    ]
    result = move(op, *shaped)
    return np.ascontiguousarray(result).reshape(op.out.tile.size, op.out.dtype.bits)


def makes_floats(op: Op) -> bool:
    """Whether bits become floats: of several codes that are NaN the machine keeps but one."""
    kind = op.out.dtype
    recodes = isinstance(op, Bitcast | Pack | Unpack | View) and kind != op.operands[0].dtype
    return recodes and isinstance(kind, FloatType) and not _has_one_nan(kind.format)


def _has_one_nan(f: FloatFormat) -> bool:
    """Whether at most one code is NaN."""
    if f.nan_code is None or f.convention == "fnuz":
        return True
    return not f.signed and (f.convention == "fn" or f.mantissa == 1)


def _is_rewiring(cast: Cast) -> bool:
    """Whether a cast only repeats or drops bits."""
    return (
        cast.a.dtype.is_int and cast.to.is_int and (cast.overflow in (None, "wrap") or widens(cast))
    )


def widens(cast: Cast) -> bool:
    """Whether every value of the operand's type is one of the result's."""
    old, new = cast.a.dtype, cast.to
    return bool(new.min <= old.min and old.max <= new.max)


@moves(Reshape)
@moves(ConvertLayout)
def _(op: Op, bits: Bits) -> Bits:
    return bits


@moves(Transpose)
def _(op: Op, bits: Bits) -> Bits:
    assert isinstance(op, Transpose)
    return bits.transpose(*op.order, bits.ndim - 1)


@moves(Broadcast)
def _(op: Op, bits: Bits) -> Bits:
    return np.broadcast_to(bits, (*op.out.tile.shape, bits.shape[-1]))


@moves(Pad)
def _(op: Op, bits: Bits) -> Bits:
    assert isinstance(op, Pad)
    kind = op.out.tile
    fill = constant_bits(np.full(kind.shape, op.value, kind.dtype.carrier), kind.dtype)
    inside = tuple(slice(low, low + n) for low, n in zip(op.before, op.a.tile.shape, strict=True))
    fill[inside] = bits
    return fill


@moves(Slice)
@moves(Insert)
@moves(Concat)
@moves(Repeat)
@moves(RepeatInterleave)
@moves(Reverse)
def _(op: Op, *bits: Bits) -> Bits:
    """Whole elements go where the machine puts them: its meaning, run on their numbers."""
    rows = [each.reshape(-1, op.out.dtype.bits) for each in bits]
    firsts = np.cumsum([0, *map(len, rows)])
    numbered = [
        np.arange(first, first + len(row)).reshape(1, *operand.tile.shape)
        for row, operand, first in zip(rows, op.operands, firsts, strict=False)
    ]
    starts = [first.value for first in getattr(op, "start", ()) if isinstance(first, Const)]
    return np.concatenate(rows)[op.run(*numbered, *starts)[0]]


@moves(BitPlanes)
def _(op: Op, bits: Bits) -> Bits:
    return np.moveaxis(bits, -1, 0)[..., None]


@moves(Pack)
@moves(Unpack)
def _(op: Op, bits: Bits) -> Bits:
    return bits.reshape(*op.out.tile.shape, op.out.dtype.bits)


@moves(Bitcast)
def _(op: Op, bits: Bits) -> Bits:
    return bits


@moves(PermuteBytes)
@moves(PermuteNibbles)
def _(op: Op, bits: Bits) -> Bits:
    assert isinstance(op, PermuteBytes | PermuteNibbles)
    fields = bits.reshape(*bits.shape[:-1], len(op.order), -1)
    return fields[..., list(op.order), :].reshape(bits.shape)


@moves(Cast)
def _(op: Op, bits: Bits) -> Bits:
    assert isinstance(op, Cast)
    old, new = op.a.dtype.bits, op.to.bits
    if new <= old:
        return bits[..., :new]
    fill = bits[..., -1:] if op.a.dtype.signed else np.full_like(bits[..., -1:], ZERO)
    return np.concatenate([bits, np.repeat(fill, new - old, axis=-1)], axis=-1)


@moves(View)
def _(op: Op, bits: Bits) -> Bits:
    old, new = op.operands[0].tile, op.out.tile
    flat = bits.reshape(old.size, old.dtype.bits)
    if old.layout is None and new.layout is None:
        return flat.reshape(new.size, new.dtype.bits)
    per_place = _elements(old)
    cut = flat[per_place].reshape(len(per_place), -1, new.dtype.bits)
    result = np.empty((new.size, new.dtype.bits), np.int64)
    result[_elements(new)] = cut
    return result


def _elements(kind: TileType) -> npt.NDArray[np.int64]:
    if kind.layout is None:
        return np.arange(kind.size, dtype=np.int64)[None]
    return np.asarray(kind.layout.elements(), np.int64)
