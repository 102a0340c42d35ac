"""For each value of a program the layout that it got, why, and what that costs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hdl.lower.schedule import HOLE, Schedule, to_layout
from hdl.netlist import Actor, Channel, Netlist, Walk
from hdl.units import Collect, Identity, Map
from tilevm.ir import For, Op, TileType, Value

if TYPE_CHECKING:
    from hdl.design import Design
    from hdl.lower.planning import Choice


@dataclass(frozen=True)
class Explained:
    """A value, its layout read as beats of lanes, the reason for it, and its price."""

    value: str
    line: int | None
    type: str
    layout: str
    beats: int  # 0 where it is no stream but wires
    lanes: int
    why: str
    bits: int  # of all buffers that hold it: its stream, and those that bring its beats together
    costs: tuple[str, ...]


def explain_layouts(design: Design) -> list[Explained]:
    """Every tile, in program order."""
    found = []
    channels = {channel.name: channel for channel in design.netlist.channels}
    streams = design.lowered.streams
    for op in design.kernel.body.walk():
        values = [*op.results, *(op.params if isinstance(op, For) else ())]
        for value in values:
            if not isinstance(value.type, TileType):
                continue
            if value in streams:
                found.append(_stream(design, value, channels[streams[value]]))
            else:
                found.append(_wires(op, value))
    return found


def explained(design: Design) -> str:
    """The same as text: a value in a line, what it costs below it."""
    lines = []
    for row in explain_layouts(design):
        place = f"line {row.line}: " if row.line is not None else ""
        shape = f"{row.beats} x {row.lanes} (beats x lanes), " if row.beats else ""
        held = f"; {row.bits} bits" if row.bits else ""
        lines.append(f"{place}{row.value}: {row.type} is {shape}{row.layout}: {row.why}{held}")
        lines += [f"    {cost}" for cost in row.costs]
    return "\n".join(lines) + "\n"


def why(choice: Choice) -> str:
    """The reason for a schedule, in words."""
    match choice.why:
        case "asked":
            return f"asked by {_op(choice.op)}"
        case "made":
            return f"as {_op(choice.op)} gives it"
        case "written":
            return "written in the program"
        case _:
            return "row by row, as nobody asks for another"


def shown(schedule: Schedule, kind: TileType) -> str:
    """A schedule as a layout, or what keeps it from being one."""
    layout = to_layout(schedule, kind)
    if layout is not None:
        return f"`{layout}`"
    empty = (schedule == HOLE).any()
    return "lanes left empty" if empty else "an order of beats that no layout has"


def _op(op: Op | None) -> str:
    if op is None:
        return "a unit of its own"
    return f"`{op.name}`" + (f", line {op.loc.span.line}" if op.loc.span else "")


def _line(value: Value) -> int | None:
    return value.span.line if value.span else None


def _bare(value: Value) -> str:
    return str(value.tile.with_shape(*value.tile.shape))


def _wires(op: Op, value: Value) -> Explained:
    origins = ", ".join(f"`{operand.name}`" for operand in dict.fromkeys(op.operands))
    reason = f"`{op.name}` of {origins} moves bits" if origins else "constants"
    return Explained(value.name, _line(value), _bare(value), "wires only", 0, 0, reason, 0, ())


def _stream(design: Design, value: Value, channel: Channel) -> Explained:
    schedule = design.lowered.schedules[value]
    bits, costs = design.bits(channel), []
    for actor, walk in _readers(design.netlist, channel):
        if isinstance(actor.unit, Collect):
            wide = actor.outputs[0].channel
            bits += design.bits(wide)
            users = ", ".join(f"`{user.name}`" for user, _ in _readers(design.netlist, wide))
            joined = f"{actor.unit.count} beats side by side in `{wide.name}`"
            costs.append(f"relayout for {users}: {joined}, {design.bits(wide)} bits")
            for user, again in _readers(design.netlist, wide):
                costs += _walk_costs(user, again, wide) + _lane_costs(user, wide)
        else:
            costs += _walk_costs(actor, walk, channel) + _lane_costs(actor, channel)
    costs.insert(0, f"buffer of {channel.depth} x {channel.shape.width} bits")
    beats, lanes = schedule.shape
    return Explained(
        value.name,
        _line(value),
        _bare(value),
        shown(schedule, value.tile),
        beats,
        lanes,
        why(design.lowered.choices[value]),
        bits,
        tuple(costs),
    )


def _readers(netlist: Netlist, channel: Channel) -> list[tuple[Actor, Walk]]:
    return [
        (actor, port.reader.walk)
        for actor in netlist.actors
        for port in actor.inputs
        if port.reader.channel is channel
    ]


def _walk_costs(actor: Actor, walk: Walk, channel: Channel) -> list[str]:
    """What it takes to read beats again, or in another order."""
    offsets = walk.offsets()
    if walk.pops > len(np.unique(offsets)):
        return [
            f"replay for `{actor.name}`: {walk.pops} beats taken of {walk.frame}, "
            f"{channel.depth} held"
        ]
    if (np.diff(offsets) < 0).any():
        return [f"another order for `{actor.name}`: {channel.depth} of {walk.frame} beats held"]
    return []


def _lane_costs(actor: Actor, channel: Channel) -> list[str]:
    """What it takes to bring lanes to where they are used."""
    unit = actor.unit
    if not isinstance(unit, Map):
        return []
    costs = []
    for port, wiring in unit.operands:
        if port is None or actor.inputs[port].reader.channel is not channel:
            continue
        if len(wiring.table) > 1:
            costs.append(
                f"width conversion for `{actor.name}`: a multiplexer of {len(wiring.table)} "
                f"ways to {wiring.shape.width} bits"
            )
        if isinstance(unit.function, Identity):
            width = actor.outputs[0].channel.shape.width
            costs.append(f"a unit that only moves lanes: `{actor.name}`, {width} bits a beat")
    return costs
