"""Products, and the steps that a product of low-precision operands is rewritten into.

Tables of subset sums after T-MAC and LUT-GEMM (tables over activations) and SAIL (over weights).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Any, cast

import numpy as np

from tilevm import dtypes
from tilevm.dtypes import Digits, DType, IntType, dtype, split
from tilevm.ir.op import Op
from tilevm.ir.ops.overflow import IntegerOverflow, check_acc_overflow, ends, holds
from tilevm.ir.ops.reduce import check_numbers, default_acc
from tilevm.ir.types import TileType
from tilevm.ir.value import Value


@dataclass(frozen=True, kw_only=True, eq=False)
class Dot(Op, name="dot", codes=True):
    """``r[m, n] = sum over k of a[m, k] * b[k, n]``: exact, then wrapped or rounded once to `acc`.

    An integer `acc` wraps, a float one rounds; an exact zero is +0, and so is a sum of no product.
    `overflow` says what becomes of an exact integer sum beyond `acc`: ``wrap``, ``sat``, ``trap``;
    where it is left out the sum wraps, and a checked run reports it.
    `a` is [..., M, K] or [K], `b` is [..., K, N] or [K]; a missing M or N is missing in the result
    too.  Dimensions before these count products: they align at the last one, are equal or 1, and 1
    repeats, so that ``r[..., m, n]`` is made of ``a[..., m, k]`` and ``b[..., k, n]``.
    The element types may differ.  `acc` is by default i32 (i64 or u64 above 32 bits), or at least
    f32.
    """

    a: Value
    b: Value
    acc: DType | None = None
    overflow: IntegerOverflow | None = None

    @property
    def to(self) -> DType:
        return self.acc or default_acc(self.a.dtype, self.b.dtype)

    @property
    def reports_overflow(self) -> bool:
        if not super().reports_overflow:
            return False
        pairs = product(ends(self.a.dtype), ends(self.b.dtype))
        sums = [x * y * self.a.tile.shape[-1] for x, y in pairs]
        return not holds(self.to, min(sums), max(sums))

    def result(self) -> TileType:
        a, b = self.a.tile, self.b.tile
        for name, kind in (("a", a), ("b", b)):
            if not kind.rank:
                raise self.reject(
                    "TV0212",
                    "`dot` takes vectors, matrices and stacks of matrices, not a single number",
                    name,
                    **{name: f"this is {kind}"},
                    help="use `mul`",
                )
        depth = b.shape[-2:][0]
        if a.shape[-1] != depth:
            raise self.reject(
                "TV0212",
                f"`dot` sums over {a.shape[-1]} elements of `{self.a.name}`, "
                f"but over {depth} of `{self.b.name}`",
                "b",
                a=f"this is {a}",
                b=f"this is {b}",
                help="the last dimension of the first operand is the second's last but one",
            )
        try:
            stacks = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
        except ValueError:
            raise self.reject(
                "TV0212",
                f"{list(a.shape[:-2])} products of `{self.a.name}` do not go with "
                f"{list(b.shape[:-2])} of `{self.b.name}`",
                "b",
                a=f"this is {a}",
                b=f"this is {b}",
                help="dimensions before the last two align at the last, and are equal or 1",
            ) from None
        check_numbers(self, self.to, a=self.a, b=self.b)
        check_acc_overflow(self, self.to, self.overflow)
        columns = b.shape[-1:] if b.rank > 1 else ()
        return TileType(self.to, (*stacks, *a.shape[-2:-1], *columns))

    def place(self, at: tuple[int, ...]) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        """The row of `a` and the column of `b` that make the element at an index: where they lie.

        A whole dimension is a slice.
        """
        a, b = self.a.tile, self.b.tile
        count = len(at) - (a.rank > 1) - (b.rank > 1)
        stack, inner = at[:count], at[count:]
        every = slice(None)
        row = (*_repeating(stack, a.shape[:-2]), *(inner[:1] if a.rank > 1 else ()), every)
        column = (*_repeating(stack, b.shape[:-2]), every, *(inner[-1:] if b.rank > 1 else ()))
        return row, column

    def run(self, a: Any, b: Any) -> Any:
        blocks = max(len(a), len(b))
        left = a if self.a.tile.rank > 1 else a[:, None, :]
        right = b if self.b.tile.rank > 1 else b[:, :, None]
        if right.ndim == 3 and len(right) == 1 and (len(left) > 1 or left.ndim > 3):
            # one right operand for all: one large product
            rows = prod(left.shape[:-1])
            left = np.ascontiguousarray(left).reshape(1, rows, left.shape[-1])
        rank = max(left.ndim, right.ndim)
        left, right = (
            x.reshape(len(x), *(1,) * (rank - x.ndim), *x.shape[1:]) for x in (left, right)
        )
        shape = (blocks, *self.out.tile.shape)
        try:
            out = dtypes.dot(left, right, self.a.dtype, self.b.dtype, self.to, self.overflow)
        except dtypes.Trap as stop:
            flat = np.ravel_multi_index(stop.index, _products(left, right))
            where = tuple(int(i) for i in np.unravel_index(flat, shape))
            raise dtypes.Trap(where, stop.message) from None
        return out.reshape(shape)


def _products(left: Any, right: Any) -> tuple[int, ...]:
    """The shape of a stack of products."""
    stacks = np.broadcast_shapes(left.shape[:-2], right.shape[:-2])
    return (*stacks, left.shape[-2], right.shape[-1])


def _repeating(at: tuple[int, ...], shape: tuple[int, ...]) -> tuple[int, ...]:
    """Where an index reads a shape that aligns at the last dimension, and whose 1 repeats."""
    tail = at[len(at) - len(shape) :]
    return tuple(n if extent > 1 else 0 for n, extent in zip(tail, shape, strict=True))


@dataclass(frozen=True, kw_only=True, eq=False)
class BitPlanes(Op, name="bit_planes"):
    """``r[p, i] = bit p of a[i]``: a ``u1`` tile, with a new first dimension of bits."""

    a: Value

    def result(self) -> TileType:
        kind = _integers(self, "a")
        return TileType(dtype("u1"), (kind.dtype.bits, *kind.shape))

    def run(self, a: Any) -> Any:
        bits = self.a.dtype.bits
        codes = a.view(f"u{a.itemsize}")  # the low bits of a carrier are those of the type
        planes = np.empty((a.shape[0], bits, *a.shape[1:]), np.uint8)
        for p in range(bits):
            planes[:, p] = (codes >> p) & 1
        return planes


@dataclass(frozen=True, kw_only=True, eq=False)
class SubsetSums(Op, name="subset_sums"):
    """``r[..., j, e] = sum of a[..., j * group + i] over the bits i set in e``: all partial sums.

    The last dimension K becomes K / group tables of 2**group entries.  Entries are exact: their
    type has ceil(log2(group)) bits more than `a`'s.
    """

    a: Value
    group: int

    def result(self) -> TileType:
        kind = _integers(self, "a")
        if not 1 <= self.group <= 8:
            raise self.reject("TV0207", f"a group has 1 to 8 elements, not {self.group}", "group")
        if kind.rank == 0 or kind.shape[-1] % self.group:
            raise self.reject(
                "TV0212",
                f"the last dimension of {kind} is not a multiple of the group {self.group}",
                "a",
                a=f"this is {kind}",
                help="`pad` it with zeros: they add nothing",
            )
        bits = kind.dtype.bits + (self.group - 1).bit_length()
        if bits > 64:
            raise self.reject(
                "TV0207", f"entries of {bits} bits exceed the 64 that a type may have", "group"
            )
        entry = dtype(f"{'i' if kind.dtype.signed else 'u'}{bits}")
        return TileType(entry, (*kind.shape[:-1], kind.shape[-1] // self.group, 2**self.group))

    def run(self, a: Any) -> Any:
        kind = self.out.tile.dtype
        tables = a.shape[-1] // self.group
        parts = a.astype(kind.carrier).reshape(*a.shape[:-1], tables, self.group)
        sums = np.zeros((*parts.shape[:-1], 1), kind.carrier)
        for i in range(self.group):  # entries with bit i follow those without
            sums = np.concatenate([sums, sums + parts[..., i : i + 1]], axis=-1)
        return sums


@dataclass(frozen=True, kw_only=True, eq=False)
class Lookup(Op, name="lookup", codes=True):
    """``r[..., i] = table[..., i, index[..., i]]``: one entry of a table for each index.

    The last dimension of `table` holds the entries; the dimensions before it align with the last
    ones of `index` and are equal or 1.  An index beyond the table stops with an error.
    """

    table: Value
    index: Value

    def result(self) -> TileType:
        index, table = _integers(self, "index"), self.table.tile
        lead = table.shape[:-1]
        tail = index.shape[index.rank - len(lead) :]
        fits = table.rank >= 1 and len(lead) <= index.rank
        if not fits or not all(t in (1, i) for t, i in zip(lead, tail, strict=True)):
            raise self.reject(
                "TV0212",
                f"the tables of {table} do not match the indices of {index}",
                "index",
                table=f"this is {table}",
                index=f"this is {index}",
                help="all but the table's last dimension align with the last ones of the index",
            )
        if index.dtype.signed:
            raise self.reject(
                "TV0210",
                "an index is unsigned",
                "index",
                index=f"this is {index}",
                help=f"`view` it as u{index.dtype.bits}",
            )
        return TileType(table.dtype, index.shape)

    @property
    def may_stop(self) -> bool:
        return 1 << self.index.dtype.bits > self.table.tile.shape[-1]

    def run(self, table: Any, index: Any) -> Any:
        entries = table.shape[-1]
        if not index.size:
            return np.empty((max(len(table), len(index)), *index.shape[1:]), table.dtype)
        if self.may_stop and int(index.max()) >= entries:
            where = tuple(int(i) for i in np.argwhere(index >= entries)[0])
            raise dtypes.Trap(
                where, f"index {int(index[where])} is beyond the table of {entries} entries"
            )
        lead = self.table.tile.rank - 1
        gap = (1,) * (self.index.tile.rank - lead)
        rows = table.reshape(table.shape[0], *gap, *table.shape[1:])
        blocks = max(table.shape[0], index.shape[0])
        shape = (blocks, *index.shape[1:])
        # row number of each index in the table seen as [rows, entries]: no table is copied
        starts = np.arange(0, rows.size, entries).reshape(rows.shape[:-1])
        return rows.reshape(-1).take(np.broadcast_to(starts, shape) + index.astype(np.intp))


@dataclass(frozen=True, kw_only=True, eq=False)
class ShiftAdd(Op, name="shift_add"):
    """``r[i] = sum over p of 2**p * a[p, i]``, the last plane negated if `signed`, modulo 2**bits.

    The inverse of `bit_planes`, and of any sum that was taken plane by plane: the sign plane of
    two's complement is subtracted.  The result type is `acc`, by default i32.  `overflow` says what
    becomes of an exact sum beyond `acc`: ``wrap``, ``sat``, ``trap``; where it is left out the sum
    wraps, and a checked run reports it.
    """

    a: Value
    signed: bool
    acc: DType = dtype("i32")
    overflow: IntegerOverflow | None = None

    def result(self) -> TileType:
        kind = _integers(self, "a")
        if kind.rank == 0:
            raise self.reject(
                "TV0212", "`shift_add` needs a first dimension, of planes", "a", a=f"this is {kind}"
            )
        if not self.acc.is_int:
            raise self.reject("TV0210", f"`shift_add` gives integers, not {self.acc}", "acc")
        return TileType(self.acc, kind.shape[1:])

    @property
    def reports_overflow(self) -> bool:
        kind, planes = cast(IntType, self.a.dtype), self.a.tile.shape[0]
        last = (1 << planes) >> 1  # weight of the last plane, 0 if there is none
        low, high = (kind.max, kind.min) if self.signed else (kind.min, kind.max)
        rest = (1 << planes) - 1 - last
        sign = -1 if self.signed else 1
        ends = kind.min * rest + sign * last * low, kind.max * rest + sign * last * high
        return super().reports_overflow and not holds(self.acc, *ends)

    def run(self, a: Any) -> Any:
        if self.overflow in ("sat", "trap"):
            return self._exact(a).fit(cast(IntType, self.acc), self.overflow, "shift_add")
        wide = np.zeros((a.shape[0], *a.shape[2:]), np.uint64)
        planes = a.shape[1]
        for p in range(min(planes, 64)):
            term = a[:, p].astype(np.int64 if self.a.dtype.signed else np.uint64).astype(
                np.uint64
            ) << np.uint64(p)
            wide = wide - term if self.signed and p == planes - 1 else wide + term
        return dtype("u64").cast(wide, self.acc)

    def _exact(self, a: Any) -> Digits:
        planes, width = a.shape[1], 16
        terms = split(a, width).parts
        parts = [
            np.zeros((a.shape[0], *a.shape[2:]), np.int64)
            for _ in range(len(terms) + planes // width)
        ]
        for p in range(planes):
            place, shift = divmod(p, width)
            sign = -1 if self.signed and p == planes - 1 else 1
            for i, term in enumerate(terms):
                parts[place + i] += sign * (term[:, p] << shift)
        return Digits(width, tuple(parts))


def _integers(op: Op, field: str) -> TileType:
    kind: TileType = getattr(op, field).tile
    if not kind.dtype.is_int:
        raise op.reject(
            "TV0210",
            f"`{op.name}` works on integers, not on {kind.dtype}",
            field,
            **{field: f"this is {kind}"},
            help="`view` gives the bits of a float as an integer",
        )
    return kind
