"""Calls written out: the statements of the function in place of each call, with their places."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from tilevm.ir import Call, Expr, Kernel, Loc, Op, RegionOp, Sym, Value
from tilevm.ir.function import check_size, size_of
from tilevm.passes.rewrite import Emitter, Walk, rewrite


def without_calls(kernel: Kernel) -> Kernel:
    """The kernel with all calls written out; it itself if there are none.

    TileError TV0108 where it becomes too large.
    """
    if not kernel.functions:
        return kernel
    check_size(f"kernel `{kernel.name}`", size_of(kernel.body), kernel.loc)
    return rewrite(kernel, _rule)


def _rule(op: Op, emit: Emitter) -> Sequence[Value] | None:
    if not isinstance(op, Call):
        return None
    function = op.function
    pairs = zip(function.params, op.arguments, strict=True)
    given = {param: emit.placed(param, value) for param, value in pairs}
    labels = {v: r.name for v, r in zip(function.body.yields, op.results, strict=True)}
    copied = _Copy(emit.walk.names, op.loc, labels).block(function.body, given, {})
    emit.ops.extend(copied.ops)
    return copied.yields


class _Copy(Walk):
    """Copies the body of a function for one call: its names are new, its places know the call.

    `labels`: what a value is called in the place of the call; its comments go to the first copy.
    """

    def __init__(self, names: Counter[str], at: Loc, labels: Mapping[Value, str]) -> None:
        super().__init__(_rule, names)
        self.labels = labels
        self.lead = at.comments
        self.gap: bool | None = at.gap
        self.called = (at.span, *at.called) if at.span else at.called
        self.variables: dict[str, str] = {}

    def label(self, value: Value) -> str:
        return self.labels.get(value) or self.fresh(value.name)

    def inside(self, var: str, env: Mapping[str, Expr]) -> Mapping[str, Expr]:
        return {**env, var: Sym(self.variables[var])} if var else env

    def remade(self, op: Op, values: Mapping[Value, Value], env: Mapping[str, Expr]) -> Op:
        changes: dict[str, Any] = {}
        if isinstance(op, RegionOp) and op.var:
            changes["var"] = self.variables[op.var] = self.fresh(op.var)
        loc = replace(op.loc, called=self.called, comments=(*self.lead, *op.loc.comments))
        if self.gap is not None:
            loc = replace(loc, gap=self.gap)
        self.lead, self.gap = (), None
        made = super().remade(op, values, env)
        return replace(made, loc=loc, named=tuple(v.name for v in made.results), **changes)
