"""From text to a checked program: kernels and files.

Names and types are resolved in one walk over the syntax tree, and all errors are collected.
"""

from __future__ import annotations

import re
from dataclasses import replace
from os import PathLike
from pathlib import Path

from lark import Token, Tree

from tilevm.diagnostics import Diagnostic, Label, Source, Span, TileError, error
from tilevm.dtypes import CodebookType, FixedType, dtype
from tilevm.dtypes.names import is_type
from tilevm.ir import BufferType, Condition, Const, Expr, Kernel, Loc, Program, Scaling, Value
from tilevm.ir.kernel import Declared
from tilevm.ir.types import MAX_RANK, check_rank
from tilevm.text.functions import read_functions
from tilevm.text.scope import Name, Scope
from tilevm.text.statements import Statements, TooMany
from tilevm.text.syntax import Node, parse_tree
from tilevm.text.terms import children, token, tree

_LONE_RETURN = re.compile(r"\r(?!\n)")  # the line end of an old Macintosh


def parse(text: str, filename: str = "<text>") -> Program:
    """The program in a text; TileError with all its errors, each with its place in the file."""
    if not isinstance(text, str):
        hint = "`tilevm.load(path)` reads a file"
        raise error("TV0002", f"a program is text, not {_kind(text)}", help=hint)
    source = Source(filename, _LONE_RETURN.sub("\n", text))
    return _Kernels(source).program(parse_tree(source))


def load(path: str | Path) -> Program:
    """The program in a file; TileError TV0801 if it cannot be read, TV0002 if it is no text."""
    if not isinstance(path, str | PathLike):
        raise error("TV0801", f"a path is text or a `Path`, not {_kind(path)}")
    try:
        data = Path(path).read_bytes()
    except (OSError, ValueError) as reason:
        cause = getattr(reason, "strerror", None) or str(reason)
        raise error("TV0801", f"cannot read {path}: {cause}") from None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as reason:
        message = f"{path} is not a tile program: byte {reason.start} is not UTF-8"
        raise error("TV0002", message, help="a program is plain UTF-8 text") from None
    return parse(text, str(path))


def _kind(value: object) -> str:
    return "None" if value is None else f"a value of type `{type(value).__name__}`"


