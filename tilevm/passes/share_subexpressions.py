"""share_subexpressions: what was computed already is not computed again.

An op with the operands, attributes and types of one before it gives the same.  So does a load from
the same place, unless the buffer may have been written in between: by a store, or, behind a barrier
and its like, by other threads.

Before::

    kernel f(x: global i8[8], y: global i8[8])
    {
      a: i8[8] = load x[0]
      b: i8[8] = load x[0]
      s = add a, b
      for k in 0 .. 2 {
        t = add b, a
        u = mul s, t
        store u, y[0]
      }
    }

After::

    kernel f(x: global i8[8], y: global i8[8])
    {
      a: i8[8] = load x[0]
      s = add a, a
      for k in 0 .. 2 {
        u = mul s, s
        store u, y[0]
      }
    }
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from tilevm.ir import Block, Expr, Kernel, Op, Value, ops
from tilevm.ir.printer import written_attribute
from tilevm.passes.registry import declare
from tilevm.passes.rewrite import Emitter, Walk, names

# touch no memory that there was before
QUIET = (
    ops.Print,
    ops.Watch,
    ops.Assert,
    ops.Assume,
    ops.Expect,
    ops.StaticAssert,
    ops.AllocShared,
)
Key = tuple[object, ...]


@declare
def share_subexpressions(kernel: Kernel) -> Kernel:
    """The kernel with equal values computed once."""
    return _Sharing(kernel).kernel(kernel, {}, {})


class _Sharing(Walk):
    """Knows the values of this block and of those around it, the innermost last."""

    def __init__(self, kernel: Kernel) -> None:
        super().__init__(self.share, names(kernel))
        self.scopes: list[dict[Key, Op]] = []

    def block(self, block: Block, values: Mapping[Value, Value], env: Mapping[str, Expr]) -> Block:
        self.scopes.append({})
        try:
            return super().block(block, values, env)
        finally:
            self.scopes.pop()

    def remade(self, op: Op, values: Mapping[Value, Value], env: Mapping[str, Expr]) -> Op:
        made = op if op.blocks else super().remade(op, values, env)
        self.forget(made, values)  # what a loop writes is not known at the start of its body
        return super().remade(op, values, env) if op.blocks else made

    def share(self, op: Op, emit: Emitter) -> Sequence[Value] | None:
        reads = bool(op.accesses) and not any(True for _ in op.touched("writes"))
        if op.blocks or not op.results or not (op.pure or reads):
            return None
        key = _key(op)
        for scope in self.scopes:
            if key in scope:
                return scope[key].results
        self.scopes[-1][key] = op
        return None

    def forget(self, op: Op, values: Mapping[Value, Value]) -> None:
        """Drops the loads whose buffers the op, or one inside it, may write."""
        inside = list(_walk(op))
        anything = any(_writes_unseen(each) for each in inside)
        written = {a.buffer for each in inside for a in each.touched("writes")}
        written |= {values.get(buffer, buffer) for buffer in written}
        if not (anything or written):
            return
        for scope in self.scopes:
            for key, known in list(scope.items()):
                if any(anything or access.buffer in written for access in known.accesses):
                    del scope[key]


def _walk(op: Op) -> Iterator[Op]:
    yield op
    for block in op.blocks:
        yield from block.walk()


def _writes_unseen(op: Op) -> bool:
    """Whether memory may change that it does not name: a barrier, or something unknown."""
    return not (op.pure or op.blocks or op.accesses or isinstance(op, QUIET))


def _key(op: Op) -> Key:
    """Equal for ops that give equal values."""
    tiles: Sequence[Value | None] = op.tiles
    if op.commutative:
        tiles = sorted(tiles, key=id)
    places = [(access.buffer, str(access)) for access in op.accesses]
    said = [
        (item.name, written_attribute(item.hint, value))
        for item, value in op.attributes()
        if item.role == "attribute"
    ]
    types = [str(value) for item, value in op.operand_fields() if item.role == "type"]
    results = [str(value.type) for value in op.results]
    return (type(op), *tiles, *places, *said, *types, *results)
