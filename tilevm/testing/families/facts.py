"""Facts that hold: of the shapes, which are known while the program is written."""

from __future__ import annotations

from dataclasses import replace

from tilevm.ir import Const, Expr, Sym
from tilevm.ir.builder import condition
from tilevm.testing.families.family import family
from tilevm.testing.writer import Writer


@family
def of_shapes(w: Writer) -> None:
    """One comparison or two, with a text or without."""
    if not w.sizes or not w.rarely(3):
        return
    symbol = w.pick(sorted(w.sizes))
    size, by = w.sizes[symbol], w.number(1, 5)
    expr: Expr = Sym(symbol)
    claims = [
        condition(expr % by, "==", size % by),
        condition(expr / by, "<=", size),
        condition(expr * by - size, ">", size * (by - 1) - 1),
        condition(expr, "!=", size + by),
        condition(Const(size), ">=", expr),
    ]
    claim = w.pick(claims)
    if w.rarely(2):
        claim = replace(claim, also=w.pick(claims))
    w.builder.static_assert(claim, w.pick(("", "so it is", 'a "text"\n')))
