"""From the syntax tree of a block to ops: operands resolved, types checked, errors collected."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, ParamSpec, TypeVar, get_args

from lark import Tree

from tilevm.diagnostics import Diagnostic, Label, Source, Span, TileError, error
from tilevm.dtypes import DType
from tilevm.ir import (
    REGISTRY,
    Block,
    BufferType,
    Expr,
    Function,
    Loc,
    Op,
    OpField,
    TileType,
    Value,
)
from tilevm.ir.ops import StaticAssert
from tilevm.ir.spellings import instead
from tilevm.text.comments import Comments
from tilevm.text.functions import read_call
from tilevm.text.regions import read_for, read_if, read_while
from tilevm.text.scope import Name, Scope, Skip
from tilevm.text.syntax import Node
from tilevm.text.terms import Terms, children, token, tree

MAX_REPORTED = 100  # errors of one file; a damaged one would bury the first cause under thousands

P = ParamSpec("P")
T = TypeVar("T")


class TooMany(Exception):
    """As many errors are found as anyone reads."""


class Statements:
    """Reads the blocks of one source text; errors go to `found`, and reading goes on behind them.

    A name whose statement was wrong stays known, but has no value; a statement that uses it is
    skipped in silence (`Skip`), for its error would only repeat the first.
    """

    def __init__(self, source: Source) -> None:
        self.terms = Terms(source)
        self.comments = Comments(source.text)
        self.found: list[Diagnostic] = []
        self.functions: dict[str, Function | None] = {}  # None: it is wrong

    def report(self, problem: TileError) -> None:
        """Notes an error; stops the reading of the file after `MAX_REPORTED`."""
        self.found.extend(problem.diagnostics)
        if len(self.found) >= MAX_REPORTED:
            raise TooMany

    def define(self, text: str, name: Name, scope: Scope) -> None:
        """Makes a name visible; one that is taken already is noted."""
        try:
            scope.define(text, name)
        except TileError as problem:
            self.report(problem)

    def attempt(self, read: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T | None:
        """What `read` returns, or None after its error is noted."""
        try:
            return read(*args, **kwargs)
        except Skip:
            return None
        except TileError as problem:
            self.report(problem)
            return None

    # --- blocks

    def body(self, node: Node, scope: Scope) -> Block:
        """The block behind a header; a comment behind its brace goes to its first statement."""
        remark = self.comments.after(node.meta.start_pos + 1)
        return self.block(node, scope, (remark,) if remark else ())

    def block(self, node: Node, scope: Scope, lead: tuple[str, ...]) -> Block:
        """The statements of a block, the first with `lead` above; Skip if its yield is broken."""
        ops: list[Op] = []
        yields: tuple[Value, ...] | None = ()
        last = Loc()
        for statement in children(node):
            gap = self.comments.gap_before(statement.meta.start_pos)
            loc = self.loc(statement, lead, gap)
            lead = ()
            if ops and ops[-1].name == "return":
                label = Label(self.terms.span(statement))
                self.report(error("TV0242", "nothing runs behind `return`", label))
            if last.span:
                label = Label(self.terms.span(statement))
                message = "`yield` must be the last statement of its block"
                self.report(error("TV0001", message, label))
            if statement.data == "yield":
                last = loc
                yields = self.attempt(self.yielded, statement, scope)
                continue
            op = self.attempt(self.statement, statement, loc, scope)
            if op is not None:
                ops.append(op)
            else:
                self.poison(statement, scope)
        closing = lead + self.comments.before(node.meta.end_pos)
        if yields is None:
            raise Skip
        return Block(tuple(ops), yields, replace(last, closing=closing))

    def loc(self, node: Node, lead: tuple[str, ...], gap: bool) -> Loc:
        """The place of a statement, with the comments above it, inside it and behind it."""
        if node.data in ("for", "while", "if"):
            block = next(c for c in node.children if isinstance(c, Tree) and c.data == "block")
            text = self.terms.source.text
            end = block.meta.start_pos
            while text[end - 1].isspace():
                end -= 1
            span = Span(self.terms.source, node.meta.start_pos, end)
            above = lead + self.comments.before(block.meta.start_pos, span.start)
            return Loc(span, comments=above, gap=gap)
        span = self.terms.span(node)
        parts = {"yield": span} if node.data == "yield" else {}
        above = lead + self.comments.before(span.end, span.start)
        remark = self.comments.after(span.end)
        return Loc(span, parts, comments=above, remark=remark, gap=gap)

    def yielded(self, node: Node, scope: Scope) -> tuple[Value, ...]:
        """The values of a `yield`."""
        names = [token(child) for child in node.children]
        return tuple(scope.value(str(name), self.terms.span(name)) for name in names)

    def poison(self, node: Node, scope: Scope) -> None:
        """Makes known the names of a statement that was wrong."""
        for target in children(node.children[0]):
            name = token(target.children[0])
            scope.poison(str(name), self.terms.span(name))

    # --- statements

    def statement(self, node: Node, loc: Loc, scope: Scope) -> Op:
        """An op, a loop or a branch; its results become visible."""
        targets = children(node.children[0])
        names = [token(target.children[0]) for target in targets]
        kinds = [tree(target.children[1]) for target in targets if target.children[1] is not None]
        spans = tuple(self.terms.span(name) for name in names)
        if kinds and len(names) > 1:
            label = Label(self.terms.span(kinds[0]))
            raise error("TV0206", "a written type goes with a single result", label)
        written = self.terms.tile_type(kinds[0]) if kinds else None
        parts = {"written": self.terms.span(kinds[0])} if kinds else {}
        at = (node, tuple(map(str, names)), written, loc.at(spans, parts), scope)
        op = _FORMS[node.data](self, *at)
        if op.results and not names:
            labels = [Label(loc.span)] if loc.span else []
            message = f"the result of `{op.name}` needs a name"
            raise error("TV0206", message, *labels, help=f"write `r = {op.name} ...`")
        for value, span in zip(op.results, spans, strict=True):
            self.define(value.name, Name(span, value), scope)
        return op

    def op(
        self,
        node: Node,
        targets: tuple[str, ...],
        written: TileType | None,
        loc: Loc,
        scope: Scope,
    ) -> Op:
        """``targets = name operands {attributes}``, for any op of the registry."""
        _, name, *operands, attributes = node.children
        kind = REGISTRY.get(str(name))
        if kind is None:
            help = instead(str(name)) or "docs/ops.md lists the ops"
            if name in self.functions:
                help = f"it is a function: write `call {name}(...)`"
            label = Label(self.terms.span(token(name)))
            raise error("TV0103", f"there is no op `{name}`", label, help=help)
        given = [tree(operand) for operand in operands if operand is not None]
        declared = [item for item in kind.fields() if item.by_place]
        variadic = bool(declared) and declared[-1].role == "operands"
        if len(given) != len(declared) and not (variadic and len(given) > len(declared)):
            raise _wrong_count(kind, declared, len(given), self.terms.span(node))
        parts: dict[str, Span] = {}
        fields: dict[str, Any] = {}
        problems: list[Diagnostic] = []
        skipped = False
        declared += declared[-1:] * (len(given) - len(declared))
        for item, operand in zip(declared, given, strict=True):
            parts[item.name] = self.terms.span(operand)
            try:
                value: Any = self.terms.operand(item.role, operand, scope)
                if item.role == "operands":
                    value = (*fields.get(item.name, ()), value)
                fields[item.name] = value
            except Skip:
                skipped = True
            except TileError as problem:
                problems.extend(problem.diagnostics)
        try:
            fields.update(self.attributes(kind, attributes, parts, scope, self.terms.span(node)))
        except TileError as problem:
            problems.extend(problem.diagnostics)
        if problems:
            raise TileError(*problems)
        if skipped:
            raise Skip
        op = kind(written=written, loc=loc.at(loc.targets, parts), named=targets, **fields)
        if targets and not op.results:
            label = Label(loc.targets[0])
            raise error("TV0206", f"`{name}` has no result to name", label)
        return op

    def attributes(
        self,
        kind: type[Op],
        node: Any,
        parts: dict[str, Span],
        scope: Scope,
        whole: Span,
    ) -> dict[str, Any]:
        """The attributes of an op by name; their places go to `parts`."""
        allowed = {item.name: item for item in kind.fields() if not item.by_place}
        fields: dict[str, Any] = {}
        for item in children(node):
            key, value = item.children
            name, label = str(key), Label(self.terms.span(token(key)))
            if name not in allowed:
                hint = kind.attribute_hint(name)
                raise error("TV0104", f"`{kind.name}` has no attribute `{name}`", label, help=hint)
            if name in fields:
                raise error("TV0102", f"attribute `{name}` is given twice", label)
            parts[name] = self.terms.span(item)
            if allowed[name].role == "optional":
                fields[name] = self.named_tile(name, value, scope)
            else:
                hint = allowed[name].hint
                if (hint is DType or DType in get_args(hint)) and tree(value).data == "symbol":
                    fields[name] = self.terms.element(value)
                else:
                    indexed = hint in (Expr, tuple[Expr, ...])
                    fields[name] = self.terms.attribute(value, scope, indexed)
        for name, field in allowed.items():
            if field.required and name not in fields:
                hint = f"write `{{{name} = ...}}` behind the operands"
                message = f"`{kind.name}` needs the attribute `{name}`"
                raise error("TV0207", message, Label(whole), help=hint)
        return fields

    def named_tile(self, attribute: str, node: Any, scope: Scope) -> Value:
        """The tile in ``{attribute = tile}``."""
        if tree(node).data != "symbol":
            label = Label(self.terms.span(tree(node)))
            raise error("TV0204", f"`{attribute}` takes the name of a tile", label)
        return self.tile(node.children[0], scope)

    def static(
        self,
        node: Node,
        targets: tuple[str, ...],
        written: TileType | None,
        loc: Loc,
        scope: Scope,
    ) -> StaticAssert:
        """``static_assert condition, "text"``"""
        _, cond, text = node.children
        if targets:
            raise error("TV0206", "`static_assert` has no result to name", Label(loc.targets[0]))
        condition = self.terms.shapes(tree(cond), scope)
        message = "" if text is None else self.terms.text(token(tree(text).children[0]))
        loc = loc.at((), {"condition": self.terms.span(tree(cond))})
        return StaticAssert(condition=condition, message=message, written=written, loc=loc)

    def tile(self, name: Any, scope: Scope) -> Value:
        """The tile of that name; TV0204 for a buffer."""
        label = Label(self.terms.span(token(name)))
        value = scope.value(str(name), label.span)
        if isinstance(value.type, BufferType):
            label = Label(label.span, f"this is {value.type}")
            hint = "load a tile first"
            raise error("TV0204", f"`{name}` is a buffer, not a tile", label, help=hint)
        return value


def _wrong_count(kind: type[Op], declared: Sequence[OpField], given: int, span: Span) -> TileError:
    wanted = ", ".join(item.name for item in declared) or "none"
    if declared and declared[-1].role == "operands":
        message = f"`{kind.name}` takes at least {len(declared)} operands ({wanted}), not {given}"
        return error("TV0202", message, Label(span))
    count = f"{len(declared)} operand" + "s" * (len(declared) != 1)
    message = f"`{kind.name}` takes {count} ({wanted}), not {given}"
    hint = None
    if kind.name in ("max", "min"):
        hint = f"to reduce a tile over dimensions use `a{kind.name}`"
    return error("TV0202", message, Label(span), help=hint)


_FORMS: Mapping[str, Callable[..., Op]] = {
    "op": Statements.op,
    "static": Statements.static,
    "invoke": read_call,
    "for": read_for,
    "while": read_while,
    "if": read_if,
}
