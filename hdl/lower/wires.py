"""Ops that only move bits: no hardware but wires, so a consumer looks through them to the producer.

A value behind such ops is *wired*: each of its bits is a bit of one root value, or constant.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hdl.lower.schedule import Bits
from hdl.netlist import ONE, ZERO
from tilevm.dtypes import DType
from tilevm.ir import Const, Op, TileType, Value
from tilevm.ir.ops import BitPlanes, Broadcast, Cast, Full, Iota, Pad, Reshape, Transpose, View


@dataclass(frozen=True, eq=False)
class Wired:
    """Bits of a value [elements, bits]: numbers of bits of `root`, or ZERO, ONE."""

    root: Value | None
    bits: Bits


def root_of(value: Value) -> Wired:
    """A value that an actor makes: its bits are its own."""
    kind = value.tile
    numbers = np.arange(kind.size * kind.dtype.bits, dtype=np.int64)
    return Wired(value, numbers.reshape(kind.size, kind.dtype.bits))


def constant_bits(values: npt.ArrayLike, kind: DType) -> Bits:
    """Constants [...] as bits [..., bits]."""
    codes = kind.encode(np.asarray(values))
    shifts = np.arange(kind.bits, dtype=np.uint64)
    ones = (np.asarray(codes, np.uint64)[..., None] >> shifts) & np.uint64(1)
    return np.where(ones == 1, ONE, ZERO).astype(np.int64)


Move = Callable[[Op, Bits], Bits]
_MOVES: dict[type[Op], Move] = {}


def moves(kind: type[Op]) -> Callable[[Move], Move]:
    """Registers how an op moves bits: operand bits [*shape, bits] to result bits [*shape, bits]."""

    def register(move: Move) -> Move:
        _MOVES[kind] = move
        return move

    return register


def wired(op: Op, known: dict[Value, Wired]) -> Wired | None:
    """The wired result of an op, if it only moves bits."""
    if isinstance(op, Full):
        made = constant_bits(op.run(), op.out.tile.dtype)
        return Wired(None, made.reshape(-1, made.shape[-1]))
    if isinstance(op, Iota):
        if not isinstance(op.start, Const):
            return None
        made = constant_bits(op.run(op.start.value), op.out.tile.dtype)
        return Wired(None, made.reshape(-1, made.shape[-1]))
    move = _MOVES.get(type(op))
    if move is None or (isinstance(op, Cast) and not _is_rewiring(op)):
        return None
    (operand,) = op.operands
    source = known[operand]
    shaped = source.bits.reshape(*operand.tile.shape, operand.dtype.bits)
    result = move(op, shaped)
    return Wired(source.root, np.ascontiguousarray(result).reshape(op.out.tile.size, op.out.dtype.bits))


def _is_rewiring(cast: Cast) -> bool:
    """Whether a cast only repeats or drops bits."""
    return cast.a.dtype.is_int and cast.to.is_int and (cast.overflow in (None, "wrap") or widens(cast))


def widens(cast: Cast) -> bool:
    """Whether every value of the operand's type is one of the result's."""
    old, new = cast.a.dtype, cast.to
    return bool(new.min <= old.min and old.max <= new.max)


@moves(Reshape)
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


@moves(BitPlanes)
def _(op: Op, bits: Bits) -> Bits:
    return np.moveaxis(bits, -1, 0)[..., None]


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
