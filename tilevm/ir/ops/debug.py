"""Ops for people: they change no value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tilevm.ir.op import Op, Value


@dataclass(frozen=True, kw_only=True, eq=False)
class Print(Op, name="print", pure=False, codes=True):
    """Shows a tile, once per thread block, with its name, the block's ids and an optional label."""

    a: Value
    label: str = ""

    def result(self) -> None:
        return None

    def run(self, a: Any) -> Any:
        return a


@dataclass(frozen=True, kw_only=True, eq=False)
class Assert(Op, name="assert", pure=False):
    """Stops with an error unless all elements of a ``u1`` tile are 1.

    The error names the first that is 0, and says the message.
    """

    a: Value
    message: str = ""

    def result(self) -> None:
        if self.a.tile.dtype.name != "u1":
            raise self.reject(
                "TV0203",
                "`assert` takes a `u1` tile",
                "a",
                a=f"this is {self.a.tile}",
                help="`compare` gives such a tile",
            )

    def run(self, a: Any) -> Any:
        return a
