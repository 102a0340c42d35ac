"""canonicalise: constants folded in index arithmetic, dead code and trivial control flow gone.

Before::

    t = add a, a          # never used
    s = for k in 0 .. 1 carry (p = z) {
      q = add p, a
      yield q
    }

After::

    q = add z, a
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from tilevm.ir import Block, BufferType, Condition, Const, Expr, For, If, Kernel, Op, Value
from tilevm.ir.ops import Cast
from tilevm.passes.rewrite import Emitter, rewrite, values_read


def canonicalise(kernel: Kernel, symbols: Mapping[str, int] | None = None) -> Kernel:
    """The same kernel in its plainest form; with `symbols`, for these shapes only."""
    env: dict[str, Expr] = {name: Const(value) for name, value in (symbols or {}).items()}
    plain = rewrite(kernel, _simplify, env, _with_shapes(kernel, env))
    open_conditions = tuple(condition for condition in plain.where if not _holds(condition))
    return replace(plain, where=open_conditions, body=_live(plain.body))


def _with_shapes(kernel: Kernel, env: Mapping[str, Expr]) -> dict[Value, Value]:
    """The parameters with the shapes that the symbols give them; none if there are no symbols."""
    if not env:
        return {}
    found: dict[Value, Value] = {}
    for param in kernel.params:
        assert isinstance(param.type, BufferType)
        shape = tuple(extent.substitute(env) for extent in param.type.shape)
        found[param] = Value(param.name, replace(param.type, shape=shape), param.span)
    return found


def _holds(condition: Condition) -> bool:
    return not any(condition.symbols()) and bool(condition.evaluate({}))


def _simplify(op: Op, emit: Emitter) -> Sequence[Value] | None:
    match op:
        case For(lo=Const(lo), hi=Const(hi), step=Const(step)) if lo >= hi and step > 0:
            return op.inits
        case For(lo=Const(lo), hi=Const(hi), step=Const(step)) if lo + step >= hi and step > 0:
            inits = dict(zip(op.params, op.inits, strict=True))
            return emit.inline(op.body, inits, {op.var: Const(lo)})
        case If(cond=Condition() as cond) if not any(cond.symbols()):
            return emit.inline(op.then if cond.evaluate({}) else op.orelse, {}, {})
        case Cast() if op.to == op.a.dtype and op.out.tile.layout == op.a.tile.layout:
            return (op.a,)
    return None


def _live(block: Block) -> Block:
    """The block without ops that nobody would miss, and what only these read."""
    needed = set(block.yields)
    kept: list[Op] = []
    for op in reversed(block.ops):
        if not needed.intersection(op.results) and not op.matters:
            continue
        swept = _swept(op)
        needed.update(values_read(Block((swept,))))
        kept.append(swept)
    return replace(block, ops=tuple(reversed(kept)))


def _swept(op: Op) -> Op:
    """The op with its inner blocks swept, and with the very results that it had."""
    if not isinstance(op, For | If):
        return op
    made = op.with_blocks(*map(_live, op.blocks))
    object.__setattr__(made, "results", op.results)
    return made
