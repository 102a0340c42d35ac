"""Ops that make a tile from nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

import numpy as np

from tilevm.diagnostics import TileError
from tilevm.dtypes import Digits, DType, IntType, split
from tilevm.dtypes.philox import random_words
from tilevm.ir.index import Const, Expr, affine
from tilevm.ir.op import Op
from tilevm.ir.ops.overflow import IntegerOverflow, holds
from tilevm.ir.types import TileType


def constants(op: Op, kind: DType, values: Sequence[int | float], field: str) -> Any:
    """Numbers of an attribute as values [count] of a type; TV0207 unless it holds them exactly."""
    for value in values:
        if kind.is_int and not isinstance(value, int):
            raise op.reject("TV0207", f"{kind} holds integers, not {value}", field)
    try:
        return kind.coerce(list(values), field) if values else np.zeros(0, kind.carrier)
    except TileError as problem:
        reason = problem.diagnostics[0].message
        if len(values) == 1:
            reason = reason.replace(" at index [0]", "")
        if all(kind.min <= value <= kind.max for value in values):
            hint = "write one that it holds, or `cast` the tile from a wider type, which rounds it"
        else:
            hint = f"it goes from {kind.min} to {kind.max}"
        raise op.reject("TV0207", reason, field, help=hint) from None


@dataclass(frozen=True, kw_only=True, eq=False)
class Full(Op, name="full"):
    """``r[i] = value`` for every element; the type must be able to hold the value exactly."""

    type: TileType
    value: int | float

    def result(self) -> TileType:
        constants(self, self.type.dtype, [self.value], "value")
        return self.type

    @cached_property
    def _tile(self) -> Any:
        value = self.type.dtype.coerce([self.value], "value")
        return np.broadcast_to(value, (1, *self.type.shape))

    def run(self) -> Any:
        return self._tile


@dataclass(frozen=True, kw_only=True, eq=False)
class Constant(Op, name="constant"):
    """``r`` has the elements `values`, listed in row-major order: a tile of written numbers.

    The type must be able to hold each exactly; a float type takes ``inf`` and ``nan`` too.
    """

    type: TileType
    values: tuple[int | float, ...]

    def result(self) -> TileType:
        if len(self.values) != self.type.size:
            raise self.reject(
                "TV0237",
                f"{self.type} has {self.type.size} elements, and {len(self.values)} are listed",
                "values",
                type="this is the type",
                help="`full` makes a tile of one value",
            )
        constants(self, self.type.dtype, self.values, "values")
        return self.type

    @cached_property
    def _tile(self) -> Any:
        made = constants(self, self.type.dtype, self.values, "values")
        made.setflags(write=False)
        return made.reshape(1, *self.type.shape)

    def run(self) -> Any:
        return self._tile


@dataclass(frozen=True, kw_only=True, eq=False)
class Iota(Op, name="iota"):
    """``r[i] = start + i[dim]``, modulo 2**bits: the index along one dimension.

    `start` is an index expression; it may name block ids and loop variables.  `overflow` says what
    becomes of an exact number beyond the type: ``wrap``, ``sat``, ``trap``; where it is left out
    the number wraps, and a checked run reports it.
    """

    type: TileType
    dim: int = 0
    start: Expr = Const(0)
    overflow: IntegerOverflow | None = None

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
        return affine(self.start) is None or super().may_stop

    @property
    def reports_overflow(self) -> bool:
        start, count = self.start, self.type.shape[self.dim]
        known = isinstance(start, Const) and holds(
            self.type.dtype, start.value, start.value + max(0, count - 1)
        )
        return super().reports_overflow and bool(self.type.size) and not known

    def run(self, start: Any) -> Any:
        """`start`: an int, or int64 [blocks]."""
        kind, shape = cast(IntType, self.type.dtype), self.type.shape
        along = [1] * len(shape)
        along[self.dim] = shape[self.dim]
        steps = np.arange(shape[self.dim], dtype=np.int64).reshape(along)
        first = np.asarray(start, np.int64).reshape(-1, *[1] * len(shape))
        if self.overflow in ("sat", "trap"):
            terms = split(first)
            low, *high = terms.parts
            exact = Digits(terms.width, (low + steps, *high))
            values = exact.fit(kind, self.overflow, "iota")
        else:
            values = kind.wrap(first + steps)  # modulo 2**64 they are right too
        return np.broadcast_to(values, (first.shape[0], *shape))


@dataclass(frozen=True, kw_only=True, eq=False)
class Random(Op, name="random"):
    """``r[i] = word counter + i of seed``: random integers, equal on every tier and for any layout.

    Element i is counted in row-major order.  Words are those of Philox-4x32-10: word n has 32 bits,
    and is word n % 4 of counter n // 4 under the key `seed`.  An element takes the low bits of its
    word as its code; a type of more than 32 bits takes word 2 * (counter + i), above it word
    2 * (counter + i) + 1.  `seed` and words are numbered modulo 2**64; `counter` is an index
    expression: let it count what blocks and rounds have taken.
    """

    type: TileType
    seed: int
    counter: Expr = Const(0)

    def result(self) -> TileType:
        check_seed(self, self.seed)
        if not self.type.dtype.is_int:
            raise self.reject(
                "TV0210",
                f"`random` makes integers, not {self.type.dtype}",
                "type",
                help="`view` reads their bits as other elements, `cast` converts them",
            )
        return self.type

    @property
    def may_stop(self) -> bool:
        return affine(self.counter) is None

    def run(self, counter: Any) -> Any:
        """`counter`: an int, or int64 [blocks]."""
        kind = self.type.dtype
        assert isinstance(kind, IntType)
        first = np.asarray(counter, np.int64).reshape(-1)
        if kind.bits <= 32:
            codes = random_words(self.seed, first, self.type.size)
        else:
            pairs = random_words(
                self.seed, first.view(np.uint64) * np.uint64(2), 2 * self.type.size
            )
            codes = pairs[:, 0::2] | pairs[:, 1::2].astype(np.uint64) << np.uint64(32)
        return kind.wrap(codes).reshape(len(first), *self.type.shape)


def check_seed(op: Op, seed: int) -> None:
    """TileError TV0207 for a seed of more than 64 bits."""
    if not -(1 << 63) <= seed < 1 << 64:
        raise op.reject("TV0207", f"a seed has 64 bits, which {seed} exceeds", "seed")
