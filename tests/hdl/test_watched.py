"""The streams inside of a design, as simulators of its Verilog record them."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import hdl
import hdl.sim
import tilevm
from hdl.emit.kept import fingerprint
from hdl.sim.external import SIMULATORS, fastest, missing, run_verilog
from hdl.sim.stalls import random_stalls
from hdl.timing import simulate_timing
from tests.hdl.netlists import design_of_all_units, edge_ports, random_feeds
from tests.hdl.test_external import built, random_arguments

simulators = pytest.mark.parametrize("simulator", SIMULATORS)


@simulators
def test_firings_and_beats_are_those_of_amaranth(simulator: str) -> None:
    if reason := missing(simulator):
        pytest.skip(reason)
    seed, netlist = design_of_all_units()
    feeds = random_feeds(netlist, 2, np.random.default_rng(seed))
    stalls = random_stalls(edge_ports(netlist), 0.4, seed, 100)
    names = {channel.name for channel in netlist.channels}
    seen = run_verilog(netlist, feeds, launches=2, stalls=stalls, simulator=simulator, watch=names)
    own = hdl.sim.run(netlist, feeds, launches=2, stalls=stalls)
    assert seen.taps.keys() == own.taps.keys() == names
    for name, beats in own.taps.items():
        assert seen.taps[name].tolist() == beats.tolist(), name
    timing = simulate_timing(netlist, 2, stalls)
    for actor, times in timing.fires.items():
        assert seen.fires[actor].tolist() == times.tolist(), actor


@simulators
def test_streams_are_compared(simulator: str) -> None:
    if reason := missing(simulator):
        pytest.skip(reason)
    design, _ = built("gemv-mac")
    arguments = random_arguments(design, 3)
    result = design.simulate(arguments, simulator=simulator)
    assert result.compared == design.simulate(arguments).compared > 0


def test_a_hang_names_who_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """`y_sink` never takes a beat: the message says at whom the units stand."""
    if reason := missing("icarus"):
        pytest.skip(reason)
    design, text = built("module")
    (sink,) = re.findall(r"^module \w+_sink_\w+\(.*?^endmodule", text, re.M | re.S)
    held = re.sub(r"assign (in0_ready|out0_valid) = ", r"\g<0>1'b0 & ", sink)
    assert held.count("1'b0 & ") == 2
    broken = text.replace(sink, held)
    feeds = design.feed(random_arguments(design, seed=1))
    options: dict[str, Any] = {"simulator": "icarus", "text": broken, "top": "module", "watch": ()}
    firings = {actor.name: actor.firings for actor in design.netlist.actors}  # of one launch
    with pytest.raises(tilevm.TileError, match="TV0602") as caught:
        run_verilog(design.netlist, feeds, firings=firings, **options)
    (told,) = caught.value.diagnostics
    assert any("`y_sink` at iteration [0] waits for nothing" in note for note in told.notes)
    assert any("`y_sink` 0 of 9" in note for note in told.notes)


def test_the_fastest_that_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    from hdl.sim import external

    gone: set[str] = set()
    monkeypatch.setattr(external, "missing", lambda name: "gone" if name in gone else None)
    assert fastest() == "verilator"
    gone.add("verilator")
    assert fastest() == "icarus"
    gone.add("icarus")
    assert fastest() == "amaranth"
    gone.clear()
    monkeypatch.setattr(external, "find_spec", lambda name: None)
    assert fastest() == "amaranth"


def test_fingerprints_tell_designs_apart() -> None:
    design, _ = built("gemv-mac")
    again = hdl.build(design.source, lanes=6, dot="mac", N=8, K=16)
    assert fingerprint(design.netlist) == fingerprint(again.netlist) is not None
    channel = again.netlist.channels[2]
    channel.depth = (channel.depth or 0) + 1
    assert fingerprint(design.netlist) != fingerprint(again.netlist)
    actor = next(a for a in again.netlist.actors if hasattr(a.unit, "function"))
    actor.unit = replace(actor.unit, function=lambda: None)
    assert fingerprint(again.netlist) is None  # a function of a test is no plain data
