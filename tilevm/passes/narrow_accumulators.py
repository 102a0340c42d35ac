"""narrow_accumulators: sums of integers in the narrowest type that provably holds them.

For each `dot`, `sum` and `shift_add`, and for what loops carry, `tilevm.passes.ranges` gives the
values of all partial results, in whatever order; `tilevm.passes.accumulators` tells why.  Where
fewer bits than written hold them, the sum is made in these and cast behind it.  Nothing can
overflow then, so whatever overflow was written, the result is the same.

Before::

    kernel f(w: global i3[64, 32], x: global i8[32], y: global i32[64])
    {
      zero = full i32[64] {value = 0}
      acc = for k in 0 .. 4 carry (sum = zero) {
        a: i3[64, 8] = load w[0, k * 8]
        b: i8[8] = load x[k * 8]
        part = dot a, b
        next = add sum, part
        yield next
      }
      store acc, y[0]
    }

After::

    kernel f(w: global i3[64, 32], x: global i8[32], y: global i32[64])
    {
      zero_i16 = full i16[64] {value = 0}
      acc_i16 = for k in 0 .. 4 carry (sum = zero_i16) {
        a: i3[64, 8] = load w[0, k * 8]
        b: i8[8] = load x[k * 8]
        part_i14 = dot a, b {acc = i14}
        part_i16 = cast part_i14 {to = i16}
        next_i16 = add sum, part_i16
        yield next_i16
      }
      acc = cast acc_i16 {to = i32}
      store acc, y[0]
    }
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from tilevm.dtypes import DType
from tilevm.ir import Block, For, Kernel, Op, TileType, Value, ops
from tilevm.passes.interval import Interval, narrowest
from tilevm.passes.ranges import Ranges, ranges
from tilevm.passes.registry import declare
from tilevm.passes.remove_dead_code import live
from tilevm.passes.rewrite import Emitter, rewrite
from tilevm.passes.transfer import partial_sums

SUMS = (ops.Dot, ops.Sum, ops.ShiftAdd)
ALONG = (ops.Add, ops.Sub, ops.Mul, ops.Neg, ops.Min, ops.Max)  # work in any type that holds all


@declare
def narrow_accumulators(kernel: Kernel) -> Kernel:
    """The kernel with its sums in as few bits as they need."""
    made = _narrow_sums(kernel)
    made = _narrow_loops(made)
    made = _narrow_between(made)
    return replace(made, body=live(made.body))


def _fewer(values: Interval, kind: DType) -> DType | None:
    """The narrowest type for values, if it has fewer bits than the one at hand."""
    fit = narrowest(values)
    return fit if fit is not None and fit.bits < kind.bits else None


def _narrow_sums(kernel: Kernel) -> Kernel:
    known = ranges(kernel)

    def rule(op: Op, emit: Emitter) -> Sequence[Value] | None:
        source = emit.source
        if not isinstance(source, SUMS) or not all(
            value.dtype.is_int for value in (*source.operands, source.out)
        ):
            return None
        sums = partial_sums(source, known.__getitem__)
        fit = _fewer(sums, op.out.dtype) if sums is not None else None
        if fit is None:
            return None
        fields = {item.name: getattr(op, item.name) for item in op.fields()}
        fields |= {"acc": fit, "overflow": None}
        narrow = emit(type(op), name=fit.name, written=op.out.tile.of(fit), **fields)
        return (_cast(emit, narrow, op.out.tile),)

    return rewrite(kernel, rule)


def _cast(
    emit: Emitter, value: Value, to: TileType, name: str = "", label: str = "", number: int = 0
) -> Value:
    fields = {"a": value, "to": to.dtype}
    return emit(ops.Cast, name=name, label=label, number=number, written=to, **fields)


def _narrow_loops(kernel: Kernel) -> Kernel:
    """Loops carry what they carry in fewer bits, cast to the written type inside and behind."""
    known = ranges(kernel)

    def rule(op: Op, emit: Emitter) -> Sequence[Value] | None:
        source = emit.source
        if not isinstance(op, For) or not isinstance(source, For):
            return None
        fits = [
            _fewer(known.carried[param].values, param.dtype) if param in known.carried else None
            for param in source.params
        ]
        return _carrying(op, emit, fits) if any(fits) else None

    return rewrite(kernel, rule)


def _carrying(op: For, emit: Emitter, fits: Sequence[DType | None]) -> Sequence[Value]:
    """The loop with carried values of other types; a cast leads back to each of the old ones."""
    types = [
        param.tile if fit is None else param.tile.of(fit)
        for param, fit in zip(op.params, fits, strict=True)
    ]

    inner = emit.inner()
    inits, old = list(op.inits), list(op.params)
    params = [Value(p.name, kind, p.span) for p, kind in zip(op.params, types, strict=True)]
    for n, (param, kind, fit) in enumerate(zip(op.params, types, fits, strict=True)):
        if fit is not None:
            inits[n] = _cast(emit, op.inits[n], kind, label=f"{op.inits[n].name}_{fit}")
            old[n] = _cast(inner, params[n], param.tile, label=f"{param.name}_{param.dtype}")
        else:
            old[n] = params[n]
    yields = list(inner.inline(op.body, dict(zip(op.params, old, strict=True)), {}))
    for n, (kind, fit) in enumerate(zip(types, fits, strict=True)):
        if fit is not None:
            yields[n] = _cast(inner, yields[n], kind, label=f"{yields[n].name}_{fit}")
    named = [
        value.name if fit is None else emit.walk.fresh(f"{value.name}_{fit}")
        for value, fit in zip(op.results, fits, strict=True)
    ]
    results = emit.append(
        For(
            var=op.var, lo=op.lo, hi=op.hi, step=op.step, inits=tuple(inits), params=tuple(params),
            body=Block(tuple(inner.ops), tuple(yields)), loc=op.loc, named=tuple(named),
        )
    )  # fmt: skip
    return [
        result if fit is None else _cast(emit, result, value.tile, number=n)
        for n, (result, value, fit) in enumerate(zip(results, op.results, fits, strict=True))
    ]


def _narrow_between(kernel: Kernel) -> Kernel:
    """A cast to fewer bits moves before the additions that give its operand, where it may."""
    push = _Push(kernel)
    return rewrite(kernel, push.rule)


class _Push:
    def __init__(self, kernel: Kernel) -> None:
        self.known: Ranges = ranges(kernel)
        self.uses = kernel.body.uses()
        self.made: dict[Value, Op] = {}  # by the results, as they are rewritten
        self.source: dict[Value, Value] = {}

    def rule(self, op: Op, emit: Emitter) -> Sequence[Value] | None:
        for value, before in zip(op.results, emit.source.results, strict=True):
            self.made[value], self.source[value] = op, before
        if not isinstance(op, ops.Cast) or not op.to.is_int or not op.a.dtype.is_int:
            return None
        if op.to.bits >= op.a.dtype.bits or not self.values(op.a).fits(op.to):
            return None
        pushed = self.pushed(op.a, op.to, emit, "")
        return None if pushed is None else (pushed,)

    def values(self, value: Value) -> Interval:
        return self.known[self.source.get(value, value)]

    def pushed(self, value: Value, to: DType, emit: Emitter, label: str) -> Value | None:
        """The value in another type, made from narrower operands; None: only a cast gives it."""
        by = self.made.get(value)
        if by is None or not self.values(value).fits(to):
            return None
        if isinstance(by, ops.Cast) and by.a.dtype.is_int:
            if not self.values(by.a).fits(by.to) or not self.values(by.a).fits(to):
                return None
            same = by.a.dtype == to and by.a.tile.layout == value.tile.layout
            return by.a if same else _cast(emit, by.a, value.tile.of(to), label=label)
        kind = value.tile.of(to)
        if isinstance(by, ops.Full):
            plain = replace(kind, layout=None)
            return emit(ops.Full, label=label, written=kind, type=plain, value=by.value)
        if not isinstance(by, ALONG) or self.uses[self.source.get(value, value)] != 1:
            return None
        if not all(self.values(operand).fits(to) for operand in by.operands):
            return None
        moved: dict[str, Any] = {item.name: getattr(by, item.name) for item in by.fields()}
        for item in by.fields():
            if item.role == "operand":
                moved[item.name] = self.narrowed(getattr(by, item.name), to, emit)
        return emit(type(by), label=label, written=kind, **moved)

    def narrowed(self, value: Value, to: DType, emit: Emitter) -> Value:
        """The value in another type that holds it."""
        label = f"{value.name}_{to}"
        made = self.pushed(value, to, emit, label)
        return made or _cast(emit, value, value.tile.of(to), label=label)
