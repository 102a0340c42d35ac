"""Block-scaled tiles: codes with a scale, and perhaps a zero point, for each group of them.

A group is a box of elements that share a scale: where a tile of codes is [N, K] and its scales
are [N, K / 32], a group is 32 elements along the last dimension; scales of shape [N, 1] are one for
each row.  So every extent of the scales divides that of the codes, and no attribute repeats it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, cast

import numpy as np

from tilevm import dtypes
from tilevm.dtypes import CodebookType, DType, FloatType, IntType, dtype
from tilevm.ir.op import Op
from tilevm.ir.ops.matrix import Dot
from tilevm.ir.ops.reduce import check_numbers, default_acc, numbers_of
from tilevm.ir.types import TileType, Type
from tilevm.ir.value import Value

EXACT_BITS = 53  # of integers that are scaled, or that a zero point has


@dataclass(frozen=True, kw_only=True, eq=False)
class ScaledOp(Op):
    """The type rules that ops on scaled tiles share."""

    def per_group(self, field: str, codes: TileType) -> TileType | None:
        """The type of a tile with one element for each group of `codes`, None if it is left out."""
        value: Value | None = getattr(self, field)
        if value is None:
            return None
        kind = value.tile
        if isinstance(kind.dtype, CodebookType):
            raise self.reject(
                "TV0222",
                f"`{self.name}` takes numbers for each group, and `{value.name}` holds codes",
                field,
                **{field: f"this is {kind}"},
                help=f"`t = decode {value.name}` gives the numbers that they stand for",
            )
        fits = kind.rank == codes.rank and all(
            part and whole % part == 0 for whole, part in zip(codes.shape, kind.shape, strict=True)
        )
        if not fits:
            raise self.reject(
                "TV0245",
                f"{kind} does not cut {codes} into groups",
                field,
                **{field: f"this is {kind}"},
                help="it has the rank of the codes, and its extents divide theirs",
            )
        return kind

    def exact(self, field: str, kind: TileType | None) -> None:
        """TV0246 unless float64 holds every number of the type."""
        if kind is None:
            return
        numbers = numbers_of(kind.dtype)
        if isinstance(numbers, IntType) and numbers.bits > EXACT_BITS:
            raise self.reject(
                "TV0246",
                f"`{self.name}` takes at most {EXACT_BITS} bits, not {kind.dtype}",
                field,
                **{field: f"this is {kind}"},
                help="`cast` it first",
            )


def spread_groups(per_group: Any, shape: tuple[int, ...]) -> Any:
    """[blocks, *groups] as [blocks, *shape]: every element of a group has the group's value."""
    found = per_group
    for dim, extent in enumerate(shape, 1):
        if found.shape[dim] not in (1, extent):
            found = np.repeat(found, extent // found.shape[dim], axis=dim)
    return np.broadcast_to(found, (found.shape[0], *shape))


@dataclass(frozen=True, kw_only=True, eq=False)
class Dequantize(ScaledOp, name="dequantize", codes=True):
    """``r[i] = (a[i] - zero[g]) * scale[g] + offset[g]``, g the group of i, rounded once to `to`.

    `zero` and `offset` may be left out, and count as 0 then.  The three are tiles with one element
    for each group, of any numeric type; `to` is a float type, by default f32.  Codes of a codebook
    count as the numbers that they stand for.  Signs of zeros, infinities and NaN follow IEEE's
    rules for the three operations.
    """

    a: Value
    scale: Value
    zero: Value | None = None
    offset: Value | None = None
    to: DType = dtype("f32")

    def result(self) -> TileType:
        codes = self.a.tile
        self.exact("a", codes)
        for field in ("scale", "zero", "offset"):
            self.exact(field, self.per_group(field, codes))
        if not isinstance(self.to, FloatType):
            raise self.reject("TV0207", f"`to` is a float type, not {self.to}", "to")
        check_numbers(self, self.to, a=self.a)
        return codes.with_shape(*codes.shape).of(self.to)

    def run(self, a: Any, scale: Any, zero: Any, offset: Any) -> Any:
        shape = self.a.tile.shape

        def each(per_group: Any, value: Value | None) -> Any:
            if value is None:
                return None
            return spread_groups(dtypes.as_floats(per_group, value.dtype), shape)

        assert isinstance(self.to, FloatType)
        a, kind = dtypes.numbers(a, self.a.dtype)
        codes = dtypes.as_floats(a, kind)
        parts = each(zero, self.zero), each(offset, self.offset)
        point = None if self.zero is None else self.zero.dtype
        exact = dtypes.scaled_is_exact(kind, self.scale.dtype, point)
        return dtypes.scaled(codes, each(scale, self.scale), self.to, *parts, exact)


@dataclass(frozen=True, kw_only=True, eq=False)
class Quantize(ScaledOp, name="quantize"):
    """``q[i] = a[i] / s[g]`` as a `to`, with a scale s for each group g: ``q, s = quantize a``.

    `group` gives the extents of a group (``[1, 32]``).  The scale, of the float type `scale`, is
    the largest magnitude of its group over the largest value of `to`, rounded once and saturating;
    where `scale` has no mantissa (e8m0fnu) it is 2 to the power floor(log2(largest magnitude)) -
    emax(to), within its range, as in OCP MX 1.0, section 6.3.  The quotient is rounded once, to
    nearest even, and saturates; it is 0 where the scale is.  With an integer type `zero` there is a
    zero point too, ``q, s, z = quantize a``: the scale is (max - min) / (max(to) - min(to)), where
    min and max are those of the group and of 0, z is min(to) - round(min / s), within its type (of
    at most 53 bits), and q is round(a / s) + z, within `to`.  A NaN or an infinity stops with an
    error.
    """

    a: Value
    to: DType
    group: tuple[int, ...]
    scale: DType = dtype("f32")
    zero: DType | None = None

    @property
    def may_stop(self) -> bool:
        return True

    def result_types(self) -> tuple[Type, ...]:
        kind = self.a.tile
        if not kind.dtype.is_float:
            raise self.reject(
                "TV0210", f"`quantize` takes floats, not {kind}", "a", help="`cast` it"
            )
        fits = len(self.group) == kind.rank and all(
            part > 0 and whole % part == 0
            for whole, part in zip(kind.shape, self.group, strict=False)
        )
        if not fits:
            raise self.reject(
                "TV0245",
                f"groups of {list(self.group)} do not cut {kind}",
                "group",
                a=f"this is {kind}",
                help="one extent for each dimension, which divides the tile's",
            )
        if not isinstance(self.scale, FloatType):
            raise self.reject("TV0207", f"a scale is a float, not {self.scale}", "scale")
        whole = isinstance(self.to, IntType) and self.to.bits <= 32 and self.to.max > 0
        if not whole and not isinstance(self.to, FloatType):
            message = f"`quantize` does not make {self.to}"
            hint = "it makes floats, and integers of at most 32 bits that have a positive value"
            raise self.reject("TV0207", message, "to", help=hint)
        groups = [whole // part for whole, part in zip(kind.shape, self.group, strict=True)]
        found = (kind.of(self.to), kind.with_shape(*groups).of(self.scale))
        if self.zero is None:
            return found
        if not isinstance(self.zero, IntType) or not isinstance(self.to, IntType):
            raise self.reject("TV0207", "a zero point and its codes are integers", "zero")
        if self.zero.bits > EXACT_BITS:
            message = f"a zero point has at most {EXACT_BITS} bits, not those of {self.zero}"
            raise self.reject("TV0246", message, "zero", help="write a narrower integer type")
        return (*found, kind.with_shape(*groups).of(self.zero))

    def run(self, a: Any) -> Any:
        dtypes.trap_where(~np.isfinite(a), "a NaN or an infinity cannot be quantized")
        grouped = in_groups(a, self.group)
        assert isinstance(self.scale, FloatType)
        if isinstance(self.zero, IntType) and isinstance(self.to, IntType):
            scale, zero = dtypes.range_scale(grouped, self.to, self.scale, self.zero)
            codes = dtypes.codes_of(a, self._spread(scale), self.to, self._spread(zero))
            return codes, scale, zero
        scale = dtypes.largest_scale(grouped, self.to, self.scale)
        return dtypes.codes_of(a, self._spread(scale), self.to), scale

    def _spread(self, per_group: Any) -> Any:
        return spread_groups(per_group, self.a.tile.shape)


def in_groups(a: Any, group: tuple[int, ...]) -> Any:
    """[blocks, *shape] as [blocks, *groups, elements of a group]."""
    split: list[int] = []
    for extent, part in zip(a.shape[1:], group, strict=True):
        split += [extent // part, part]
    rank = len(group)
    order = [0, *range(1, 2 * rank, 2), *range(2, 2 * rank + 1, 2)]
    moved = a.reshape(a.shape[0], *split).transpose(order)
    return moved.reshape(*moved.shape[: rank + 1], -1)


@dataclass(frozen=True, kw_only=True, eq=False)
class DotScaled(ScaledOp, name="dot_scaled", codes=True):
    """``r = dot x, y`` with x and y what `dequantize` makes of `a` and `b`, bit for bit.

    An operand with a scale (`scale_a`, `scale_b`) is dequantized to `to`, with its zero point
    (`zero_a`, `zero_b`) if there is one; the other stays as it is.  Without `to` scaled values are
    not rounded at all, where the types prove that float64 holds them.  Scales and zero points have
    one element for each group, and codes of a codebook are numbers, as for `dequantize`; `acc` is
    as for `dot`, at least f32.
    """

    a: Value
    b: Value
    scale_a: Value | None = None
    zero_a: Value | None = None
    scale_b: Value | None = None
    zero_b: Value | None = None
    to: DType | None = None
    acc: DType | None = None

    def result(self) -> TileType:
        if self.scale_a is None and self.scale_b is None:
            message = "`dot_scaled` needs a scale"
            raise self.reject("TV0207", message, help="write `{scale_a = s}`, or use `dot`")
        for side in "ab":
            zero = getattr(self, f"zero_{side}")
            if zero is not None and getattr(self, f"scale_{side}") is None:
                message = f"`zero_{side}` is given, but no `scale_{side}`"
                raise self.reject("TV0207", message, f"zero_{side}")
        return self.unfused[-1].out.tile

    @cached_property
    def unfused(self) -> tuple[Dequantize | None, Dequantize | None, Dot]:
        """The ops that it stands for."""
        x, y = self._dequantized("a"), self._dequantized("b")
        acc = self.acc or default_acc(dtype("f32"))
        left, right = (x.out if x else self.a), (y.out if y else self.b)
        return x, y, Dot(a=left, b=right, acc=acc, loc=self.loc)

    def _dequantized(self, side: str) -> Dequantize | None:
        codes, scale, zero = (getattr(self, f"{part}{side}") for part in ("", "scale_", "zero_"))
        if scale is None:
            return None
        to = self.to
        if to is None:
            to = dtype("f64")
            numbers = numbers_of(codes.dtype)
            if not dtypes.scaled_is_exact(numbers, scale.dtype, zero and zero.dtype):
                raise self.reject(
                    "TV0247",
                    f"the scaled values of `{codes.name}` may need more than float64 has",
                    side,
                    help="say what they round to: `{to = f32}`",
                )
        named = {"a": side, "scale": f"scale_{side}", "zero": f"zero_{side}"}
        parts = {new: self.loc.parts[old] for new, old in named.items() if old in self.loc.parts}
        loc = replace(self.loc, parts=parts)
        return Dequantize(a=codes, scale=scale, zero=zero, to=to, loc=loc)

    @cached_property
    def scales_come_last(self) -> bool:
        """Whether each sum is one of codes, times its scales, where these are finite.

        So where a row of `a` has one scale, and a column of `b`, and types prove it exact.
        """
        a, b, scale_a, scale_b = self.a.tile, self.b.tile, self.scale_a, self.scale_b
        one_for_all = (
            a.rank == b.rank == 2
            and (scale_a is None or scale_a.tile.shape == (a.shape[0], 1))
            and (scale_b is None or scale_b.tile.shape == (1, b.shape[1]))
            and self.to is None
            and self.zero_a is self.zero_b is None
        )
        scales = tuple(s.dtype for s in (scale_a, scale_b) if s is not None)
        inner = a.shape[-1]
        return one_for_all and dtypes.scales_come_last(a.dtype, b.dtype, scales, inner)

    def run(self, a: Any, b: Any, scale_a: Any, zero_a: Any, scale_b: Any, zero_b: Any) -> Any:
        x, y, product = self.unfused
        if self.scales_come_last:
            scales = [s for s in (scale_a, scale_b) if s is not None]
            if all(np.isfinite(s).all() for s in scales):
                return dtypes.scaled_sums(a, b, scales, cast(FloatType, product.to))
        left = x.run(a, scale_a, zero_a, None) if x else a
        right = y.run(b, scale_b, zero_b, None) if y else b
        return product.run(left, right)
