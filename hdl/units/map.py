"""Map: a pure function of the beats of its inputs, at every firing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from hdl.netlist import Actor, Channel, Input, Origin, Output, Reader, When, Wiring
from hdl.units.function import LaneFunction
from hdl.units.lanes import ROM_VARIANTS, Beats, check_wiring, fit, gather, launches_of

if TYPE_CHECKING:
    from hdl.units.stage import Stage


@dataclass(frozen=True, eq=False)
class Map:
    """`function` of operands, each wired from the payload of one input port, or constant (None).

    Elementwise ops, dots of a beat, adder trees, lane rearrangement and table lookups are maps.
    Without inputs it gives constants, chosen by the counters.
    """

    operands: tuple[tuple[int | None, Wiring], ...]
    function: LaneFunction

    @property
    def summary(self) -> str:
        return f"map {self.function.name}"

    def rom_bits(self, actor: Actor) -> int:
        """Bits of the constant tables that it reads: of its function, and of operands."""
        bits = int(getattr(self.function, "rom_bits", 0))
        for port, wiring in self.operands:
            used = wiring.used(actor.trips)
            if port is None and used > ROM_VARIANTS:
                bits += used * wiring.shape.width
        return bits

    def model(self, inputs: Sequence[Beats], actor: Actor) -> list[Beats]:
        launches = 1
        if inputs:
            taken = int(actor.due(actor.inputs[0].when).sum())
            launches = launches_of(len(inputs[0]), taken, actor)
        counters = actor.counters()
        operands = []
        for port, wiring in self.operands:
            index = np.zeros(actor.firings, np.int64)
            for level, stride in wiring.select:
                index += counters[:, level] * stride
            payload, shape = (
                (None, None)
                if port is None
                else (inputs[port], actor.inputs[port].reader.channel.shape)
            )
            operands.append(gather(payload, shape, wiring, np.tile(index, launches)))
        result = fit(self.function.model(operands), self.function.shape)
        return [result[np.tile(actor.due(actor.outputs[0].when), launches)]]

    def emit(self, m: Any, stage: Stage, actor: Actor) -> list[list[Any]]:
        from hdl.units.wires import operand_lanes

        operands = [
            operand_lanes(
                m, f"operand{number}", wiring, None if port is None else stage.payloads[port], stage
            )
            for number, (port, wiring) in enumerate(self.operands)
        ]
        return [self.function.emit(m, operands)]


def map_actor(
    name: str,
    trips: Sequence[int],
    inputs: Sequence[Reader],
    operands: Sequence[tuple[int | None, Wiring]],
    function: LaneFunction,
    output: Channel,
    *,
    when: When | None = None,
    origin: Origin | None = None,
) -> Actor:
    """An actor that takes one beat of each input at each firing, and pushes where `when` says."""
    assert output.shape == function.shape, f"`{name}`: {function.shape} into {output.shape}"
    for port, wiring in operands:
        source = None if port is None else inputs[port].channel.shape
        check_wiring(wiring, source, tuple(trips))
    return Actor(
        name,
        tuple(trips),
        Map(tuple(operands), function),
        tuple(Input(reader) for reader in inputs),
        (Output(output, when),),
        origin,
    )
