"""What an actor hands to its unit, and the payloads of streams."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from amaranth import Cat, Const, Shape, Signal, Value, signed
from amaranth.lib import data, stream

from hdl.netlist import BeatShape
from hdl.units.nest import Nest
from hdl.units.sequencer import Sequencer

_PARTS = 32  # of a Cat at most


@dataclass(frozen=True)
class Stage:
    """The inside of an actor, as its unit sees it.

    A payload is meaningful at the firings at which its port is due; state may change only where
    `fire` is 1.
    """

    payloads: Sequence[data.View[data.ArrayLayout]]
    nest: Nest
    fire: Value
    turns: Sequencer | None = None  # of an actor that serves several places

    def lanes(self, port: int) -> list[Any]:
        """The lanes of an input's payload, signed or unsigned."""
        return payload_lanes(self.payloads[port])


def layout_of(shape: BeatShape) -> data.ArrayLayout:
    """The payload of a stream of such beats."""
    return data.ArrayLayout(Shape(shape.bits, shape.signed), shape.lanes)


def stream_of(shape: BeatShape) -> stream.Signature:
    """A stream of such beats."""
    return stream.Signature(layout_of(shape))


def payload_lanes(payload: data.View[data.ArrayLayout]) -> list[Any]:
    """The lanes of a payload, signed or unsigned."""
    return [payload[lane] for lane in range(payload.shape().length)]


def pack(lanes: Sequence[Any], shape: BeatShape) -> Value:
    """Lanes as the bits of a payload, each truncated or extended to its width."""
    assert len(lanes) == shape.lanes, f"{len(lanes)} lanes for {shape}"
    return joined([resize(Value.cast(lane), shape.bits) for lane in lanes])


def joined(parts: Sequence[Value]) -> Value:
    """The parts one behind the other.

    In groups: the simulator nests an expression as deep as a Cat is long.
    """
    while len(parts) > _PARTS:
        parts = [Cat(parts[i : i + _PARTS]) for i in range(0, len(parts), _PARTS)]
    return Cat(parts)


def resize(value: Value, bits: int) -> Value:
    """The low `bits` bits; a shorter value is extended by its sign, if it has one."""
    if len(value) >= bits:
        return value[:bits]
    missing = bits - len(value)
    if len(value) and value.shape().signed:
        # an operator: the bits of a Cat would each have the whole expression again
        return (value | Const(0, signed(bits))).as_unsigned()
    return Cat(value, Const(0, missing))


def beat_signal(shape: BeatShape, name: str) -> Any:
    """A signal that holds one beat, as a view of its lanes."""
    return Signal(layout_of(shape), name=name)
