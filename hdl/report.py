"""What a design says about itself: the header of its Verilog, and its report."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

import numpy as np

from hdl.lower import Port
from hdl.lower.schedule import HOLE, Schedule, to_layout
from tilevm.ir import For, TileType, Value
from tilevm.ir.ops import Load

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
        origin = (
            f"`{actor.origin.op}`"
            + (f", line {actor.origin.span.line}" if actor.origin.span else "")
            if actor.origin
            else ""
        )
        share = f"{100 * use.busy / design.cycles:.1f} %"
        lines.append(
            f"| {actor.name} | {actor.unit.summary} | {origin} | {use.busy} | {use.starved} | {use.blocked} | {share} |"
        )
    lines += [
        "",
        "## Streams",
        "",
        "| stream | beat | depth | bits | beats a launch |",
        "|---|---|---|---|---|",
    ]
    for actor in design.netlist.actors:
        for output in actor.outputs:
            channel = output.channel
            beats = int(actor.due(output.when).sum())
            lines.append(
                f"| {channel.name} | {channel.shape.lanes} x {channel.shape.bits} bits | {channel.depth} "
                f"| {design.bits(channel)} | {beats} |"
            )
    lines += ["", "## Layouts", "", "Places are lanes, steps are beats.", ""]
    lines += ["| value | type | beats x lanes | layout |", "|---|---|---|---|"]
    for value, schedule in tiles(design):
        layout = to_layout(schedule, value.tile)
        text = f"`{layout}`" if layout is not None else _irregular(schedule)
        beats, lanes = schedule.shape
        lines.append(f"| {value.name} | `{_bare(value)}` | {beats} x {lanes} | {text} |")
    for note in design.lowered.notes:
        lines += ["", f"Note: {note}."]
    lines += ["", "## Program as built", "", "```", str(design.kernel).rstrip(), "```", ""]
    return "\n".join(lines)


def tiles(design: Design) -> list[tuple[Value, Schedule]]:
    """Every tile that a stream carries, in program order, with the element in each lane of each beat."""
    found = {tap.value: tap.schedule for tap in design.lowered.taps}
    ports = {port.origin.value: port for port in design.inputs}
    for op in design.kernel.body.walk():
        if isinstance(op, Load) and op.out.name in ports:
            found[op.out] = _loaded(design, op, ports[op.out.name])
    order = [value for op in design.kernel.body.walk() for value in op.results]
    return [(value, found[value]) for value in order if value in found]


def pictures(design: Design) -> dict[str, str]:
    """For each tile of `tiles` that comes in a layout, the layout as SVG: places are lanes, steps beats."""
    from tilevm.layouts import svg

    found = {}
    for value, schedule in tiles(design):
        layout = to_layout(schedule, value.tile)
        if layout is not None:
            found[value.name] = svg(layout, f"{value.name}: {_bare(value)}")
    return found


def _loaded(design: Design, op: Load, port: Port) -> Schedule:
    """How a loaded tile comes: the first of the tiles that its port carries."""
    counters = {name: (0, extent.evaluate({})) for name, extent in design.kernel.grid}
    for loop in design.kernel.body.walk():
        if isinstance(loop, For):
            lo, hi, step = (bound.evaluate({}) for bound in (loop.lo, loop.hi, loop.step))
            counters[loop.var] = (lo, -((lo - hi) // step))
    used = {symbol.name for index in op.at.indices for symbol in index.symbols()}
    beats = len(port.elements) // prod(
        trips for name, (_, trips) in counters.items() if name in used
    )
    elements = port.elements[:beats]
    first = {name: lo for name, (lo, _) in counters.items()}
    start = [index.evaluate(first) for index in op.at.indices]
    places = np.unravel_index(np.maximum(elements, 0), design.launch.extents[port.buffer])
    shape = op.out.tile.shape
    inside = [at - lo for at, lo in zip(places, start, strict=True)][len(start) - len(shape) :]
    numbers = np.ravel_multi_index(inside, shape, mode="clip") if shape else np.zeros_like(elements)
    return np.where(elements >= 0, numbers, HOLE)


def _irregular(schedule: Schedule) -> str:
    return (
        "lanes left empty" if (schedule == HOLE).any() else "an order of beats that no layout has"
    )


def _bare(value: Value) -> TileType:
    """The type without the layout."""
    return value.tile.with_shape(*value.tile.shape)
