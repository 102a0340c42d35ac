"""The timed model against a cycle-by-cycle oracle, figures known by hand, and its messages."""

from __future__ import annotations

from random import Random
from unittest import mock

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hdl.deadlock import deadlock, fills
from hdl.netlist import Channel, Netlist
from hdl.sim import random_stalls
from hdl.timing import Usage, event_graph, simulate_timing
from hdl.traffic import traffic_of
from hdl.units import sink_actor, source_actor
from tests.hdl.designs import BYTE, carry, chain, fork
from tests.hdl.netlists import edge_ports, random_netlist
from tests.hdl.oracles import beats_in, firing_cycles
from tilevm.diagnostics import TileError


@pytest.mark.parametrize("latency", [1, 2, 3])
def test_one_beat_a_cycle_from_depth_latency_plus_one_on(latency: int) -> None:
    for depth in (None, latency + 1, latency + 4):
        assert simulate_timing(chain(50, 3, depth, latency)).cycles == 50 + 4 * latency
    slow = simulate_timing(chain(50, 3, 1, latency))
    assert slow.fires["sink"].tolist() == [4 * latency + n * (latency + 1) for n in range(50)]


@pytest.mark.parametrize("carried", [1, 2, 3, 4, 8])
def test_a_carried_value_takes_the_latency_of_its_loop(carried: int) -> None:
    # A loop of 4 cycles: the last of 20 rounds starts after 19 of max(4, carried) cycles.  Its last
    # beat takes carried - 1 more, and each beat 5 from the source to the cycle after the sink.
    assert simulate_timing(carry(20, carried)).cycles == 19 * max(4, carried) + carried - 1 + 5


@given(
    seed=st.integers(0, 2**32),
    launches=st.integers(1, 2),
    stall=st.sampled_from([0.0, 0.3, 0.7]),
    long=st.booleans(),
)
def test_as_a_circuit_cycle_by_cycle(seed: int, launches: int, stall: float, long: bool) -> None:
    rng = Random(seed)
    netlist = random_netlist(rng, rng.randint(1, 6))
    for channel in netlist.channels:
        channel.depth = rng.choice([None, channel.frame, channel.frame + 2, rng.randint(1, 12)])
    stalls = random_stalls(edge_ports(netlist), stall, seed, 100) if stall else {}
    wanted = firing_cycles(netlist, launches, stalls)
    with mock.patch("hdl.event_graph._LONG", 0 if long else 1 << 30):  # both ways to solve
        if wanted is None:
            with pytest.raises(TileError) as caught:
                simulate_timing(netlist, launches, stalls)
            assert caught.value.diagnostics[0].code == "TV0601"
            assert " deadlocks: " in caught.value.diagnostics[0].message
            return
        timing = simulate_timing(netlist, launches, stalls)
    assert {name: cycles.tolist() for name, cycles in timing.fires.items()} == wanted
    sinks = [wanted[a.name][-1] for a in netlist.actors if a.name.startswith("sink")]
    assert timing.cycles == max(sinks) + 1
    assert timing.peaks == {c.name: beats_in(c, netlist, wanted) for c in netlist.channels}
    for name, usage in timing.usage.items():
        spent = usage.busy + usage.starved + usage.blocked + usage.closed
        assert spent == wanted[name][-1] + 1, name
        assert usage.busy == len(wanted[name]), name


def test_usage_tells_waiting_for_beats_from_waiting_for_room_and_for_a_port() -> None:
    stalls = {"y": np.zeros(10, np.bool_)}
    timing = simulate_timing(chain(4, 1, 2), stalls=stalls)
    assert timing.fires["sink"].tolist() == [10, 11, 12, 13]
    assert timing.usage["sink"] == Usage(busy=4, starved=2, blocked=0, closed=8)
    assert timing.fires["map0"].tolist() == [1, 2, 11, 12]
    assert timing.usage["map0"] == Usage(busy=4, starved=1, blocked=8, closed=0)
    assert timing.fires["source"].tolist() == [0, 1, 2, 3]


