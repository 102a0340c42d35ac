"""Collect: several beats side by side in one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hdl.netlist import Actor, BeatShape, Channel, Input, Origin, Output, Reader, When
from hdl.units.lanes import Beats

if TYPE_CHECKING:
    from hdl.units.stage import Stage


@dataclass(frozen=True)
class Collect:
    """One beat of ``count * lanes`` lanes for each `count` beats, the first in the lowest lanes.

    It pushes where the innermost level, of `count` steps, is at its last one.
    """

    count: int

    @property
    def summary(self) -> str:
        return f"collect {self.count}"

    def state_bits(self, actor: Actor) -> int:
        """Bits of the beats that it holds."""
        return (self.count - 1) * actor.inputs[0].reader.channel.shape.width

    def model(self, inputs: Sequence[Beats], actor: Actor) -> list[Beats]:
        beats, lanes = inputs[0].shape
        return [inputs[0].reshape(beats // self.count, self.count * lanes)]

    def emit(self, m: Any, stage: Stage, actor: Actor) -> list[list[Any]]:
        from hdl.units.state import collect_state

        return [collect_state(m, stage, self.count)]


def collect_actor(
    name: str,
    trips: Sequence[int],
    values: Reader,
    output: Channel,
    *,
    origin: Origin | None = None,
) -> Actor:
    """An actor that joins the beats of its innermost level, ``trips[-1]`` of them, into one."""
    count, given = trips[-1], values.channel.shape
    wide = BeatShape(given.lanes * count, given.bits, given.signed)
    assert output.shape == wide, (
        f"`{name}`: {count} beats of {given} are {wide}, not {output.shape}"
    )
    outputs = (Output(output, When(((len(trips) - 1, "last"),))),)
    return Actor(name, tuple(trips), Collect(count), (Input(values),), outputs, origin)
