"""Independent simulators of the emitted Verilog, fed as Amaranth's simulator feeds the design.

They share nothing with it but the netlist: other people's simulators read the Verilog as text, and
testbenches of their own drive its ports.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from hdl.emit import verilog
from hdl.netlist import Netlist
from hdl.sim import icarus, verilator
from hdl.sim.ports import PortMoves, PortPlan, edge, feed_of, unpack
from hdl.sim.stalls import Stall
from hdl.timing import simulate_timing
from hdl.units.edge import Sink, Source, input_shapes
from hdl.units.lanes import Beats
from tilevm.diagnostics import TileError, error, nearest

if TYPE_CHECKING:
    from hdl.design import Design

SIMULATORS: Mapping[str, ModuleType] = {"verilator": verilator, "icarus": icarus}

_TOP = "tile_design"
_SLACK = 1000  # cycles that a simulation may take beyond twice those that the timed model tells


@dataclass(frozen=True, eq=False)
class ExternalResult:
    """What moved through the ports of a design; cycle 0 is the first one after the reset."""

    outputs: dict[str, Beats]  # by port of a sink: [beats, lanes]
    times: dict[str, npt.NDArray[np.int64]]  # by port: the cycle of each beat
    cycles: int  # that of the last beat out + 1


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
    stalls: Mapping[str, Stall] | None = None,
    simulator: str = "verilator",
    text: str | None = None,
    top: str = _TOP,
) -> ExternalResult:
    """Simulate the Verilog of a design until all beats of all launches have moved.

    `feeds` gives the beats of each source's port, ``[beats, lanes]``, of all launches; `stalls`
    says per port in which cycles it is open.  `text` is the Verilog, with top module `top`, if
    there is any already.

    Raises TileError TV0602 where the design takes more than twice the cycles of the timed model,
    TV0603 for a feed of the wrong shape, TV0608 for an unknown simulator, TV0610 or TV0611 for one
    that is not installed, TV0612 where it fails on the Verilog, TV0613 for unknown bits in a beat.
    """
    program = _simulator(simulator)
    program.require()
    plans = _plans(netlist, feeds, launches, stalls or {})
    predicted = simulate_timing(netlist, launches, stalls).cycles
    limit = 2 * predicted + _SLACK
    seen = program.simulate(verilog(netlist, top) if text is None else text, top, plans, limit)
    if any(len(moves.cycles) < plan.count for plan, moves in zip(plans, seen, strict=True)):
        raise _stuck(netlist, simulator, limit, predicted, plans, seen)
    moved = dict(zip((plan.name for plan in plans), seen, strict=True))
    outputs = {
        port: unpack(moved[port].payloads, input_shapes(actor)[0])
        for port, actor in edge(netlist, Sink).items()
    }
    last = max((int(moved[port].cycles[-1]) for port in outputs), default=-1)
    return ExternalResult(outputs, {port: moves.cycles for port, moves in moved.items()}, last + 1)


def run_external(
    design: Design,
    simulator: str,
    feeds: Mapping[str, Beats],
    sunk: Mapping[str, int],
    stalls: Mapping[str, Stall],
) -> tuple[dict[str, Beats], int]:
    """The beats ``[beats, lanes]`` out of each port of a design's own Verilog, and the cycles.

    `sunk` says how many beats come out of each port: those of one launch or of several.
    Raises what `run_verilog` does.
    """
    sinks = edge(design.netlist, Sink)
    launches = max((sunk[port] // actor.firings for port, actor in sinks.items()), default=1)
    seen = run_verilog(
        design.netlist,
        feeds,
        launches=launches,
        stalls=stalls,
        simulator=simulator,
        text=design.verilog(),
        top=design.name,
    )
    return seen.outputs, seen.cycles


def _simulator(name: str) -> ModuleType:
    if name not in SIMULATORS:
        near = nearest(name, SIMULATORS)
        hint = f"did you mean `{near}`?" if near else f"simulators: {', '.join(SIMULATORS)}"
        raise error("TV0608", f"there is no simulator `{name}` of Verilog", help=hint)
    return SIMULATORS[name]


def _plans(
    netlist: Netlist, feeds: Mapping[str, Beats], launches: int, stalls: Mapping[str, Stall]
) -> list[PortPlan]:
    plans = []
    for port, actor in edge(netlist, Source).items():
        shape = input_shapes(actor)[0]
        beats = feed_of(port, actor, shape, feeds, launches)
        plans.append(PortPlan(port, shape.width, stalls.get(port, ()), len(beats), beats))
    for port, actor in edge(netlist, Sink).items():
        width, count = input_shapes(actor)[0].width, actor.firings * launches
        plans.append(PortPlan(port, width, stalls.get(port, ()), count))
    return plans


def _stuck(
    netlist: Netlist,
    simulator: str,
    limit: int,
    predicted: int,
    plans: Sequence[PortPlan],
    seen: Sequence[PortMoves],
) -> TileError:
    notes = [f"the timed model comes to its end in {predicted} cycles"]
    for plan, moves in zip(plans, seen, strict=True):
        way = "out of" if plan.beats is None else "into"
        last = f", the last in cycle {moves.cycles[-1]}" if len(moves.cycles) else ""
        notes.append(f"{len(moves.cycles)} of {plan.count} beats {way} `{plan.name}`{last}")
    message = f"the Verilog of `{netlist.name}` is not done in {simulator} after {limit} cycles"
    return error("TV0602", message, notes=notes)
