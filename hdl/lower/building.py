"""The actors of a planned program: the last walk, forward, op by op."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from hdl.lower.edges import Port, port_elements
from hdl.lower.engines import Engines, dealt, merged
from hdl.lower.functions import Choose, FoldStep, beat_shape, to_beats
from hdl.lower.memories import Way
from hdl.lower.numbered import iota, random, random_words
from hdl.lower.on_chip import OnChip
from hdl.lower.overwrites import rounds_of
from hdl.lower.planning import Planning, one_lane
from hdl.lower.rules import Need, Plan, flag_table
from hdl.lower.schedule import Schedule
from hdl.lower.streams import Loop, Operand, Scope, Stream, Streams, rounds, taken
from hdl.lower.wires import refused
from hdl.netlist import ONE, BeatShape, Channel, Origin, Reader, Wiring
from hdl.units import (
    Identity,
    fold_actor,
    merge_actor,
    route_actor,
    scan_actor,
    sink_actor,
    source_actor,
)
from hdl.units.lanes import from_bits
from tilevm.diagnostics import Label, Span, TileError, error
from tilevm.ir import Block, Const, For, If, Kernel, Op, Value
from tilevm.ir.ops import Expect, Iota, Load, Print, Random, Store, SubsetSums, Watch
from tilevm.ir.ops.facts import Fact

MAX_BEATS = 1 << 22  # of a port, or rounds: beyond it the tables of this compiler grow out of hand
_SMALLER = "use more lanes, or a smaller problem"


def too_large(what: str, most: int, span: Span | None, help: str) -> TileError:
    """The diagnostic for a design beyond what this compiler can hold."""
    labels = [Label(span)] if span else []
    return error("TV0615", f"{what}, and {most:,} is the most", *labels, help=help)


@dataclass(frozen=True, eq=False)
class Tap:
    """A channel that carries a named value of the program, and in which schedule."""

    channel: str
    value: Value
    schedule: Schedule
    scope: Scope
    origin: Origin  # the op that gives the value


class Building:
    """The actors, ports and taps of a kernel, made as its plan says."""

    def __init__(self, kernel: Kernel, plan: Planning, engines: Engines | None = None) -> None:
        self.plan, self.engines = plan, engines or Engines()
        self.wires, self.schedules = plan.wires, plan.schedules
        self.streams = Streams(plan.wires)
        self.inputs: list[Port] = []
        self.outputs: list[Port] = []
        self.stores: list[tuple[Store, ...]] = []  # of each output, engine by engine
        self.images: list[Port] = []  # outputs of memories
        self.memories: list[str] = []
        self.taps: list[Tap] = []
        self.tables: list[str] = []
        self.notes: list[str] = []
        self._under: list[Way] = []
        self._sources: dict[object, Channel] = {}
        self._to_merge: dict[tuple[Op, ...], list[tuple[Reader, Schedule]]] = {}
        scope: Scope = ()
        for name, extent in kernel.grid:
            assert isinstance(extent, Const)
            scope = (*scope, Loop(name, extent.value, len(scope), block=True))
        if rounds(scope) > MAX_BEATS:
            what = f"the grid of `{kernel.name}` has {rounds(scope):,} thread blocks"
            raise too_large(what, MAX_BEATS, kernel.loc.span, _SMALLER)
        self._on_chip = OnChip(self)
        self._block(kernel.body, scope)
        self._on_chip.finish(scope)

    def _block(self, block: Block, scope: Scope) -> None:
        for op in block.ops:
            match op:
                case _ if op in self.plan.touching:
                    self._on_chip.touch(self.plan.touching[op], scope)
                case Load() if op.out in self.schedules and not self._is_memory(op):
                    self._load(op, scope)
                case Store() if not self._is_memory(op) and not self._is_wired(op):
                    self._store(op, scope)
                case For():
                    self._loop(op, scope)
                case If():
                    self._branches(op, scope)
                case Print() | Watch() | Fact() | Expect():
                    text = f"`{op.name} {op.a.name}` is left to the virtual machine"
                    self.notes.append(text)
                case Iota() if op.out in self.schedules:
                    iota(self, op, scope)
                case Random() if op.out in self.schedules:
                    random(self, op, scope)
                case _:
                    for result in self.plan.made(op):
                        self._op(op, result, self.plan.plans[result], scope)

    def _is_memory(self, op: Load | Store) -> bool:
        return op.at.buffer in self.plan.memories

    def _is_wired(self, op: Load | Store) -> bool:
        return self.plan.shared.holds(op.at.buffer)

    # --- connections

    def channel(self, value: Value, schedule: Schedule, label: str | None = None) -> Channel:
        """A new channel for the beats of a value."""
        name = self.streams.name(label or value.name)
        return Channel(name, beat_shape(value.dtype, schedule.shape[1]), len(schedule))

    def made(
        self, value: Value, channel: Channel, schedule: Schedule, scope: Scope, origin: Origin
    ) -> None:
        """Registers the stream of a value, and lets the simulation compare it."""
        self.streams.of[value] = Stream(value, channel, schedule, scope)
        if value not in self.plan.guarded:
            self.taps.append(Tap(channel.name, value, schedule, scope, origin))

    def take(self, need: Need, scope: Scope, origin: Origin) -> Operand:
        """An operand of a map, connected."""
        bits = self.wires.need(need.value, need.elements)
        shape = beat_shape(need.value.dtype, need.elements.shape[1])
        return replace(self.streams.operand(bits, scope, origin), shape=shape)

    def plain(
        self, value: Value, schedule: Schedule, scope: Scope, label: str, origin: Origin
    ) -> Reader:
        """A reader of a value's beats, just as the schedule says."""
        shape = beat_shape(value.dtype, schedule.shape[1])
        bits = self.wires.need(value, schedule)
        return self.streams.plain(bits, shape, scope, label, origin)

    # --- ops

    def _op(self, op: Op, result: Value, plan: Plan, scope: Scope) -> None:
        origin = Origin(result.name, op.name, op.loc.span)
        beats = len(plan.schedule) * (plan.steps if plan.scan is None else 1)
        operands = [self.take(need, scope, origin) for need in plan.needs]
        if plan.flags is not None:
            table = flag_table(plan.flags[: plan.steps]).astype(np.int32)
            operands.append(Operand(None, BeatShape(1, 1), table, 1))
        if plan.words is not None:
            operands.append(random_words(self, plan.words, result, plan.schedule, scope, origin))
        output = self.channel(result, plan.schedule)
        made, count = output, len(plan.schedule)
        if plan.finish is not None:
            exact = (plan.scan or plan.fold or plan.function).shape
            made = Channel(self.streams.name(f"{output.name}_exact"), exact, count)
        if plan.scan is not None:
            reader = self._terms(operands, plan, f"{output.name}_terms", beats, scope, origin)
            trips = [*(loop.trips for loop in scope), beats // plan.steps, plan.steps]
            self.streams.actors.append(
                scan_actor(made.name, trips, plan.scan, reader, made, origin=origin)
            )
        elif plan.fold is None:
            self.streams.map(made.name, operands, plan.function, made, beats, scope, origin)
        else:
            reader = self._terms(operands, plan, f"{output.name}_terms", beats, scope, origin)
            trips = [*(loop.trips for loop in scope), count, plan.steps]
            folds = [False] * (len(scope) + 1) + [True]
            self.streams.actors.append(
                fold_actor(made.name, trips, folds, plan.fold, reader, made, origin=origin)
            )
        if plan.finish is not None:
            table = Wiring.identity(made.shape).table
            last = [Operand(made.read(), made.shape, table, 1)]
            last += [self.take(need, scope, origin) for need in plan.beside]
            self.streams.map(output.name, last, plan.finish, output, count, scope, origin)
        self.made(result, output, plan.schedule, scope, origin)
        if isinstance(op, SubsetSums):
            self.tables.append(output.name)

    def _terms(
        self,
        operands: list[Operand],
        plan: Plan,
        label: str,
        beats: int,
        scope: Scope,
        origin: Origin,
    ) -> Reader:
        """The values that a fold takes: from the producer itself if nothing is computed before."""
        first = operands[0]
        if isinstance(plan.function, Identity) and first.is_plain and first.reader is not None:
            return first.reader
        name = self.streams.name(label)
        terms = Channel(name, plan.function.shape, beats)
        self.streams.map(name, operands, plan.function, terms, beats, scope, origin)
        return terms.read()

    # --- control

    def _loop(self, op: For, scope: Scope) -> None:
        assert isinstance(op.lo, Const) and isinstance(op.step, Const)
        loop = Loop(op.var, rounds_of(op), len(scope), op.lo.value, op.step.value)
        inner = (*scope, loop)
        if rounds(inner) > MAX_BEATS:
            raise refused(op, f"it goes {rounds(inner):,} rounds", _SMALLER)
        backs: dict[Value, Channel] = {}
        starts: dict[Value, Reader | int] = {}
        for result, param, init in zip(op.results, op.params, op.inits, strict=True):
            schedule = self.schedules[result]
            origin = Origin(result.name, "for", param.span or op.loc.span)
            constant = self._one_constant(init)
            if result in self.plan.folded and constant is not None:
                starts[result] = constant
                continue
            start = self.plain(init, schedule, scope, f"{param.name}_start", origin)
            if result in self.plan.folded:
                starts[result] = start
                continue
            backs[result] = self.channel(param, schedule, f"{param.name}_back")
            head = self.channel(param, schedule)
            back = backs[result].read()
            trips = [*(level.trips for level in inner), len(schedule)]
            self.streams.actors.append(
                merge_actor(head.name, trips, len(scope), start, back, head, origin=origin)
            )
            self.streams.of[param] = Stream(param, head, schedule, inner)
        self._on_chip.enter()
        self._block(op.body, inner)
        self._on_chip.leave(loop.trips)
        for result, last in zip(op.results, op.body.yields, strict=True):
            schedule = self.schedules[result]
            output = self.channel(result, schedule)
            if result in self.plan.folded:
                origin = self._fold(result, starts[result], output, inner)
            else:
                origin = Origin(result.name, "for", op.loc.span)
                values = self.plain(last, schedule, inner, f"{last.name}_next", origin)
                trips = [*(level.trips for level in inner), len(schedule)]
                back_channel = backs[result]
                self.streams.actors.append(
                    route_actor(
                        output.name, trips, len(scope), values, back_channel, output, origin=origin
                    )
                )
            self.made(result, output, schedule, scope, origin)

    def _fold(self, result: Value, start: Reader | int, output: Channel, inner: Scope) -> Origin:
        """A carried value as a fold over its loop, one state for each of its beats; by which op."""
        fold, schedule = self.plan.folded[result], self.schedules[result]
        origin = Origin(result.name, fold.user.name, fold.user.loc.span)
        values = self.plain(fold.value, schedule, inner, f"{result.name}_terms", origin)
        trips = [*(level.trips for level in inner), len(schedule)]
        folds = [False] * (len(inner) - 1) + [True, False]
        constant = start if isinstance(start, int) else None
        step = FoldStep(fold.combine, schedule.shape[1], constant)
        initial = start if isinstance(start, Reader) else None
        self.streams.actors.append(
            fold_actor(
                output.name, trips, folds, step, values, output, initial=initial, origin=origin
            )
        )
        return origin

    def _one_constant(self, value: Value) -> int | None:
        """The one number that all elements are; None if they differ or are not constant."""
        bits = self.wires.bits[value]
        if (bits >= 0).any() or (bits != bits[0]).any():
            return None
        shape = beat_shape(value.dtype, 1)
        return int(from_bits((bits[:1] == ONE).astype(np.uint8), shape)[0, 0])

    def _branches(self, op: If, scope: Scope) -> None:
        """Both branches, and for each result an actor that takes both and passes one on."""
        for branch, way in zip(op.blocks, (True, False), strict=True):
            self._under.append((op.cond, way))
            self._block(branch, scope)
            self._under.pop()
        for number, result in enumerate(op.results):
            schedule = self.schedules[result]
            origin = Origin(result.name, "if", op.loc.span)
            sides = [
                self.take(Need(branch.yields[number], schedule), scope, origin)
                for branch in op.blocks
            ]
            if isinstance(op.cond, Value):
                flag = self.take(Need(op.cond, one_lane(schedule)), scope, origin)
            else:
                flag = self.streams.flag(taken([(op.cond, True)], scope), scope)
            output = self.channel(result, schedule)
            operands = [flag, *sides]
            function = Choose(output.shape)
            beats = len(schedule)
            self.streams.map(output.name, operands, function, output, beats, scope, origin)
            self.made(result, output, schedule, scope, origin)

    # --- edges

    def _load(self, op: Load, scope: Scope) -> None:
        """A source that sends each tile that the loops ask for, in their order, once."""
        schedule = self.schedules[op.out]
        used = {symbol.name for index in op.at.indices for symbol in index.symbols()}
        around = tuple(loop for loop in scope if loop.name in used)
        each: tuple[Op, ...] = (op,)
        if any(self.engines.spreads(loop) for loop in around):
            each = self.engines.of(op)
        frame = rounds(around) * len(schedule) * len(each)
        if frame > MAX_BEATS:
            raise refused(op, f"it takes {frame:,} beats", _SMALLER)
        parts = [self._part(load, schedule, around) for load in each if isinstance(load, Load)]
        chunk = self.engines.chunk(around) if len(each) > 1 else 1
        elements = self.engines.together(parts, chunk)
        fill = int(to_beats([op.fill], op.out.dtype)[0]) if op.oob == "value" else 0
        key = (op.at.buffer, (elements.tobytes(), elements.shape, len(schedule), fill), len(each))
        if (*key, 0) not in self._sources:
            origin = Origin(op.out.name, "load", op.loc.span)
            name = self.streams.name(op.at.buffer.name)
            shape = beat_shape(op.out.dtype, schedule.shape[1])
            held = f"{name}_memory" if len(each) == 1 else f"{name}_stream"
            channel = Channel(self.streams.name(held), shape, frame)
            label = self.streams.name(f"{name}_source")
            self.streams.actors.append(source_actor(label, name, channel, frame, origin=origin))
            channels = dealt(self.streams, channel, name, chunk, len(each), origin)
            self._sources |= {(*key, number): made for number, made in enumerate(channels)}
            self.memories += [made.name for made in channels]
            whole = self.engines.whole(around) if len(each) > 1 else around
            self.inputs.append(Port(name, op.at.buffer.name, shape, elements, origin, whole, fill))
        steps: dict[Loop, int] = {}
        span = len(schedule)
        for loop in reversed(around):
            steps[loop] = span
            span *= loop.trips
        channel = self._sources[*key, each.index(op)]
        self.streams.of[op.out] = Stream(op.out, channel, schedule, scope, steps)

    def _part(self, op: Load, schedule: Schedule, around: Scope) -> Schedule:
        """What a load asks for: that of an engine as the others."""
        assert np.array_equal(self.schedules[op.out], schedule), op.out.name
        guarded = op.out in self.plan.guarded
        return port_elements(op, op.out.tile, schedule, around, guarded=guarded)

    def _store(self, op: Store, scope: Scope) -> None:
        schedule = self.plan.stored(op)
        origin = Origin(op.a.name, "store", op.loc.span)
        reader = self.plain(op.a, schedule, scope, f"{op.a.name}_out", origin)
        beats = rounds(scope) * len(schedule)
        if beats > MAX_BEATS:
            raise refused(op, f"it gives {beats:,} beats", _SMALLER)
        elements = port_elements(op, op.a.tile, schedule, scope, runs=taken(self._under, scope))
        each = self.engines.of(op)
        parts = self._to_merge.setdefault(each, [])
        parts.append((reader, elements))
        if len(parts) < len(each):  # the port is made with the last engine
            return
        name = self.streams.name(op.at.buffer.name)
        if len(each) > 1:
            chunk = self.engines.chunk(scope)
            readers = [part for part, _ in parts]
            reader = merged(self.streams, readers, name, chunk, beats // chunk, origin)
            elements = self.engines.together([part for _, part in parts], chunk)
            scope = self.engines.whole(scope)
        label = self.streams.name(f"{name}_sink")
        count = beats * len(each)
        self.streams.actors.append(sink_actor(label, name, reader, count, origin=origin))
        shape = reader.channel.shape
        self.outputs.append(Port(name, op.at.buffer.name, shape, elements, origin, scope))
        self.stores.append(tuple(store for store in each if isinstance(store, Store)))
