"""Checks of a whole kernel that no single op can make: names and scopes."""

from __future__ import annotations

import re
from collections.abc import Iterable

from tilevm.diagnostics import Diagnostic, Label, Span, TileError
from tilevm.ir.block import Block
from tilevm.ir.function import Function
from tilevm.ir.index import Condition, Expr
from tilevm.ir.kernel import Kernel
from tilevm.ir.op import Op
from tilevm.ir.ops.static import beyond_shapes
from tilevm.ir.region import RegionOp
from tilevm.ir.value import Value

# at the start of a statement these words mean something else
RESERVED = ("call", "for", "if", "static_assert", "while", "yield")
_NAME = re.compile(r"[A-Za-z_][A-Za-z_0-9]*", re.ASCII)


def verify(kernel: Kernel) -> None:
    """TileError with all that is wrong with names: TV0101, TV0102, TV0106, TV0243."""
    checker = _Checker(kernel)
    checker.run()
    if checker.found:
        raise TileError(*checker.found)


class _Checker:
    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel
        self.found: list[Diagnostic] = []

    def run(self) -> None:
        names: dict[str, Span | None] = {}
        self.spell(self.kernel.name, self.kernel.loc.span)
        for symbol in self.kernel.symbols:
            self.define(names, symbol, None)
        for param in self.kernel.params:
            self.define(names, param.name, param.span)
        symbols = set(self.kernel.symbols)
        for where in self.kernel.where:
            self.uses(where.symbols(), symbols)
        for _, extent in self.kernel.grid:
            self.uses(extent.symbols(), symbols)
        for name, _ in self.kernel.grid:
            self.define(names, name, None)
        indices = symbols | {name for name, _ in self.kernel.grid}
        self.block(self.kernel.body, set(self.kernel.params), indices, names)

        self.functions(self.kernel.functions)

    def functions(self, called: Iterable[Function]) -> None:
        """Each function by itself; no two share a name, or have that of the kernel."""
        known: dict[str, Span | None] = {self.kernel.name: self.kernel.loc.span}
        for function in called:
            self.define(known, function.name, function.loc.span)
            names: dict[str, Span | None] = {}
            for param in function.params:
                self.define(names, param.name, param.span)
            self.block(function.body, set(function.params), set(), names)

    def block(
        self, block: Block, values: set[Value], indices: set[str], names: dict[str, Span | None]
    ) -> None:
        values, names = set(values), dict(names)
        for number, op in enumerate(block.ops):
            if number and block.ops[number - 1].name == "return":
                labels = [Label(op.loc.span)] if op.loc.span else []
                self.report("TV0242", "nothing runs behind `return`", labels)
            self.op(op, values, indices, names)
            for value in op.results:
                self.define(names, value.name, value.span)
                values.add(value)
        self.reads(block.yields, values, None)

    def op(
        self, op: Op, values: set[Value], indices: set[str], names: dict[str, Span | None]
    ) -> None:
        self.reads(op.operands, values, op)
        for access in op.accesses:
            self.reads([access.buffer], values, op)
            for index in access.indices:
                self.uses(index.symbols(), indices)
        for item, value in op.operand_fields():
            if item.role == "condition":
                self.shapes(op, value, indices)
        for _, attribute in op.attributes():
            for expr in attribute if isinstance(attribute, tuple) else (attribute,):
                if isinstance(expr, Expr):
                    self.uses(expr.symbols(), indices)
        if isinstance(op, RegionOp):
            for bound in op.exprs:
                self.uses(bound.symbols(), indices)
            inner = dict(names)
            if op.var:
                self.define(inner, op.var, op.loc.parts.get("var"))
            for param in op.params:
                self.define(inner, param.name, param.span)
            for block in op.blocks:
                self.block(block, values | set(op.params), indices | {op.var}, inner)

    def shapes(self, op: Op, condition: Condition, indices: set[str]) -> None:
        """Notes the indices of a condition that no launch knows; TV0243."""
        known = set(self.kernel.symbols) & indices  # none in a function
        self.uses(condition.symbols(), indices)
        for symbol in condition.symbols():
            if symbol.name in indices - known:
                self.found.extend(beyond_shapes(op.name, symbol.name, symbol.span).diagnostics)

    def spell(self, name: str, span: Span | None) -> None:
        """Notes a name that the text form could not hold: programs may come from Python."""
        if not _NAME.fullmatch(name) or name in RESERVED:
            labels = [Label(span)] if span else []
            self.report("TV0106", f"`{name}` is no name that a program can be written with", labels)

    def define(self, names: dict[str, Span | None], name: str, span: Span | None) -> None:
        if name in names:
            first = names[name]
            labels = [
                Label(s, text) for s, text in ((span, ""), (first, "first defined here")) if s
            ]
            self.report("TV0102", f"`{name}` is defined twice", labels)
        else:
            self.spell(name, span)
        names[name] = span

    def reads(self, used: Iterable[Value], known: set[Value], op: Op | None) -> None:
        for value in used:
            if value not in known:
                where = f" by `{op.name}`" if op else ""
                labels = [Label(op.loc.span)] if op and op.loc.span else []
                self.report(
                    "TV0101", f"`{value.name}` is used{where} where it is not defined", labels
                )

    def uses(self, used: Iterable[Expr], known: set[str]) -> None:
        for symbol in used:
            if str(symbol) not in known:
                labels = [Label(symbol.span)] if symbol.span else []
                self.report(
                    "TV0101",
                    f"`{symbol}` is not a block id, loop variable or shape symbol here",
                    labels,
                )

    def report(self, code: str, message: str, labels: list[Label]) -> None:
        self.found.append(Diagnostic(code, message, tuple(labels)))
