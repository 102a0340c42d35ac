"""What a hardware rule is: what an actor needs in each beat, and what it does with it.

A rule is given the op, the schedule that consumers want of its result, and the number of lanes; it
returns a `Plan`.  A rule of an op of several results is also given the one it is to plan, and may
need the others.  Ops without a rule that do not merely move bits are refused.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from hdl.lower.schedule import Schedule
from hdl.lower.wires import refused
from hdl.netlist import ONE, ZERO
from hdl.units import FoldFunction, LaneFunction, ScanFunction
from tilevm.ir import Expr, Op, Value


@dataclass(frozen=True, eq=False)
class Need:
    """What an actor takes of one operand: elements [beats, lanes], HOLE where it takes none."""

    value: Value
    elements: Schedule


@dataclass(frozen=True)
class Words:
    """Random words of 32 bits, `counter` the number of that of the first element: see `random`."""

    seed: int
    counter: Expr


@dataclass(frozen=True, eq=False)
class Plan:
    """How an op is built: a function of beats, and maybe a fold or scan over every `steps` of them.

    A fold gives one beat for these, a scan each of them: its `schedule` has them all.
    `finish` then takes each beat once more, and what stands `beside` it: it rounds an exact result,
    which has `accumulator` bits.
    A function by its table has `table` bits of a code as the index; `otherwise`, if any, is built
    where those are too many.
    `flags` [beats], if any, is a last operand of one constant bit for each beat; `words`, if any,
    one of the random words of the elements.
    """

    schedule: Schedule
    needs: tuple[Need, ...]
    function: LaneFunction
    fold: FoldFunction | None = None
    steps: int = 1
    flags: np.ndarray[Any, np.dtype[np.bool_]] | None = None
    words: Words | None = None
    scan: ScanFunction | None = None
    finish: LaneFunction | None = None
    beside: tuple[Need, ...] = ()
    accumulator: int = 0
    table: int = 0
    otherwise: Plan | None = None

    @property
    def all_needs(self) -> tuple[Need, ...]:
        return (*self.needs, *self.beside)


Rule = Callable[..., Plan]  # (op, schedule, lanes), and the result where there are several
RULES: dict[type[Op], Rule] = {}


def lowers(kind: type[Op]) -> Callable[[Rule], Rule]:
    """Registers the hardware rule of an op."""

    def register(rule: Rule) -> Rule:
        assert kind not in RULES, f"`{kind.name}` has two hardware rules"
        RULES[kind] = rule
        return rule

    return register


def all_integers(*values: Value) -> bool:
    return all(value.dtype.is_int for value in values)


def no_trap(op: Any, help: str = "use `overflow = wrap` or `sat`") -> None:
    """Refuses an op that stops on overflow."""
    if getattr(op, "overflow", None) == "trap":
        raise refused(op, "hardware cannot stop on overflow", help)


def flag_table(flags: np.ndarray[Any, np.dtype[np.bool_]]) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Flags [beats] as constant operand bits [beats, 1, 1]."""
    return np.where(flags, ONE, ZERO).astype(np.int64)[:, None, None]