def test_a_source_holds_what_it_offers() -> None:
    netlist = chain(3, 0, 1)
    timing = simulate_timing(netlist, stalls={"x": np.array([True, True, False, False, False])})
    # The second beat is offered in cycle 1, taken in 2 though the port is closed by then.
    assert timing.fires["source"].tolist() == [0, 2, 5]


def test_deadlock_names_the_ring_and_the_source_line() -> None:
    assert simulate_timing(fork(4)).cycles == 10
    with pytest.raises(TileError) as caught:
        simulate_timing(fork(3))
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.code == "TV0601"
    assert diagnostic.message == (
        "the design `fork` deadlocks: "
        "`sub` at iteration [0] waits for a beat of `max` from `top` (it holds 0 of 1 beats); "
        "`max` at iteration [3] waits for a beat of `load` from `x` "
        "(it holds 3 of 3 beats, not that one); "
        "`load` at iteration [3] waits for room in `x` (it holds 3 of 3 beats), "
        "until `sub` releases a beat"
    )
    (label,) = diagnostic.labels
    assert label.span.text == "y = sub x, top"
    assert diagnostic.notes == (
        "firings so far: `load` 3 of 4, `max` 3 of 4, `sub` 0 of 4, `store` 0 of 4",
    )


@pytest.mark.parametrize("seed", range(6))
def test_fills_are_what_was_pushed_and_not_yet_released(seed: int) -> None:
    netlist = random_netlist(Random(seed))
    for channel in netlist.channels:
        channel.depth = None
    timing = simulate_timing(netlist, launches=2)
    for cycle in (0, 3, timing.cycles // 2, timing.cycles):
        fired = [int((timing.fires[a.name] < cycle).sum()) for a in netlist.actors]
        held = fills(netlist, fired)
        assert held.keys() == set(netlist.channels)
        for channel, count in held.items():
            assert count == _held(netlist, channel, fired), f"{channel.name} in cycle {cycle}"


def _held(netlist: Netlist, channel: Channel, fired: list[int]) -> int:
    """Beat by beat, as a channel counts."""
    pushed, released = 0, [0] * len(channel.readers)
    for actor, count in zip(netlist.actors, fired, strict=True):
        for out in actor.outputs:
            if out.channel is channel:
                pushed = sum(bool(actor.due(out.when)[n % actor.firings]) for n in range(count))
        for port in actor.inputs:
            if port.reader.channel is channel:
                walk, due = port.reader.walk, actor.due(port.when)
                pops = sum(bool(due[n % actor.firings]) for n in range(count))
                released[port.reader.index] = pops // walk.release_every * walk.release_count
    return max(0, pushed - min(released, default=pushed))


def test_unbalanced_rates_are_our_bug_and_name_both_sides() -> None:
    x = Channel("x", BYTE, 4)
    netlist = Netlist(
        "unbalanced",
        [
            source_actor("load", "x", x, 4),
            sink_actor("store", "y", x.read(), 3),
        ],
    )
    with pytest.raises(TileError, match="`store` takes 3 beats a launch from `x`, which offers 4"):
        simulate_timing(netlist)
    x = Channel("x", BYTE, 3)
    netlist = Netlist("ragged", [source_actor("load", "x", x, 4)])
    with pytest.raises(TileError, match="`load` pushes 4 beats a launch into `x`, whose frames"):
        simulate_timing(netlist)
    x = Channel("x", BYTE, 4)
    x.read()
    with pytest.raises(TileError, match="no actor is reader 0 of `x`"):
        simulate_timing(Netlist("loose", [source_actor("load", "x", x, 4)]))


def test_counts_of_a_simulation_that_stopped_are_explained_alike() -> None:
    netlist = chain(4, 1, 2)
    graph = event_graph(netlist, traffic_of(netlist))
    stopped = deadlock(netlist, graph, [1, 1, 1], code="TV0602").diagnostics[0]
    assert stopped.code == "TV0602"
    assert stopped.message == (
        "the design `chain` stands still: "
        "`sink` at iteration [1] waits for a beat of `map0` from `c1` (it holds 0 of 2 beats); "
        "`map0` at iteration [1] waits for a beat of `source` from `c0` (it holds 0 of 2 beats); "
        "`source` at iteration [1] waits for nothing inside the design"
    )
