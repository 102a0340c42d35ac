"""Thread blocks that end early: what stands behind a `return` moves to where it is not reached.

``if c { ...; return } else { b }; rest`` becomes ``if c { ... } else { b; rest }``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from hdl.lower.wires import refused
from tilevm.ir import Block, If, Kernel, Op
from tilevm.ir.ops import Return
from tilevm.passes.rewrite import Walk, defined, kept, names


def without_returns(kernel: Kernel) -> Kernel:
    """The kernel without `return`; TileError TV0502 for one in a loop."""
    if not any(isinstance(op, Return) for op in kernel.body.walk()):
        return kernel
    walk = Walk(kept, names(kernel))
    ops = _end(kernel.body.ops, walk)
    return replace(kernel, body=replace(kernel.body, ops=tuple(ops)))


def _end(ops: Sequence[Op], walk: Walk) -> list[Op]:
    """The last statements of a thread block, without `return`."""
    found: list[Op] = []
    for number, op in enumerate(ops):
        if isinstance(op, Return):
            break
        if isinstance(op, If) and _returns(op):
            found.append(_apart(op, ops[number + 1 :], walk))
            break
        for inner in (each for block in op.blocks for each in block.walk()):
            if isinstance(inner, Return):
                reason = "it is in a loop, whose other rounds would depend on it"
                help = "carry a condition, and let an `if` ask it in each round"
                raise refused(inner, reason, help)
        found.append(op)
    return found


def _apart(op: If, rest: Sequence[Op], walk: Walk) -> If:
    """An `if` of which branches may end the thread block, with all that stands behind it inside."""
    branches = []
    copies = 0
    for branch in op.blocks:
        inner = list(branch.ops)
        if not (inner and isinstance(inner[-1], Return)):
            copies += 1
            behind = Block(tuple(rest), ())
            if copies > 1:  # names of its own
                walk.names.update(defined(behind))
            known = dict(zip(op.results, branch.yields, strict=True))
            copy = Walk(kept, walk.names, renames=copies > 1)
            inner += copy.block(behind, known, {}).ops
        branches.append(Block(tuple(_end(inner, walk)), ()))
    return If(cond=op.cond, then=branches[0], orelse=branches[1], loc=op.loc, named=())


def _returns(op: If) -> bool:
    return any(isinstance(inner, Return) for block in op.blocks for inner in block.walk())
