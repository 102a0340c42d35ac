"""The walk that every pass shares: each op is rebuilt, or replaced by what a rule emits instead."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from tilevm.ir import Block, Expr, Kernel, Loc, Op, RegionOp, TileType, Value
from tilevm.ir.ops import Cast
from tilevm.ir.ops.static import static_asserts

Rule = Callable[[Op, "Emitter"], Sequence[Value] | None]


def rewrite(
    kernel: Kernel,
    rule: Rule,
    indices: Mapping[str, Expr] | None = None,
    params: Mapping[Value, Value] | None = None,
) -> Kernel:
    """Rebuilds a kernel bottom-up.

    `rule` sees each op with its operands already rewritten, and returns the values that take the
    place of its results, or None to keep it.  `indices` replaces index symbols, `params` buffers.
    """
    return Walk(rule, names(kernel)).kernel(kernel, indices or {}, params or {})


def values_read(block: Block) -> set[Value]:
    """Every value that the ops of a block read, inner blocks and yields included."""
    found: set[Value] = set(block.yields)
    for op in block.walk():
        found.update(op.operands)
        found.update(access.buffer for access in op.accesses)
        for inner in op.blocks:
            found.update(inner.yields)
    return found


class Emitter:
    """Appends ops in the place of one that is rewritten; they keep its position in the source."""

    def __init__(self, walk: Walk, origin: Op, source: Op) -> None:
        self.walk, self.origin, self.source = walk, origin, source  # source: before its operands
        self.ops: list[Op] = []

    def __call__(
        self,
        kind: type[Op],
        *,
        written: TileType | None = None,
        name: str = "",
        label: str = "",
        number: int = 0,
        **fields: Any,
    ) -> Value:
        """A new op; its result is named after the result that it replaces, and after `name`.

        `label` is another name altogether, `number` tells which of several results it replaces.  A
        type is only written where it says more than what is inferred.
        """
        results = self.origin.results
        base = results[number].name if results else self.origin.name
        if name or label:
            base = self.walk.fresh(label or f"{base}_{name}")
        if written is not None and not kind.needs_type:
            inferred = kind(**fields).out.tile
            written = None if inferred.layout == written.layout else written
        origin = self.origin.loc
        again = Loc(origin.span, called=origin.called)
        loc = again if self.ops else replace(origin, parts={}, targets=(), remark="")
        op = kind(written=written, loc=loc, named=(base,), **fields)
        self.ops.append(op)
        return op.out

    def placed(self, result: Value, value: Value) -> Value:
        """A value that takes the place of a result, in the layout of the result: views read it."""
        if not isinstance(result.type, TileType) or result.tile.layout == value.tile.layout:
            return value
        kind = replace(value.tile, layout=result.tile.layout)
        return self(Cast, name="placed", written=kind, a=value, to=kind.dtype)

    def append(self, op: Op) -> tuple[Value, ...]:
        """Appends a finished op; returns its results."""
        self.ops.append(op)
        return op.results

    def move(self, op: Op) -> None:
        """Appends an op that stood in a block inside; a name that is elsewhere too changes."""
        for value in op.results:
            if self.walk.names[value.name] > 1:
                value.name = self.walk.fresh(value.name)
        self.ops.append(op)

    def inner(self) -> Emitter:
        """One that fills a block inside the op that takes this place."""
        return Emitter(self.walk, self.origin, self.source)

    def inline(
        self,
        block: Block,
        values: Mapping[Value, Value],
        indices: Mapping[str, Expr],
        again: bool = False,
    ) -> Sequence[Value]:
        """Appends the ops of an already rewritten block; returns what it yields.

        `values` and `indices` stand for its parameters.  A name that the kernel has elsewhere too
        changes: the block had a scope of its own.  So a block may be appended several times.
        `again`: the rule sees these ops once more, as they are now.
        """
        rule = self.walk.rule if again else kept
        copied = Walk(rule, self.walk.names, renames=True).block(block, values, indices)
        self.walk.names.update(defined(copied))
        self.ops.extend(copied.ops)
        return copied.yields


class Walk:
    """Rebuilds blocks, op by op; a pass that must know where a block begins extends it."""

    def __init__(self, rule: Rule, names: Counter[str], renames: bool = False) -> None:
        self.rule, self.names, self.renames = rule, names, renames

    def kernel(
        self, kernel: Kernel, indices: Mapping[str, Expr], params: Mapping[Value, Value]
    ) -> Kernel:
        return replace(
            kernel,
            params=tuple(params.get(param, param) for param in kernel.params),
            where=tuple(condition.substitute(indices) for condition in kernel.where),
            grid=tuple((name, extent.substitute(indices)) for name, extent in kernel.grid),
            body=self.block(kernel.body, params, indices),
        )

    def fresh(self, base: str) -> str:
        """A name that the kernel does not have yet, the base if possible."""
        label, number = base, 1
        while self.names[label]:
            number += 1
            label = f"{base}{number}"
        self.names[label] += 1
        return label

    def block(self, block: Block, values: Mapping[Value, Value], env: Mapping[str, Expr]) -> Block:
        known = dict(values)
        ops: list[Op] = []
        for op in block.ops:
            made = self.remade(op, known, env)
            emit = Emitter(self, made, op)
            replaced = self.rule(made, emit)
            if replaced is not None:
                emit.ops[:0] = _dropped_facts(made, emit.ops)
                replaced = [emit.placed(*pair) for pair in zip(op.results, replaced, strict=True)]
            ops.extend(emit.ops)
            if replaced is None:
                ops.append(made)
                replaced = made.results
            known.update(zip(op.results, replaced, strict=True))
        yields = tuple(known.get(value, value) for value in block.yields)
        return replace(block, ops=tuple(ops), yields=yields)

    def remade(self, op: Op, values: Mapping[Value, Value], env: Mapping[str, Expr]) -> Op:
        """The op on other operands, its inner blocks rewritten."""
        named = tuple(map(self.label, op.results))
        if isinstance(op, RegionOp):
            params = tuple(Value(self.label(p), p.type, p.span) for p in op.params)
            inner = {**values, **dict(zip(op.params, params, strict=True))}
            inside = self.inside(op.var, env)
            blocks = [self.block(block, inner, inside) for block in op.blocks]
            return op.rebuilt(values, env, params, blocks, named)
        return replace(op.mapped(values, env), named=named)

    def inside(self, var: str, env: Mapping[str, Expr]) -> Mapping[str, Expr]:
        """The index symbols inside a statement that makes `var` known."""
        return {name: expr for name, expr in env.items() if name != var}

    def label(self, value: Value) -> str:
        """The name of what takes the place of a value."""
        taken = self.renames and self.names[value.name] > 1
        return self.fresh(value.name) if taken else value.name


def _dropped_facts(op: Op, made: Sequence[Op]) -> list[Op]:
    """The facts of shapes inside an op that are in none of those that take its place.

    They are checked wherever they stand: so also where a block never runs, and goes.
    """
    if not op.blocks:
        return []
    inside = [fact for block in op.blocks for fact in static_asserts(block)]
    said = {(fact.condition, fact.message) for fact in static_asserts(Block(tuple(made)))}
    return [fact for fact in inside if (fact.condition, fact.message) not in said]


def kept(op: Op, emit: Emitter) -> None:
    """The rule that keeps every op."""
    return None


def names(kernel: Kernel) -> Counter[str]:
    """How often the kernel defines each name, all blocks taken together."""
    found = Counter(param.name for param in kernel.params)
    found.update(kernel.symbols)
    found.update(name for name, _ in kernel.grid)
    found.update(defined(kernel.body))
    return found


def defined(block: Block) -> Iterator[str]:
    """The names that a block defines, inner blocks included."""
    for op in block.walk():
        yield from (value.name for value in op.results)
        if isinstance(op, RegionOp):
            if op.var:
                yield op.var
            yield from (param.name for param in op.params)
