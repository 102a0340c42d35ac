"""Ops for people: they change no value.

What they say comes thread block by thread block, in ascending order, and statement by statement
within one.  In each, `label` stands before the name of the tile, and at most `limit` elements are
shown.  `format` says how: `value` with as few digits as tell it from other values of its type,
`decimal` with all digits, `hex` and `bits` the codes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from tilevm.ir.op import Op
from tilevm.ir.value import Value

Form = Literal["value", "decimal", "hex", "bits"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Shows(Op, pure=False):
    """An op that shows a tile."""

    a: Value
    label: str = ""
    format: Form = "value"
    limit: int = 1000

    def result(self) -> None:
        if self.limit < 1:
            raise self.reject("TV0207", f"`limit` is at least 1, not {self.limit}", "limit")

    def run(self, a: Any) -> Any:
        """What is shown."""
        return a


@dataclass(frozen=True, kw_only=True, eq=False)
class Print(Shows, name="print", pure=False, codes=True):
    """Shows a tile, once per thread block, with its name, the block's ids and a `label`.

    `start` and `size`, a number for each dimension, show a part of it: without `start` from the
    first element, without `size` to the last.
    """

    start: tuple[int, ...] | None = None
    size: tuple[int, ...] | None = None

    def result(self) -> None:
        super().result()
        kind = self.a.tile
        for name in ("start", "size"):
            listed = getattr(self, name)
            if listed is not None and len(listed) != kind.rank:
                message = f"`{name}` has {len(listed)} numbers, and {kind} has rank {kind.rank}"
                raise self.reject("TV0236", message, name, a=f"this is {kind}")
        for low, high, extent in zip(*self.bounds, kind.shape, strict=True):
            if not 0 <= low <= high <= extent:
                raise self.reject(
                    "TV0236",
                    f"the part [{self.part}] is not inside of {kind}",
                    "size" if self.start is None else "start",
                    a=f"this is {kind}",
                )

    @property
    def bounds(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Where the part starts and ends."""
        shape = self.a.tile.shape
        low = self.start or (0,) * len(shape)
        if self.size is None:
            return low, shape
        return low, tuple(first + size for first, size in zip(low, self.size, strict=True))

    @property
    def part(self) -> str:
        """The part as text, "0 .. 4, 2 .. 3"; "" for the whole tile."""
        if self.start is None and self.size is None:
            return ""
        return ", ".join(f"{low} .. {high}" for low, high in zip(*self.bounds, strict=True))

    def run(self, a: Any) -> Any:
        return a[(slice(None), *(slice(*ends) for ends in zip(*self.bounds, strict=True)))]


@dataclass(frozen=True, kw_only=True, eq=False)
class Watch(Shows, name="watch", pure=False, codes=True):
    """Shows a tile where it differs from what this statement saw last in the same thread block.

    The first time it shows the whole tile, as `print` does, and then only the elements whose bits
    are others than before; it says nothing if there are none.
    """
