"""How often each op runs, over all thread blocks: from the bounds of its loops, or by a run.

Bounds and conditions of index expressions are computed for all thread blocks at once, without the
data.  A branch that a tile decides needs the data, and so a run.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from tilevm.ir import Block, Condition, Expr, For, If, Op, Sym
from tilevm.ir.region import RegionOp
from tilevm.vm import Launch, execute

Env = Mapping[str, Any]

_AT_ONCE = 1 << 14  # thread blocks
_ROUNDS = 1 << 16  # of a loop around one whose bounds follow from its variable


class DataDecides(Exception):
    """How often an op runs depends on tiles: `op` is the statement that asks them."""

    def __init__(self, op: Op) -> None:
        super().__init__(op.name)
        self.op = op


def static_counts(launch: Launch) -> Counter[Op]:
    """How often each op runs, summed over thread blocks; `DataDecides` where data must be known."""
    walk = _Walk()
    kernel = launch.kernel
    asked = frozenset().union(*(_names(op) for op in kernel.body.walk()))
    if asked.isdisjoint(name for name, _ in kernel.grid):
        walk.block(kernel.body, launch.symbols, _weights(1, launch.blocks))
        return walk.found
    for first in range(0, launch.blocks, _AT_ONCE):
        blocks = np.arange(first, min(first + _AT_ONCE, launch.blocks), dtype=np.int64)
        ids = np.unravel_index(blocks, launch.grid)
        env: dict[str, Any] = dict(launch.symbols)
        env |= {name: at for (name, _), at in zip(kernel.grid, ids, strict=True)}
        walk.block(kernel.body, env, _weights(len(blocks), 1))
    return walk.found


def counts_of_run(launch: Launch) -> Counter[Op]:
    """How often each op runs with the data of a launch."""
    found: Counter[Op] = Counter()

    class Counting:
        def before(self, op: Op, group: Any) -> None:
            found[op] += len(group.blocks)

        def after(self, op: Op, group: Any) -> None:
            pass

    execute(launch, watch=Counting(), output=lambda line: None)
    return found


def _weights(count: int, each: int) -> Any:
    weights = np.empty(count, object)  # Python's integers: products of rounds may be large
    weights[:] = each
    return weights


def _own(op: Op) -> tuple[Expr | Condition, ...]:
    return op.exprs if isinstance(op, RegionOp) else ()


def _names(op: Op) -> frozenset[str]:
    """The symbols that the bounds and conditions of a statement ask for."""
    return frozenset(symbol.name for expr in _own(op) for symbol in _symbols(expr))


def _symbols(expr: Expr | Condition) -> Iterator[Sym]:
    return expr.symbols()


class _Walk:
    """Adds up weights: for each thread block how often it comes to a statement."""

    def __init__(self) -> None:
        self.found: Counter[Op] = Counter()

    def block(self, block: Block, env: Env, weights: Any) -> None:
        total = int(weights.sum())
        if not total:
            return
        for op in block.ops:
            self.found[op] += total
            if isinstance(op, For):
                self.loop(op, env, weights)
            elif isinstance(op, If):
                self.branch(op, env, weights)
            elif isinstance(op, RegionOp) or op.name == "return":
                raise DataDecides(op)

    def loop(self, op: For, env: Env, weights: Any) -> None:
        lo, hi, step = (expr.evaluate(env) for expr in (op.lo, op.hi, op.step))
        if int(np.min(step)) < 1:
            raise op.reject("TV0215", "the step of the loop must be at least 1")
        bounds = (np.asarray(part, object) for part in (lo, hi, step))
        low, high, by = bounds
        counts = np.broadcast_to(np.maximum(-((low - high) // by), 0), weights.shape)
        if not any(op.var in _names(inner) for inner in op.body.walk()):
            self.block(op.body, env, weights * counts)
            return
        longest = int(counts.max())
        if longest > _ROUNDS:
            raise DataDecides(op)
        for number in range(longest):
            pick = np.flatnonzero(counts > number)
            inner = {name: _picked(value, pick) for name, value in env.items()}
            inner[op.var] = _picked(lo, pick) + number * _picked(step, pick)
            self.block(op.body, inner, weights[pick])

    def branch(self, op: If, env: Env, weights: Any) -> None:
        if not isinstance(op.cond, Condition):
            raise DataDecides(op)
        taken = np.broadcast_to(np.asarray(op.cond.evaluate(env)), weights.shape)
        for block, side in ((op.then, taken), (op.orelse, ~taken)):
            pick = np.flatnonzero(side)
            inner = {name: _picked(value, pick) for name, value in env.items()}
            self.block(block, inner, weights[pick])


def _picked(value: Any, pick: Any) -> Any:
    return value[pick] if np.ndim(value) else value
