"""The statements that hold statements: loops and branches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tilevm.diagnostics import Label, Span, error
from tilevm.ir import Block, Const, Expr, For, If, Loc, TileType, Value, While
from tilevm.text.scope import Name, Scope, Skip
from tilevm.text.syntax import Node
from tilevm.text.terms import children, token, tree

if TYPE_CHECKING:
    from tilevm.text.statements import Statements


def read_for(
    read: Statements,
    node: Node,
    targets: tuple[str, ...],
    written: TileType | None,
    loc: Loc,
    scope: Scope,
) -> For:
    """``for var in lo .. hi step s carry (p = init) { ... }``"""
    _, var, lo, hi, step, carry, unroll, pipeline, body = node.children
    bounds = [read.attempt(read.terms.expr, bound, scope) for bound in (lo, hi)]
    by = read.attempt(_step, read, step, scope)
    inner = Scope(scope)
    parts = {"var": read.terms.span(token(var))}
    read.define(str(var), Name(parts["var"], index=True), inner)
    inits, params = _carried(read, carry, scope, inner, parts)
    hints: dict[str, int | None] = {}
    for hint, written_hint in (("unroll", unroll), ("pipeline", pipeline)):
        if written_hint is not None:
            (count,) = children(written_hint)
            parts[hint] = read.terms.span(count)
            hints[hint] = read.attempt(read.terms.hint, count, hint)
    block = read.body(tree(body), inner)
    known = [init for init in inits if init is not None]
    if bounds[0] is None or bounds[1] is None or by is None or len(known) < len(inits):
        raise Skip
    if None in hints.values():
        raise Skip
    return For(
        var=str(var),
        lo=bounds[0],
        hi=bounds[1],
        step=by,
        inits=tuple(known),
        params=tuple(params),
        **hints,
        body=block,
        written=written,
        named=targets,
        loc=loc.at(loc.targets, {**block.yield_loc.parts, **parts}),
    )


def read_while(
    read: Statements,
    node: Node,
    targets: tuple[str, ...],
    written: TileType | None,
    loc: Loc,
    scope: Scope,
) -> While:
    """``while go carry (go = init) fuel n { ... }``"""
    _, cond, carry, fuel, body = node.children
    limit = read.attempt(_fuel, read, fuel, scope)
    inner = Scope(scope)
    parts = {"cond": read.terms.span(token(cond))}
    inits, params = _carried(read, carry, scope, inner, parts)
    go = read.attempt(inner.value, str(cond), parts["cond"])
    block = read.body(tree(body), inner)
    known = [init for init in inits if init is not None]
    if limit is None or go is None or len(known) < len(inits):
        raise Skip
    if go not in params:
        message = f"`{cond}` is not carried by the loop that it ends"
        hint = f"carry it: `while {cond} carry ({cond} = ...)`"
        raise error("TV0241", message, Label(parts["cond"]), help=hint)
    return While(
        number=params.index(go),
        fuel=limit,
        inits=tuple(known),
        params=tuple(params),
        body=block,
        written=written,
        named=targets,
        loc=loc.at(loc.targets, {**block.yield_loc.parts, **parts}),
    )


def read_if(
    read: Statements,
    node: Node,
    targets: tuple[str, ...],
    written: TileType | None,
    loc: Loc,
    scope: Scope,
) -> If:
    """``if cond { ... } else { ... }``"""
    _, cond, then, orelse = node.children
    condition = read.attempt(read.terms.condition, tree(cond), scope)
    parts: dict[str, Span] = {"cond": read.terms.span(tree(cond))}
    blocks = [Block(()), Block(())]
    for number, body in enumerate((then, orelse)):
        if body is not None:
            blocks[number] = read.body(tree(body), Scope(scope))
            parts.update(blocks[number].yield_loc.parts)
    if condition is None:
        raise Skip
    return If(
        cond=condition,
        then=blocks[0],
        orelse=blocks[1],
        written=written,
        named=targets,
        loc=loc.at(loc.targets, parts),
    )


def _carried(
    read: Statements, carry: Any, scope: Scope, inner: Scope, parts: dict[str, Span]
) -> tuple[list[Value | None], list[Value]]:
    """``carry (p = init)``: the values it begins with (None: wrong), and those in the body."""
    inits: list[Value | None] = []
    params: list[Value] = []
    for pair in children(carry):
        name, init = (token(child) for child in pair.children)
        span = read.terms.span(name)
        inits.append(read.attempt(read.tile, init, scope))
        kind = inits[-1].type if inits[-1] is not None else None
        param = Value(str(name), kind, span) if kind is not None else None
        read.define(str(name), Name(span, param), inner)
        if param is not None:
            params.append(param)
            parts[f"carry {name}"] = span
    return inits, params


def _step(read: Statements, node: Any, scope: Scope) -> Expr:
    """The step of a loop, 1 where none is written."""
    if node is None:
        return Const(1)
    step = read.terms.expr(node, scope)
    known = step.substitute({})
    if isinstance(known, Const) and known.value <= 0:
        label = Label(read.terms.span(node))
        raise error("TV0215", f"the step of a loop is at least 1, not {known}", label)
    return step


def _fuel(read: Statements, node: Any, scope: Scope) -> Expr:
    """The most rounds of a loop."""
    fuel = read.terms.expr(node, scope)
    known = fuel.substitute({})
    if isinstance(known, Const) and known.value < 0:
        label = Label(read.terms.span(node))
        raise error("TV0244", f"the `fuel` of a loop is at least 0, not {known}", label)
    return fuel
