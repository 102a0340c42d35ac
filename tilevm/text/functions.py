"""Functions of a file, and calls of them: a function may stand below the call."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from lark import Token

from tilevm.diagnostics import Label, error, nearest
from tilevm.ir import Call, Function, Loc, TileType, Value
from tilevm.text.scope import Name, Scope, Skip
from tilevm.text.syntax import Node
from tilevm.text.terms import token, tree

if TYPE_CHECKING:
    from tilevm.text.statements import Statements


def read_functions(read: Statements, nodes: Mapping[str, tuple[Node, int]]) -> None:
    """Reads all functions, what is called before who calls it; they go to `read.functions`.

    `nodes`: their syntax, and where their comments begin.  What is wrong is noted; a function that
    is wrong has the value None.
    """
    read.functions.update(dict.fromkeys(nodes))
    calls = {name: list(_calls(node)) for name, (node, _) in nodes.items()}
    for name in _in_order(read, calls):
        node, begin = nodes[name]
        with read.comments.since(begin):
            read.functions[name] = read.attempt(_function, read, node)


def read_call(
    read: Statements,
    node: Node,
    targets: tuple[str, ...],
    written: TileType | None,
    loc: Loc,
    scope: Scope,
) -> Call:
    """``targets = call f(a, b)``"""
    _, name, *given = node.children
    span = read.terms.span(token(name))
    listed = [token(argument) for argument in given if argument is not None]
    arguments = [read.attempt(read.tile, argument, scope) for argument in listed]
    if name not in read.functions:
        near = nearest(str(name), read.functions)
        known = ", ".join(read.functions) or "none"
        hint = f"did you mean `{near}`?" if near else f"the functions of this file: {known}"
        raise error("TV0101", f"there is no function `{name}`", Label(span), help=hint)
    function = read.functions[str(name)]
    found = tuple(argument for argument in arguments if argument is not None)
    if function is None or len(found) < len(arguments):
        raise Skip
    parts = {f"argument {i}": read.terms.span(each) for i, each in enumerate(listed)}
    loc = loc.at(loc.targets, {"function": span, **parts})
    return Call(function=function, arguments=found, written=written, named=targets, loc=loc)


def _function(read: Statements, node: Node) -> Function:
    """``function name(a: i8[16]) { ... }``; Skip if its `yield` or a parameter is wrong."""
    name, *params, body = node.children
    above = read.comments.before(tree(body).meta.start_pos, node.meta.start_pos)
    scope = Scope()
    values = [_param(read, tree(param), scope) for param in params if param is not None]
    block = read.body(tree(body), scope)
    known = tuple(value for value in values if value is not None)
    if len(known) < len(values):
        raise Skip
    loc = Loc(read.terms.span(token(name)), comments=above)
    return Function(str(name), known, block, loc)


def _param(read: Statements, node: Node, scope: Scope) -> Value | None:
    """A tile ``name: i8[16]``; None where it is wrong, which is noted."""
    name, *rest = node.children
    span = read.terms.span(token(name))
    value = None
    if node.data == "tile":
        kind = read.attempt(read.terms.tile_type, tree(rest[0]))
        value = None if kind is None else Value(str(name), kind, span)
    else:
        label = Label(read.terms.span(node))
        hint = "load a tile from the buffer, and call the function with it"
        read.report(error("TV0105", "a function takes tiles, not buffers", label, help=hint))
    read.define(str(name), Name(span, value), scope)
    return value


def _calls(node: Node) -> Iterator[Token]:
    """The names of the functions that a function calls, as they are written there."""
    for call in node.find_data("invoke"):
        yield token(call.children[1])


def _in_order(read: Statements, calls: Mapping[str, list[Token]]) -> Iterator[str]:
    """The functions, what is called first; TV0107 is noted for those that come to call themselves.

    No Python function calls itself here: a file may hold a long chain.
    """
    done: set[str] = set()
    for start in calls:
        path = {start: iter(calls[start])} if start not in done else {}
        while path:
            caller = next(reversed(path))
            callee = next((call for call in path[caller] if call in calls), None)
            if callee is None:
                del path[caller]
                if caller not in done:
                    done.add(caller)
                    yield caller
            elif callee in path:
                names = list(path)
                cycle = names[names.index(str(callee)) :]
                done.update(cycle)
                shown = " -> ".join([*cycle, str(callee)])
                label = Label(read.terms.span(callee), "this call closes the circle")
                hint = "a call is written out in place of its statement, so it must come to an end"
                message = f"`{callee}` comes to call itself: {shown}"
                read.report(error("TV0107", message, label, help=hint))
            elif callee not in done:
                path[str(callee)] = iter(calls[str(callee)])
