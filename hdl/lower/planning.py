"""What is built, and in which schedule: the two walks over a program before any actor is made.

Forward: which values are wires, what shared memory holds, what cannot be built at all.  Backward,
from the stores up: the schedule of every value that an actor makes, as its consumers need it.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Literal

import numpy as np

from hdl.lower.functions import Combine
from hdl.lower.memories import Touch, Touching, Way, memories_of, one_by_one, touching
from hdl.lower.reasons import reason_against
from hdl.lower.rules import RULES, Need, Plan
from hdl.lower.schedule import (
    Schedule,
    default_schedule,
    derived_schedule,
    from_layout,
    largest_divisor,
)
from hdl.lower.shared import SharedMemory, Uncertain
from hdl.lower.wires import Wires, refused, wired
from tilevm.ir import Block, Const, For, If, Kernel, Op, TileType, Value
from tilevm.ir.ops import (
    Add,
    AllocShared,
    And,
    Barrier,
    Expect,
    Iota,
    Load,
    Max,
    Min,
    Or,
    Print,
    Random,
    ShiftAdd,
    Store,
    Sum,
    Watch,
    Xor,
)
from tilevm.ir.ops.facts import Fact

_COMBINES: dict[type[Op], str] = {
    Add: "sum",
    Max: "max",
    Min: "min",
    And: "and",
    Or: "or",
    Xor: "xor",
}


MAX_TILE_BITS = 1 << 26  # each bit is followed by itself: more would take minutes, and gigabytes


@dataclass(frozen=True)
class Limits:
    """How large units may be: options of `hdl.build`."""

    accumulator: int = 640  # bits of an exact sum: enough for products of f32
    table: int = 12  # bits of the codes of which a table has all

    def within(self, op: Op, plan: Plan) -> Plan:
        """The plan, or what it has instead; TileError TV0502 for an op that is beyond them."""
        if plan.accumulator > self.accumulator:
            reason = f"its exact result needs {plan.accumulator} bits, and {self.accumulator} is"
            help = "`cast` the operands to a format with fewer exponents, or raise the limit"
            raise refused(op, f"{reason} the most (`max_accumulator`)", help)
        if plan.table > self.table and plan.otherwise is not None:
            return plan.otherwise
        if plan.table > self.table:
            reason = f"it is a table of all codes, which have {plan.table} bits, and {self.table}"
            help = (
                f"`cast` to a format of at most {self.table} bits first, or build it with "
                f"`max_table = {plan.table}` (`--max-table {plan.table}`)"
            )
            raise refused(op, f"{reason} is the most (`max_table`)", help)
        return plan


@dataclass(frozen=True, eq=False)
class FoldedCarry:
    """A carried value that each round only combines with a new one: a fold, no loop of beats."""

    combine: Combine
    value: Value
    user: Op  # the op that combines them


@dataclass(frozen=True, eq=False)
class Choice:
    """Why a value has its schedule.

    ``asked``: `op` takes its beats so.  ``made``: `op`, which makes it, gives no other.
    ``written``: the program says so.  ``free``: nobody asks, so row by row.
    """

    why: Literal["asked", "made", "written", "free"]
    op: Op | None = None


class Planning:
    """The plan of a kernel whose shapes are bound, for at most `lanes` elements a beat.

    TileError TV0502 for an op that cannot be built, TV0503 for a loop that is not static.
    """

    def __init__(self, kernel: Kernel, lanes: int, limits: Limits) -> None:
        self.lanes, self.limits = lanes, limits
        self.schedules: dict[Value, Schedule] = {}
        self.choices: dict[Value, Choice] = {}
        self.plans: dict[Value, Plan] = {}
        self.folded: dict[Value, FoldedCarry] = {}  # by the result of the `for`
        self.memories = memories_of(kernel)
        self._sums = {op.out: op for op in kernel.body.walk() if isinstance(op, Sum)}
        while True:
            try:
                self._resolve_kernel(kernel)
                break
            except Uncertain as found:
                self.memories.add(found.buffer)
        self._plan(kernel.body)

    # --- forward

    def _resolve_kernel(self, kernel: Kernel) -> None:
        """The first walk; Uncertain names a shared buffer that has to be a memory."""
        self.wires = Wires()
        self.shared = SharedMemory()
        self.touching: dict[Op, Touching] = {}  # what is done to memories
        self.guarded: set[Value] = set()  # made in a branch, even if the machine goes the other way
        self._under: list[Way] = []
        self._resolve(kernel.body)

    def _resolve(self, block: Block) -> None:
        for op in block.ops:
            if any(value.tile.size == 0 for value in (*op.operands, *_tiles_of(op))):
                raise refused(op, "a tile without elements has no stream", "leave the op out")
            for value in op.results:
                if (bits := _bits(value)) > MAX_TILE_BITS:
                    reason = f"`{value.name}` has {bits:,} bits, and {MAX_TILE_BITS:,} is the most"
                    raise refused(op, reason, "use smaller tiles, in a loop or a grid")
            match op:
                case For():
                    self._resolve_loop(op)
                case If():
                    self._resolve_branches(op)
                case AllocShared():
                    if op.out not in self.memories:
                        self.shared.allocate(op)
                case _ if isinstance(op, Touch) and op.at.buffer in self.memories:
                    self.touching[op] = touching(op, self._under)
                case Store() if self.shared.holds(op.at.buffer):
                    self.shared.store(op, self.wires.bits[op.a])
                case Load() if self.shared.holds(op.at.buffer):
                    self.wires.bits[op.out] = self.shared.load(op)
                case Load() | Store() | Print() | Watch() | Barrier() | Fact() | Expect():
                    pass
                case _ if type(op) not in RULES and not isinstance(op, Iota | Random):
                    if not op.results or wired(op, self.wires) is None:
                        raise refused(op, reason_against(op), "leave it to the machine")
            for value in op.results:
                if isinstance(value.type, TileType) and value not in self.wires.bits:
                    bits = wired(op, self.wires)
                    if bits is None:
                        self.wires.add_root(value)
                    else:
                        self.wires.bits[value] = bits

    def _resolve_loop(self, op: For) -> None:
        for part, number in (("bound", op.lo), ("bound", op.hi), ("step", op.step)):
            if not isinstance(number, Const):
                raise op.reject(
                    "TV0503",
                    f"the {part} `{number}` of the loop depends on a block id or an outer loop",
                    help=f"hardware counts a fixed number of rounds; make the {part} a constant",
                )
        for param in op.params:
            self.wires.add_root(param)
        self.shared.forget(op.body)
        self._resolve(op.body)
        self.shared.forget(op.body)

    def _resolve_branches(self, op: If) -> None:
        """Both branches are computed, and one of each pair of results is chosen.

        What is stored where the branch is not taken has no place in the buffer: counters decide
        that, or the address of a memory says so.
        """
        for branch in op.blocks:
            for inner in branch.walk():
                self.guarded.update(inner.results)
        before = {buffer: bits.copy() for buffer, bits in self.shared.state.items()}
        for branch, way in zip(op.blocks, (True, False), strict=True):
            self.shared.state.update({buffer: bits.copy() for buffer, bits in before.items()})
            self._under.append((op.cond, way))
            self._resolve(branch)
            self._under.pop()
        self.shared.state.update(before)
        for branch in op.blocks:
            self.shared.forget(branch)

    # --- backward

    def _plan(self, block: Block) -> None:
        for op in reversed(block.ops):
            match op:
                case _ if op in self.touching:
                    self._plan_touching(op)
                case Store() if not self.shared.holds(op.at.buffer):
                    self._want(Need(op.a, self.stored(op)), op)
                case For():
                    self._plan_loop(op)
                case If():
                    self._plan_branches(op)
                case _ if type(op) in RULES:
                    self._plan_results(op)

    def _plan_results(self, op: Op) -> None:
        """Plans the results that are read, also those that only others of the op are made from."""
        for _ in op.results:
            for result in op.results:
                if result in self.schedules and result not in self.plans:
                    self._plan_result(op, result)

    def _plan_result(self, op: Op, result: Value) -> None:
        which = () if len(op.results) == 1 else (result,)
        plan = RULES[type(op)](op, self.schedules[result], self._lanes_of(op), *which)
        self.plans[result] = plan = self.limits.within(op, plan)
        if not np.array_equal(plan.schedule, self.schedules[result]):
            self.choices[result] = Choice("made", op)
        self.schedules[result] = plan.schedule
        for need in plan.all_needs:
            self._want(need, op)

    def made(self, op: Op) -> list[Value]:
        """The planned results of an op, those first that others are made from."""
        left = [result for result in op.results if result in self.plans]
        found: list[Value] = []
        while left:
            ready = next(r for r in left if not self._taken_by(r) & (set(left) - {r}))
            left.remove(ready)
            found.append(ready)
        return found

    def _taken_by(self, result: Value) -> set[Value]:
        return {need.value for need in self.plans[result].all_needs}

    def _lanes_of(self, op: Op) -> int:
        """Lanes for an op: planes that leave some idle come one by one, if a sum before fills them.

        Three planes of 16 lanes are 48 of 64; one at a time, the sum takes 4 elements a lane.
        """
        if not isinstance(op, ShiftAdd) or op.a not in self._sums:
            return self.lanes
        planes, across = op.a.tile.shape[0], self.schedules[op.out].shape[1]
        count = self._sums[op.a].a.tile.size // max(1, op.a.tile.size)

        def busy(lanes: int) -> int:
            return lanes * largest_divisor(count, max(1, self.lanes // lanes))

        together = planes * across
        apart = together > self.lanes or busy(across) > busy(together)
        return across if apart else self.lanes

    def _plan_touching(self, op: Op) -> None:
        """A statement on a memory: an element a beat; one that nobody reads is left out."""
        touched = self.touching[op]
        for value in op.results:
            if value in self.schedules:
                self.schedules[value] = one_by_one(value.tile.size)
                self.choices[value] = Choice("made", op)
            elif not touched.accesses[-1].writes:
                del self.touching[op]
                return
        for need in touched.needs:
            self._want(need, op)

    def stored(self, op: Store) -> Schedule:
        """The beats in which a tile is stored: as it comes, or in the order of the buffer."""
        return self._preferred(op.a)

    def _preferred(self, value: Value) -> Schedule:
        """The schedule of a value; row by row where nothing downstream asks for another."""
        if value in self.schedules:
            return self.schedules[value]
        kind = value.tile
        if kind.layout is not None:
            return from_layout(kind.layout)
        return default_schedule(kind.shape, self.lanes)

    def _preference(self, value: Value) -> Choice:
        return Choice("free" if value.tile.layout is None else "written")

    def _want(self, need: Need, by: Op) -> None:
        """Notes that `by` takes these elements: producers follow, if they are still free."""
        for root, bits in self.wires.parts(self.wires.need(need.value, need.elements)).items():
            if root in self.schedules:
                continue
            kind = root.tile
            found = None
            if kind.layout is None:
                found = derived_schedule(bits, kind.dtype.bits, kind.size)
            self.schedules[root] = self._preferred(root) if found is None else found
            self.choices[root] = self._preference(root) if found is None else Choice("asked", by)

    def _plan_loop(self, op: For) -> None:
        for result, param, last in zip(op.results, op.params, op.body.yields, strict=True):
            schedule = self.schedules.setdefault(result, self._preferred(result))
            self.choices.setdefault(result, self._preference(result))
            fold = as_fold(op, param, last)
            if fold is not None:
                self.folded[result] = fold
                self._want(Need(fold.value, schedule), fold.user)
            else:
                self.schedules[param] = schedule
                self.choices[param] = Choice("made", op)
                self._want(Need(last, schedule), op)
        self._plan(op.body)
        for result, init in zip(op.results, op.inits, strict=True):
            self._want(Need(init, self.schedules[result]), op)

    def _plan_branches(self, op: If) -> None:
        for number, result in enumerate(op.results):
            schedule = self.schedules.setdefault(result, self._preferred(result))
            self.choices.setdefault(result, self._preference(result))
            if isinstance(op.cond, Value):
                self._want(Need(op.cond, one_lane(schedule)), op)
            for branch in op.blocks:
                self._want(Need(branch.yields[number], schedule), op)
        for branch in reversed(op.blocks):
            self._plan(branch)


def one_lane(schedule: Schedule) -> Schedule:
    """The one element of a scalar, in each beat of a schedule."""
    return np.zeros((len(schedule), 1), np.int64)


def as_fold(op: For, param: Value, last: Value) -> FoldedCarry | None:
    """How a carried value is folded, if its only use is in one combining op that yields it."""
    users = [inner for inner in op.body.walk() if param in _reads(inner)]
    if len(users) != 1 or users[0] not in op.body.ops or users[0].results != (last,):
        return None
    (user,) = users
    name = _COMBINES.get(type(user))
    others = [value for value in user.operands if value is not param]
    if name is None or len(others) != 1 or not last.dtype.is_int:
        return None
    if getattr(user, "overflow", None) not in (None, "wrap") or op.body.yields.count(last) != 1:
        return None
    if param in op.body.yields:  # handed on as another carried value: every round counts
        return None
    if any(last in _reads(inner) for inner in op.body.walk()):
        return None
    return FoldedCarry(Combine(name, last.dtype), others[0], user)


def _reads(op: Op) -> tuple[Value, ...]:
    """What an op reads itself, its blocks' yields included."""
    return op.operands + tuple(value for block in op.blocks for value in block.yields)


def _bits(value: Value) -> int:
    """Bits of a tile, or of a buffer in shared memory."""
    kind = value.type
    return prod(kind.shape if isinstance(kind, TileType) else kind.extents) * kind.dtype.bits


def _tiles_of(op: Op) -> list[Value]:
    """The results that are tiles."""
    return [value for value in op.results if isinstance(value.type, TileType)]
