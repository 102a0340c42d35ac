"""The walk that every pass shares: each op is rebuilt, or replaced by what a rule emits instead."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from tilevm.ir import Block, For, If, Kernel, Loc, Op, TileType, Value
from tilevm.ir.index import Expr, Sym


class Emitter:
    """Appends ops in the place of one that is rewritten; they keep its position in the source."""

    def __init__(self, used: set[str]) -> None:
        self.used = used
        self.ops: list[Op] = []
        self.origin: Op | None = None

    def __call__(self, kind: type[Op], *, type: TileType | None = None, name: str = "", **fields: Any) -> Value:
        """A new op; its result is named after the op that it replaces, and after `name`."""
        assert self.origin is not None
        base = self.origin.results[0].name
        label = self.fresh(f"{base}_{name}") if name else base
        op = kind(written=type, loc=Loc(self.origin.loc.span), named=(label,), **fields)
        self.ops.append(op)
        return op.out

    def fresh(self, base: str) -> str:
        label, number = base, 1
        while label in self.used:
            number += 1
            label = f"{base}{number}"
        self.used.add(label)
        return label

    def inline(self, block: Block, values: Mapping[Value, Value], indices: Mapping[str, Expr]) -> list[Value]:
        """Appends the ops of an already rewritten block; returns what it yields."""
        known = dict(values)
        for op in block.ops:
            copy = _remade(op, known, indices, self.used)
            self.ops.append(copy)
            known.update(zip(op.results, copy.results, strict=True))
        return [known.get(value, value) for value in block.yields]


Rule = Callable[[Op, Emitter], Sequence[Value] | None]


def rewrite(kernel: Kernel, rule: Rule, indices: Mapping[str, Expr] | None = None) -> Kernel:
    """Rebuilds a kernel bottom-up.

    `rule` sees each op with its operands already rewritten, and returns the values that take the place
    of its results, or None to keep it.  `indices` replaces index symbols.
    """
    used = {value.name for op in kernel.body.walk() for value in op.results}
    used |= {param.name for param in kernel.params} | set(kernel.symbols) | {name for name, _ in kernel.grid}
    for op in kernel.body.walk():
        if isinstance(op, For):
            used |= {op.var} | {param.name for param in op.params}
    env = dict(indices or {})
    body = _block(kernel.body, {}, env, rule, used)
    grid = tuple((name, extent.substitute(env)) for name, extent in kernel.grid)
    where = tuple(condition.substitute(env) for condition in kernel.where)
    return replace(kernel, body=body, grid=grid, where=where)


def _block(
    block: Block, outer: Mapping[Value, Value], env: Mapping[str, Expr], rule: Rule, used: set[str]
) -> Block:
    values = dict(outer)
    emit = Emitter(used)
    for op in block.ops:
        if isinstance(op, For):
            params = tuple(Value(p.name, p.type, p.span) for p in op.params)
            inner = {**values, **dict(zip(op.params, params, strict=True))}
            hidden = {name: expr for name, expr in env.items() if name != op.var}
            made: Op = For(
                var=op.var,
                lo=op.lo.substitute(env),
                hi=op.hi.substitute(env),
                step=op.step.substitute(env),
                inits=tuple(values.get(v, v) for v in op.inits),
                params=params,
                body=_block(op.body, inner, hidden, rule, used),
                loc=op.loc,
                named=tuple(v.name for v in op.results),
            )
        elif isinstance(op, If):
            cond = values.get(op.cond, op.cond) if isinstance(op.cond, Value) else op.cond.substitute(env)
            branches = [_block(b, values, env, rule, used) for b in (op.then, op.orelse)]
            names = tuple(v.name for v in op.results)
            made = If(cond=cond, then=branches[0], orelse=branches[1], loc=op.loc, named=names)
        else:
            made = op.mapped(values, env)
        emit.origin = made
        replaced = rule(made, emit)
        if replaced is None:
            emit.ops.append(made)
            replaced = made.results
        values.update(zip(op.results, replaced, strict=True))
    yields = tuple(values.get(v, v) for v in block.yields)
    return replace(block, ops=tuple(emit.ops), yields=yields)


def _remade(op: Op, values: Mapping[Value, Value], indices: Mapping[str, Expr], used: set[str]) -> Op:
    """A copy of an op, with everything inside it, under other operands and index symbols."""
    if isinstance(op, For | If):
        holder = Kernel("", (), (), (), Block((op,), op.results))
        env = {**{s: Sym(s) for s in ()}, **indices}
        copied = _block(holder.body, values, env, lambda _op, _emit: None, used)
        return copied.ops[0]
    return op.mapped(values, indices)


def walk_uses(block: Block) -> set[Value]:
    """Every value that the ops of a block read, inner blocks and yields included."""
    found: set[Value] = set(block.yields)
    for op in block.walk():
        found.update(op.operands)
        found.update(a.buffer for a in op.accesses)
        if isinstance(op, For):
            found.update(op.body.yields)
        elif isinstance(op, If):
            found.update(op.then.yields)
            found.update(op.orelse.yields)
    return found


__all__ = ["Emitter", "Rule", "rewrite", "walk_uses"]
