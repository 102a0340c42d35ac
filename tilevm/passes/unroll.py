"""unroll: the body of a loop is written several times, so that the loop makes fewer rounds.

The bounds must be numbers.  With `factor = 0` a loop is unrolled as its hint says (`unroll 4` after
its head: four rounds become one), and goes as a whole where it has none; with more, that many
rounds become one.  Rounds that are left over follow behind the loop.  A loop stays that would
become more than `limit` statements, or whose factor is 1.

Before (factor = 2)::

    kernel f(x: global i8[8], y: global i8[8])
    {
      a: i8[8] = load x[0]
      s = for k in 0 .. 5 carry (p = a) {
        i = iota i8[8] {start = k}
        q = mul p, i
        yield q
      }
      store s, y[0]
    }

After::

    kernel f(x: global i8[8], y: global i8[8])
    {
      a: i8[8] = load x[0]
      s = for k in 0 .. 4 step 2 carry (p = a) {
        i = iota i8[8] {start = k}
        q = mul p, i
        i2 = iota i8[8] {start = k + 1}
        q2 = mul q, i2
        yield q2
      }
      i3 = iota i8[8] {start = 4}
      q3 = mul s, i3
      store q3, y[0]
    }
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from tilevm.ir import Block, Const, Expr, For, Kernel, Op, Sym, Value
from tilevm.passes.registry import declare
from tilevm.passes.rewrite import Emitter, rewrite


@declare
def unroll(
    kernel: Kernel,
    factor: Annotated[int, range(0, 1025)] = 0,
    limit: Annotated[int, range(1, 100001)] = 256,
) -> Kernel:
    """The kernel with the bodies of its loops repeated; see the top of the file."""

    def rule(op: Op, emit: Emitter) -> Sequence[Value] | None:
        match op:
            case For(body=body) if body.leaves:
                return None
            case For(lo=Const(lo), hi=Const(hi), step=Const(step)) if step > 0:
                rounds = max(0, -(-(hi - lo) // step))
                by = factor or op.unroll or 0
                copies = rounds if by in (0, 1) or rounds <= by else by
                size = sum(1 for _ in op.body.walk())
                if by == 1 or size * (copies + rounds % max(1, copies)) > limit:
                    return None
                if copies == rounds:
                    return _copied(emit, op, op.inits, range(lo, hi, step))
                return _fewer_rounds(emit, op, range(lo, hi, step), by)
        return None

    return rewrite(kernel, rule)


def _copied(
    emit: Emitter, op: For, carried: Sequence[Value], starts: Sequence[int | Expr]
) -> Sequence[Value]:
    """The body once for each value of the loop's variable; returns what is carried at the end."""
    for start in starts:
        known = dict(zip(op.params, carried, strict=True))
        at = start if isinstance(start, Expr) else Const(start)
        carried = emit.inline(op.body, known, {op.var: at})
    return carried


def _fewer_rounds(emit: Emitter, op: For, numbers: range, factor: int) -> Sequence[Value]:
    """A loop of `factor` rounds at a time, then the rounds that are left over."""
    whole = len(numbers) // factor * factor
    step = numbers.step
    params = tuple(Value(param.name, param.type, param.span) for param in op.params)
    inner = emit.inner()
    starts: list[Expr] = [Sym(op.var) + i * step if i else Sym(op.var) for i in range(factor)]
    yields = _copied(inner, op, params, starts)
    made = emit.append(
        For(
            var=op.var,
            lo=op.lo,
            hi=Const(numbers.start + whole * step),
            step=Const(step * factor),
            inits=op.inits,
            params=params,
            body=Block(tuple(inner.ops), tuple(yields)),
            loc=op.loc,
            named=tuple(value.name for value in op.results),
        )
    )
    return _copied(emit, op, made, numbers[whole:])
