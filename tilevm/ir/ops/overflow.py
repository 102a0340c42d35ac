"""Exact results beyond their type: which modes an op may say, and whether there can be some."""

from __future__ import annotations

from fractions import Fraction
from typing import Literal

from tilevm.dtypes import CodebookType, DType
from tilevm.ir.op import Op

IntegerOverflow = Literal["wrap", "sat", "trap"]
Exact = Fraction | int


def check_acc_overflow(op: Op, acc: DType, overflow: str | None) -> None:
    """TV0207 for an overflow mode beside a float `acc`: floats round as their format says."""
    if overflow is not None and acc.is_float:
        raise op.reject(
            "TV0207",
            f"`overflow` is for integer sums, and this one is {acc}",
            "overflow",
            help="leave it out: a float result rounds, and overflows as its format says",
        )


def holds(acc: DType, low: Exact, high: Exact) -> bool:
    """Whether an integer or fixed point type goes from `low` to `high`, or beyond."""
    return acc.wraps and Fraction(acc.min) <= low and high <= Fraction(acc.max)


def ends(kind: DType) -> tuple[Exact, Exact]:
    """The smallest and the largest number of an integer or fixed point type, or of its codes."""
    if isinstance(kind, CodebookType):
        entries = [Fraction(entry) for entry in kind.table.reshape(-1).tolist()]
        return min(entries), max(entries)
    return Fraction(kind.min), Fraction(kind.max)


def check_update_overflow(op: Op, adds: bool, kind: DType, overflow: str | None) -> None:
    """TileError TV0207 for an overflow mode where nothing is added, or is added to floats."""
    if overflow is None or (adds and kind.wraps):
        return
    if adds:
        message = f"`overflow` is for integer sums, and these are {kind}"
        help = "leave it out: a float sum rounds, and overflows as its format says"
    else:
        message, help = "`overflow` is for sums, and nothing is added here", "leave it out"
    raise op.reject("TV0207", message, "overflow", help=help)
