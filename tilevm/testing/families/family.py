"""Families: each writes one random statement, or a few that belong together."""

from __future__ import annotations

from collections.abc import Callable

from tilevm.dtypes import dtype
from tilevm.ir import Value
from tilevm.testing.writer import Writer

Family = Callable[[Writer], Value | None]  # None: nothing of the family fits here
FAMILIES: list[Family] = []
BEYOND: list[Family] = []  # those that hardware cannot build


def family(write: Family) -> Family:
    """Registers a family: from now on random programs hold what it writes."""
    FAMILIES.append(write)
    return write


def beyond_hardware(write: Family) -> Family:
    """Registers a family for the programs that need not be buildable."""
    BEYOND.append(write)
    return write


def overflow_of_sum(w: Writer) -> str | None:
    """An overflow mode of a sum, of those that hardware builds also where the sum may overflow."""
    return "wrap" if w.rarely(6) else None


def split(w: Writer, size: int) -> tuple[int, ...]:
    """A shape of this many elements."""
    found: list[int] = []
    for _ in range(w.number(0 if size == 1 else 1, 3) - 1):
        found.append(w.pick([d for d in range(1, size + 1) if size % d == 0]))
        size //= found[-1]
    return (*found, size) if size > 1 or found or w.rarely(2) else ()


def coded(w: Writer, value: Value) -> Value:
    """The codes of a tile as integers, so that no bit of it goes unseen."""
    return w.op("bitcast", value, to=dtype(f"u{value.dtype.bits}"))
