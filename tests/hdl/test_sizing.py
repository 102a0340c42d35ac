"""Depths that cost no time: none could be smaller, and none is missing."""

from __future__ import annotations

from random import Random
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hdl.netlist import Netlist
from hdl.sizing import size_channels
from hdl.timing import simulate_timing
from tests.hdl.designs import gemv, softmax
from tests.hdl.netlists import random_netlist
from tests.hdl.oracles import firing_cycles
from tilevm.diagnostics import TileError


def depths(netlist: Netlist) -> dict[str, int | None]:
    return {channel.name: channel.depth for channel in netlist.channels}


def test_a_replayed_vector_is_held_and_a_stream_is_not() -> None:
    netlist = gemv(64, 256)
    assert size_channels(netlist) == 64 * 256 + 1 + 3 + 1
    assert depths(netlist) == {"w": 2, "x": 256, "p": 4, "y": 1}


def test_rows_overlap_through_two_reductions() -> None:
    netlist = softmax(64, 256)
    cycles = size_channels(netlist)
    # One beat a cycle for all rows; each fold holds up the first row once; then the latencies.
    assert cycles == 64 * 256 + 2 * (256 - 1) + (1 + 1 + 3 + 1 + 1)
    assert simulate_timing(netlist).cycles == cycles
    found = depths(netlist)
    assert found["x"] == 256 + 2 and found["e"] == 256 + 3 + 1
    assert found["top"] == found["total"] == 2


@given(seed=st.integers(0, 2**32), long=st.booleans())
def test_no_time_lost_and_no_channel_could_be_smaller(seed: int, long: bool) -> None:
    rng = Random(seed)
    netlist = random_netlist(rng, rng.randint(1, 6))
    unbounded = firing_cycles(netlist)
    assert unbounded is not None
    total = max(c[-1] for name, c in unbounded.items() if name.startswith("sink")) + 1
    end = max(cycles[-1] for cycles in unbounded.values())
    with mock.patch("hdl.event_graph._LONG", 0 if long else 1 << 30):
        assert size_channels(netlist) == total
    for launches in (1, 2):
        assert firing_cycles(netlist, launches) is not None, "it deadlocks"
    assert simulate_timing(netlist).cycles == total
    for channel in netlist.channels:
        assert channel.depth is not None
        if channel.depth > 1:
            channel.depth -= 1
            fires = firing_cycles(netlist)
            channel.depth += 1
            if fires is not None:
                sinks = max(c[-1] for name, c in fires.items() if name.startswith("sink")) + 1
                last = max(cycles[-1] for cycles in fires.values())
                assert sinks > total or last > end, f"{channel.name} could be smaller"


def test_a_depth_that_is_set_stays_and_the_others_make_the_best_of_it() -> None:
    netlist = softmax(8, 16)
    x = netlist.channels[0]
    x.depth = 20
    assert size_channels(netlist) == size_channels(softmax(8, 16))
    assert x.depth == 20
    slow = softmax(8, 16)
    slow.channels[0].depth = 16  # one row, and none of the next before the row is used up
    assert size_channels(slow) == simulate_timing(slow).cycles > size_channels(softmax(8, 16))
    assert slow.channels[0].depth == 16


def test_set_depths_that_deadlock_are_refused() -> None:
    netlist = softmax(8, 16)
    netlist.channels[0].depth = 15
    with pytest.raises(TileError, match=r"waits for room in `x` \(it holds 15 of 15 beats\)"):
        size_channels(netlist)
    assert depths(netlist) == {"x": 15, "top": None, "e": None, "total": None, "y": None}
