"""Ops that reduce a tile over some of its dimensions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from tilevm.dtypes import (
    CodebookType,
    DType,
    FixedType,
    dtype,
    product,
    total,
)
from tilevm.ir.op import Op
from tilevm.ir.ops.compare import NanRule, larger, smaller
from tilevm.ir.ops.overflow import IntegerOverflow, check_acc_overflow, ends, holds
from tilevm.ir.types import TileType
from tilevm.ir.value import Value


def default_acc(*kinds: DType) -> DType:
    """The result type of `dot` and `sum` where none is written.

    For floats and fixed point the widest float of theirs, at least f32; for integers i32, or beyond
    32 bits i64 (u64 if all are unsigned).  A codebook counts as its entries.
    """
    kinds = tuple(map(numbers_of, kinds))
    floats = [kind for kind in kinds if kind.is_float]
    if floats or any(isinstance(kind, FixedType) for kind in kinds):
        return max([*floats, dtype("f32")], key=lambda kind: kind.bits)
    if all(kind.bits <= 32 for kind in kinds):
        return dtype("i32")
    return dtype("i64" if any(kind.signed for kind in kinds) else "u64")


def numbers_of(kind: DType) -> DType:
    """The type of the numbers of a tile: of a codebook that of its entries."""
    return kind.entry if isinstance(kind, CodebookType) else kind


def check_numbers(op: Op, acc: DType, **operands: Value) -> None:
    """What sums, products and scans take and give: TV0222 for codebooks that have no place in it,
    TV0207 for floats into a type without a point of its own."""
    for name, operand in operands.items():
        if isinstance(operand.dtype, CodebookType) and operand.dtype.vector is not None:
            raise op.reject(
                "TV0222",
                f"`{op.name}` takes numbers, and the entries of {operand.dtype} are vectors",
                name,
                help=f"`t = decode {operand.name}` gives all their numbers",
                **{name: f"this is {operand.type}"},
            )
        if numbers_of(operand.dtype).is_float and not acc.is_float:
            message = f"`{op.name}` of floats gives a float, not {acc}"
            raise op.reject("TV0207", message, "acc", help="`cast` the result")
    if isinstance(acc, CodebookType):
        message = f"`{op.name}` gives numbers, not codes of {acc}"
        raise op.reject("TV0222", message, "acc", help="`cast` the result")


def kept_shape(shape: tuple[int, ...], over: tuple[int, ...], keepdims: bool) -> tuple[int, ...]:
    """A shape without some dimensions, or with these of extent 1."""
    if keepdims:
        return tuple(1 if d in over else extent for d, extent in enumerate(shape))
    return tuple(extent for d, extent in enumerate(shape) if d not in over)


@dataclass(frozen=True, kw_only=True, eq=False)
class Reduction(Op):
    """What reductions share: `dims` (all where none are written) go, the others stay in order.

    With `keepdims` the dimensions that go are left with an extent of 1.
    """

    a: Value
    dims: tuple[int, ...] | None = None
    keepdims: bool = False

    @property
    def over(self) -> tuple[int, ...]:
        """The dimensions that are reduced, in ascending order."""
        return tuple(range(self.a.tile.rank)) if self.dims is None else tuple(sorted(self.dims))

    def reduced(self) -> TileType:
        """The operand's type without the reduced dimensions; TV0211 for a bad list of them."""
        kind = self.a.tile
        if len(set(self.over)) != len(self.over) or any(not 0 <= d < kind.rank for d in self.over):
            raise self.reject(
                "TV0211",
                f"{list(self.over)} is not a set of dimensions of {kind}",
                "dims",
                a=f"this is {kind}",
                help=f"dimensions count from 0 to {kind.rank - 1}, each at most once",
            )
        return kind.with_shape(*kept_shape(kind.shape, self.over, self.keepdims))

    def reduced_of_some(self) -> TileType:
        """As `reduced`; TV0230 where a result would be reduced from no element."""
        kind, found = self.a.tile, self.reduced()
        if any(kind.shape[d] == 0 for d in self.over):
            raise self.reject(
                "TV0230",
                f"`{self.name}` of no element has no value",
                "a",
                a=f"this is {kind}",
                help="`pad` the tile first, with the value that is meant then",
            )
        return found

    def shaped(self, found: Any) -> Any:
        """Results [blocks, ...] in the shape of the result's type."""
        return found.reshape(len(found), *self.out.tile.shape)

    def rows(self, a: Any) -> Any:
        """The elements that make each result, along a new last axis."""
        kept = [d for d in range(a.ndim) if d not in self.axes]
        count = prod(a.shape[d] for d in self.axes)
        return a.transpose(*kept, *self.axes).reshape(*(a.shape[d] for d in kept), count)

    def gathered(self, a: Any) -> Any:
        """As `rows`, in the shape of the result: [blocks, *result, count]."""
        rows = self.rows(a)
        return rows.reshape(len(a), *self.out.tile.shape, rows.shape[-1])

    @property
    def axes(self) -> tuple[int, ...]:
        """`over`, behind the axis of thread blocks."""
        return tuple(d + 1 for d in self.over)


