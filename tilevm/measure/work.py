"""The work of one run of an op: arithmetic operations, elements, and bits moved by memory space."""

from __future__ import annotations

from collections import Counter

from tilevm.ir import Op, ops
from tilevm.ir.ops.elementwise import Elementwise
from tilevm.ir.ops.recode import Permute
from tilevm.ir.ops.reduce import ArgReduction, Reduction
from tilevm.measure.access import tile_of

_MOVES = (ops.Cast, ops.Select, Permute)  # elementwise, but nothing is computed


def operations(op: Op) -> int:
    """Arithmetic operations: a multiply-add counts as two, moves and conversions as none."""
    if isinstance(op, ops.Dot | ops.DotScaled):
        first = op.operands[0].tile
        return 2 * op.out.tile.size * (first.shape[-1] if first.shape else 1)
    if isinstance(op, Reduction | ArgReduction | ops.Scan | ops.ShiftAdd):
        return op.operands[0].tile.size
    if isinstance(op, ops.SubsetSums | ops.Dequantize | ops.Quantize):
        return op.results[0].tile.size
    if isinstance(op, Elementwise) and not isinstance(op, _MOVES):
        return op.out.tile.size * (2 if isinstance(op, ops.Fma) else 1)
    if isinstance(op, ops.Atomic | ops.AtomicCas):
        return op.operands[0].tile.size
    return 0


def elements(op: Op) -> int:
    """Elements that it makes or moves."""
    moved = tile_of(op)
    if moved is not None:
        return moved.size
    return sum(value.tile.size for value in op.results) if not op.blocks and op.pure else 0


def traffic(op: Op) -> Counter[str]:
    """Bits that it moves in each memory space, those that lie outside of a buffer included."""
    found: Counter[str] = Counter()
    moved = tile_of(op)
    if moved is not None:
        for access, hows in op.touches():
            ways = sum(how in ("reads", "writes") for how in hows)
            found[access.type.space] += ways * moved.size * moved.dtype.bits
    return found
