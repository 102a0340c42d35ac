"""Why ops have no hardware: one reason for each that no rule builds, as TV0502 says it."""

from __future__ import annotations

from hdl.lower.rules import RULES
from hdl.lower.wires import MOVES
from tilevm.ir import Op, ops
from tilevm.ir.control import For, If, While

REASONS: dict[type[Op], str] = {
    While: "there are more rounds around it than are counted, so its fuel has no bound",
}

# built by the compiler itself: edges, control, shared memory, counted constants
DIRECT: frozenset[type[Op]] = frozenset(
    {
        For,
        If,
        ops.AllocShared,
        ops.Atomic,
        ops.AtomicCas,
        ops.Barrier,
        ops.Iota,
        ops.Load,
        ops.Random,
        ops.Scatter,
        ops.Store,
    }
)
# written with other ops before
REWRITTEN: frozenset[type[Op]] = frozenset(
    {ops.ArgMax, ops.ArgMin, ops.Commit, ops.CopyAsync, ops.Gather, ops.Return, ops.Wait}
)
# left out: the machine checks and says them, beside the hardware or before it is built
LEFT_OUT: frozenset[type[Op]] = frozenset(
    {ops.Assert, ops.Assume, ops.Expect, ops.Print, ops.StaticAssert, ops.Watch}
)
CONSTANT: frozenset[type[Op]] = frozenset({ops.Constant, ops.Full})


def is_built(kind: type[Op]) -> bool:
    """Whether hardware has a way to build an op, at least for some types and attributes."""
    return kind in RULES or kind in MOVES or kind in DIRECT | REWRITTEN | LEFT_OUT | CONSTANT


def reason_against(op: Op) -> str:
    """Why an op that no rule takes is not built."""
    return REASONS.get(type(op), "no unit takes operands of these types")
