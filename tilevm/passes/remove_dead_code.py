"""remove_dead_code: statements go that nobody would miss, and what only these read.

What stores, prints or may stop with an error stays.

Before::

    kernel f(x: global i8[8], y: global i8[8])
    {
      a: i8[8] = load x[0]
      b = neg a
      c = add b, b
      d = add a, a {overflow = trap}
      store a, y[0]
    }

After::

    kernel f(x: global i8[8], y: global i8[8])
    {
      a: i8[8] = load x[0]
      d = add a, a {overflow = trap}
      store a, y[0]
    }
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from tilevm.ir import Block, Kernel, Op, RegionOp
from tilevm.passes.registry import declare
from tilevm.passes.rewrite import values_read


@declare
def remove_dead_code(kernel: Kernel) -> Kernel:
    """The kernel without statements that change nothing."""
    return replace(kernel, body=live(kernel.body))


def live(block: Block, missed: Callable[[Op], bool] = lambda op: op.matters) -> Block:
    """The block without ops that nobody would miss, and what only these read.

    `missed` says which ops stay even if nobody reads their results.
    """
    needed = set(block.yields)
    kept: list[Op] = []
    for op in reversed(block.ops):
        if not needed.intersection(op.results) and not missed(op):
            continue
        swept = _swept(op, missed)
        needed.update(values_read(Block((swept,))))
        kept.append(swept)
    return replace(block, ops=tuple(reversed(kept)))


def _swept(op: Op, missed: Callable[[Op], bool]) -> Op:
    """The op with its inner blocks swept, and with the very results that it had."""
    if not isinstance(op, RegionOp):
        return op
    made = op.with_blocks(*(live(block, missed) for block in op.blocks))
    object.__setattr__(made, "results", op.results)
    return made
