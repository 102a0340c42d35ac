"""canonicalise: index arithmetic with constants folded, dead code and trivial control flow gone.

Loops of no round or of one, branches whose condition is known, casts to the type that a tile has,
and values that nobody reads go.  From Python, `symbols` gives numbers for shape symbols: then it is
the program for these shapes only.

Before::

    kernel f(x: global i8[8], y: global i8[8])
    {
      a: i8[8] = load x[2 - 2]
      unused = add a, a
      s = for k in 0 .. 1 carry (p = a) {
        q = add p, a
        yield q
      }
      r = if 3 > 4 {
        yield a
      } else {
        yield s
      }
      store r, y[0]
    }

After::

    kernel f(x: global i8[8], y: global i8[8])
    {
      a: i8[8] = load x[0]
      q = add a, a
      store q, y[0]
    }
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from tilevm.ir import BufferType, Condition, Const, Expr, For, If, Kernel, Op, Value
from tilevm.ir.ops import Cast, StaticAssert
from tilevm.passes.registry import declare
from tilevm.passes.remove_dead_code import live
from tilevm.passes.rewrite import Emitter, rewrite


@declare
def canonicalise(kernel: Kernel, symbols: Mapping[str, int] | None = None) -> Kernel:
    """The same kernel in its plainest form; with `symbols`, for these shapes only."""
    env: dict[str, Expr] = {name: Const(value) for name, value in (symbols or {}).items()}
    plain = rewrite(kernel, _simplify, env, _with_shapes(kernel, env))
    open_conditions = tuple(condition for condition in plain.where if not _holds(condition))
    return replace(plain, where=open_conditions, body=live(plain.body))


def _with_shapes(kernel: Kernel, env: Mapping[str, Expr]) -> dict[Value, Value]:
    """The parameters with the shapes that the symbols give them; none if there are no symbols."""
    if not env:
        return {}
    found: dict[Value, Value] = {}
    for param in kernel.params:
        assert isinstance(param.type, BufferType)
        found[param] = Value(param.name, param.type.substitute(env), param.span)
    return found


def _holds(condition: Condition) -> bool:
    return not any(condition.symbols()) and bool(condition.evaluate({}))


def _simplify(op: Op, emit: Emitter) -> Sequence[Value] | None:
    match op:
        case For(lo=Const(lo), hi=Const(hi), step=Const(step)) if lo >= hi and step > 0:
            return op.inits
        case For(body=body) if body.leaves:
            return None
        case For(lo=Const(lo), hi=Const(hi), step=Const(step)) if lo + step >= hi and step > 0:
            inits = dict(zip(op.params, op.inits, strict=True))
            return emit.inline(op.body, inits, {op.var: Const(lo)}, again=True)
        case If(cond=Condition() as cond) if not any(cond.symbols()):
            taken = op.then if cond.evaluate({}) else op.orelse
            if taken.leaves:
                return None
            return emit.inline(taken, {}, {}, again=True)
        case StaticAssert() if not any(op.condition.symbols()):
            return ()  # it was checked when it was made
        case Cast() if op.to == op.a.dtype and op.out.tile.layout == op.a.tile.layout:
            return (op.a,)
    return None
