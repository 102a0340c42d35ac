"""What a design says about itself: the header of its Verilog, and its report."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from hdl.lower import Port
from hdl.lower.schedule import to_layout

if TYPE_CHECKING:
    from hdl.design import Design


def header(design: Design) -> str:
    """What the design computes, its ports and the order of their beats, its cycles, and the program."""
    sizes = ", ".join(f"{name} = {value}" for name, value in design.launch.symbols.items())
    options = ", ".join(f"{name} {value}" for name, value in design.options.items())
    lines = [
        f"{design.name}: hardware of a tile program, by tilevm",
        f"Sizes: {sizes or 'fixed'}.  Options: {options}.",
        f"A launch takes {design.cycles} cycles with ports always ready.",
        "",
        "Clock `clk`, synchronous reset `rst` (active high).  A port is a stream: a beat moves in a cycle",
        "in which `valid` and `ready` are both 1.  After a launch the design waits for the next one.",
        "",
    ]
    for port in design.inputs:
        lines.append(f"in  {_port(design, port)}")
    for port in design.outputs:
        lines.append(f"out {_port(design, port)}")
    lines += ["", "The program as built:", ""]
    return "\n".join(lines) + "\n" + str(design.kernel)


def _port(design: Design, port: Port) -> str:
    kind = design.kernel.param(port.buffer).dtype
    first = ", ".join(_element(design, port, int(e)) for e in port.elements[0][:4])
    more = ", ..." if port.shape.lanes > 4 else ""
    return (
        f"{port.name}: {len(port.elements)} beats of {port.shape.lanes} x {kind}, lane 0 in the lowest bits; "
        f"the first beat holds {first}{more}"
    )


def _element(design: Design, port: Port, number: int) -> str:
    if number < 0:
        return "0"
    index = []
    for extent in reversed(design.launch.extents[port.buffer]):
        number, at = divmod(number, extent)
        index.append(at)
    return f"{port.buffer}{list(reversed(index))}"


def report(design: Design) -> str:
    """Sizes, cycles, the units with their load, the streams with their layouts, as Markdown."""
    timing = design.timing
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
        f"| look-up tables | {design.table_bits} bits |",
        f"| memories of input buffers | {design.memory_bits} bits |",
        f"| other buffers | {design.buffer_bits} bits |",
        "",
        "## Units",
        "",
        "Cycles of a launch up to the unit's last firing: firing, waiting for a beat, waiting for room.",
        "",
        "| unit | does | of | firings | starved | blocked | busy |",
        "|---|---|---|---|---|---|---|",
    ]
    for actor in design.netlist.actors:
        use = timing.usage[actor.name]
        origin = f"`{actor.origin.op}`" + (f", line {actor.origin.span.line}" if actor.origin.span else "") if actor.origin else ""
        share = f"{100 * use.busy / design.cycles:.1f} %"
        lines.append(
            f"| {actor.name} | {actor.unit.summary} | {origin} | {use.busy} | {use.starved} | {use.blocked} | {share} |"
        )
    lines += ["", "## Streams", "", "| stream | beat | depth | bits | beats a launch |", "|---|---|---|---|---|"]
    for actor in design.netlist.actors:
        for output in actor.outputs:
            channel = output.channel
            beats = int(actor.due(output.when).sum())
            lines.append(
                f"| {channel.name} | {channel.shape.lanes} x {channel.shape.bits} bits | {channel.depth} "
                f"| {design.bits(channel)} | {beats} |"
            )
    lines += ["", "## Layouts", "", "Places are lanes, steps are beats.", "", "| value | type | layout |", "|---|---|---|"]
    for tap in design.lowered.taps:
        layout = to_layout(tap.schedule, tap.value.tile)
        kind = tap.value.tile.with_shape(*tap.value.tile.shape)
        text = f"`{layout}`" if layout is not None else f"{prod(tap.schedule.shape)} places with holes"
        lines.append(f"| {tap.value.name} | `{kind}` | {text} |")
    for note in design.lowered.notes:
        lines += ["", f"Note: {note}."]
    lines += ["", "## Program as built", "", "```", str(design.kernel).rstrip(), "```", ""]
    return "\n".join(lines)