@dataclass(frozen=True, kw_only=True, eq=False)
class Sum(Reduction, name="sum", codes=True):
    """``r = sum of a over dims``: exact, then wrapped (integers) or rounded once (floats) to `acc`.

    An exact zero is +0, and so is the sum of no element.  `acc` is by default i32 for integers (i64
    or u64 above 32 bits), and at least f32 for floats and fixed point.  Fixed point into integers
    or fixed point is rounded once, to the nearest step, then wraps.  Codes of a codebook count as
    the numbers that they stand for.  `overflow` says what becomes of an exact integer sum beyond
    `acc`: ``wrap``, ``sat``, ``trap``; where it is left out it wraps, and a checked run reports it.
    """

    acc: DType | None = None
    overflow: IntegerOverflow | None = None

    @property
    def to(self) -> DType:
        return self.acc or default_acc(self.a.dtype)

    def result(self) -> TileType:
        check_numbers(self, self.to, a=self.a)
        check_acc_overflow(self, self.to, self.overflow)
        return self.reduced().of(self.to)

    @property
    def reports_overflow(self) -> bool:
        if not super().reports_overflow:
            return False
        count = prod(self.a.tile.shape[d] for d in self.over)
        return not holds(self.to, *(count * end for end in ends(self.a.dtype)))

    def run(self, a: Any) -> Any:
        if not self.to.is_float and self.overflow in ("sat", "trap"):
            rows = self.gathered(a)  # so that a trap names the element of the result
            return total(rows, self.a.dtype, self.to, rows.ndim - 1, self.overflow)
        return self.shaped(total(a, self.a.dtype, self.to, self.axes, self.overflow))


@dataclass(frozen=True, kw_only=True, eq=False)
class Prod(Reduction, name="prod", codes=True):
    """``r = product of a over dims``: exact, then wrapped (integers) or rounded once to `acc`.

    The product of no element is 1; signs of floats multiply also of zeros and infinities, and 0
    times infinity is NaN.  `acc` and `overflow` are as in `sum`: fixed point into integers or fixed
    point is rounded once too, to the nearest step, then wraps, and codes count as the numbers that
    they stand for.  Slow where an exact integer is asked for (``sat``, ``trap``, fixed point), and
    for floats whose product lies at a rounding boundary.
    """

    acc: DType | None = None
    overflow: IntegerOverflow | None = None

    @property
    def to(self) -> DType:
        return self.acc or default_acc(self.a.dtype)

    def result(self) -> TileType:
        check_numbers(self, self.to, a=self.a)
        check_acc_overflow(self, self.to, self.overflow)
        return self.reduced().of(self.to)

    def run(self, a: Any) -> Any:
        return product(self.gathered(a), self.a.dtype, self.to, self.overflow)


@dataclass(frozen=True, kw_only=True, eq=False)
class Amax(Reduction, name="amax"):
    """``r = largest element of a over dims``; -0 < +0, and a NaN counts as `nan` says: see `max`.

    A dimension of extent 0 has none, and cannot be reduced.
    """

    nan: NanRule = "propagate"

    def result(self) -> TileType:
        return self.reduced_of_some()

    def run(self, a: Any) -> Any:
        return self.shaped(_fold(self.rows(a), self.a.dtype, larger, self.nan))


@dataclass(frozen=True, kw_only=True, eq=False)
class Amin(Reduction, name="amin"):
    """``r = smallest element of a over dims``; -0 < +0, and a NaN counts as `nan` says: see `min`.

    A dimension of extent 0 has none, and cannot be reduced.
    """

    nan: NanRule = "propagate"

    def result(self) -> TileType:
        return self.reduced_of_some()

    def run(self, a: Any) -> Any:
        return self.shaped(_fold(self.rows(a), self.a.dtype, smaller, self.nan))


