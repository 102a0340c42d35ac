"""The emitted Verilog: what people read in it, and what other simulators make of it."""

from __future__ import annotations

import re
from itertools import count
from random import Random

import numpy as np
import pytest

from hdl.emit import verilog
from hdl.evaluate import evaluate
from hdl.netlist import BeatShape, Channel, Netlist
from hdl.sim import random_stalls
from hdl.sim.verilog import SIMULATORS, installed, run_verilog
from hdl.sizing import size_channels
from hdl.timing import simulate_timing
from hdl.units import (
    Collect,
    Fold,
    Map,
    Merge,
    Route,
    Sink,
    Source,
    fold_actor,
    sink_actor,
    source_actor,
)
from tests.hdl.netlists import Horner, edge_ports, random_feeds, random_netlist
from tilevm.diagnostics import TileError

ALL_UNITS = {Source, Map, Fold, Collect, Merge, Route, Sink}


def sums(output_depth: int = 3) -> Netlist:
    shape = BeatShape(2, 8, True)
    x = Channel("x", shape, 12, depth=2)
    total = Channel("total", shape, 6, latency=2, depth=output_depth)
    fold = fold_actor("fold", (3, 2, 2), (False, True, False), Horner(shape), x.read(), total)
    store = sink_actor("store", "y", total.read(), 6)
    return Netlist("sums", [source_actor("load", "x", x, 12), fold, store])


def test_names_are_those_of_the_netlist() -> None:
    text = verilog(sums(), "sums", header="sums of pairs\n\nby a test")
    assert text.startswith("// sums of pairs\n//\n// by a test\n")
    top = text[text.index("module sums(") : text.index("endmodule")]
    ports = re.findall(r"^  (input|output) (\[.*\] )?(\w+);$", top, re.M)
    assert {f"{way} {bits}{name}" for way, bits, name in ports} == {
        "input clk", "input rst",
        "input [15:0] x_payload", "input x_valid", "output x_ready",
        "output [15:0] y_payload", "output y_valid", "input y_ready",
    }  # fmt: skip
    modules = re.findall(r"^module (\w+)", text, re.M)
    assert sorted(modules) == [
        "sums", "sums_fold_actor", "sums_load_actor", "sums_store_actor",
        "sums_total_channel", "sums_x_channel",
    ]  # fmt: skip
    for name in ("reg [1:0] counter0", "reg state_index", "reg [15:0] states", "x_read0__payload"):
        assert name in text


def test_nothing_is_escaped_and_no_attribute_is_left() -> None:
    text = verilog(design_of_all_units()[1], "random")
    assert "\\" not in text and "(*" not in text


def design_of_all_units() -> tuple[int, Netlist]:
    """The first random design that has every kind of unit, and its seed."""
    for seed in count():
        netlist = random_netlist(Random(seed), steps=14)
        if {type(actor.unit) for actor in netlist.actors} == ALL_UNITS:
            size_channels(netlist)
            return seed, netlist
    raise AssertionError


@pytest.mark.parametrize("simulator", SIMULATORS)
def test_other_simulators_see_the_same_design(simulator: str) -> None:
    """Every beat out of a design of all units, and its cycle, through two launches with stalls."""
    if not installed(simulator):
        pytest.skip(f"{simulator} is not installed")
    launches = 2
    seed, netlist = design_of_all_units()
    feeds = random_feeds(netlist, launches, np.random.default_rng(seed))
    stalls = random_stalls(edge_ports(netlist), 0.4, seed, 100)
    seen = run_verilog(netlist, feeds, launches=launches, stalls=stalls, simulator=simulator)
    values = evaluate(netlist, feeds, launches)
    timing = simulate_timing(netlist, launches, stalls)
    assert seen.cycles == timing.cycles
    for port, beats in values.outputs.items():
        assert seen.outputs[port].tolist() == beats.tolist(), f"output {port} of\n{netlist}"
    for actor in netlist.actors:
        port = getattr(actor.unit, "port", None)
        if port in seen.times:
            assert seen.times[port].tolist() == timing.fires[actor.name].tolist(), port


def test_a_simulator_that_is_not_there() -> None:
    with pytest.raises(
        TileError, match="the Verilog simulator `abacus` is not installed"
    ) as caught:
        run_verilog(sums(), {}, simulator="abacus")
    assert caught.value.diagnostics[0].code == "TV0604"
