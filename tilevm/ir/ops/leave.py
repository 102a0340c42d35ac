"""The early end of a thread block."""

from __future__ import annotations

from dataclasses import dataclass

from tilevm.ir.op import Op


@dataclass(frozen=True, kw_only=True, eq=False)
class Return(Op, name="return", pure=False):
    """Ends the thread block: for it, no statement runs any more; the other blocks go on.

    It is the last statement of its block of statements, which then needs no `yield`: a branch, or
    the body of a loop.  What the thread block has stored stays.
    """

    def result(self) -> None:
        return None

    def run(self) -> None:
        return None