@dataclass(frozen=True, kw_only=True, eq=False)
class ArgReduction(Op):
    """What `argmax` and `argmin` share."""

    a: Value
    dim: int | None = None
    nan: NanRule = "propagate"
    keepdims: bool = False

    @property
    def over(self) -> tuple[int, ...]:
        return tuple(range(self.a.tile.rank)) if self.dim is None else (self.dim,)

    def result(self) -> TileType:
        kind = self.a.tile
        if self.dim is not None and not 0 <= self.dim < kind.rank:
            raise self.reject(
                "TV0211",
                f"{kind} has no dimension {self.dim}",
                "dim",
                help="dimensions count from 0",
            )
        if any(kind.shape[d] == 0 for d in self.over):
            raise self.reject(
                "TV0230", f"`{self.name}` of no element has no value", "a", a=f"this is {kind}"
            )
        return TileType(dtype("i32"), kept_shape(kind.shape, self.over, self.keepdims))

    def first(self, a: Any, pick: Pick) -> Any:
        """The first place where what `pick` finds stands."""
        rows = a.reshape(len(a), -1) if self.dim is None else np.moveaxis(a, self.dim + 1, -1)
        kind = self.a.dtype
        found = _fold(rows, kind, pick, self.nan)[..., None]
        same = rows == found
        if kind.is_float:
            same &= np.signbit(rows) == np.signbit(found)  # -0 < +0
            same |= np.isnan(rows) & np.isnan(found)
        return same.argmax(axis=-1).astype(np.int32).reshape(len(a), *self.out.tile.shape)


@dataclass(frozen=True, kw_only=True, eq=False)
class ArgMax(ArgReduction, name="argmax"):
    """``r`` is the index along `dim` at which the element that `amax` finds stands first, as i32.

    Without `dim` it counts through the whole tile in row-major order.  A NaN counts as `nan` says:
    ``propagate`` finds the first NaN, ``ignore`` leaves NaN out unless there is nothing else.  With
    `keepdims` the dimensions that go are left with an extent of 1.
    """

    def run(self, a: Any) -> Any:
        return self.first(a, larger)


@dataclass(frozen=True, kw_only=True, eq=False)
class ArgMin(ArgReduction, name="argmin"):
    """``r`` is the index along `dim` at which the element that `amin` finds stands first, as i32.

    Without `dim` it counts through the whole tile in row-major order.  A NaN counts as `nan` says:
    ``propagate`` finds the first NaN, ``ignore`` leaves NaN out unless there is nothing else.  With
    `keepdims` the dimensions that go are left with an extent of 1.
    """

    def run(self, a: Any) -> Any:
        return self.first(a, smaller)


@dataclass(frozen=True, kw_only=True, eq=False)
class OfBits(Reduction):
    """What `any` and `all` share: a ``u1`` tile."""

    def result(self) -> TileType:
        if self.a.dtype != dtype("u1"):
            raise self.reject(
                "TV0210",
                f"`{self.name}` reduces u1, not {self.a.dtype}",
                "a",
                a=f"this is {self.a.type}",
                help="`compare` gives such a tile",
            )
        return self.reduced()


@dataclass(frozen=True, kw_only=True, eq=False)
class Any_(OfBits, name="any"):
    """``r = 1`` where some element of `a` over dims is 1, else 0; 0 over no element."""

    def run(self, a: Any) -> Any:
        return self.shaped(self.rows(a).any(axis=-1).astype(np.uint8))


@dataclass(frozen=True, kw_only=True, eq=False)
class All_(OfBits, name="all"):
    """``r = 1`` where every element of `a` over dims is 1, else 0; 1 over no element."""

    def run(self, a: Any) -> Any:
        return self.shaped(self.rows(a).all(axis=-1).astype(np.uint8))


Pick = Callable[[DType, Any, Any, NanRule], Any]


def _fold(flat: Any, kind: DType, pick: Pick, nan: NanRule) -> Any:
    while flat.shape[-1] > 1:  # pairwise: log2 steps of whole arrays
        half = flat.shape[-1] // 2
        rest = flat[..., 2 * half :]
        flat = pick(kind, flat[..., :half], flat[..., half : 2 * half], nan)
        if rest.shape[-1]:
            flat = np.array(flat)
            flat[..., :1] = pick(kind, flat[..., :1], rest, nan)
    return flat[..., 0]
