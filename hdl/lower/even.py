"""Loops that make as many rounds in every thread block: rounds that do not count change nothing.

A loop whose bounds depend on block ids or outer loops goes as often as the longest of them, and
what stands in it runs under a condition on the counters.  So every actor has constant trip counts,
and its cycles stay known: they are those of the longest loop.  A carried value that is only
combined with a new one in each round stays so: rounds that do not count bring what changes nothing.

A `while` goes as often as its fuel, or the most of it, allows, under its own condition.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from hdl.lower.planning import as_fold
from tilevm.ir import Block, Condition, Const, For, If, Kernel, Op, Sym, Value, While
from tilevm.ir.ops import Assert, Full, Not
from tilevm.passes.rewrite import Emitter, rewrite

MAX_ROUNDS = 1 << 20  # of a loop, all blocks and outer loops together, that are counted one by one

Env = dict[str, Any]


def even_loops(kernel: Kernel) -> Kernel:
    """The kernel with constant bounds wherever the number of rounds is bounded."""
    rounds: dict[Op, int] = {}
    extents = [extent for _, extent in kernel.grid]
    if not any(isinstance(op, For | While) for op in kernel.body.walk()):
        return kernel
    counted = [extent.value for extent in extents if isinstance(extent, Const)]
    if int(np.prod(counted, dtype=object)) > MAX_ROUNDS:
        return kernel
    grids = np.meshgrid(*map(np.arange, counted), indexing="ij") if counted else []
    env: Env = {name: g.reshape(-1) for (name, _), g in zip(kernel.grid, grids, strict=True)}
    _count(kernel.body, env, int(np.prod(counted, dtype=np.int64)), rounds)
    if not rounds:
        return kernel

    def rule(op: Op, emit: Emitter) -> Sequence[Value] | None:
        if emit.source not in rounds:
            return None
        if isinstance(op, For):
            return _evened(op, emit, rounds[emit.source])
        assert isinstance(op, While)
        return _bounded(op, emit, rounds[emit.source])

    return rewrite(kernel, rule)


def _count(block: Block, env: Mapping[str, Any], size: int, rounds: dict[Op, int]) -> None:
    """Notes the most rounds of each loop that is to change; `env` has its iterations, `size` of
    them."""
    if size == 0:  # it never runs
        rounds.update({op: 0 for op in block.walk() if isinstance(op, For) and not op.may_return})
        return
    for op in block.ops:
        if isinstance(op, While) and not op.may_return:
            fuel = np.asarray(op.fuel.evaluate(env), np.int64)
            rounds[op] = max(0, int(fuel.max(initial=0)))
            _count(op.body, env, size, rounds)
        elif isinstance(op, For) and not op.may_return:
            if not isinstance(op.step, Const) or op.step.value < 1:
                continue
            low, high = (
                np.broadcast_to(np.asarray(e.evaluate(env), np.int64), (size,))
                for e in (op.lo, op.hi)
            )
            each = np.maximum(0, -((low - high) // op.step.value))
            most = int(each.max(initial=0))
            if not (isinstance(op.lo, Const) and isinstance(op.hi, Const)):
                rounds[op] = most
            total = int(each.sum())
            if total > MAX_ROUNDS:
                continue
            at = np.repeat(np.arange(size), each)
            turn = np.arange(total) - np.repeat(np.cumsum(each) - each, each)
            inner: Env = {name: np.broadcast_to(v, (size,))[at] for name, v in env.items()}
            inner[op.var] = low[at] + turn * op.step.value
            _count(op.body, inner, total, rounds)
        else:
            for inside in op.blocks:
                _count(inside, env, size, rounds)


def _evened(op: For, emit: Emitter, rounds: int) -> Sequence[Value] | None:
    if rounds == 0:
        return op.inits
    assert isinstance(op.step, Const)
    params = tuple(Value(param.name, param.type, param.span) for param in op.params)
    inner = emit.inner()
    index = op.lo + Sym(op.var) * op.step.value
    known = dict(zip(op.params, params, strict=True))
    yields = inner.inline(op.body, known, {op.var: index})
    named = tuple(value.name for value in op.results)
    plain = For(
        var=op.var,
        lo=Const(0),
        hi=Const(rounds),
        step=Const(1),
        inits=op.inits,
        params=params,
        body=Block(tuple(inner.ops), tuple(yields)),
        loc=op.loc,
        named=named,
    )
    body = _under(emit, plain, Condition("<", index, op.hi))
    return emit.append(plain.with_blocks(body))


def _under(emit: Emitter, loop: For, cond: Condition | Value) -> Block:
    """The body of a loop under a condition; where it does not hold, the carried values stay."""
    held: list[Value] = []  # what each branch hands on, in the rounds that count
    others: list[Value] = []
    combined: dict[int, Op] = {}
    orelse = emit.inner()
    for number, (param, last) in enumerate(zip(loop.params, loop.body.yields, strict=True)):
        fold = as_fold(loop, param, last)
        if fold is None:
            held.append(last)
            others.append(param)
            continue
        combined[number] = fold.user
        held.append(fold.value)
        none = orelse(
            Full, label=f"{last.name}_none", type=fold.value.tile, value=fold.combine.initial
        )
        others.append(none)
    users = set(combined.values())
    ops = tuple(op for op in loop.body.ops if op not in users)
    names = tuple(emit.walk.fresh(f"{param.name}_next") for param in loop.params)
    chosen = If(
        cond=cond,
        then=Block(ops, tuple(held)),
        orelse=Block(tuple(orelse.ops), tuple(others)),
        loc=loop.loc,
        named=names,
    )
    made: list[Op] = [chosen]
    yields = list(chosen.results)
    for number, user in combined.items():
        again = user.mapped({held[number]: chosen.results[number]})
        made.append(again)
        yields[number] = again.out
    return Block(tuple(made), tuple(yields))


def _bounded(op: While, emit: Emitter, fuel: int) -> Sequence[Value] | None:
    """A counted loop; that it needs no more rounds is asserted behind it."""
    params = tuple(Value(param.name, param.type, param.span) for param in op.params)
    inner = emit.inner()
    yields = inner.inline(op.body, dict(zip(op.params, params, strict=True)), {})
    named = tuple(value.name for value in op.results)
    ends = Block(tuple(inner.ops), tuple(yields))
    names = tuple(emit.walk.fresh(f"{param.name}_next") for param in op.params)
    chosen = If(
        cond=params[op.number], then=ends, orelse=Block((), params), loc=op.loc, named=names
    )
    var = emit.walk.fresh("round")
    if not isinstance(op.fuel, Const):  # where it is spent the condition stays, and is asked for
        fed = Condition("<", Sym(var), op.fuel)
        asked = Block((chosen,), chosen.results)
        names = tuple(emit.walk.fresh(f"{param.name}_fed") for param in op.params)
        chosen = If(cond=fed, then=asked, orelse=Block((), params), loc=op.loc, named=names)
    results: Sequence[Value] = op.inits
    if fuel > 0:
        results = emit.append(
            For(
                var=var,
                lo=Const(0),
                hi=Const(fuel),
                step=Const(1),
                inits=op.inits,
                params=params,
                body=Block((chosen,), chosen.results),
                loc=op.loc,
                named=named,
            )
        )
    done = emit(Not, label=f"{op.params[op.number].name}_done", a=results[op.number])
    emit.append(Assert(a=done, message=f"it would go on after {fuel} rounds", loc=op.loc))
    return results
