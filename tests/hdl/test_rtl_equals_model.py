"""The hardware is the model: values of every channel, and the cycle of every firing."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest

from hdl.evaluate import evaluate
from hdl.netlist import Netlist
from hdl.sim import random_stalls, run
from hdl.sizing import size_channels
from hdl.timing import Stall, simulate_timing
from tests.hdl.designs import carry, chain, gemv, softmax
from tests.hdl.netlists import edge_ports, random_feeds, random_netlist

LAUNCHES = 2


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """20 designs; with --long fifty times as many."""
    if "seed" in metafunc.fixturenames:
        metafunc.parametrize("seed", range(1000 if metafunc.config.getoption("long") else 20))


def check(netlist: Netlist, stalls: dict[str, Stall], seed: int) -> None:
    feeds = random_feeds(netlist, LAUNCHES, np.random.default_rng(seed))
    values = evaluate(netlist, feeds, LAUNCHES)
    timing = simulate_timing(netlist, LAUNCHES, stalls)
    seen = run(netlist, feeds, launches=LAUNCHES, stalls=stalls)
    where = f"seed {seed}\n{netlist}"
    assert seen.cycles == timing.cycles, where
    assert seen.fires.keys() == timing.fires.keys(), where
    for actor, cycles in timing.fires.items():
        assert seen.fires[actor].tolist() == cycles.tolist(), f"firings of {actor}, {where}"
    assert seen.usage == timing.usage, where
    assert seen.taps.keys() == values.taps.keys(), where
    for channel, beats in values.taps.items():
        assert seen.taps[channel].tolist() == beats.tolist(), f"beats of {channel}, {where}"
    for port, beats in values.outputs.items():
        assert seen.outputs[port].tolist() == beats.tolist(), f"output {port}, {where}"


@pytest.mark.parametrize("stalled", [False, True], ids=["open", "stalled"])
def test_random_design(seed: int, stalled: bool) -> None:
    rng = Random(seed)
    netlist = random_netlist(rng)
    size_channels(netlist)
    if rng.random() < 0.5:
        for channel in netlist.channels:
            assert channel.depth is not None
            channel.depth += rng.randint(0, 5)
    stalls = random_stalls(edge_ports(netlist), rng.uniform(0.2, 0.8), seed, 200) if stalled else {}
    check(netlist, stalls, seed)


@pytest.mark.parametrize("stall", [0.0, 0.4])
@pytest.mark.parametrize(
    "netlist",
    [gemv(5, 7), softmax(3, 9), carry(6, 3), chain(20, 2, None, latency=3)],
    ids=lambda netlist: netlist.name,
)
def test_known_design_with_the_smallest_depths(netlist: Netlist, stall: float) -> None:
    size_channels(netlist)
    check(netlist, random_stalls(edge_ports(netlist), stall, 1, 60), 1)
