"""Checks of a whole kernel that no single op can make: names, scopes, and where values come from."""

from __future__ import annotations

from collections.abc import Iterable

from tilevm.diagnostics import Diagnostic, Label, Span, TileError
from tilevm.ir.index import Expr
from tilevm.ir.kernel import Block, For, If, Kernel
from tilevm.ir.op import Op, Value


def verify(kernel: Kernel) -> None:
    """Raises TileError with all that is wrong: TV0101 for an unknown name, TV0102 for one defined twice."""
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
        for param in self.kernel.params:
            self.define(names, param.name, param.span)
        symbols = set(self.kernel.symbols)
        for where in self.kernel.where:
            self.uses(where.symbols(), symbols)
        for name, extent in self.kernel.grid:
            self.uses(extent.symbols(), symbols)
        for name, _ in self.kernel.grid:
            self.define(names, name, None)
        indices = symbols | {name for name, _ in self.kernel.grid}
        self.block(self.kernel.body, set(self.kernel.params), indices, names)

    def block(self, block: Block, values: set[Value], indices: set[str], names: dict[str, Span | None]) -> None:
        values, names = set(values), dict(names)
        for op in block.ops:
            self.op(op, values, indices, names)
            for value in op.results:
                self.define(names, value.name, value.span)
                values.add(value)
        self.reads(block.yields, values, None)

    def op(self, op: Op, values: set[Value], indices: set[str], names: dict[str, Span | None]) -> None:
        self.reads(op.operands, values, op)
        for access in op.accesses:
            self.reads([access.buffer], values, op)
            for index in access.indices:
                self.uses(index.symbols(), indices)
        for _, attribute in op.attributes():
            if isinstance(attribute, Expr):
                self.uses(attribute.symbols(), indices)
        if isinstance(op, For):
            for bound in (op.lo, op.hi, op.step):
                self.uses(bound.symbols(), indices)
            inner = dict(names)
            self.define(inner, op.var, op.loc.parts.get("var"))
            for param in op.params:
                self.define(inner, param.name, param.span)
            self.block(op.body, values | set(op.params), indices | {op.var}, inner)
        elif isinstance(op, If):
            if not isinstance(op.cond, Value):
                self.uses(op.cond.symbols(), indices)
            for branch in (op.then, op.orelse):
                self.block(branch, values, indices, names)

    def define(self, names: dict[str, Span | None], name: str, span: Span | None) -> None:
        if name in names:
            first = names[name]
            labels = [Label(s, text) for s, text in ((span, ""), (first, "first defined here")) if s]
            self.report("TV0102", f"`{name}` is defined twice", labels)
        names[name] = span

    def reads(self, used: Iterable[Value], known: set[Value], op: Op | None) -> None:
        for value in used:
            if value not in known:
                where = f" by `{op.name}`" if op else ""
                labels = [Label(op.loc.span)] if op and op.loc.span else []
                self.report("TV0101", f"`{value.name}` is used{where} where it is not defined", labels)

    def uses(self, used: Iterable[Expr], known: set[str]) -> None:
        for symbol in used:
            if str(symbol) not in known:
                labels = [Label(symbol.span)] if symbol.span else []
                self.report("TV0101", f"`{symbol}` is not a block id, loop variable or shape symbol here", labels)

    def report(self, code: str, message: str, labels: list[Label]) -> None:
        self.found.append(Diagnostic(code, message, tuple(labels)))
