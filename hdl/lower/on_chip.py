"""The actors of buffers that are memories: addresses, the memory itself, its image in and out."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import prod
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from hdl.lower.edges import Port
from hdl.lower.functions import Address, beat_shape
from hdl.lower.memories import Touching, buffer_type, is_global, one_by_one
from hdl.lower.schedule import Bits
from hdl.lower.streams import Operand, Scope, counts, rounds, taken
from hdl.lower.wires import constant_bits
from hdl.netlist import Channel, Origin, Reader
from hdl.turns import Node, Rounds, Turn, Turns
from hdl.units import (
    Access,
    Drain,
    Fill,
    Memory,
    Place,
    image_lanes,
    memory_actor,
    sink_actor,
    source_actor,
)
from tilevm.dtypes import DType, dtype
from tilevm.ir import Condition, Value

if TYPE_CHECKING:
    from hdl.lower.building import Building


@dataclass(eq=False)
class _Parts:
    """What is known of one memory so far, in the order of its places."""

    places: list[Place] = field(default_factory=list)
    inputs: list[Reader] = field(default_factory=list)
    outputs: list[Channel] = field(default_factory=list)


class OnChip:
    """The memories of a kernel under construction, and the order in which they are touched."""

    def __init__(self, building: Building) -> None:
        self._made = building
        self._parts: dict[Value, _Parts] = {}
        self._open: list[dict[Value, list[Node]]] = [{}]

    # --- loops around

    def enter(self) -> None:
        """What follows is inside of one more loop."""
        self._open.append({})

    def leave(self, trips: int) -> None:
        """The end of a loop of so many rounds."""
        for buffer, body in self._open.pop().items():
            self._open[-1].setdefault(buffer, []).append(Rounds(trips, tuple(body)))

    # --- statements

    def touch(self, touched: Touching, scope: Scope) -> None:
        """A statement: the actor of its addresses, and its places in the memory."""
        op, made = touched.op, self._made
        buffer, each = op.at.buffer, one_by_one(prod(touched.shape))
        if buffer not in self._parts:
            self._begin(buffer)
        parts = self._parts[buffer]
        named = op.results[0].name if op.results else op.operands[0].name
        origin = Origin(named, op.name, op.loc.span)
        addresses = self._addresses(touched, scope, origin)
        for access in touched.accesses:
            gives = access.gives and op.results[0] in made.schedules
            number = len(parts.places)
            parts.places.append(replace(access, gives=gives))
            self._open[-1].setdefault(buffer, []).append(Turn(number, len(each)))
            parts.inputs.append(addresses.read())
            for need in touched.values[: access.values]:
                label = f"{need.value.name}_given"
                parts.inputs.append(made.plain(need.value, need.elements, scope, label, origin))
            if gives:
                value = op.results[0]
                channel = made.channel(value, each)
                parts.outputs.append(channel)
                made.made(value, channel, each, scope, origin)

    def _addresses(self, touched: Touching, scope: Scope, origin: Origin) -> Channel:
        op, made = touched.op, self._made
        extents = op.at.type.extents
        beats = prod(touched.shape)
        ways: list[bool] = []
        operands: list[Operand] = []
        if any(isinstance(cond, Condition) for cond, _ in touched.under):
            operands.append(made.streams.flag(taken(touched.under, scope), scope))
            ways.append(True)
        on_tiles = [way for cond, way in touched.under if isinstance(cond, Value)]
        for need, way in zip(touched.flags, on_tiles, strict=True):
            operands.append(made.take(need, scope, origin))
            ways.append(way)
        along = getattr(op, "dim", 0) if touched.index is not None else None
        inner = np.unravel_index(np.arange(beats), touched.shape) if touched.shape else ()
        lead = len(extents) - len(touched.shape)
        for dim, index in enumerate(op.at.indices):
            starts = np.asarray(index.evaluate(counts(scope)), np.int64)
            operands.append(self._starts(np.broadcast_to(starts, (rounds(scope),)), scope))
            if dim == along:
                assert touched.index is not None
                operands.append(made.take(touched.index, scope, origin))
            else:
                place = inner[dim - lead] if dim >= lead else np.zeros(beats, np.int64)
                operands.append(self._inner(np.asarray(place, np.int64), scope, origin))
        function = Address(extents, tuple(ways), along)
        name = made.streams.name(f"{op.at.buffer.name}_address")
        channel = Channel(name, function.shape, beats)
        made.streams.map(name, operands, function, channel, beats, scope, origin)
        return channel

    def _starts(self, values: npt.NDArray[np.int64], scope: Scope) -> Operand:
        """A number for each iteration."""
        kind = _narrow(values)
        operand = self._made.streams.by_iteration(constant_bits(values, kind), scope)
        return replace(operand, shape=beat_shape(kind, 1))

    def _inner(self, values: npt.NDArray[np.int64], scope: Scope, origin: Origin) -> Operand:
        """A number for each beat."""
        kind = _narrow(values)
        bits: Bits = constant_bits(values, kind)[:, None]
        operand = self._made.streams.operand(bits, scope, origin)
        return replace(operand, shape=beat_shape(kind, 1))

    # --- the memory itself

    def _begin(self, buffer: Value) -> None:
        """A memory, filled from a port if the buffer is global."""
        parts = self._parts[buffer] = _Parts()
        if is_global(buffer):
            port = self._port(buffer, "in", "load")
            made, beats = self._made, len(port.elements)
            channel = Channel(made.streams.name(f"{port.name}_beats"), port.shape, beats)
            label = made.streams.name(f"{port.name}_source")
            made.streams.actors.append(
                source_actor(label, port.name, channel, beats, origin=port.origin)
            )
            made.inputs.append(port)
            parts.places.append(Fill())
            parts.inputs.append(channel.read())

    def finish(self, grid: Scope) -> None:
        """All memories, once the whole program is known."""
        (body,) = self._open
        for buffer, parts in self._parts.items():
            nodes: tuple[Node, ...] = tuple(body[buffer])
            for loop in reversed(grid):
                nodes = (Rounds(loop.trips, nodes),)
            self._end(buffer, parts, nodes)

    def _end(self, buffer: Value, parts: _Parts, nodes: tuple[Node, ...]) -> None:
        made, size = self._made, prod(buffer_type(buffer).extents)
        lanes = 1
        port = None
        if is_global(buffer):
            lanes = image_lanes(size, made.plan.lanes)
            nodes = (Turn(0, size // lanes), *nodes)
        if is_global(buffer) and any(isinstance(p, Access) and p.writes for p in parts.places):
            port = self._port(buffer, "out", "store")
            beats = len(port.elements)
            nodes = (*nodes, Turn(len(parts.places), beats))
            parts.places.append(Drain())
            parts.outputs.append(
                Channel(made.streams.name(f"{port.name}_beats"), port.shape, beats)
            )
        shape = beat_shape(buffer.dtype, 1)
        memory = Memory(shape, size, lanes, tuple(parts.places), Turns(nodes))
        name = made.streams.name(f"{buffer.name}_memory")
        origin = Origin(buffer.name, "memory", buffer.span)
        made.streams.actors.append(
            memory_actor(name, memory, parts.inputs, parts.outputs, origin=origin)
        )
        if port is not None:
            label = made.streams.name(f"{port.name}_sink")
            made.streams.actors.append(
                sink_actor(
                    label, port.name, parts.outputs[-1].read(), len(port.elements), origin=origin
                )
            )
            made.images.append(port)

    def _port(self, buffer: Value, way: str, op: str) -> Port:
        size = prod(buffer_type(buffer).extents)
        lanes = image_lanes(size, self._made.plan.lanes)
        elements = np.arange(size, dtype=np.int64).reshape(-1, lanes)
        name = self._made.streams.name(f"{buffer.name}_{way}")
        origin = Origin(buffer.name, op, buffer.span)
        return Port(name, buffer.name, beat_shape(buffer.dtype, lanes), elements, origin, ())


def _narrow(values: npt.NDArray[np.int64]) -> DType:
    """The narrowest type that holds these numbers, of one bit for the sign at least."""
    most = max(abs(int(values.min(initial=0))), abs(int(values.max(initial=0))))
    return dtype(f"i{min(64, max(2, most.bit_length() + 1))}")
