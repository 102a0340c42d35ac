"""From a kernel with bound shapes to a netlist, and what is known about it.

Three walks over the program: two that plan (`planning.py`) and one that makes the actors
(`building.py`).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from hdl.lower.building import Building, Tap, too_large
from hdl.lower.edges import Port
from hdl.lower.engines import check_order, spread
from hdl.lower.overwrites import last_writes
from hdl.lower.planning import Choice, Limits, Planning
from hdl.lower.schedule import Schedule
from hdl.netlist import Netlist, Origin
from tilevm.diagnostics import Label, TileError, error
from tilevm.ir import Kernel, Value
from tilevm.ir.ops import Store

MAX_WIDTH = 1 << 16  # bits of a beat, and of all ports in together: Amaranth has no wider cells

LIMITS = Limits()

MAX_FIRINGS = 1 << 24  # of one unit: minutes of the timed model, and gigabytes


@dataclass(eq=False)
class Lowered:
    """The result: the netlist, its ports, and where the program's values can be seen in it."""

    kernel: Kernel
    netlist: Netlist
    inputs: list[Port]
    outputs: list[Port]
    taps: list[Tap]
    schedules: dict[Value, Schedule]  # of every tile in a stream
    choices: dict[Value, Choice]  # why each has its schedule
    streams: dict[Value, str]  # the channel of each
    tables: list[str]  # channels that hold look-up tables
    memories: list[str]  # channels that hold input buffers
    notes: list[str] = field(default_factory=list)


def lower(kernel: Kernel, lanes: int, limits: Limits = LIMITS, engines: int = 1) -> Lowered:
    """Lowers a kernel whose shapes are bound; `lanes`: at most so many elements computed in a beat;
    `limits`: how large sums and tables may be; `engines` share the thread blocks.

    TileError TV0502 for an op that cannot be built, TV0503 for a loop that is not static, TV0504
    for a kernel that stores nothing, TV0506 for engines that do not divide the blocks, or that
    would touch a memory out of order, TV0614 for beats that are too wide, TV0615 for too many.
    """
    kernel, shared = spread(kernel, engines)
    plan = Planning(kernel, lanes, limits)
    check_order(kernel, shared, plan.touching)
    built = Building(kernel, plan, shared)
    _check_widths(built)
    _check_firings(built)
    if not built.outputs and not built.images:
        labels = [Label(kernel.loc.span)] if kernel.loc.span else []
        message = f"kernel `{kernel.name}` stores nothing: there is no hardware to build"
        raise error("TV0504", message, *labels)
    outputs = _last_writes(kernel, built)
    return Lowered(
        kernel,
        Netlist(kernel.name, built.streams.actors),
        built.inputs,
        [*outputs, *built.images],
        built.taps,
        {value: stream.schedule for value, stream in built.streams.of.items()},
        {value: built.plan.choices.get(value, Choice("free")) for value in built.streams.of},
        {value: stream.channel.name for value, stream in built.streams.of.items()},
        built.tables,
        built.memories,
        built.notes,
    )


def _last_writes(kernel: Kernel, built: Building) -> list[Port]:
    """The ports out, without what is overwritten later."""
    engines = built.engines
    ports = [
        (port, stores, engines.chunk(port.scope) // len(stores) if len(stores) > 1 else 1)
        for port, stores in zip(built.outputs, built.stores, strict=True)
    ]
    written: list[tuple[Store, Schedule]] = []
    for port, stores, chunk in ports:
        written += zip(stores, engines.apart(port.elements, len(stores), chunk), strict=True)
    left = iter(last_writes(kernel, written))
    return [
        replace(port, elements=engines.together([next(left) for _ in stores], chunk))
        for port, stores, chunk in ports
    ]


def _check_widths(built: Building) -> None:
    """Refuses what Amaranth could neither simulate nor write as Verilog."""
    for actor in built.streams.actors:
        for port in actor.outputs:
            if port.channel.shape.width > MAX_WIDTH:
                what = f"a beat of `{port.channel.name}` has {port.channel.shape.width:,} bits"
                raise _too_wide(what, actor.origin)
    # each stream also has a wire the other way, and there are clock and reset
    total = sum(port.shape.width + 1 for port in built.inputs) + len(built.outputs) + 2
    if total > MAX_WIDTH:
        widest = max(built.inputs, key=lambda port: port.shape.width)
        raise _too_wide(f"the ports in have {total:,} bits together", widest.origin)


def _check_firings(built: Building) -> None:
    """Refuses what the timed model could not hold: it keeps the cycle of every firing."""
    for actor in built.streams.actors:
        if actor.firings > MAX_FIRINGS:
            what = f"unit `{actor.name}` fires {actor.firings:,} times"
            span = actor.origin.span if actor.origin else None
            help = "use more lanes, or a smaller problem"
            raise too_large(what, MAX_FIRINGS, span, help)


def _too_wide(what: str, origin: Origin | None) -> TileError:
    labels = origin.labels if origin is not None else []
    help = "use smaller tiles or tables, or fewer lanes"
    return error("TV0614", f"{what}, and {MAX_WIDTH:,} is the most", *labels, help=help)
