"""The parts of a statement: types, index arithmetic, conditions and attribute values."""

from __future__ import annotations

import re
from math import isinf
from typing import Any

from lark import Token, Tree

from tilevm.diagnostics import Label, Source, Span, TileError, error, nearest
from tilevm.dtypes import DType, applied, dtype
from tilevm.ir import Access, Condition, Const, Expr, Sym, Symbol, TileType, Value
from tilevm.ir.index import Binary
from tilevm.ir.ops.static import beyond_shapes
from tilevm.ir.types import check_rank
from tilevm.layouts import parse as parse_layout
from tilevm.text.scope import Scope
from tilevm.text.syntax import MAX_DEPTH, Node

_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|(.))", re.DOTALL)
_ESCAPED = {"\\": "\\", '"': '"', "n": "\n", "t": "\t"}
_MAX_DIGITS = 80  # more than any integer of 64 bits takes, in any base


def tree(node: Any) -> Node:
    """The node of the syntax tree, where the grammar says that there is one."""
    assert isinstance(node, Tree), node
    return node


def token(node: Any) -> Token:
    """The token, where the grammar says that there is one."""
    assert isinstance(node, Token), node
    return node


def children(node: Any) -> list[Node]:
    """The nodes in a list of the grammar; none if the list is empty or left out."""
    return [] if node is None else [tree(child) for child in node.children if child is not None]