class _Kernels:
    def __init__(self, source: Source) -> None:
        self.source = source
        self.read = Statements(source)
        self.declared: list[Declared] = []

    def program(self, node: Node) -> Program:
        kernels: dict[str, Kernel] = {}
        names = Scope()
        items = children(node)
        begins = [0]  # where the comments of each begin, and those behind all
        functions: dict[str, tuple[Node, int]] = {}
        try:
            for item in items:
                begin = begins[-1]
                begins.append(item.meta.end_pos)
                if item.data == "declaration":
                    with self.read.comments.since(begin):
                        self.read.attempt(self.declaration, item)
                        begins[-1] = self.read.comments.place
                    continue
                name = token(item.children[0])
                self.read.define(str(name), Name(self.read.terms.span(name)), names)
                if item.data == "function":
                    functions.setdefault(str(name), (item, begin))
            read_functions(self.read, functions)
            for item, begin in zip(items, begins, strict=False):
                if item.data == "kernel":
                    with self.read.comments.since(begin):
                        kernel = self.read.attempt(self.kernel, item)
                    if kernel is not None:
                        kernels.setdefault(kernel.name, kernel)
        except TooMany:
            pass
        if self.read.found:
            raise TileError(*sorted(self.read.found, key=_offset))
        if not kernels:
            hint = "a program starts as in `kernel f(x: global i8[N]) {`"
            label = Label(Span(self.source, 0, 0), "expected `kernel`")
            raise error("TV0001", f"{self.source.name} holds no kernel", label, help=hint)
        with self.read.comments.since(begins[-1]):
            closing = self.read.comments.before(len(self.source.text) + 1)
        found = {name: each for name, each in self.read.functions.items() if each is not None}
        order = tuple(names.names)
        return Program(kernels, self.source.name, closing, tuple(self.declared), found, order)

    def declaration(self, node: Node) -> None:
        """``type levels = codebook(i8, [-1, 0, 1])``: a name for a type with arguments."""
        name, written = node.children
        terms = self.read.terms
        gap = self.read.comments.gap_before(node.meta.start_pos)
        above = self.read.comments.before(node.meta.end_pos, node.meta.start_pos)
        remark = self.read.comments.after(node.meta.end_pos)
        label = Label(terms.span(token(name)))
        known = str(name) in terms.types or is_type(str(name))
        if known:
            raise error("TV0102", f"`{name}` is a type already", label, help="choose another name")
        if isinstance(written, Token):
            hint = f"write `{written}` where it is meant"
            message = f"`type` names a type with arguments, and `{written}` is a name already"
            raise error("TV0223", message, Label(terms.span(written)), help=hint)
        kind = terms.element(tree(written))
        if isinstance(kind, CodebookType | FixedType):
            kind = replace(kind, label=str(name))
        terms.types[str(name)] = kind
        loc = Loc(terms.span(node), comments=above, remark=remark, gap=gap)
        self.declared.append(Declared(str(name), kind, loc))

    def kernel(self, node: Node) -> Kernel:
        name, *params, where, grid, body = node.children
        terms = self.read.terms
        above = self.read.comments.before(tree(body).meta.start_pos, node.meta.start_pos)
        scope = Scope()
        values: list[Value] = []
        for param in params:
            if param is not None:
                values.extend(self.param(tree(param), scope))
        for value in values:
            self.symbols(value, scope)
        conditions: list[Condition] = []
        for item in children(where):
            condition = self.read.attempt(terms.comparison, item, scope)
            if condition is not None:
                conditions.append(condition)
        axes = [axis for item in children(grid) if (axis := self.axis(item, scope)) is not None]
        for item in children(grid):
            axis_name = token(item.children[0])
            self.read.define(str(axis_name), Name(terms.span(axis_name), index=True), scope)
        block = self.read.body(tree(body), scope)
        if block.yield_loc.span:
            message = "`yield` stands in the body of a `for` or `if`, not of a kernel"
            raise error("TV0001", message, Label(block.yield_loc.span))
        loc = Loc(terms.span(token(name)), comments=above)
        return Kernel(str(name), tuple(values), tuple(conditions), tuple(axes), block, loc)

    def axis(self, node: Node, scope: Scope) -> tuple[str, Expr] | None:
        """One dimension of the grid; its extent names shape symbols only."""
        name, extent = node.children
        found = self.read.attempt(self.read.terms.expr, extent, scope)
        return None if found is None else (str(name), found)

    def param(self, node: Node, scope: Scope) -> list[Value]:
        """A buffer ``name: global i8[N, K]``, and its companions; what is wrong is noted."""
        name, space, element, extents, scaled = node.children
        assert isinstance(element, Tree | Token)
        terms = self.read.terms
        if str(space) != "global":
            label = Label(terms.span(token(space)))
            hint = "shared buffers are made in the body: `s = alloc_shared i8[64]`"
            message = f"a parameter is in `global` memory, not `{space}`"
            self.read.report(error("TV0105", message, label, help=hint))
        shape: list[Expr] = []
        for item in children(extents):
            extent = self.read.attempt(terms.expr, item, None)
            if extent is not None:
                shape.append(extent)
        kind = self.read.attempt(terms.element, element)
        if not children(extents):
            label = Label(terms.span(node))
            self.read.report(
                error("TV0302", f"buffer `{name}` needs at least one dimension", label)
            )
        self.read.attempt(check_rank, "a buffer", len(shape), Label(terms.span(node)))
        sound = kind is not None and len(shape) <= MAX_RANK
        span = terms.span(token(name))
        scaling = None
        if scaled is not None:
            scaling = self.read.attempt(self.scaling, tree(scaled), len(shape))
            sound = sound and scaling is not None
        buffer = BufferType("global", kind or dtype("i32"), tuple(shape[:MAX_RANK]), scaling)
        value = Value(str(name), buffer, span)
        self.read.define(value.name, Name(span, value if sound else None), scope)
        made = [value]
        for other, companion in buffer.companions(value.name):
            place = terms.span(tree(scaled))
            made.append(Value(other, companion, place))
            self.read.define(other, Name(place, made[-1] if sound else None), scope)
        return made

    def scaling(self, node: Node, rank: int) -> Scaling:
        """``scaled(f16, group 32, dim 1, zero u4)``"""
        scale, group, dim, zero = node.children
        terms = self.read.terms
        assert isinstance(scale, Tree | Token)
        size = terms.expr(group, None).substitute({})
        if isinstance(size, Const) and size.value < 1:
            label = Label(terms.span(tree(group)))
            raise error("TV0245", f"a group has at least 1 element, not {size}", label)
        along = rank - 1 if dim is None else terms.integer(token(dim))
        if along >= rank:
            label = Label(terms.span(node if dim is None else token(dim)))
            raise error("TV0211", f"the buffer has {rank} dimensions, counted from 0", label)
        points = None
        if zero is not None:
            assert isinstance(zero, Tree | Token)
            points = terms.element(zero)
        return Scaling(terms.element(scale), size, along, points)

    def symbols(self, param: Value, scope: Scope) -> None:
        """Makes the shape symbols of a parameter visible; they may come again in others."""
        assert isinstance(param.type, BufferType)
        for extent in param.type.shape:
            for symbol in extent.symbols():
                assert symbol.span is not None
                if not scope.is_index(symbol.name):
                    name = Name(symbol.span, index=True, shape=True)
                    self.read.define(symbol.name, name, scope)


def _offset(problem: Diagnostic) -> int:
    return problem.labels[0].span.start if problem.labels else 0
