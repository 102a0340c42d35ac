"""From a kernel with bound shapes to a netlist: what is built, in which schedule, and by which actors.

Three walks over the program.  Forward: which values are wires.  Backward: from the stores up, which
schedule each value has, as its consumers need it.  Forward again: the actors.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import prod
from typing import Any

import numpy as np

from hdl.lower.functions import Choose, Combine, FoldStep, Offset, beat_shape
from hdl.lower.overwrites import last_writes, rounds_of
from hdl.lower.rules import RULES, Need, Plan, flag_table
from hdl.lower.schedule import Schedule, default_schedule, derived_schedule, from_layout
from hdl.lower.streams import Loop, Operand, Scope, Stream, Streams
from hdl.lower.shared import SharedMemory
from hdl.lower.wires import Wires, constant_bits, refused, wired
from hdl.netlist import ONE, ZERO, BeatShape, Channel, Netlist, Origin, Reader
from hdl.units import Identity, fold_actor, merge_actor, route_actor, sink_actor, source_actor
from hdl.units.lanes import from_bits
from tilevm.diagnostics import error
from tilevm.dtypes import dtype
from tilevm.ir import Access, Block, Const, Expr, For, If, Kernel, Op, TileType, Value, affine, regions
from tilevm.ir.ops import Add, AllocShared, And, Barrier, Iota, Load, Max, Min, Or, Print, Store, Xor

MAX_BEATS = 1 << 22  # of one port: beyond it the tables of this compiler grow out of hand


@dataclass(frozen=True, eq=False)
class Port:
    """An edge of a design: the beats of one load or store of a buffer.

    `elements` [beats, lanes] says which element of the flattened buffer each lane of each beat is, or
    -1 where it is none: zero on the way in, ignored on the way out.  No two beats of the outputs write
    one element: the order in which ports are served does not matter.
    """

    name: str
    buffer: str
    shape: BeatShape
    elements: Schedule
    origin: Origin


@dataclass(frozen=True, eq=False)
class Tap:
    """A channel that carries a named value of the program, and in which schedule."""

    channel: str
    value: Value
    schedule: Schedule
    scope: Scope


@dataclass(eq=False)
class Lowered:
    """The result: the netlist, its ports, and where the program's values can be seen in it."""

    kernel: Kernel
    netlist: Netlist
    inputs: list[Port]
    outputs: list[Port]
    taps: list[Tap]
    schedules: dict[Value, Schedule]  # of every tile in a stream
    tables: list[str]  # channels that hold look-up tables
    notes: list[str] = field(default_factory=list)


def lower(kernel: Kernel, lanes: int) -> Lowered:
    """Lowers a kernel whose shapes are bound; `lanes`: at most so many elements computed in a beat.

    TileError TV0502 for an op that cannot be built, TV0503 for a loop or index that is not static.
    """
    return _Lowering(kernel, lanes).run()


@dataclass(frozen=True, eq=False)
class _FoldedCarry:
    """A carried value that is only combined with one new value a round: a fold, not a loop of beats."""

    combine: Combine
    value: Value


_COMBINES: dict[type[Op], str] = {Add: "sum", Max: "max", Min: "min", And: "and", Or: "or", Xor: "xor"}


