"""fold_constants: what follows from constants alone becomes a constant.

Each op is evaluated as the machine does it, where all that it reads is known and has at most
`limit` elements.  The result must be one that can be written: one number everywhere, or an `iota`.
An op that would stop with an error stays, to do so when it runs.

Before::

    kernel f(x: global i8[8], y: global i8[8])
    {
      three = full i8[8] {value = 3}
      five = full i8[8] {value = 5}
      eight = add three, five
      i = iota i8[8]
      j = add i, eight
      a: i8[8] = load x[0]
      b = mul a, eight
      c = add b, j
      store c, y[0]
    }

After::

    kernel f(x: global i8[8], y: global i8[8])
    {
      three = full i8[8] {value = 3}
      five = full i8[8] {value = 5}
      eight = full i8[8] {value = 8}
      i = iota i8[8]
      j = iota i8[8] {start = 8}
      a: i8[8] = load x[0]
      b = mul a, eight
      c = add b, j
      store c, y[0]
    }
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any

import numpy as np

from tilevm.diagnostics import TileError
from tilevm.dtypes import Trap
from tilevm.ir import Const, Kernel, Op, Value
from tilevm.ir.ops import Constant, Full, Iota
from tilevm.passes.registry import declare
from tilevm.passes.rewrite import Emitter, rewrite

WRITTEN = (Full, Constant, Iota)


@declare
def fold_constants(kernel: Kernel, limit: Annotated[int, range(1, 1 << 24)] = 1 << 16) -> Kernel:
    """The kernel with constants in place of what is computed from constants."""
    known: dict[Value, Any] = {}

    def rule(op: Op, emit: Emitter) -> Sequence[Value] | None:
        if not op.pure or op.blocks or op.accesses or len(op.results) != 1:
            return None
        if any(value.tile.size > limit for value in (*op.operands, op.out)):
            return None
        found = _evaluated(op, known)
        if found is None:
            return None
        known[op.out] = found
        if isinstance(op, WRITTEN):
            return None
        made = _constant(op, found, emit)
        if made is None:
            return None
        known[made] = found
        return (made,)

    return rewrite(kernel, rule)


def _evaluated(op: Op, known: dict[Value, Any]) -> Any:
    """The result [1, *shape], or None where it is not known, or is an error."""
    arguments: list[Any] = []
    for role, value in op.takes:
        if role == "operand":
            if value not in known:
                return None
            arguments.append(known[value])
        elif value is None:
            arguments.append(None)
        elif isinstance(value, Const):
            arguments.append(value.value)
        else:
            return None
    try:
        return op.run(*arguments)
    except (Trap, TileError):
        return None


def _constant(op: Op, values: Any, emit: Emitter) -> Value | None:
    """The op that writes these values, where there is one."""
    kind = op.out.tile
    if not kind.size:
        return None
    plain, first = kind.with_shape(*kind.shape), values.reshape(-1)[0].item()
    made: list[Op] = []
    if _same(op, values, np.broadcast_to(values.reshape(-1)[:1], (1, *kind.shape))):
        made.append(Full(type=plain, value=first))
    elif kind.dtype.is_int:
        start = first - (1 << 64) if first >= 1 << 63 else first  # a number of 64 bits, signed
        made.extend(
            _meant(Iota(type=plain, dim=dim, start=Const(start)))
            for dim in range(kind.rank)
            if kind.shape[dim] > 1
        )
    for one in made:
        arguments = [start] if isinstance(one, Iota) else []
        if _same(op, values, one.run(*arguments)):
            fields = {item.name: getattr(one, item.name) for item in one.fields()}
            return emit(type(one), written=kind, **fields)
    return None


def _meant(op: Iota) -> Iota:
    """The same op, which says that it wraps if it does."""
    return replace(op, overflow="wrap") if op.reports_overflow else op


def _same(op: Op, a: Any, b: Any) -> bool:
    """Whether two arrays of the result's type are equal, bit for bit."""
    kind = op.out.dtype
    return np.array_equal(kind.encode(a), kind.encode(b))
