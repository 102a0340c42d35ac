"""A design simulated: fed, run, and compared with the virtual machine and the timed model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy.typing as npt

from hdl.check import (
    compare_firings,
    compare_outputs,
    compare_source,
    compare_streams,
    compare_usage,
    expected_streams,
)
from hdl.launches import DesignLaunch, launch_of
from hdl.options import FASTEST, check_simulator
from hdl.timing import Stall
from tilevm.diagnostics import error
from tilevm.vm import bind, execute
from tilevm.vm.machine import Event

if TYPE_CHECKING:
    from hdl.design import Design
    from hdl.sim import SimResult
    from hdl.sim.external import ExternalResult

Arrays = dict[str, npt.NDArray[Any]]


@dataclass(frozen=True, eq=False)
class Result:
    """What a simulation gave: values by buffer, and the cycles it took."""

    outputs: Arrays
    cycles: int
    predicted: int  # by the timed model, under the same stalls
    simulator: str
    compared: int  # beats of inner streams that equal the virtual machine's
    taps: Arrays  # by stream with a named value its beats, where recorded


def simulate(
    design: Design,
    arguments: Mapping[str, Any],
    *,
    simulator: str,
    stall: float,
    seed: int,
    waves: str | Path | None,
    check: bool,
    record: bool,
) -> Result:
    """The simulation of a launch; its options are those of `Design.simulate`."""
    if simulator == FASTEST:
        from hdl.sim.external import fastest

        simulator = fastest(waves)
    check_simulator(simulator)
    predicted, stalls = design.timed(stall, seed)
    launch = launch_of(design, arguments)
    predicted = launch.timed(predicted)
    check = check and not record
    events: list[Event] = []
    values: Arrays = {}
    if not record:
        values = launch.execute(events.append if check else None)
    if check and launch.steps is None:  # else the machine has run the program as it is written
        written = bind(design.source, {**launch.full.arrays, **design.launch.symbols})
        compare_source(design, values, execute(written, output=_unsaid), launch.full.arrays)
    moved = _run(launch, simulator, stalls, check or record, waves)
    compared = 0
    if check:
        expected = expected_streams(design, events)
        compared = compare_streams(design, expected, moved.taps, moved.fires)
    if not record and moved.fires:
        compare_firings(design, predicted.fires, moved.fires)
        compare_usage(design, predicted.usage, moved.usage)
    outputs = launch.collect(moved.outputs)
    if check:
        compare_outputs(design, values, outputs)
        if moved.cycles != predicted.cycles:
            raise error(
                "TV0607",
                f"`{design.name}` took {moved.cycles} cycles in {simulator}, "
                f"{predicted.cycles} were predicted",
            )
    seen = moved.taps
    named = {tap.channel: seen[tap.channel] for tap in design.lowered.taps if seen}
    return Result(outputs, moved.cycles, predicted.cycles, simulator, compared, named)


def _unsaid(line: str) -> None:
    """Takes a line of `print` that the other run says."""


def _run(
    launch: DesignLaunch,
    simulator: str,
    stalls: Mapping[str, Stall],
    watched: bool,
    waves: str | Path | None,
) -> SimResult | ExternalResult:
    """The netlist in Amaranth's simulator, or its Verilog in another."""
    design, feeds, firings = launch.design, launch.feed(), launch.firings()
    if simulator == "amaranth":
        from hdl.sim import run

        return run(design.netlist, feeds, firings=firings, stalls=stalls, taps=watched, waves=waves)
    from hdl.sim.external import run_external

    watch = {tap.channel for tap in design.lowered.taps} if watched else None
    return run_external(design, simulator, feeds, firings, stalls, watch, waves)
