"""Ops on the bits of elements."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tilevm.ir import ops
from tilevm.reference.formats import decode, encode, fit
from tilevm.reference.numbers import Number, Refused
from tilevm.reference.ops.meaning import Tile, elementwise, means, tile

_WIDEST = 64  # bits: shifting by more does what shifting by this many does


def amount(n: int) -> int:
    """By how much a shift shifts; Refused for a negative amount."""
    if n < 0:
        raise Refused(f"shift by {n}, a negative amount,")
    return min(n, _WIDEST)


def bits_of(op: Any, a: Number) -> list[int]:
    """The bits of an element of the first operand, the lowest first."""
    code = encode(op.a.dtype, a)
    return [code >> i & 1 for i in range(op.a.dtype.bits)]


def element(op: Any, bits: Sequence[int]) -> Number:
    """The element of the result that has these bits."""
    return decode(op.out.dtype, sum(bit << i for i, bit in enumerate(bits)))


def rotated(op: Any, a: int, up: int) -> Number:
    bits = bits_of(op, a)
    return element(op, [bits[(i - up) % len(bits)] for i in range(len(bits))])


def zeros_first(bits: list[int]) -> int:
    """How many zeros stand before the first 1."""
    return bits.index(1) if 1 in bits else len(bits)


def permuted(op: Any, a: int, size: int) -> Number:
    bits = bits_of(op, a)
    return element(op, [bits[field * size + i] for field in op.order for i in range(size)])


elementwise(
    {
        ops.And: lambda op, a, b: a & b,
        ops.Or: lambda op, a, b: a | b,
        ops.Xor: lambda op, a, b: a ^ b,
        ops.Not: lambda op, a: fit(op.out.dtype, ~a),
        ops.Shl: lambda op, a, n: fit(op.out.dtype, a * 2 ** amount(n), op.overflow),
        ops.Shr: lambda op, a, n: a // 2 ** amount(n),
        ops.Rotl: lambda op, a, n: rotated(op, a, n),
        ops.Rotr: lambda op, a, n: rotated(op, a, -n),
        ops.Popcount: lambda op, a: sum(bits_of(op, a)),
        ops.Clz: lambda op, a: zeros_first(bits_of(op, a)[::-1]),
        ops.Ctz: lambda op, a: zeros_first(bits_of(op, a)),
        ops.PermuteBytes: lambda op, a: permuted(op, a, 8),
        ops.PermuteNibbles: lambda op, a: permuted(op, a, 4),
        ops.Bitcast: lambda op, a: element(op, bits_of(op, a)),
    }
)


@means(ops.Pack)
def pack(op: ops.Pack, a: Tile) -> Tile:
    count = op.to.bits // op.a.dtype.bits
    return tile(
        op.out,
        lambda i: element(
            op, [bit for j in range(count) for bit in bits_of(op, a[*i[:-1], i[-1] * count + j])]
        ),
    )


@means(ops.Unpack)
def unpack(op: ops.Unpack, a: Tile) -> Tile:
    width = op.to.bits
    count = op.a.dtype.bits // width

    def law(i: tuple[int, ...]) -> Number:
        word, part = divmod(i[-1], count)
        return element(op, bits_of(op, a[*i[:-1], word])[part * width : (part + 1) * width])

    return tile(op.out, law)
