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

from tilevm.ir import Block, BufferType, Condition, Const, Expr, For, If, Kernel, Op, Value, regions
from tilevm.ir.ops import Cast, Lookup, Shl, Shr
from tilevm.passes.rewrite import Emitter, rewrite, walk_uses


def canonicalise(kernel: Kernel, symbols: Mapping[str, int] | None = None) -> Kernel:
    """The same kernel in its plainest form; with `symbols`, for these shapes only."""
    env: dict[str, Expr] = {name: Const(value) for name, value in (symbols or {}).items()}
    folded = rewrite(kernel, _simplify, env)
    if env:
        folded = _bound(folded, env)
    while True:
        body = _without_dead(folded.body)
        if sum(1 for _ in body.walk()) == sum(1 for _ in folded.body.walk()):
            return folded
        folded = folded.with_body(body)


def _simplify(op: Op, emit: Emitter) -> Sequence[Value] | None:
    match op:
        case For(lo=Const(lo), hi=Const(hi), step=Const(step)) if lo >= hi and step > 0:
            return op.inits
        case For(lo=Const(lo), hi=Const(hi), step=Const(step)) if lo + step >= hi and step > 0:
            values = dict(zip(op.params, op.inits, strict=True))
            return emit.inline(op.body, values, {op.var: Const(lo)})
        case If(cond=Condition() as cond) if not list(cond.symbols()):
            return emit.inline(op.then if bool(cond.evaluate({})) else op.orelse, {}, {})
        case Cast() if op.to == op.a.dtype:
            return (op.a,)
    return None


def _bound(kernel: Kernel, env: Mapping[str, Expr]) -> Kernel:
    """The kernel with its buffers' shapes in numbers."""
    values: dict[Value, Value] = {}
    for param in kernel.params:
        assert isinstance(param.type, BufferType)
        shape = tuple(extent.substitute(env) for extent in param.type.shape)
        values[param] = Value(param.name, replace(param.type, shape=shape), param.span)
    holder = _renamed(kernel.body, values)
    return replace(kernel, params=tuple(values.values()), where=(), body=holder)


def _renamed(body: Block, values: Mapping[Value, Value]) -> Block:
    from tilevm.passes.rewrite import _block

    return _block(body, values, {}, lambda _op, _emit: None, set())


def _without_dead(block: Block) -> Block:
    used = walk_uses(block)
    kept = []
    for op in block.ops:
        if _removable(op) and not used.intersection(op.results):
            continue
        if isinstance(op, For):
            op = _swept(op, body=_without_dead(op.body))
        elif isinstance(op, If):
            op = _swept(op, then=_without_dead(op.then), orelse=_without_dead(op.orelse))
        kept.append(op)
    return replace(block, ops=tuple(kept))


def _swept(op: For | If, **blocks: Block) -> Op:
    """The op over cleaned blocks, with the results that it had."""
    if all(len(new.ops) == len(old.ops) for new, old in zip(blocks.values(), regions(op), strict=True)):
        same = [sum(1 for _ in new.walk()) for new in blocks.values()]
        if same == [sum(1 for _ in old.walk()) for old in regions(op)]:
            return op
    made = replace(op, named=tuple(v.name for v in op.results), **blocks)  # type: ignore[arg-type]
    object.__setattr__(made, "results", op.results)
    return made


def _removable(op: Op) -> bool:
    """Whether nobody misses the op if its result is unused: it has no effect and cannot stop the run."""
    if isinstance(op, For | If):
        return all(_removable(inner) for region in regions(op) for inner in region.ops)
    may_stop = isinstance(op, Lookup | Shl | Shr) or getattr(op, "overflow", None) == "trap"
    return op.pure and not may_stop
