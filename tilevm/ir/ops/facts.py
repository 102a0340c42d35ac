"""Facts: what has to hold, checked in every run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tilevm.ir.op import Op
from tilevm.ir.value import Value


@dataclass(frozen=True, kw_only=True, eq=False)
class Fact(Op, pure=False):
    """An op that wants every element of a ``u1`` tile to be 1."""

    a: Value
    message: str = ""

    def result(self) -> None:
        if self.a.tile.dtype.name != "u1":
            raise self.reject(
                "TV0203",
                f"`{self.name}` takes a `u1` tile",
                "a",
                a=f"this is {self.a.tile}",
                help="`compare` gives such a tile",
            )

    def run(self, a: Any) -> Any:
        """Where it holds."""
        return a != 0


@dataclass(frozen=True, kw_only=True, eq=False)
class Assert(Fact, name="assert", pure=False):
    """Stops with an error unless all elements of a ``u1`` tile are 1.

    The error says how many are 0, where the first of them are, and the `message`.  If a `compare`
    made the tile, it says what was compared there.
    """


@dataclass(frozen=True, kw_only=True, eq=False)
class Assume(Fact, name="assume", pure=False):
    """States that all elements of a ``u1`` tile are 1, and stops with an error unless they are.

    What an `assert` says of the program, an `assume` says of its inputs: that somebody else sees to
    it.  It is checked all the same, so nothing is ever undefined.  `message` and error as there.
    """


@dataclass(frozen=True, kw_only=True, eq=False)
class Expect(Op, name="expect", pure=False, codes=True):
    """Stops with an error unless ``a[i]`` and ``b[i]`` have the same bits, for every element.

    So NaN equals NaN, and -0 differs from +0.  The error says how many differ, the first of them
    with values and codes, and the `message`.  `constant` writes out a golden tile.
    """

    a: Value
    b: Value
    message: str = ""

    def result(self) -> None:
        if self.a.type != self.b.type:
            raise self.reject(
                "TV0203",
                "operands of `expect` have different types",
                "b",
                a=f"this is {self.a.type}",
                b=f"this is {self.b.type}",
                help="it compares tiles bit for bit: `cast` the expected one",
            )

    def run(self, a: Any, b: Any) -> Any:
        """Where the two are the same."""
        kind = self.a.dtype
        return kind.encode(a) == kind.encode(b)
