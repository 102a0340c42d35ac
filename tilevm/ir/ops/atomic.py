"""Atomics: ops that read an element of a buffer, compute, and write it, all in one step.

Thread blocks may meet in one element if all of them touch it with atomics; an atomic and a load or
store of another block are a race.  What comes out is that of one order: thread blocks ascending,
each from its first statement to its last, and the elements of a tile in row-major order.  The
result, what the elements held before, may be left out: then the statement has no name in front.

Atomics touch the elements that `store` does or, with an index tile `index`, those that `scatter`
does along `dim`; elements of one tile that meet do so one after the other.  An element outside of
the buffer stops with an error (``oob = trap``), or is left out and its result is 0
(``oob = skip``).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import numpy as np

from tilevm.diagnostics import TileError
from tilevm.ir.fields import Updates
from tilevm.ir.op import Op
from tilevm.ir.ops.access import (
    Along,
    Combine,
    Window,
    check_access,
    check_combine,
    check_index,
)
from tilevm.ir.ops.overflow import IntegerOverflow, check_update_overflow
from tilevm.ir.types import TileType
from tilevm.ir.value import Value

_COMMUTING = {
    "add": np.add,
    "min": np.minimum,
    "max": np.maximum,
    "and": np.bitwise_and,
    "or": np.bitwise_or,
    "xor": np.bitwise_xor,
}
_METHODS = {"min": "minimum", "max": "maximum", "and": "and_", "or": "or_"}  # of element types


@dataclass(frozen=True, kw_only=True, eq=False)
class Atomic(Op, name="atomic", pure=False, optional_result=True):
    """``r[i] = x[i]``, and ``x[i] = x[i] op a[i]``: reads, computes and writes each in one step.

    `op` is add (modulo 2**bits, or rounded once), min, max, exchange (``x[i] = a[i]``) or, on
    integers, and, or, xor.  `overflow` says what becomes of an integer sum that does not fit, each
    time that something is added: ``wrap``, ``sat``, ``trap``; where it is left out it wraps, and a
    checked run reports it.
    """

    a: Value
    at: Updates
    op: Literal["add", "min", "max", "and", "or", "xor", "exchange"]
    index: Value | None = None
    dim: int = 0
    oob: Literal["trap", "skip"] = "trap"
    overflow: IntegerOverflow | None = None

    def result(self) -> TileType:
        if self.op != "exchange":
            check_combine(self, _METHODS.get(self.op, self.op), self.a.dtype)
        check_update_overflow(self, self.op == "add", self.a.dtype, self.overflow)
        return _old(self, self.a.tile)

    @property
    def commutes(self) -> str | None:
        if self.results or not self.a.dtype.is_int or self.op == "exchange":
            return None
        return self.op if self.overflow in (None, "wrap") else None

    @property
    def reports_overflow(self) -> bool:
        return self.op == "add" and self.overflow is None and self.a.dtype.wraps

    def run(self, a: Any, at: Window, index: Any) -> Any:
        kind = self.a.dtype
        if self.op == "exchange":
            return _update(self, at, index, Combine(lambda held, given: given), a)
        method = getattr(kind, _METHODS.get(self.op, self.op))
        if self.overflow in ("sat", "trap"):  # then the order matters
            limited = partial(method, overflow=self.overflow)
            return _update(self, at, index, Combine(limited), a)
        combine = Combine(method, _COMMUTING[self.op] if kind.is_int else None)
        return _update(self, at, index, combine, a)


@dataclass(frozen=True, kw_only=True, eq=False)
class AtomicCas(Op, name="atomic_cas", pure=False, optional_result=True):
    """``r[i] = x[i]``, and ``x[i] = desired[i]`` where ``x[i]`` has the bits of ``expected[i]``.

    Bits are compared: a NaN is equal to itself, and -0 is not +0.
    """

    expected: Value
    desired: Value
    at: Updates
    index: Value | None = None
    dim: int = 0
    oob: Literal["trap", "skip"] = "trap"

    def result(self) -> TileType:
        if self.expected.type != self.desired.type:
            raise self.reject(
                "TV0203",
                "`expected` and `desired` have different types",
                "desired",
                expected=f"this is {self.expected.type}",
                desired=f"this is {self.desired.type}",
            )
        return _old(self, self.expected.tile)

    def run(self, expected: Any, desired: Any, at: Window, index: Any) -> Any:
        kind = self.expected.dtype

        def swapped(held: Any, wanted: Any, given: Any) -> Any:
            same = held == wanted if kind.is_int else kind.encode(held) == kind.encode(wanted)
            return np.where(same, given, held)

        return _update(self, at, index, Combine(swapped), expected, desired)


def _old(op: Atomic | AtomicCas, kind: TileType) -> TileType:
    """The type of the result, once the access is checked."""
    check_access(op, op.at, kind)
    if op.index is not None:
        check_index(op, op.index, kind, op.dim, len(op.at.indices))
    elif op.dim:
        message = "`dim` is the dimension along which indices lie, and there are none"
        raise op.reject("TV0303", message, "dim", help="write `{index = t, dim = 1}`")
    if op.oob == "skip" and op.named:
        try:
            kind.dtype.coerce([0])
        except TileError:
            message = f"{kind.dtype} has no zero for what is left out"
            raise op.reject("TV0207", message, "oob") from None
    return kind.with_shape(*kind.shape)


def _update(op: Atomic | AtomicCas, at: Window, index: Any, combine: Combine, *values: Any) -> Any:
    """Does it; returns what the elements held before, if that has a name."""
    along = None if index is None else Along(op.dim, index)
    shape = op.operands[0].tile.shape
    return at.update(values, shape, op.oob == "skip", along, combine, bool(op.results))
