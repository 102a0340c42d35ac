"""Block-scaled tiles: scales and zero points for groups of elements."""

from __future__ import annotations

from fractions import Fraction

from tilevm.dtypes import DType, FloatType, IntType
from tilevm.ir import ops
from tilevm.reference.formats import fit, floor_log2, integer_of, integer_range, numbers
from tilevm.reference.numbers import Number, Refused, Special, negate, plus, size, times
from tilevm.reference.ops.matrix import dot
from tilevm.reference.ops.meaning import Index, Tile, indices, means, tile


def group_of(i: Index, shape: Index, groups: Index) -> Index:
    """The group that an element lies in."""
    return tuple(n * g // extent for n, extent, g in zip(i, shape, groups, strict=True))


def _float(x: Number) -> Number:
    """Integers have no signed zero; as floats they do."""
    return Fraction(x) if isinstance(x, int) else x


@means(ops.Dequantize)
def dequantize(
    op: ops.Dequantize, a: Tile, scale: Tile, zero: Tile | None, offset: Tile | None
) -> Tile:
    shape = op.a.tile.shape

    def law(i: Index) -> Number:
        g = group_of(i, shape, op.scale.tile.shape)
        x = _float(numbers(op.a.dtype, a[i]))
        if zero is not None and op.zero is not None:
            x = plus(x, negate(_float(zero[group_of(i, shape, op.zero.tile.shape)])))
        x = times(x, _float(scale[g]))
        if offset is not None and op.offset is not None:
            x = plus(x, _float(offset[group_of(i, shape, op.offset.tile.shape)]))
        return fit(op.to, x)

    return tile(op.out, law)


@means(ops.Quantize)
def quantize(op: ops.Quantize, a: Tile) -> tuple[Tile, ...]:
    codes, scale, *_ = op.results
    shape, groups = codes.tile.shape, scale.tile.shape
    members: dict[Index, list[Fraction]] = {g: [] for g in indices(groups)}
    for i, x in a.items():
        members[group_of(i, shape, groups)].append(_finite(x))
    scales: Tile = {}
    zeros: Tile = {}
    for g, values in members.items():
        if isinstance(op.zero, IntType) and isinstance(op.to, IntType):
            scales[g], zeros[g] = _range(values, op.to, op.scale, op.zero)
        else:
            scales[g] = _largest(values, op.to, op.scale)

    def law(i: Index) -> Number:
        g = group_of(i, shape, groups)
        quotient = _quotient(_finite(a[i]), scales[g])
        if isinstance(op.to, FloatType):
            negative = a[i] is Special.MINUS_ZERO and scales[g] != 0
            return fit(op.to, Special.MINUS_ZERO if negative else quotient, "sat")
        assert isinstance(op.to, IntType)
        point = zeros.get(g, 0)
        assert isinstance(point, int)
        return integer_of(op.to, round(quotient) + point, "sat")

    found = tile(codes, law)
    return (found, scales, zeros) if op.zero is not None else (found, scales)


def _finite(x: Number) -> Fraction:
    if isinstance(x, Special) and x is not Special.MINUS_ZERO:
        raise Refused("a NaN or an infinity cannot be quantized")
    return Fraction(0) if isinstance(x, Special) else Fraction(x)


def _largest(values: list[Fraction], to: DType, scale: DType) -> Number:
    most = max(map(abs, values))
    assert isinstance(scale, FloatType)
    if scale.format.mantissa:
        return fit(scale, most / Fraction(to.max), "sat")
    low, high = scale.format.lsb, scale.format.highest
    if most == 0:
        return Fraction(2) ** low
    exponent = floor_log2(most) - floor_log2(Fraction(to.max))
    return Fraction(2) ** max(low, min(high, exponent))


def _range(values: list[Fraction], to: IntType, scale: DType, zero: IntType) -> tuple[Number, int]:
    low, high = min([*values, Fraction(0)]), max([*values, Fraction(0)])
    first, last = integer_range(to)
    found = fit(scale, (high - low) / (last - first), "sat")
    return found, integer_of(zero, first - round(_quotient(low, found)), "sat")


def _quotient(x: Fraction, scale: Number) -> Fraction:
    """x / scale; 0 where the scale is 0."""
    divisor = size(scale)
    return x / divisor if divisor else Fraction(0)


@means(ops.DotScaled)
def dot_scaled(
    op: ops.DotScaled,
    a: Tile,
    b: Tile,
    scale_a: Tile | None,
    zero_a: Tile | None,
    scale_b: Tile | None,
    zero_b: Tile | None,
) -> Tile:
    """What its documentation says: `dequantize`, then `dot`."""
    first, second, product = op.unfused
    x = a if first is None or scale_a is None else dequantize(first, a, scale_a, zero_a, None)
    y = b if second is None or scale_b is None else dequantize(second, b, scale_b, zero_b, None)
    found = dot(product, x, y)
    return {i: found[i] for i in indices(op.out.tile.shape)}
