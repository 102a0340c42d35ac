"""A port that changes what it offers is found in every simulator."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

from hdl.netlist import Actor, BeatShape, Channel, Netlist, Wiring
from hdl.sim import external, run
from hdl.units import Beats, Identity, Sink, map_actor, sink_actor, source_actor
from tilevm.diagnostics import CODES, TileError

SHAPE = BeatShape(2, 5)
FEED = np.arange(8).reshape(4, 2)
OPEN = np.arange(40) % 4 == 3


@dataclass(frozen=True)
class Drifting(Sink):
    """A sink whose payload changes with a bit of a count of cycles."""

    bit: int

    def model(self, inputs: Sequence[Beats], actor: Actor) -> list[Beats]:
        raise AssertionError("nobody asks")

    def emit(self, m: Any, stage: Any, actor: Actor) -> list[list[Any]]:
        from amaranth import Signal

        time = Signal(8)
        m.d.sync += time.eq(time + 1)
        return [[lane + time[self.bit] for lane in stage.lanes(0)]]


def netlist(bit: int | None) -> Netlist:
    x = Channel("x", SHAPE, 4, depth=2)
    sink = sink_actor("store", "y", x.read(), 4)
    if bit is not None:
        sink = replace(sink, unit=Drifting("y", bit))
    return Netlist(f"drifting{bit}", [source_actor("load", "x", x, 4), sink])


def simulate(simulator: str, bit: int | None, stalled: bool) -> None:
    stalls = {"y": OPEN} if stalled else {}
    if simulator == "amaranth":
        run(netlist(bit), {"x": FEED}, stalls=stalls)
        return
    if external.missing(simulator) is not None:
        pytest.skip(f"{simulator} is not installed")
    external.run_verilog(netlist(bit), {"x": FEED}, stalls=stalls, simulator=simulator)


@pytest.mark.parametrize("simulator", ["amaranth", "icarus", "verilator"])
def test_a_payload_that_drifts(simulator: str) -> None:
    with pytest.raises(TileError) as caught:
        simulate(simulator, 0, stalled=True)
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.code == "TV0617" and diagnostic.code in CODES
    # offered from cycle 1 on, and first taken in cycle 3
    assert diagnostic.message.startswith("port `y` changes in cycle 2 ")
    # a beat that is taken at once cannot change
    simulate(simulator, 0, stalled=False)


@pytest.mark.parametrize("simulator", ["amaranth", "icarus"])
def test_a_payload_that_stays(simulator: str) -> None:
    simulate(simulator, None, stalled=True)
    simulate(simulator, 7, stalled=True)  # too late to be seen


@dataclass(frozen=True)
class Restless(Identity):
    """A function of lanes whose result changes every cycle, beats or not."""

    def emit(self, m: Any, operands: Sequence[Sequence[Any]]) -> list[Any]:
        from amaranth import Signal

        time = Signal(8)
        m.d.sync += time.eq(time + 1)
        return [lane + time[0] for lane in operands[0]]


@pytest.mark.parametrize("function", [Identity, Restless])
def test_a_stream_inside_that_drifts(function: type[Identity]) -> None:
    """The map offers its result to a channel that is full: it must not change meanwhile."""
    wide = BeatShape(2, 6)
    x, y = Channel("x", SHAPE, 4, depth=2), Channel("y", wide, 4, depth=1)
    wire = Wiring.identity(SHAPE)
    actors = [
        source_actor("load", "x", x, 4),
        map_actor("sum", (4,), [x.read()], [(0, wire)], function(wide), y),
        sink_actor("store", "z", y.read(), 4),
    ]
    stalls = {"z": np.arange(60) % 8 == 7}
    if function is Identity:
        run(Netlist("still", actors), {"x": FEED}, stalls=stalls)
        return
    with pytest.raises(TileError, match=r"TV0617.*stream `sum` to `y` changes in cycle \d+ a beat"):
        run(Netlist("restless", actors), {"x": FEED}, stalls=stalls)