class Terms:
    """Reads the terms of one source text; every method raises TileError at the place at fault."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.types: dict[str, DType] = {}  # those that the file declares

    def span(self, node: Node | Token) -> Span:
        """Where a node or token stands."""
        if isinstance(node, Token):
            return Span(self.source, node.start_pos or 0, node.end_pos or 0)
        return Span(self.source, node.meta.start_pos, node.meta.end_pos)

    # --- types and operands

    def element(self, node: Node | Token) -> DType:
        """An element type; TV0201 if there is none of that name."""
        span = self.span(node)
        try:
            if isinstance(node, Token) or node.data == "symbol":
                return self.named(span.text)
            return applied(span.text, self.named, span)
        except TileError as problem:
            first = problem.diagnostics[0]
            if any(label.span.source is self.source for label in first.labels):
                raise
            raise error(first.code, first.message, Label(span), help=first.help) from None

    def named(self, name: str) -> DType:
        """The type of a plain name: one that the file declares, or one that all know."""
        if name in self.types:
            return self.types[name]
        near = nearest(name, self.types)
        try:
            return dtype(name)
        except TileError as problem:
            if near is None:
                raise
            first = problem.diagnostics[0]
            raise error(first.code, first.message, help=f"did you mean `{near}`?") from None

    def tile_type(self, node: Node) -> TileType:
        """``i8[16, 8] @ layout``; TV0216 for extents that are not numbers of at least 0."""
        name, extents, layout = node.children
        element = self.element(name)
        if extents is None:
            hint = f"write `{name}[16]`, or `{name}[]` for a single element"
            raise error("TV0216", "a tile type needs a shape", Label(self.span(node)), help=hint)
        shape = tuple(self.extent(item) for item in children(extents))
        check_rank("a tile", len(shape), Label(self.span(node)))
        if layout is None:
            return TileType(element, shape)
        span = self.span(tree(layout))
        placed = parse_layout(span.text, span)
        if placed.shape != shape:
            message = f"the tile has shape {list(shape)}, its layout {list(placed.shape)}"
            label = Label(span, f"this has shape {list(placed.shape)}")
            raise error("TV0301", message, label)
        return TileType(element, shape, placed)

    def extent(self, node: Node) -> int:
        """An extent of a tile; TV0216 unless it is a number of at least 0."""
        label = Label(self.span(node))
        extent = self.expr(node, None).substitute({})
        if not isinstance(extent, Const):
            hint = "the extents of a tile are numbers; those of a buffer may be symbols"
            raise error("TV0216", f"`{extent}` is not a number", label, help=hint)
        if extent.value < 0:
            raise error("TV0216", f"an extent is at least 0, not {extent}", label)
        return extent.value

    def hint(self, node: Node, word: str) -> int:
        """The number behind `unroll` or `pipeline`; TV0216 for an index that is known in a run."""
        count = self.expr(node, None).substitute({})
        if not isinstance(count, Const):
            label, hint = Label(self.span(node)), f"write `{word}` with a number of at least 1"
            raise error("TV0216", f"`{word}` takes a number, not `{count}`", label, help=hint)
        return count.value

    def operand(self, role: str, node: Node, scope: Scope) -> Value | Access | TileType:
        """An operand of the declared role: ``t``, ``w[n * 64, 0]`` or ``i32[64]``."""
        name, extents, layout = node.children
        if role == "type":
            return self.tile_type(node)
        span = self.span(node)
        if isinstance(name, Tree):
            hint = "a type is no operand of this op"
            raise error(
                "TV0204", f"a value is meant here, not `{span.text}`", Label(span), help=hint
            )
        if layout is not None:
            message = "a layout belongs to a type, and a value is meant here"
            raise error("TV0204", message, Label(self.span(tree(layout))))
        if role == "access":
            return self.access(token(name), extents, span, scope)
        if extents is not None:
            hint = "only `load` and `store` name elements of a buffer"
            message = f"a tile is meant here, not `{span.text}`"
            raise error("TV0204", message, Label(span), help=hint)
        return scope.value(str(name), self.span(token(name)))

    def access(self, name: Token, extents: Any, span: Span, scope: Scope) -> Access:
        """An element of a buffer."""
        buffer = scope.value(str(name), self.span(name))
        label = Label(span, f"this is {buffer.type}")
        if isinstance(buffer.type, TileType):
            raise error("TV0204", f"`{name}` is a tile, not a buffer", label)
        if extents is None:
            indices = ", ".join("0" for _ in buffer.type.shape)
            hint = f"write `{name}[{indices}]`"
            raise error("TV0302", f"`{name}` needs indices", label, help=hint)
        indexed = tuple(self.expr(item, scope) for item in children(extents))
        return Access(buffer, indexed, span)

    # --- attribute values

    def attribute(self, node: Any, scope: Scope, index: bool) -> Any:
        """A value for `Op` to coerce; `index`: an index expression is meant."""
        if index and tree(node).data != "list":
            return self.expr(node, scope)
        match tree(node).data:
            case "applied":
                return self.element(node)
            case "symbol":
                return Symbol(str(node.children[0]))
            case "text":
                return self.text(token(node.children[0]))
            case "number":
                return self.number(node)
            case "infinite":
                return Symbol("-inf")
            case "list":
                listed = children(node)
                return tuple(self.attribute(item, scope, index) for item in listed)
        folded = self.expr(node, None).substitute({})
        if not isinstance(folded, Const):
            raise error("TV0207", "this is not a number", Label(self.span(node)))
        return folded.value

    def text(self, quoted: Token) -> str:
        """A text in quotes, its escapes resolved; TV0001 for an unknown escape."""

        def resolved(match: re.Match[str]) -> str:
            if match[1]:
                return chr(int(match[1], 16))
            if match[2] in _ESCAPED:
                return _ESCAPED[match[2]]
            start = self.span(quoted).start + 1 + match.start()
            label = Label(Span(self.source, start, start + len(match[0])))
            known = 'the escapes are \\\\, \\", \\n, \\t and \\x with two hexadecimal digits'
            raise error("TV0001", f"unknown escape `{match[0]}` in a text", label, help=known)

        return _ESCAPE.sub(resolved, quoted[1:-1])

    def number(self, node: Node) -> float:
        """A decimal number; TV0217 if float64 makes infinity or zero of it."""
        text = "".join(str(part) for part in node.children if part is not None)
        value = float(text)
        digits = re.split("[eE]", text)[0]
        if isinf(value) or (value == 0 and re.search("[1-9]", digits)):
            raise self.too_large(self.span(node), "float64 goes from 4.9e-324 to 1.7e308")
        return value

    def integer(self, digits: Token) -> int:
        """A whole number; TV0217 if it needs more than 64 bits."""
        text = str(digits)
        if len(text) <= _MAX_DIGITS:
            value = int(text) if text.isdigit() else int(text, 0)
            if value < 1 << 64:
                return value
        raise self.too_large(self.span(digits), "numbers have at most 64 bits")

    def too_large(self, span: Span, limit: str) -> TileError:
        """The error for a number that nothing can hold."""
        shown = span.text if len(span.text) <= 24 else f"{span.text[:20]}..."
        return error("TV0217", f"`{shown}` is out of every range", Label(span), help=limit)

    # --- index arithmetic

    def condition(self, node: Node, scope: Scope, tiles: bool = True) -> Condition | Value:
        """Comparisons of index expressions, or (where `tiles` are allowed) the name of a tile."""
        comparisons = children(node)
        if len(comparisons) > MAX_DEPTH:
            message = f"a condition joins at most {MAX_DEPTH} comparisons"
            raise error("TV0003", message, Label(self.span(node)))
        first, operator, _ = comparisons[0].children
        if tiles and operator is None and isinstance(first, Tree) and first.data == "symbol":
            name = token(first.children[0])
            if not scope.is_index(str(name)):
                return scope.value(str(name), self.span(name))
        built: Condition | None = None
        for item in reversed(comparisons):
            a, op, b = item.children
            span = self.span(item)
            if op is None:
                hint = "write a comparison, such as `N % 16 == 0`"
                raise error("TV0209", "this is not a condition", Label(span), help=hint)
            built = Condition(str(op), self.expr(a, scope), self.expr(b, scope), built, span)
        assert built is not None
        return built

    def comparison(self, node: Node, scope: Scope) -> Condition:
        """A condition that cannot be a tile."""
        found = self.condition(node, scope, tiles=False)
        assert isinstance(found, Condition)
        return found

    def shapes(self, node: Node, scope: Scope) -> Condition:
        """A condition over shape symbols alone; TV0243 for any other name that means something."""
        for symbol in node.find_data("symbol"):
            name = token(symbol.children[0])
            found = scope.find(str(name))
            if found is not None and not found.shape:
                kind = "index" if found.index else "value"
                raise beyond_shapes("static_assert", str(name), self.span(name), kind)
        return self.comparison(node, scope)

    def expr(self, node: Any, scope: Scope | None, depth: int = 0) -> Expr:
        """An index expression; without a scope any symbol is taken, as in the shape of a buffer."""
        span = self.span(tree(node))
        if depth > MAX_DEPTH:
            message = f"an expression nests at most {MAX_DEPTH} operators"
            raise error("TV0003", message, Label(span))
        match node.data, node.children:
            case "constant", [digits]:
                return Const(self.integer(token(digits)), span)
            case "negative", [inner]:
                value = self.expr(inner, scope, depth + 1)
                if isinstance(value, Const):
                    return Const(-value.value, span)
                return Binary("-", Const(0), value, span)
            case "symbol", [name]:
                if scope is not None and not scope.is_index(str(name)):
                    raise scope.not_an_index(str(name), self.span(token(name)))
                return Sym(str(name), span)
            case ("binary", [a, op, b]):
                left, right = self.expr(a, scope, depth + 1), self.expr(b, scope, depth + 1)
                return Binary(str(op), left, right, span)
            case ("minus", [a, b]):
                left, right = self.expr(a, scope, depth + 1), self.expr(b, scope, depth + 1)
                return Binary("-", left, right, span)
        raise error("TV0209", "an index expression is meant here", Label(span))
