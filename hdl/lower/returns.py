"""Thread blocks that end early: what stands behind a `return` moves to where it is not reached.

``if c { ...; return } else { b }; rest`` becomes ``if c { ... } else { b; rest }``.

A loop with a `return` inside hands on, besides its carried values, whether it still runs: rounds
behind the end do nothing, and what stands behind the loop is asked for that value.  A `while` then
also ends.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tilevm.dtypes import dtype
from tilevm.ir import Block, For, If, Kernel, Op, TileType, Value, While
from tilevm.ir.ops import Full, Return
from tilevm.ir.region import RegionOp
from tilevm.passes.rewrite import Walk, defined, kept, names

_FLAG = TileType(dtype("u1"), ())


def without_returns(kernel: Kernel) -> Kernel:
    """The kernel without `return`."""
    if not any(isinstance(op, Return) for op in kernel.body.walk()):
        return kernel
    body = _ended(kernel.body.ops, (), (), Walk(kept, names(kernel)))
    return replace(kernel, body=replace(kernel.body, ops=body.ops))


def _ended(ops: Sequence[Op], yields: Sequence[Value], ended: Sequence[Value], walk: Walk) -> Block:
    """The last statements of a block, without `return`.

    They hand on `yields`, or `ended` where they would have returned.
    """
    found: list[Op] = []
    for number, op in enumerate(ops):
        if isinstance(op, Return):
            return Block(tuple(found), tuple(ended))
        if not isinstance(op, RegionOp) or not op.may_return:
            found.append(op)
            continue
        rest = Block(tuple(ops[number + 1 :]), tuple(yields))
        if isinstance(op, If):
            chosen = _apart(op, rest, ended, walk)
        else:
            assert isinstance(op, For | While)
            flags, loop = _looped(op, walk)
            found += [*flags, loop]
            known = dict(zip(op.results, loop.results[:-1], strict=True))
            copy = Walk(kept, walk.names).block(rest, known, {})
            goes_on = _ended(copy.ops, copy.yields, ended, walk)
            chosen = _chosen(op, loop.results[-1], goes_on, Block((), tuple(ended)), ended, walk)
        found.append(chosen)
        return Block(tuple(found), chosen.results)
    return Block(tuple(found), tuple(yields))


def _apart(op: If, rest: Block, ended: Sequence[Value], walk: Walk) -> If:
    """An `if` of which branches may end the thread block, with all that stands behind it inside."""
    branches = []
    copies = 0
    for branch in op.blocks:
        inner, yields = list(branch.ops), tuple(ended)
        if not branch.leaves:
            copies += 1
            if copies > 1:  # names of its own
                walk.names.update(defined(rest))
            known = dict(zip(op.results, branch.yields, strict=True))
            copy = Walk(kept, walk.names, renames=copies > 1).block(rest, known, {})
            inner, yields = [*inner, *copy.ops], copy.yields
        branches.append(_ended(inner, yields, ended, walk))
    return _chosen(op, op.cond, *branches, ended, walk)


def _chosen(
    op: RegionOp, cond: object, then: Block, orelse: Block, ended: Sequence[Value], walk: Walk
) -> If:
    named = tuple(walk.fresh(f"{value.name}_left") for value in ended)
    return If(cond=cond, then=then, orelse=orelse, loc=replace(op.loc, targets=()), named=named)  # type: ignore[arg-type]


def _looped(op: For | While, walk: Walk) -> tuple[list[Op], For | While]:
    """A loop that also hands on whether it still runs, and the two constants that it needs."""
    loc = replace(op.loc, parts={}, targets=())
    goes, ends = (
        Full(type=_FLAG, value=value, loc=loc, named=(walk.fresh(name),))
        for name, value in (("goes", 1), ("ends", 0))
    )
    runs = Value(walk.fresh("runs"), _FLAG)
    params, ended = (*op.params, runs), [*op.params, ends.out]
    if isinstance(op, While):
        ended[op.number] = ends.out
    body = _ended(op.body.ops, (*op.body.yields, goes.out), ended, walk)
    if isinstance(op, For):
        idle = Block((), (*op.params, ends.out))
        chosen = _chosen(op, runs, body, idle, ended, walk)
        body = Block((chosen,), chosen.results)
    results = tuple(value.name for value in op.results)
    loop = replace(
        op,
        inits=(*op.inits, goes.out),
        params=params,
        body=body,
        named=(*results, walk.fresh("running")),
    )
    return [goes, ends], loop
