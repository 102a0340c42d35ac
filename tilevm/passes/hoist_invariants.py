"""hoist_invariants: what is the same in every round of a loop is computed once, before it.

Only what cannot stop with an error moves: the loop may make no round.  Loads stay.

Before::

    kernel f(x: global i8[8], y: global i8[8])
    {
      a: i8[8] = load x[0]
      s = for k in 0 .. 3 carry (p = a) {
        one = full i8[8] {value = 1}
        b = add a, one
        i = iota i8[8] {start = k}
        c = add b, i
        q = add p, c
        yield q
      }
      store s, y[0]
    }

After::

    kernel f(x: global i8[8], y: global i8[8])
    {
      a: i8[8] = load x[0]
      one = full i8[8] {value = 1}
      b = add a, one
      s = for k in 0 .. 3 carry (p = a) {
        i = iota i8[8] {start = k}
        c = add b, i
        q = add p, c
        yield q
      }
      store s, y[0]
    }
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tilevm.ir import Expr, For, Kernel, Op, Value
from tilevm.passes.registry import declare
from tilevm.passes.rewrite import Emitter, rewrite


@declare
def hoist_invariants(kernel: Kernel) -> Kernel:
    """The kernel with what its loops do not change before them."""
    return rewrite(kernel, _hoisted)


def _hoisted(op: Op, emit: Emitter) -> Sequence[Value] | None:
    if not isinstance(op, For):
        return None
    inside = {value for each in op.body.ops for value in each.results} | set(op.params)
    kept: list[Op] = []
    for each in op.body.ops:
        moves = each.pure and not each.matters and not each.blocks
        if moves and not inside.intersection(each.operands) and not _counts(each, op.var):
            inside.difference_update(each.results)
            emit.move(each)
        else:
            kept.append(each)
    if len(kept) == len(op.body.ops):
        return None
    return emit.append(op.with_blocks(replace(op.body, ops=tuple(kept))))


def _counts(op: Op, var: str) -> bool:
    """Whether an attribute of the op names the variable of the loop."""
    found = (value for _, value in op.attributes() if isinstance(value, Expr))
    return any(symbol.name == var for value in found for symbol in value.symbols())
