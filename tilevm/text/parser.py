"""From text to a checked program: names and types are resolved in one walk over the syntax tree.

All errors of a file are collected.  A name whose statement was wrong stays known but has no value, and
what uses it is skipped in silence.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lark import Token, Tree

from tilevm.diagnostics import Diagnostic, Label, Source, Span, TileError, error, nearest
from tilevm.dtypes import dtype
from tilevm.ir.builder import attribute_hint
from tilevm.ir.index import Binary, Condition, Const, Expr, Sym
from tilevm.ir.kernel import Block, For, If, Kernel, Program
from tilevm.ir.op import REGISTRY, Access, Loc, Op, Symbol, Value
from tilevm.ir.types import BufferType, TileType
from tilevm.layouts import parse as parse_layout
from tilevm.text.comments import Comments
from tilevm.text.syntax import Node, parse_tree


def parse(text: str, filename: str = "<text>") -> Program:
    """The program in a text; TileError with all its errors, each with its place in the file."""
    source = Source(filename, text)
    try:
        return _Reader(source).program(parse_tree(source))
    except RecursionError:
        raise error("TV0003", f"{filename} is nested too deeply", help="split long expressions") from None


def load(path: str | Path) -> Program:
    """The program in a file; TileError TV0801 if it cannot be read, TV0002 if it is not UTF-8 text."""
    try:
        data = Path(path).read_bytes()
    except (OSError, ValueError) as reason:
        cause = getattr(reason, "strerror", None) or str(reason)
        raise error("TV0801", f"cannot read {path}: {cause}") from None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as reason:
        hint = "a program is plain UTF-8 text"
        raise error("TV0002", f"{path} is not a tile program: byte {reason.start} is not UTF-8", help=hint) from None
    return parse(text, str(path))


class _Skip(Exception):
    """A statement that uses a name whose own statement was wrong."""


class _Scope:
    """The names that are visible: tiles and buffers (None: known, but wrong), and index symbols."""

    def __init__(self, outer: _Scope | None = None) -> None:
        self.values: dict[str, Value | None] = dict(outer.values) if outer else {}
        self.indices: dict[str, Span | None] = dict(outer.indices) if outer else {}
        self.spans: dict[str, Span] = dict(outer.spans) if outer else {}


class _Reader:
    def __init__(self, source: Source) -> None:
        self.source = source
        self.comments = Comments(source.text)
        self.found: list[Diagnostic] = []

    # --- places

    def span(self, node: Node | Token) -> Span:
        if isinstance(node, Token):
            return Span(self.source, node.start_pos or 0, node.end_pos or 0)
        return Span(self.source, node.meta.start_pos, node.meta.end_pos)

    def report(self, problem: TileError) -> None:
        self.found.extend(problem.diagnostics)

    # --- kernels

    def program(self, tree: Node) -> Program:
        kernels: dict[str, Kernel] = {}
        spans: dict[str, Span] = {}
        for node in (c for c in tree.children if isinstance(c, Tree)):
            name = str(node.children[0])
            if name in spans:
                self.twice(name, self.span(_token(node.children[0])), spans[name])
            spans.setdefault(name, self.span(_token(node.children[0])))
            try:
                kernels.setdefault(name, self.kernel(node))
            except TileError as problem:
                self.report(problem)
        closing = self.comments.before(len(self.source.text) + 1)
        if not spans and not self.found:
            hint = "a program starts as in `kernel f(x: global i8[N]) {`"
            label = Label(Span(self.source, 0, 0), "expected `kernel`")
            raise error("TV0001", f"{self.source.name} holds no kernel", label, help=hint)
        if self.found:
            raise TileError(*_in_order(self.found))
        return Program(kernels, self.source.name, closing)

    def kernel(self, node: Node) -> Kernel:
        name, *params, where, grid, body = node.children
        comments = self.comments.before(node.meta.start_pos)
        scope = _Scope()
        values = [self.param(p, scope) for p in params if isinstance(p, Tree)]
        for value in values:
            if isinstance(value.type, BufferType):
                for extent in value.type.shape:
                    for symbol in extent.symbols():
                        scope.indices.setdefault(symbol.name, symbol.span)
        conditions: list[Condition] = []
        for item in where.children if isinstance(where, Tree) else ():
            found = self.condition(_tree(item), scope, indices_only=True)
            assert isinstance(found, Condition)
            conditions.append(found)
        axes: list[tuple[str, Expr]] = []
        for item in grid.children if isinstance(grid, Tree) else ():
            if item is not None:
                axis, extent = _tree(item).children
                axes.append((str(axis), self.expr(extent, scope)))
        if isinstance(grid, Tree):
            for item in grid.children:
                if item is not None:
                    axis = _token(_tree(item).children[0])
                    self.define_index(str(axis), self.span(axis), scope)
        remark = self.comments.after(_tree(body).meta.start_pos + 1)
        block = self.block(_tree(body), scope, remark)
        loc = Loc(self.span(_token(name)), {}, comments, closing=())
        return Kernel(str(name), tuple(values), tuple(conditions), tuple(axes), block, loc)

    def param(self, node: Node, scope: _Scope) -> Value:
        name, space, element, extents = node.children
        span = self.span(_token(name))
        if str(space) != "global":
            label = Label(self.span(_token(space)))
            hint = "shared buffers are made in the body: `s = alloc_shared i8[64]`"
            self.report(error("TV0105", f"a parameter is in `global` memory, not `{space}`", label, help=hint))
        shape = []
        for item in _tree(extents).children:
            if item is not None:
                shape.append(self.expr(item, scope, free=True))
        try:
            kind = BufferType("global", self.element(_token(element)), tuple(shape))
        except TileError as problem:
            self.report(problem)
            kind = BufferType("global", dtype("i32"), tuple(shape))
        value = Value(str(name), kind, span)
        if not shape:
            label = Label(self.span(node))
            self.report(error("TV0302", f"buffer `{name}` needs at least one dimension", label))
        self.define(str(name), value, span, scope)
        return value

    # --- statements

    def block(self, node: Node, scope: _Scope, remark: str = "") -> Block:
        """A block's statements; `remark` is a comment behind its opening brace."""
        ops: list[Op] = []
        yields: tuple[Value, ...] = ()
        yield_loc, broken = Loc(), False
        lead = (remark,) if remark else ()
        for item in node.children:
            if item is None:
                continue
            statement = _tree(item)
            start = statement.meta.start_pos
            above = lead + self.comments.before(start)
            lead = ()
            gap = self.comments.gap_before(start)
            if yields or yield_loc.span:
                label = Label(self.span(statement))
                self.report(error("TV0001", "`yield` must be the last statement of its block", label))
            try:
                if statement.data == "yield":
                    names = statement.children
                    spans = {"yield": self.span(statement)}
                    yield_loc = Loc(self.span(statement), spans, above, self.remark(statement), gap)
                    yields = tuple(self.value(_token(n), scope) for n in names)
                else:
                    op = self.statement(statement, scope, above, gap)
                    ops.append(op)
            except _Skip:
                broken = True
                self.poison(statement, scope)
            except TileError as problem:
                broken = True
                self.report(problem)
                self.poison(statement, scope)
        closing = lead + self.comments.before(node.meta.end_pos)
        yield_loc = Loc(yield_loc.span, yield_loc.parts, yield_loc.comments, yield_loc.remark, yield_loc.gap, closing)
        if broken and yield_loc.span and not yields:
            raise _Skip
        return Block(tuple(ops), yields, yield_loc)

    def remark(self, node: Node) -> str:
        return self.comments.after(node.meta.end_pos)

    def poison(self, node: Node, scope: _Scope) -> None:
        first = node.children[0]
        if isinstance(first, Tree) and first.data == "targets":
            for target in first.children:
                name = _token(_tree(target).children[0])
                scope.values.setdefault(str(name), None)
                scope.spans.setdefault(str(name), self.span(name))

    def statement(self, node: Node, scope: _Scope, above: tuple[str, ...], gap: bool) -> Op:
        targets, written, parts = self.targets(node.children[0])
        rest = node.children[1:]
        if node.data == "op":
            name, *operands, attributes = rest
            op = self.op(node, _token(name), operands, attributes, targets, written, parts, scope, above, gap)
        elif node.data == "for":
            op = self.loop(node, rest, targets, parts, scope, above, gap)
        else:
            op = self.branch(node, rest, targets, parts, scope, above, gap)
        for value in op.results:
            self.define(value.name, value, parts[value.name], scope)
        return op

    def targets(self, node: Any) -> tuple[tuple[str, ...], TileType | None, dict[str, Span]]:
        """Result names, the written type of a single one, and their places."""
        if node is None:
            return (), None, {}
        parts: dict[str, Span] = {}
        names: list[str] = []
        written: TileType | None = None
        for target in node.children:
            name, kind = _tree(target).children
            names.append(str(name))
            parts[str(name)] = self.span(_token(name))
            if kind is not None:
                parts["written"] = self.span(_tree(kind))
                written = self.tile_type(_tree(kind))
        if written is not None and len(names) > 1:
            raise error("TV0206", "a written type goes with a single result", Label(parts["written"]))
        return tuple(names), written, parts

    def op(
        self,
        node: Node,
        name: Token,
        operands: Sequence[Any],
        attributes: Any,
        targets: tuple[str, ...],
        written: TileType | None,
        parts: dict[str, Span],
        scope: _Scope,
        above: tuple[str, ...],
        gap: bool,
    ) -> Op:
        kind = REGISTRY.get(str(name))
        if kind is None:
            near = nearest(str(name), REGISTRY)
            hint = f"did you mean `{near}`?" if near else "`tilevm explain ops` lists the ops"
            raise error("TV0103", f"there is no op `{name}`", Label(self.span(name)), help=hint)
        declared = [item for item in kind.fields() if item.role != "attribute"]
        given = [_tree(o) for o in operands if o is not None]
        if len(given) != len(declared):
            wanted = ", ".join(item.name for item in declared) or "none"
            hint = "to reduce a tile over dimensions use `amax` or `amin`" if str(name) in ("max", "min") else None
            count = f"{len(declared)} operand" + "s" * (len(declared) != 1)
            label = Label(self.span(node))
            raise error("TV0202", f"`{name}` takes {count} ({wanted}), not {len(given)}", label, help=hint)
        fields: dict[str, Any] = {}
        problems: list[Diagnostic] = []
        skip = False
        for item, operand in zip(declared, given, strict=True):
            parts[item.name] = self.span(operand)
            try:
                fields[item.name] = self.operand(item.role, operand, scope)
            except _Skip:
                skip = True
            except TileError as problem:
                problems.extend(problem.diagnostics)
        try:
            fields.update(self.attributes(kind, attributes, parts, scope, self.span(node)))
        except TileError as problem:
            problems.extend(problem.diagnostics)
        if problems:
            raise TileError(*problems)
        if skip:
            raise _Skip
        if kind.needs_type is False and not targets and "result" not in kind.__dict__:
            raise AssertionError(f"op `{kind.name}` has no type rule")
        loc = Loc(self.span(node), parts, above, self.remark(node), gap)
        op = kind(written=written, loc=loc, named=targets, **fields)
        if op.results and not targets:
            hint = f"write `r = {name} ...`"
            raise error("TV0206", f"the result of `{name}` needs a name", Label(self.span(node)), help=hint)
        if not op.results and targets:
            raise error("TV0206", f"`{name}` has no result to name", Label(parts[targets[0]]))
        return op

    def attributes(
        self, kind: type[Op], node: Any, parts: dict[str, Span], scope: _Scope, whole: Span
    ) -> dict[str, Any]:
        allowed = {item.name: item for item in kind.fields() if item.role == "attribute"}
        fields: dict[str, Any] = {}
        for item in node.children if node is not None else ():
            if item is None:
                continue
            key, value = _tree(item).children
            span = self.span(_token(key))
            if str(key) not in allowed:
                hint = attribute_hint(str(key), allowed)
                raise error("TV0104", f"`{kind.name}` has no attribute `{key}`", Label(span), help=hint)
            if str(key) in fields:
                raise error("TV0102", f"attribute `{key}` is given twice", Label(span))
            parts[str(key)] = self.span(_tree(item))
            fields[str(key)] = self.attribute_value(value, scope, allowed[str(key)].hint is Expr)
        for name, field in allowed.items():
            if field.required and name not in fields:
                hint = f"write `{{{name} = ...}}` behind the operands"
                raise error("TV0207", f"`{kind.name}` needs the attribute `{name}`", Label(whole), help=hint)
        return fields

    def loop(
        self, node: Node, rest: Sequence[Any], targets: tuple[str, ...], parts: dict[str, Span],
        scope: _Scope, above: tuple[str, ...], gap: bool,
    ) -> For:  # fmt: skip
        var, lo, hi, step, carry, body = rest
        bounds = [self.expr(e, scope) for e in (lo, hi)]
        by = self.expr(step, scope) if step is not None else Const(1)
        if isinstance(by, Const) and by.value <= 0:
            raise error("TV0215", f"the step of a loop is at least 1, not {by}", Label(self.span(step)))
        inner = _Scope(scope)
        parts["var"] = self.span(_token(var))
        self.define_index(str(var), parts["var"], inner)
        inits, params = [], []
        for pair in carry.children if carry is not None else ():
            if pair is None:
                continue
            name, init = (_token(t) for t in _tree(pair).children)
            inits.append(self.tile(init, scope))
            parts[str(name)] = self.span(name)
            params.append(Value(str(name), inits[-1].type, self.span(name)))
            self.define(str(name), params[-1], self.span(name), inner)
        remark = self.comments.after(_tree(body).meta.start_pos + 1)
        block = self.block(_tree(body), inner, remark)
        parts.update(block.yield_loc.parts)
        loc = Loc(self.header(node, _tree(body)), parts, above, "", gap)
        op = For(
            var=str(var), lo=bounds[0], hi=bounds[1], step=by, inits=tuple(inits), params=tuple(params),
            body=block, named=targets, loc=loc,
        )  # fmt: skip
        return op

    def branch(
        self, node: Node, rest: Sequence[Any], targets: tuple[str, ...], parts: dict[str, Span],
        scope: _Scope, above: tuple[str, ...], gap: bool,
    ) -> If:  # fmt: skip
        cond, then, orelse = rest
        parts["cond"] = self.span(_tree(cond))
        condition = self.condition(_tree(cond), scope)
        blocks = []
        for body in (then, orelse):
            if body is None:
                blocks.append(Block(()))
                continue
            remark = self.comments.after(_tree(body).meta.start_pos + 1)
            blocks.append(self.block(_tree(body), _Scope(scope), remark))
            parts.update(blocks[-1].yield_loc.parts)
        loc = Loc(self.header(node, _tree(then)), parts, above, "", gap)
        return If(cond=condition, then=blocks[0], orelse=blocks[1], named=targets, loc=loc)

    def header(self, node: Node, body: Node) -> Span:
        text = self.source.text[node.meta.start_pos : body.meta.start_pos].rstrip()
        return Span(self.source, node.meta.start_pos, node.meta.start_pos + len(text))

    # --- names

    def define(self, name: str, value: Value, span: Span, scope: _Scope) -> None:
        if name in scope.values or name in scope.indices:
            self.twice(name, span, scope.spans.get(name) or scope.indices.get(name))
        scope.values[name] = value
        scope.spans[name] = span

    def define_index(self, name: str, span: Span, scope: _Scope) -> None:
        if name in scope.values or name in scope.indices:
            self.twice(name, span, scope.spans.get(name) or scope.indices.get(name))
        scope.indices[name] = span

    def twice(self, name: str, span: Span, first: Span | None) -> None:
        labels = [Label(span)] + ([Label(first, "first defined here")] if first else [])
        hint = "a name is given once; choose another"
        self.report(error("TV0102", f"`{name}` is defined twice", *labels, help=hint))

    def value(self, name: Token, scope: _Scope) -> Value:
        key = str(name)
        if key in scope.values:
            value = scope.values[key]
            if value is None:
                raise _Skip
            return value
        if key in scope.indices:
            hint = f"`iota i32[1] {{start = {key}}}` makes a tile of it"
            label = Label(self.span(name), "this is an index")
            raise error("TV0204", f"`{key}` is an index, not a tile", label, help=hint)
        near = nearest(key, scope.values)
        hint = f"did you mean `{near}`?" if near else "nothing of that name is defined above"
        raise error("TV0101", f"there is no value `{key}`", Label(self.span(name)), help=hint)

    def tile(self, name: Token, scope: _Scope) -> Value:
        value = self.value(name, scope)
        if isinstance(value.type, BufferType):
            label = Label(self.span(name), f"this is {value.type}")
            raise error("TV0204", f"`{name}` is a buffer, not a tile", label, help="load a tile first")
        return value

    # --- operands and attributes

    def operand(self, role: str, node: Node, scope: _Scope) -> Any:
        name, extents, layout = node.children
        if role == "type":
            return self.tile_type(node)
        if role == "access":
            buffer = self.value(_token(name), scope)
            label = Label(self.span(node), f"this is {buffer.type}")
            if not isinstance(buffer.type, BufferType):
                raise error("TV0204", f"`{name}` is a tile, not a buffer", label)
            if extents is None:
                indices = ", ".join("0" for _ in buffer.type.shape)
                raise error("TV0302", f"`{name}` needs indices", label, help=f"write `{name}[{indices}]`")
            listed = [self.expr(e, scope) for e in _tree(extents).children if e is not None]
            return Access(buffer, tuple(listed), self.span(node))
        if extents is not None:
            label = Label(self.span(node))
            hint = "only `load` and `store` name elements of a buffer"
            raise error("TV0204", f"a tile is meant here, not `{self.span(node).text}`", label, help=hint)
        return self.value(_token(name), scope)

    def element(self, name: Token) -> Any:
        try:
            return dtype(str(name))
        except TileError as problem:
            first = problem.diagnostics[0]
            raise error(first.code, first.message, Label(self.span(name)), help=first.help) from None

    def tile_type(self, node: Node) -> TileType:
        name, extents, layout = node.children
        element = self.element(_token(name))
        if extents is None:
            hint = f"write `{name}[16]`, or `{name}[]` for a single element"
            raise error("TV0216", "a tile type needs a shape", Label(self.span(node)), help=hint)
        shape = []
        for item in _tree(extents).children:
            if item is None:
                continue
            extent = self.expr(item, _Scope(), free=True).substitute({})
            if not isinstance(extent, Const):
                hint = "the extents of a tile are numbers; those of a buffer may be symbols"
                raise error("TV0216", f"`{extent}` is not a number", Label(self.span(item)), help=hint)
            if extent.value < 1:
                raise error("TV0216", f"an extent is at least 1, not {extent}", Label(self.span(item)))
            shape.append(extent.value)
        where = None
        if layout is not None:
            span = self.span(_tree(layout))
            where = parse_layout(span.text, span)
            if where.shape != tuple(shape):
                found = f"this has shape {list(where.shape)}"
                message = f"the tile has shape {shape}, its layout {list(where.shape)}"
                raise error("TV0301", message, Label(span, found))
        return TileType(element, tuple(shape), where)

    def attribute_value(self, node: Any, scope: _Scope, index: bool) -> Any:
        if index:
            return self.expr(node, scope)
        if isinstance(node, Tree):
            match node.data:
                case "symbol":
                    return Symbol(str(node.children[0]))
                case "text":
                    return ast.literal_eval(str(node.children[0]))
                case "number":
                    return float("".join(str(c) for c in node.children if c is not None))
                case "infinite":
                    return Symbol("-inf")
                case "list":
                    return tuple(self.attribute_value(c, scope, False) for c in node.children if c is not None)
        folded = self.expr(node, _Scope(), free=True).substitute({})
        if not isinstance(folded, Const):
            raise error("TV0207", "this is not a number", Label(self.span(node)))
        return folded.value

    # --- index arithmetic

    def condition(self, node: Node, scope: _Scope, indices_only: bool = False) -> Condition | Value:
        comparisons = [_tree(c) for c in node.children]
        first = comparisons[0].children
        if len(comparisons) == 1 and first[1] is None and isinstance(first[0], Tree) and first[0].data == "symbol":
            name = _token(first[0].children[0])
            if str(name) not in scope.indices and not indices_only:
                return self.value(name, scope)
        built: Condition | None = None
        for item in reversed(comparisons):
            a, op, b = item.children
            if op is None:
                hint = "write a comparison, such as `N % 16 == 0`"
                raise error("TV0209", "this is not a condition", Label(self.span(item)), help=hint)
            span = self.span(item)
            built = Condition(str(op), self.expr(a, scope), self.expr(b, scope), built, span)
        assert built is not None
        return built

    def expr(self, node: Any, scope: _Scope, free: bool = False) -> Expr:
        """An index expression; `free` symbols need not be known (they are what a shape declares)."""
        span = self.span(node)
        if not isinstance(node, Tree):
            raise AssertionError(node)
        match node.data, node.children:
            case "constant", [digits]:
                return Const(int(str(digits), 0) if not str(digits).isdigit() else int(str(digits)), span)
            case "negative", [inner]:
                value = self.expr(inner, scope, free)
                return Const(-value.value, span) if isinstance(value, Const) else Binary("-", Const(0), value, span)
            case "symbol", [name]:
                if not free and str(name) not in scope.indices:
                    raise self.no_index(_token(name), scope)
                return Sym(str(name), span)
            case ("binary", [a, op, b]):
                return Binary(str(op), self.expr(a, scope, free), self.expr(b, scope, free), span)
            case ("minus", [a, b]):
                return Binary("-", self.expr(a, scope, free), self.expr(b, scope, free), span)
        raise error("TV0209", "an index expression is meant here", Label(span))

    def no_index(self, name: Token, scope: _Scope) -> TileError:
        near = nearest(str(name), scope.indices)
        if str(name) in scope.values:
            what, hint = "is not an index", "indices are block ids, loop variables and shape symbols"
        else:
            what = "is not defined"
            known = ", ".join(scope.indices) or "none"
            hint = f"did you mean `{near}`?" if near else f"the indices here: {known}"
        return error("TV0101", f"`{name}` {what}", Label(self.span(name)), help=hint)


def _tree(node: Any) -> Node:
    assert isinstance(node, Tree)
    return node


def _token(node: Any) -> Token:
    assert isinstance(node, Token)
    return node


def _in_order(found: Sequence[Diagnostic]) -> list[Diagnostic]:
    return sorted(found, key=lambda d: d.labels[0].span.start if d.labels else 0)


__all__ = ["Mapping", "load", "parse"]
