"""What a design stores: every buffer, memory, table and state, with its bits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hdl.netlist import Actor, Channel
from hdl.units import Collect, Fold, Map, Memory, Scan

if TYPE_CHECKING:
    from hdl.design import Design

KINDS = {
    "table": "look-up tables",
    "memory": "memories of input buffers",
    "buffer": "other buffers",
    "rom": "constant tables",
    "state": "states of units",
}


@dataclass(frozen=True, eq=False)
class Stored:
    """One part: `kind` is one of `KINDS`, `actor` what writes it, or reads a constant table."""

    kind: str
    name: str
    bits: int
    actor: Actor


def stored(design: Design) -> list[Stored]:
    """Every part of a design that stores bits, in the order of the netlist.

    Counters, addresses and valid bits are not counted, nor what stands around the core: gates,
    queues of buses, registers.
    """
    found = []
    for actor in design.netlist.actors:
        for port in actor.outputs:
            channel = port.channel
            kind = _kind(design, actor, channel)
            found.append(Stored(kind, channel.name, channel_bits(channel), actor))
        unit = actor.unit
        if isinstance(unit, Memory):
            found.append(Stored("memory", actor.name, unit.bits, actor))
        elif isinstance(unit, Map):
            found.append(Stored("rom", actor.name, unit.rom_bits(actor), actor))
        elif isinstance(unit, Fold | Scan | Collect):
            found.append(Stored("state", actor.name, unit.state_bits(actor), actor))
    return [part for part in found if part.bits]


def channel_bits(channel: Channel) -> int:
    """Bits that a channel stores."""
    return (channel.depth or 0) * channel.shape.width


def _kind(design: Design, actor: Actor, channel: Channel) -> str:
    if channel.name in design.lowered.tables:
        return "table"
    # what a source fills, and what it is dealt out to for each engine
    if not actor.inputs or channel.name in design.lowered.memories:
        return "memory"
    return "buffer"
