"""Prefixes: each element becomes the reduction of all up to it along a dimension."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from tilevm.dtypes import (
    CodebookType,
    Digits,
    DType,
    FloatType,
    IntType,
    exact_integers,
    fit_integers,
    fit_steps,
    numbers,
    product,
    split,
    steps,
    total,
)
from tilevm.ir.op import Op
from tilevm.ir.ops.compare import NanRule, larger, smaller
from tilevm.ir.ops.overflow import IntegerOverflow, check_acc_overflow
from tilevm.ir.ops.reduce import check_numbers, default_acc
from tilevm.ir.types import TileType
from tilevm.ir.value import Value

_TERMS = 1 << 20  # terms of prefixes that are gathered at a time


@dataclass(frozen=True, kw_only=True, eq=False)
class Scan(Op, name="scan", codes=True):
    """``r[i] = a[0] op a[1] op ... op a[i]`` along `dim`: each prefix, exact or rounded once.

    `op` is ``add``, ``mul``, ``min`` or ``max``.  An `exclusive` prefix ends before ``a[i]``; the
    first is then what changes nothing: 0, 1, the largest or the smallest value of the type (an
    infinity, where it has one).  A `reverse` scan begins at the last element.

    Sums and products are exact prefixes, then wrapped (integers) or rounded once (floats) to `acc`,
    by default that of `sum`, with `overflow` as there; so no order of additions shows.  Each prefix
    of fixed point, too, is rounded once, and codes count as the numbers that they stand for: see
    `sum` and `prod`.  Those to floats cost the square of the extent.  `nan` is for ``min`` and
    ``max``, which keep the type of `a` (no codes), see `min`.
    """

    a: Value
    op: Literal["add", "mul", "min", "max"]
    dim: int = 0
    exclusive: bool = False
    reverse: bool = False
    acc: DType | None = None
    overflow: IntegerOverflow | None = None
    nan: NanRule = "propagate"

    @property
    def chooses(self) -> bool:
        """Whether each prefix is one of the elements."""
        return self.op in ("min", "max")

    @property
    def to(self) -> DType:
        kind = self.a.dtype
        return kind if self.chooses else self.acc or default_acc(kind)

    @property
    def reports_overflow(self) -> bool:
        return super().reports_overflow and not self.chooses

    def result(self) -> TileType:
        kind = self.a.tile
        if not 0 <= self.dim < kind.rank:
            raise self.reject(
                "TV0211",
                f"{kind} has no dimension {self.dim}",
                "dim",
                a=f"this is {kind}",
                help="dimensions count from 0",
            )
        for name in ("acc", "overflow"):
            if self.chooses and getattr(self, name) is not None:
                message = f"`{name}` is for sums and products: a `{self.op}` is an element of `a`"
                raise self.reject("TV0207", message, name)
        if self.chooses and isinstance(kind.dtype, CodebookType):
            message = f"`scan` finds the {self.op} of numbers, and `{self.a.name}` holds codes"
            help = f"`t = decode {self.a.name}` gives the numbers that they stand for"
            raise self.reject("TV0222", message, "a", a=f"this is {kind}", help=help)
        if not self.chooses:
            check_numbers(self, self.to, a=self.a)
        check_acc_overflow(self, self.to, self.overflow)
        return kind.of(self.to)

    def run(self, a: Any) -> Any:
        a, kind = numbers(a, self.a.dtype)
        rows = np.moveaxis(a, self.dim + 1, -1)
        if self.reverse:
            rows = rows[..., ::-1]
        if self.chooses:
            return self._placed(self._chosen(rows))
        if isinstance(self.to, FloatType):
            return self._placed(self._rounded(rows, kind, self.to))
        if isinstance(self.to, IntType) and kind.is_int:
            return self._counted(rows, self.to)
        return self._stepped(rows, kind)

    def _placed(self, rows: Any) -> Any:
        """Rows of results, back in their places."""
        return np.moveaxis(rows[..., ::-1] if self.reverse else rows, -1, self.dim + 1)

    def _shifted(self, rows: Any, first: Any) -> Any:
        """Inclusive prefixes as exclusive ones, if these are asked for."""
        if not self.exclusive or not rows.shape[-1]:
            return rows
        return np.concatenate([np.full_like(rows[..., :1], first), rows[..., :-1]], axis=-1)

    def _chosen(self, rows: Any) -> Any:
        kind, pick = self.a.dtype, smaller if self.op == "min" else larger
        found, step = rows, 1
        while step < rows.shape[-1]:  # each prefix from two of half its length
            later = pick(kind, found[..., step:], found[..., :-step], self.nan)
            found = np.concatenate([found[..., :step], later], axis=-1)
            step *= 2
        return self._shifted(found, neutral(kind, self.op))

    def _counted(self, rows: Any, to: IntType) -> Any:
        """Prefixes of integers, in their places."""
        wide = np.int64 if rows.dtype.kind == "i" else np.uint64
        step, first = (np.add, 0) if self.op == "add" else (np.multiply, 1)
        if self.overflow not in ("sat", "trap"):
            wrapped = step.accumulate(rows, axis=-1, dtype=wide)
            return to.wrap(self._placed(self._shifted(wrapped, first)))
        if self.op == "mul":
            exact = step.accumulate(rows.astype(object), axis=-1)
            return fit_integers(to, self._placed(self._shifted(exact, 1)), self.overflow, "scan")
        terms = split(rows)
        parts = [self._placed(self._shifted(part.cumsum(axis=-1), 0)) for part in terms.parts]
        return Digits(terms.width, tuple(parts)).fit(to, self.overflow, "scan")

    def _stepped(self, rows: Any, kind: DType) -> Any:
        """Prefixes of fixed point, or to it, in their places: exact, in steps common to all."""
        x, width, scale = steps(rows, kind)
        length = max(1, rows.shape[-1])
        if self.op == "add":
            bits = width + length.bit_length()
            exact = self._shifted(np.add.accumulate(exact_integers(x, bits), axis=-1), 0)
        else:
            bits = length * (width + abs(scale))
            places = np.arange(rows.shape[-1]) + (0 if self.exclusive else 1)
            exact = self._shifted(np.multiply.accumulate(x.astype(object), axis=-1), 1)
            lowest = min(0, length * scale)
            exact = exact << (places.astype(object) * scale - lowest)
            scale = lowest
        return fit_steps(self._placed(exact), bits, scale, self.to, self.overflow, "scan")

    def _rounded(self, rows: Any, kind: DType, to: FloatType) -> Any:
        """Prefixes rounded once: the terms of each are gathered, a batch of prefixes at a time."""
        length = rows.shape[-1]
        found = np.empty(rows.shape, np.float64)
        batch = max(1, _TERMS // max(1, rows.size))
        places = np.arange(length)
        for start in range(0, length, batch):
            ends = places[start : start + batch, None] + (0 if self.exclusive else 1)
            terms = np.where(places < ends, rows[..., None, :], 0 if self.op == "add" else 1)
            part = slice(start, start + batch)
            if self.op == "add":
                found[..., part] = total(terms, kind, to, (terms.ndim - 1,))
            else:
                found[..., part] = product(terms, kind, to)
        return found


def neutral(kind: DType, op: str) -> Any:
    """The value that a `min` or `max` never prefers to another."""
    infinite = isinstance(kind, FloatType) and kind.format.inf_code is not None
    if infinite and (op == "min" or kind.signed):
        return np.inf if op == "min" else -np.inf
    return kind.max if op == "min" else kind.min
