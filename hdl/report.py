"""What a design says about itself: the header of its Verilog, and its report."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hdl.lower import Port
from hdl.lower.schedule import Schedule, to_layout
from hdl.ports import port_order
from hdl.stored import KINDS
from hdl.view.layouts import shown, why
from hdl.view.roofline import roofline
from hdl.view.usage import lost, unit_times
from tilevm.ir import TileType, Value
from tilevm.layouts import Arrangement

if TYPE_CHECKING:
    from hdl.design import Design
    from hdl.timing import Timing


def header(design: Design) -> str:
    """What the design computes, its cycles, its ports with the order of beats, the program."""
    sizes = ", ".join(f"{name} = {value}" for name, value in design.launch.symbols.items())
    options = ", ".join(f"{name} {value}" for name, value in design.options.items())
    lines = [
        f"{design.name}: hardware of a tile program, by tilevm",
        f"Sizes: {sizes or 'fixed'}.  Options: {options}.",
        f"A launch takes {design.cycles} cycles with ports always ready.",
        "",
        "Clock `clk`, synchronous reset `rst` (active high).  A port is a stream: a beat moves",
        "in a cycle in which `valid` and `ready` are both 1.  After a launch the design waits for",
        "the beats of the next one; a port out that needs no port in offers them at once.",
        "A lane without an element (-1 in ports.json) takes 0 on the way in, or the `fill` that",
        "stands with its port; out, ignore it.",
        "",
    ]
    for port in design.inputs:
        lines.append(f"in  {_port(design, port)}")
    for port in design.outputs:
        lines.append(f"out {_port(design, port)}")
    if not design.edges.plain:
        buses = ", ".join(f"{name} {kind}" for name, kind in design.edges.kinds.items())
        lines += ["", f"Buses of the ports: {buses}.", "docs/buses.md of tilevm describes them."]
    lines += ["", "The program as built:", ""]
    return "\n".join(lines) + "\n" + str(design.kernel)


def _port(design: Design, port: Port) -> str:
    kind = design.kernel.param(port.buffer).dtype
    first = ", ".join(_element(design, port, int(e)) for e in port.elements[0][:4])
    more = ", ..." if port.shape.lanes > 4 else ""
    beats = len(port.elements)
    return (
        f"{port.name}: {beats} {'beat' if beats == 1 else 'beats'} of {port.shape.lanes} x {kind}, "
        "lane 0 in the lowest bits\n"
        f"      {_fill(port)}{port_order(port)}; the first beat holds {first}{more}"
    )


def _fill(port: Port) -> str:
    return f"fill {port.fill}; " if port.fill else ""


def _element(design: Design, port: Port, number: int) -> str:
    if number < 0:
        return "0"
    index = []
    for extent in reversed(design.launch.extents[port.buffer]):
        number, at = divmod(number, extent)
        index.append(at)
    return f"{port.buffer}{list(reversed(index))}"


def report(design: Design, timing: Timing) -> str:
    """Sizes, cycles, where they go, what bounds them, the streams with layouts, as Markdown."""
    sizes = ", ".join(f"{name} = {value}" for name, value in design.launch.symbols.items())
    options = ", ".join(f"{name} = {value}" for name, value in design.options.items())
    lines = [
        f"# {design.name}",
        "",
        f"Sizes: {sizes or 'fixed'}. Options: {options}.",
        "",
        "| figure | value |",
        "|---|---|",
        f"| cycles of a launch, ports always ready | {design.cycles} |",
    ]
    if timing is not design.timing:
        lines.append(f"| cycles under this back-pressure | {timing.cycles} |")
    lines += [
        *(f"| {text} | {design.stored_bits(kind)} bits |" for kind, text in KINDS.items()),
        *_units(design, timing),
        *_bounds(design, timing),
        *_streams(design, timing),
        *_layouts(design),
    ]
    for note in design.lowered.notes:
        lines += ["", f"Note: {note}."]
    lines += ["", "## Program as built", "", "```", str(design.kernel).rstrip(), "```", ""]
    return "\n".join(lines)


def _units(design: Design, timing: Timing) -> list[str]:
    units = unit_times(design, timing)
    lines = [
        "",
        "## Units",
        "",
        f"What each unit does in the {units[0].cycles} cycles of a launch: firing (one beat each), "
        "waiting for a beat, for room, for the outside of its port, and after its last firing. "
        "Useful are the lanes that carry an element in a firing, of all lanes in all cycles.",
        "",
        "| unit | does | for | beats | starved | blocked | closed | done | busy | useful |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for unit in units:
        lines.append(
            f"| {unit.name} | {unit.does} | {unit.place} | {unit.busy} | {unit.starved} "
            f"| {unit.blocked} | {unit.closed} | {unit.done} "
            f"| {100 * unit.busy / unit.cycles:.1f} % | {100 * unit.useful:.1f} % |"
        )
    return lines


def _bounds(design: Design, timing: Timing) -> list[str]:
    found = roofline(design, timing)
    most = found.bound[0]
    lines = [
        "",
        "## What bounds it",
        "",
        f"{found.sentence()} {found.operations} {found.counted}: {found.achieved:.4g} a cycle, "
        f"{found.peak:.4g} if the busiest inner unit never waited.",
        "",
        "| port or memory | bits a beat | beats | used | operations a byte |",
        "|---|---|---|---|---|",
    ]
    for roof in found.roofs:
        used = 100 * roof.beats / max(1, timing.cycles)
        intensity = f"{found.operations / roof.bytes:.4g}" if roof.bytes else ""
        lines.append(
            f"| {roof.kind} {roof.name} | {roof.bits} | {roof.beats} | {used:.1f} % | {intensity} |"
        )
    lines += [
        "",
        f"The lane-cycles of {most.label}:",
        "",
        "| part | share |",
        "|---|---|",
        f"| useful | {100 * most.useful:.1f} % |",
    ]
    lines += [f"| {what} | {100 * share:.1f} % |" for what, share in lost(timing, most)]
    return lines


def _streams(design: Design, timing: Timing) -> list[str]:
    lines = [
        "",
        "## Streams",
        "",
        "Full at most: the most beats that are in the stream at once.",
        "",
        "| stream | beat | beats a launch | depth | full at most | bits |",
        "|---|---|---|---|---|---|",
    ]
    for actor in design.netlist.actors:
        for output in actor.outputs:
            channel, beat = output.channel, output.channel.shape
            beats = int(actor.due(output.when).sum())
            lines.append(
                f"| {channel.name} | {beat.lanes} x {beat.bits} bits | {beats} "
                f"| {channel.depth} | {timing.peaks[channel.name]} | {design.bits(channel)} |"
            )
    return lines


def _layouts(design: Design) -> list[str]:
    lines = [
        "",
        "## Layouts",
        "",
        "Places are lanes, steps are beats.",
        "",
        "| value | type | beats x lanes | layout | why |",
        "|---|---|---|---|---|",
    ]
    for value, schedule in tiles(design):
        beats, lanes = schedule.shape
        text, reason = shown(schedule, value.tile), why(design.lowered.choices[value])
        kind = f"`{_bare(value)}`"
        lines.append(f"| {value.name} | {kind} | {beats} x {lanes} | {text} | {reason} |")
    return lines


def tiles(design: Design) -> list[tuple[Value, Schedule]]:
    """Every tile that a stream carries, in program order: the element in each lane of each beat."""
    found = design.lowered.schedules
    order = [value for op in design.kernel.body.walk() for value in op.results]
    return [(value, found[value]) for value in order if value in found]


def pictures(design: Design) -> dict[str, str]:
    """The schedule of each tile as SVG: places are lanes, steps are beats."""
    from tilevm.layouts import svg

    found = {}
    for value, schedule in tiles(design):
        layout = to_layout(schedule, value.tile)
        shown = layout or Arrangement(np.ascontiguousarray(schedule.T), value.tile.shape)
        found[value.name] = svg(shown, f"{value.name}: {_bare(value)} (lane:beat)")
    return found


def _bare(value: Value) -> TileType:
    """The type without the layout."""
    return value.tile.with_shape(*value.tile.shape)