class _Lowering:
    def __init__(self, kernel: Kernel, lanes: int) -> None:
        self.kernel, self.lanes = kernel, lanes
        self.wires = Wires()
        self.shared = SharedMemory()
        self.schedules: dict[Value, Schedule] = {}
        self.plans: dict[Op, Plan] = {}
        self.folded: dict[Value, _FoldedCarry] = {}  # by the result of the `for`
        self.streams = Streams(self.wires)
        self.sources: dict[Any, Stream] = {}
        self.inputs: list[Port] = []
        self.outputs: list[Port] = []
        self.stores: list[Store] = []  # of each output
        self.taps: list[Tap] = []
        self.tables: list[str] = []
        self.notes: list[str] = []
        self.guarded: set[Value] = set()  # computed in a branch, also where the machine goes another way

    def run(self) -> Lowered:
        kernel = self.kernel
        both = [p for p in kernel.outputs if p in kernel.inputs]
        if both:
            store = next(op for op in kernel.body.walk() if isinstance(op, Store) and op.at.buffer is both[0])
            raise refused(
                store, f"`{both[0].name}` is also loaded", "store to a buffer of its own, and load from another"
            )
        grid = [(name, extent) for name, extent in kernel.grid]
        scope: Scope = ()
        for name, extent in grid:
            assert isinstance(extent, Const)
            scope = (*scope, Loop(name, extent.value, len(scope)))
        self.resolve(kernel.body)
        self.plan_block(kernel.body)
        self.build_block(kernel.body, scope)
        if not self.outputs:
            raise error("TV0504", f"kernel `{kernel.name}` stores nothing: there is no hardware to build")
        written = [(store, port.elements) for store, port in zip(self.stores, self.outputs, strict=True)]
        self.outputs = [
            replace(port, elements=elements)
            for port, elements in zip(self.outputs, last_writes(kernel, written), strict=True)
        ]
        netlist = Netlist(kernel.name, self.streams.actors)
        schedules = {value: stream.schedule for value, stream in self.streams.of.items()}
        return Lowered(kernel, netlist, self.inputs, self.outputs, self.taps, schedules, self.tables, self.notes)

    # --- forward: wires

    def resolve(self, block: Block) -> None:
        for op in block.ops:
            match op:
                case For():
                    for bound in (op.lo, op.hi, op.step):
                        if not isinstance(bound, Const):
                            raise op.reject(
                                "TV0503",
                                f"the bound `{bound}` of the loop depends on a block id or an outer loop",
                                help="hardware counts a fixed number of rounds; make the bound a constant",
                            )
                    for param in op.params:
                        self.wires.add_root(param)
                    self.shared.forget(op.body)
                    self.resolve(op.body)
                    self.shared.forget(op.body)
                case If():
                    self.resolve_branches(op)
                case AllocShared():
                    self.shared.allocate(op)
                case Store() if self.shared.holds(op.at.buffer):
                    self.shared.store(op, self.wires.bits[op.a])
                case Load() if self.shared.holds(op.at.buffer):
                    self.wires.bits[op.out] = self.shared.load(op)
                case Load() | Store() | Print() | Barrier():
                    pass
                case _ if not op.results:
                    raise refused(op, "it has no hardware rule yet", "leave it to the virtual machine")
                case _:
                    self.check(op)
            for value in op.results:
                if isinstance(value.type, TileType) and value not in self.wires.bits:
                    bits = wired(op, self.wires)
                    if bits is None:
                        self.wires.add_root(value)
                    else:
                        self.wires.bits[value] = bits

    def resolve_branches(self, op: If) -> None:
        """Both branches are computed, and one of each pair of results is chosen; so they may not store."""
        for branch in (op.then, op.orelse):
            for inner in branch.walk():
                if isinstance(inner, Store):
                    raise refused(
                        inner, "it is inside an `if`", "let the `if` yield the tile, and store it behind"
                    )
                self.guarded.update(inner.results)
            self.resolve(branch)

    def check(self, op: Op) -> None:
        if wired(op, self.wires) is None and type(op) not in RULES and not isinstance(op, Iota):
            raise refused(op, "it has no hardware rule yet", "leave it to the virtual machine")

    # --- backward: schedules

    def plan_block(self, block: Block) -> None:
        for op in reversed(block.ops):
            match op:
                case Store() if not self.shared.holds(op.at.buffer):
                    self.plan_store(op)
                case For():
                    self.plan_loop(op)
                case If():
                    self.plan_branches(op)
                case Load() | Store() | Print() | Barrier() | AllocShared():
                    pass
                case _ if op.out in self.schedules and type(op) in RULES:
                    plan = RULES[type(op)](op, self.schedules[op.out], self.lanes)
                    self.plans[op] = plan
                    self.schedules[op.out] = plan.schedule
                    for need in plan.needs:
                        self.want(need)

    def plan_store(self, op: Store) -> None:
        self.want(Need(op.a, self.preferred(op.a)))

    def preferred(self, value: Value) -> Schedule:
        """The schedule of a value that nothing downstream asks for in another."""
        if value in self.schedules:
            return self.schedules[value]
        kind = value.tile
        if kind.layout is not None:
            return from_layout(kind.layout)
        return default_schedule(kind.shape, self.lanes)

    def want(self, need: Need) -> None:
        """Notes that an actor takes these elements: the producer follows, if it is still free."""
        for root, bits in self.wires.parts(self.wires.need(need.value, need.elements)).items():
            if root in self.schedules:
                continue
            kind = root.tile
            if kind.layout is not None:
                self.schedules[root] = from_layout(kind.layout)
                continue
            found = derived_schedule(bits, kind.dtype.bits, kind.size)
            self.schedules[root] = default_schedule(kind.shape, self.lanes) if found is None else found

    def plan_loop(self, op: For) -> None:
        for result, param, last in zip(op.results, op.params, op.body.yields, strict=True):
            schedule = self.schedules.setdefault(result, self.preferred(result))
            fold = self.as_fold(op, param, last)
            if fold is not None:
                self.folded[result] = fold
                self.want(Need(fold.value, schedule))
            else:
                self.schedules[param] = schedule
                self.want(Need(last, schedule))
        self.plan_block(op.body)
        for result, init in zip(op.results, op.inits, strict=True):
            self.want(Need(init, self.schedules[result]))

    def plan_branches(self, op: If) -> None:
        for number, result in enumerate(op.results):
            schedule = self.schedules.setdefault(result, self.preferred(result))
            if isinstance(op.cond, Value):
                self.want(Need(op.cond, np.zeros((len(schedule), 1), np.int64)))
            for branch in (op.then, op.orelse):
                self.want(Need(branch.yields[number], schedule))
        self.plan_block(op.orelse)
        self.plan_block(op.then)

    def as_fold(self, op: For, param: Value, last: Value) -> _FoldedCarry | None:
        """How a carried value is folded, if its only use is in one combining op that yields it."""
        users = [inner for inner in op.body.walk() if param in _reads(inner)]
        if len(users) != 1 or users[0] not in op.body.ops or users[0].results != (last,):
            return None
        (user,) = users
        name = _COMBINES.get(type(user))
        others = [value for value in user.operands if value is not param]
        if name is None or len(others) != 1 or not last.dtype.is_int:
            return None
        if getattr(user, "overflow", "wrap") != "wrap" or op.body.yields.count(last) != 1:
            return None
        if param in op.body.yields:  # handed on as another carried value: every round counts
            return None
        if any(last in _reads(inner) for inner in op.body.walk()):
            return None
        return _FoldedCarry(Combine(name, last.dtype), others[0])

    # --- forward: actors

    def build_block(self, block: Block, scope: Scope) -> None:
        for op in block.ops:
            match op:
                case Load():
                    if op.out in self.schedules:
                        self.build_load(op, scope)
                case Store() if not self.shared.holds(op.at.buffer):
                    self.build_store(op, scope)
                case For():
                    self.build_loop(op, scope)
                case If():
                    self.build_branches(op, scope)
                case Print():
                    self.notes.append(f"`print {op.a.name}` is left to the virtual machine")
                case Iota() if op.out in self.schedules:
                    self.build_iota(op, scope)
                case _ if op in self.plans and op.out not in self.streams.of:
                    self.build_op(op, self.plans[op], scope)

    def channel(self, value: Value, schedule: Schedule, label: str | None = None) -> Channel:
        name = self.streams.name(label or value.name)
        return Channel(name, beat_shape(value.dtype, schedule.shape[1]), len(schedule))

    def made(self, value: Value, channel: Channel, schedule: Schedule, scope: Scope) -> None:
        """Registers the stream of a value, and lets the simulation compare it."""
        self.streams.of[value] = Stream(value, channel, schedule, scope)
        if value not in self.guarded:
            self.taps.append(Tap(channel.name, value, schedule, scope))

    def build_op(self, op: Op, plan: Plan, scope: Scope) -> None:
        origin = Origin(op.out.name, op.name, op.loc.span)
        beats = len(plan.schedule) * plan.steps
        operands = [self.take(need, scope, origin) for need in plan.needs]
        if plan.flags is not None:
            flags = np.unique(plan.flags.reshape(-1, plan.steps), axis=0)
            table = flag_table(flags[0]).astype(np.int32)
            operands.append(Operand(None, BeatShape(1, 1), table, 1))
        output = self.channel(op.out, plan.schedule)
        if plan.fold is None:
            self.streams.map(output.name, operands, plan.function, output, beats, scope, origin)
        else:
            label = self.streams.name(f"{output.name}_terms")
            terms = Channel(label, plan.function.shape, beats)
            (first, *rest) = operands
            if not rest and isinstance(plan.function, Identity) and first.is_plain and first.reader:
                reader = first.reader
            else:
                self.streams.map(label, operands, plan.function, terms, beats, scope, origin)
                reader = terms.read()
            trips = [loop.trips for loop in scope] + [len(plan.schedule), plan.steps]
            folds = [False] * (len(scope) + 1) + [True]
            self.streams.actors.append(
                fold_actor(output.name, trips, folds, plan.fold, reader, output, origin=origin)
            )
        self.made(op.out, output, plan.schedule, scope)
        if op.name == "subset_sums":
            self.tables.append(output.name)

    def build_iota(self, op: Iota, scope: Scope) -> None:
        """An `iota` whose start depends on the loops: the part that does, plus constants for each beat."""
        schedule, kind = self.schedules[op.out], op.out.dtype
        starts = np.broadcast_to(np.asarray(op.start.evaluate(self.counts(op, scope)), np.int64), (_rounds(scope),))
        index = np.unravel_index(np.maximum(schedule, 0), op.out.tile.shape)[op.dim]
        wide = dtype("i64")
        output = self.channel(op.out, schedule)
        origin = Origin(op.out.name, op.name, op.loc.span)
        operands = [
            self.streams.by_iteration(constant_bits(wide.cast(starts, kind), kind), scope),
            self.streams.operand(constant_bits(wide.cast(index, kind), kind), scope, origin),
        ]
        function = Offset(output.shape)
        self.streams.map(output.name, operands, function, output, len(schedule), scope, origin)
        self.made(op.out, output, schedule, scope)

    def take(self, need: Need, scope: Scope, origin: Origin) -> Operand:
        found = self.streams.operand(self.wires.need(need.value, need.elements), scope, origin)
        return replace(found, shape=beat_shape(need.value.dtype, need.elements.shape[1]))

    def plain(self, value: Value, schedule: Schedule, scope: Scope, label: str, origin: Origin) -> Reader:
        shape = beat_shape(value.dtype, schedule.shape[1])
        return self.streams.plain(self.wires.need(value, schedule), shape, scope, label, origin)

    def build_loop(self, op: For, scope: Scope) -> None:
        loop = Loop(op.var, rounds_of(op), len(scope))
        inner = (*scope, loop)
        outer = [level.trips for level in scope]
        feedback: dict[Value, tuple[Channel, Origin]] = {}
        starts: dict[Value, Any] = {}
        for result, param, init in zip(op.results, op.params, op.inits, strict=True):
            schedule = self.schedules[result]
            origin = Origin(result.name, "for", param.span or op.loc.span)
            constant = self.one_constant(init)
            if result in self.folded and constant is not None:
                combine = self.folded[result].combine
                starts[result] = constant if constant != combine.initial else None
                continue
            start = self.plain(init, schedule, scope, f"{param.name}_start", origin)
            if result in self.folded:
                starts[result] = start
                continue
            back = self.channel(param, schedule, f"{param.name}_back")
            head = self.channel(param, schedule)
            trips = [*outer, loop.trips, len(schedule)]
            self.streams.actors.append(
                merge_actor(head.name, trips, len(scope), start, back.read(), head, origin=origin)
            )
            self.streams.of[param] = Stream(param, head, schedule, inner)
            feedback[result] = (back, origin)
        self.build_block(op.body, inner)
        for result, param, last in zip(op.results, op.params, op.body.yields, strict=True):
            schedule = self.schedules[result]
            trips = [*outer, loop.trips, len(schedule)]
            output = self.channel(result, schedule)
            if result in self.folded:
                self.build_fold(op, result, param, starts[result], trips, output, inner)
            else:
                back, origin = feedback[result]
                values = self.plain(last, schedule, inner, f"{last.name}_next", origin)
                self.streams.actors.append(
                    route_actor(output.name, trips, len(scope), values, back, output, origin=origin)
                )
            self.made(result, output, schedule, scope)

    def build_branches(self, op: If, scope: Scope) -> None:
        """Both branches, and for each result an actor that takes both and passes one on."""
        self.build_block(op.then, scope)
        self.build_block(op.orelse, scope)
        for number, result in enumerate(op.results):
            schedule = self.schedules[result]
            origin = Origin(result.name, "if", op.loc.span)
            sides = [
                self.take(Need(branch.yields[number], schedule), scope, origin) for branch in (op.then, op.orelse)
            ]
            if isinstance(op.cond, Value):
                flag = self.take(Need(op.cond, np.zeros((len(schedule), 1), np.int64)), scope, origin)
            else:
                taken = np.broadcast_to(op.cond.evaluate(self.counts(op, scope)), (_rounds(scope),))
                bits = np.where(taken, ONE, ZERO).astype(np.int64)[:, None]
                flag = self.streams.by_iteration(bits, scope)
            output = self.channel(result, schedule)
            function = Choose(output.shape)
            self.streams.map(output.name, [flag, *sides], function, output, len(schedule), scope, origin)
            self.made(result, output, schedule, scope)

    def counts(self, op: Op, scope: Scope) -> dict[str, Any]:
        """The values of the index symbols around an op, in each iteration of `scope`: int64 [iterations]."""
        grids = np.meshgrid(*(np.arange(loop.trips) for loop in scope), indexing="ij") if scope else []
        env: dict[str, Any] = {}
        for loop, values in zip(scope, grids, strict=True):
            lo, step = self.range_of(op, loop)
            env[loop.name] = lo + values.reshape(-1) * step
        return env

    def one_constant(self, value: Value) -> int | None:
        """The one number that all elements of a value are, None if they differ or are not constant."""
        bits = self.wires.bits[value]
        if (bits >= 0).any() or (bits != bits[0]).any():
            return None
        shape = beat_shape(value.dtype, 1)
        return int(from_bits((bits[:1] == ONE).astype(np.uint8), shape)[0, 0])

    def build_fold(
        self, op: For, result: Value, param: Value, start: Any, trips: list[int], output: Channel, inner: Scope
    ) -> None:
        fold = self.folded[result]
        schedule = self.schedules[result]
        user = next(o for o in op.body.ops if param in _reads(o))
        origin = Origin(result.name, user.name, user.loc.span)
        step = FoldStep(fold.combine, schedule.shape[1])
        if isinstance(start, int):
            step = _Starting(fold.combine, schedule.shape[1], start)
            start = None
        values = self.plain(fold.value, schedule, inner, f"{result.name}_terms", origin)
        folds = [False] * (len(inner) - 1) + [True, False]
        self.streams.actors.append(
            fold_actor(output.name, trips, folds, step, values, output, initial=start, origin=origin)
        )

    # --- edges

    def build_load(self, op: Load, scope: Scope) -> None:
        """A source that sends each tile that the loops ask for, in their order, once."""
        schedule = self.schedules[op.out]
        used = {symbol.name for index in op.at.indices for symbol in index.symbols()}
        around = tuple(loop for loop in scope if loop.name in used)
        key = (op.at.buffer, around, tuple(str(i) for i in op.at.indices), schedule.tobytes(), schedule.shape,
               op.out.tile.shape, op.oob, tuple(map(str, self.values_of(scope))))  # fmt: skip
        if key not in self.sources:
            frame = prod(loop.trips for loop in around) * len(schedule)
            origin = Origin(op.out.name, "load", op.loc.span)
            if frame > MAX_BEATS:
                raise refused(op, f"it takes {frame} beats", "use more lanes, or a smaller problem")
            elements = self.elements(op, op.at, op.out.tile, schedule, around)
            name = self.streams.name(op.at.buffer.name)
            shape = beat_shape(op.out.dtype, schedule.shape[1])
            channel = Channel(self.streams.name(f"{name}_memory"), shape, frame)
            label = self.streams.name(f"{name}_source")
            self.streams.actors.append(source_actor(label, name, channel, frame, origin=origin))
            steps: dict[Loop, int] = {}
            span = len(schedule)
            for loop in reversed(around):
                steps[loop] = span
                span *= loop.trips
            self.sources[key] = Stream(op.out, channel, schedule, scope, steps)
            self.inputs.append(Port(name, op.at.buffer.name, shape, elements, origin))
        shared = self.sources[key]
        self.streams.of[op.out] = Stream(op.out, shared.channel, schedule, scope, shared.steps)

    def build_store(self, op: Store, scope: Scope) -> None:
        schedule = self.preferred_store(op)
        origin = Origin(op.a.name, "store", op.loc.span)
        reader = self.plain(op.a, schedule, scope, f"{op.a.name}_out", origin)
        beats = prod(loop.trips for loop in scope) * len(schedule)
        if beats > MAX_BEATS:
            raise refused(op, f"it gives {beats} beats", "use more lanes, or a smaller problem")
        name = self.streams.name(op.at.buffer.name)
        label = self.streams.name(f"{name}_sink")
        self.streams.actors.append(sink_actor(label, name, reader, beats, origin=origin))
        elements = self.elements(op, op.at, op.a.tile, schedule, scope)
        self.outputs.append(Port(name, op.at.buffer.name, reader.channel.shape, elements, origin))
        self.stores.append(op)

    def preferred_store(self, op: Store) -> Schedule:
        """The stored value as it comes, if it comes in whole beats; else in the order of the buffer."""
        if self.wires.is_root(op.a):
            return self.schedules[op.a]
        return self.preferred(op.a)

    def elements(
        self, op: Load | Store, at: Access, kind: TileType, schedule: Schedule, scope: Scope
    ) -> Schedule:
        """Elements of the flattened buffer [beats, lanes] in the order of the loops of `scope`."""
        extents = at.type.extents
        lead = len(extents) - kind.rank
        env = self.counts(op, scope)
        count = _rounds(scope)
        inner = np.unravel_index(np.maximum(schedule, 0), kind.shape) if kind.rank else ()
        flat = np.zeros((count, *schedule.shape), np.int64)
        inside = np.broadcast_to(schedule >= 0, flat.shape).copy()
        for dim, (index, extent) in enumerate(zip(at.indices, extents, strict=True)):
            start = np.broadcast_to(np.asarray(index.evaluate(env), np.int64), (count,))
            where = start[:, None, None] + (inner[dim - lead] if dim >= lead else 0)
            ok = (where >= 0) & (where < extent)
            bad = inside & ~ok
            # in a branch the machine has the last word: an iteration may go the other way
            if op.oob == "trap" and bad.any() and not self.guarded.intersection(op.results):
                value = int(np.broadcast_to(where, flat.shape)[tuple(np.argwhere(bad)[0])])
                buffer = at.buffer.name
                raise op.reject(
                    "TV0403",
                    f"index {value} is outside of dimension {dim} of `{buffer}`, which has extent {extent}",
                    "at",
                    help="make the tile fit, or say `oob = zero` (load) or `oob = skip` (store)",
                )
            inside &= ok
            flat = flat * extent + np.clip(where, 0, extent - 1)
        return np.where(inside, flat, -1).reshape(-1, schedule.shape[1])

    def range_of(self, op: Op, loop: Loop) -> tuple[int, int]:
        """First value and step of a loop variable around an op; 0 and 1 for a dimension of the grid."""
        found = _around(self.kernel.body, op)
        for level in found:
            if level.var == loop.name:
                assert isinstance(level.lo, Const) and isinstance(level.step, Const)
                return level.lo.value, level.step.value
        return 0, 1

    def values_of(self, scope: Scope) -> list[Expr | tuple[str, int]]:
        return [(loop.name, loop.depth) for loop in scope]


@dataclass(frozen=True, eq=False)
class _Starting(FoldStep):
    """A fold that starts from a constant of the program."""

    start: int = 0

    @property
    def initial(self) -> int:
        return self.start


def _reads(op: Op) -> tuple[Value, ...]:
    """What an op reads itself, its inner blocks' yields included."""
    found = op.operands
    for region in regions(op):
        found += region.yields
    return found


def _around(block: Block, op: Op) -> tuple[For, ...]:
    """The loops around an op, outermost first."""
    for inner in block.ops:
        if inner is op:
            return ()
        for region in regions(inner):
            if any(o is op for o in region.walk()):
                here = (inner,) if isinstance(inner, For) else ()
                return (*here, *_around(region, op))
    return ()


def _rounds(scope: Scope) -> int:
    """Iterations of all loops of a scope."""
    return prod(loop.trips for loop in scope)


__all__ = ["Lowered", "Mapping", "Port", "Tap", "affine", "lower"]
