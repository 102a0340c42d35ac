"""Ops that make a tile from nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from tilevm.diagnostics import TileError
from tilevm.dtypes import dtype
from tilevm.ir.index import Const, Expr, affine
from tilevm.ir.op import Op
from tilevm.ir.types import TileType


@dataclass(frozen=True, kw_only=True, eq=False)
class Full(Op, name="full"):
    """``r[i] = value`` for every element; the type must be able to hold the value exactly."""

    type: TileType
    value: int | float

    def result(self) -> TileType:
        kind = self.type.dtype
        if kind.is_int and not isinstance(self.value, int):
            raise self.reject("TV0207", f"{kind} holds integers, not {self.value}", "value")
        try:
            kind.coerce([self.value], "value")
        except TileError as problem:
            reason = problem.diagnostics[0].message.replace(" at index [0]", "")
            hint = f"it goes from {kind.min} to {kind.max}"
            raise self.reject("TV0207", reason, "value", help=hint) from None
        return self.type

    def run(self) -> Any:
        value = self.type.dtype.coerce([self.value], "value")
        return np.broadcast_to(value, (1, *self.type.shape))


@dataclass(frozen=True, kw_only=True, eq=False)
class Iota(Op, name="iota"):
    """``r[i] = start + i[dim]``, modulo 2**bits: the index along one dimension.

    `start` is an index expression; it may name block ids and loop variables.
    """

    type: TileType
    dim: int = 0
    start: Expr = Const(0)

    def result(self) -> TileType:
        if not self.type.dtype.is_int:
            raise self.reject(
                "TV0210",
                f"`iota` makes integers, not {self.type.dtype}",
                "type",
                help="cast the result",
            )
        if not 0 <= self.dim < self.type.rank:
            raise self.reject(
                "TV0211",
                f"{self.type} has no dimension {self.dim}",
                "dim",
                help="dimensions count from 0",
            )
        return self.type

    @property
    def may_stop(self) -> bool:
        return affine(self.start) is None

    def run(self, start: Any) -> Any:
        """`start`: an int, or int64 [blocks]."""
        kind, shape = self.type.dtype, self.type.shape
        along = [1] * len(shape)
        along[self.dim] = shape[self.dim]
        steps = np.arange(shape[self.dim], dtype=np.int64).reshape(along)
        first = np.asarray(start, np.int64).reshape(-1, *[1] * len(shape))
        values = dtype("i64").cast(first + steps, kind)
        return np.broadcast_to(values, (first.shape[0], *shape))
