"""Pictures and tables of a design: nothing is missing, and widths are cycles."""

from __future__ import annotations

import re
from itertools import combinations
from pathlib import Path
from random import Random
from xml.etree import ElementTree

import numpy as np
import pytest

import hdl
import tilevm
from hdl.netlist import Netlist
from hdl.sim import random_stalls
from hdl.sizing import size_channels
from hdl.timing import moments, simulate_timing
from hdl.units import Memory
from hdl.view import netlist_svg, roofline, unit_times
from hdl.view.layers import layered
from hdl.view.text import aligned
from hdl.view.timeline import COLUMNS, STATES, runs_of, states_of
from hdl.view.usage import lost
from tests.hdl.designs import carry, gemv, softmax
from tests.hdl.netlists import edge_ports, random_netlist

EXAMPLES = Path(__file__).parents[2] / "examples"

GEMV = """
kernel gemv(w: global i4[N, K], x: global i8[K], y: global i32[N])
  grid (n = N / 8)
{
  zero = full i32[8] {value = 0}
  acc = for k in 0 .. K / 16 carry (sum = zero) {
    wt: i4[8, 16] = load w[n * 8, k * 16]
    xt: i8[16] = load x[k * 16]
    part = dot wt, xt
    next = add sum, part
    yield next
  }
  store acc, y[n * 8]
}
"""


def built(**options: object) -> hdl.Design:
    sizes = {"N": 16, "K": 64}
    return hdl.build(tilevm.parse(GEMV)["gemv"], lanes=16, sizes=sizes, **options)  # type: ignore[arg-type]


def named(svg: str, key: str) -> list[str]:
    found = ElementTree.fromstring(svg)
    return [e.attrib[f"data-{key}"] for e in found.iter() if f"data-{key}" in e.attrib]


@pytest.mark.parametrize("stall", [0.0, 0.4])
@pytest.mark.parametrize("dot", ["mac", "lut", "bitserial"])
def test_widths_of_a_timeline_are_the_cycles(dot: str, stall: float) -> None:
    design = built(dot=dot)
    timing, _ = design.timed(stall, 3)
    picture = design.pictures(stall=stall, seed=3)["timeline.svg"]
    spent: dict[str, dict[str, int]] = {}
    for path in ElementTree.fromstring(picture).iter("{http://www.w3.org/2000/svg}path"):
        if "data-unit" in path.attrib:
            widths = [int(width) for width in re.findall(r"h(\d+)v", path.attrib["d"])]
            of_unit = spent.setdefault(path.attrib["data-unit"], {})
            of_unit[path.attrib["data-state"]] = sum(widths)
    assert list(spent) == [actor.name for actor in design.netlist.actors]
    for name, states in spent.items():
        use = timing.usage[name]
        counts = (use.busy, use.starved, use.blocked, use.closed)
        done = timing.cycles - sum(counts)
        want = dict(zip(STATES, (*counts, done), strict=True))
        assert states == {state: cycles for state, cycles in want.items() if cycles}, name
        assert sum(states.values()) == timing.cycles


@pytest.mark.parametrize("seed", range(8))
def test_states_of_every_cycle(seed: int) -> None:
    netlist = random_netlist(Random(seed))
    size_channels(netlist)
    timing = simulate_timing(netlist, stalls=random_stalls(edge_ports(netlist), 0.5, seed, 100))
    span = max(int(times[-1]) + 1 for times in timing.fires.values())
    for at in moments(netlist, timing).values():
        states = states_of(at, span)
        assert np.flatnonzero(states == STATES.index("busy")).tolist() == at.fires.tolist()
        last = int(at.fires[-1])
        assert (states[last + 1 :] == STATES.index("done")).all()
        assert not (states[:last] == STATES.index("done")).any()
        for step in (1, 3, 64):
            runs = runs_of(states, step)
            assert [start for start, _, _ in runs] == np.cumsum(
                [0, *(width for _, width, _ in runs)]
            ).tolist()[:-1]
            for state in range(len(STATES)):
                cycles = sum(width for _, width, which in runs if which == state)
                assert cycles == int((states == state).sum())
            if step == 1:
                drawn = np.concatenate([np.full(width, which) for _, width, which in runs])
                assert np.array_equal(drawn, states)


def test_a_long_timeline_has_few_columns() -> None:
    runs = runs_of(np.arange(100_000, dtype=np.int64).astype(np.int8) % 2, 200)
    assert len(runs) <= 2 * COLUMNS


@pytest.mark.parametrize("seed", range(12))
def test_every_unit_and_stream_is_drawn_and_none_covers_another(seed: int) -> None:
    netlist = random_netlist(Random(seed), steps=40 if seed < 3 else 10)
    size_channels(netlist)
    svg = netlist_svg(netlist)
    names = [*(a.name for a in netlist.actors), *(c.name for c in netlist.channels)]
    assert sorted(named(svg, "name")) == sorted(names)
    takes = [(p.reader.channel.name, a.name) for a in netlist.actors for p in a.inputs]
    gives = [(a.name, p.channel.name) for a in netlist.actors for p in a.outputs]
    edges = zip(named(svg, "from"), named(svg, "to"), strict=True)
    assert sorted(edges) == sorted([*takes, *gives])
    boxes = [
        tuple(float(e.attrib[side]) for side in ("x", "y", "width", "height"))
        for e in ElementTree.fromstring(svg).iter()
        if "data-name" in e.attrib
    ]
    for (x0, y0, w0, h0), (x1, y1, w1, h1) in combinations(boxes, 2):
        assert x0 + w0 <= x1 or x1 + w1 <= x0 or y0 + h0 <= y1 or y1 + h1 <= y0
    assert svg == netlist_svg(netlist)


def test_ways_back_go_up_and_all_others_down() -> None:
    netlist = carry(4, 3)
    edges = [("a", "b"), ("b", "c"), ("c", "b"), ("c", "d")]
    placed = layered(dict.fromkeys("abcd", 1.0), edges)
    assert placed.row == {"a": 0, "b": 1, "c": 2, "d": 3}
    svg = netlist_svg(netlist)
    dashed = [
        (e.attrib["data-from"], e.attrib["data-to"])
        for e in ElementTree.fromstring(svg).iter()
        if "stroke-dasharray" in e.attrib
    ]
    assert dashed == [("back", "merge")]


def test_an_edge_over_rows_passes_each_of_them() -> None:
    placed = layered(dict.fromkeys("abc", 10.0), [("a", "b"), ("b", "c"), ("a", "c")])
    assert [len(passes) for passes in placed.passes] == [0, 0, 1]
    assert abs(placed.passes[2][0] - placed.middle["b"]) >= 5, "not through the box of b"


def test_statements_are_in_the_drawing() -> None:
    svg = built(dot="mac").pictures()["netlist.svg"]
    texts = ["".join(e.itertext()) for e in ElementTree.fromstring(svg).iter()]
    assert any("part = dot wt, xt" in text for text in texts)
    assert any(text.startswith("line 10: ") for text in texts)


def test_a_roofline_by_hand() -> None:
    design = built(dot="mac")
    found = roofline(design, design.timing)
    # 2 * N * K of the dots; and an add of each partial sum
    assert found.operations == 2 * 16 * 64 + 16 * 4
    roofs = {(roof.kind, roof.name): roof for roof in found.roofs}
    assert roofs["port in", "w"].bytes == 16 * 64 / 2 and roofs["port in", "x"].bytes == 64
    assert roofs["port out", "y"].bytes == 16 * 4
    memory = roofs["memory", "x_memory"]
    assert memory.beats == 64 and memory.bits == 2 * 8  # of each beat, two for eight rows
    assert {unit.busy for unit in found.bound} == {64}
    for roof in found.roofs:
        assert roof.beats <= found.cycles
        assert found.achieved <= found.operations / roof.bytes * roof.bits / 8
    assert found.achieved <= found.peak == found.operations / 64
    assert sorted(named(design.pictures()["roofline.svg"], "name")) == sorted(
        roof.name for roof in found.roofs
    )


def test_a_kernel_that_only_moves_has_a_roofline_too() -> None:
    text = """
    kernel copy(x: global i8[8], y: global i8[8])
    {
      t: i8[8] = load x[0]
      store t, y[0]
    }
    """
    design = hdl.build(tilevm.parse(text)["copy"], lanes=4)
    assert roofline(design, design.timing).counted == "elements stored"
    assert all(map(ElementTree.fromstring, design.pictures().values()))


def test_a_memory_is_drawn_and_is_a_roof() -> None:
    kernel = tilevm.load(EXAMPLES / "histogram.tile")["histogram"]
    design = hdl.build(kernel, lanes=16, N=64)
    (memory,) = (a for a in design.netlist.actors if isinstance(a.unit, Memory))
    roofs = {(roof.kind, roof.name): roof for roof in roofline(design, design.timing).roofs}
    assert roofs["memory", memory.name].beats == memory.firings
    pictures = design.pictures()
    assert memory.name in named(pictures["netlist.svg"], "name")
    assert memory.name in named(pictures["timeline.svg"], "unit")
    for unit in unit_times(design, design.timing):
        assert unit.cycles >= design.cycles and unit.done >= 0


def test_lane_cycles_are_all_accounted_for() -> None:
    for dot, stall in (("mac", 0.0), ("lut", 0.5), ("bitserial", 0.2)):
        design = built(dot=dot)
        timing, _ = design.timed(stall, 1)
        for unit in unit_times(design, timing):
            assert unit.cycles == timing.cycles
            rest = sum(share for _, share in lost(timing, unit))
            assert unit.useful + rest == pytest.approx(1)


def test_empty_lanes_are_not_useful() -> None:
    text = """
    kernel edge(x: global i8[3], y: global i8[4])
    {
      t: i8[4] = load x[0] {oob = zero}
      store t, y[0]
    }
    """
    design = hdl.build(tilevm.parse(text)["edge"], lanes=4)
    units = {unit.name: unit for unit in unit_times(design, design.timing)}
    assert units["x_source"].filled == 3 / 4 and units["y_sink"].filled == 1


def test_columns_of_tables() -> None:
    assert aligned("a\n\n| x | long |\n|---|---|\n| 1 | b |\n| 10 | c |") == (
        "a\n\n x  long\n--  ----\n 1  b\n10  c"
    )


@pytest.mark.parametrize("netlist", [gemv(3, 4), softmax(2, 3)], ids=lambda n: n.name)
def test_a_netlist_is_printed(netlist: Netlist) -> None:
    size_channels(netlist)
    text = str(netlist)
    for name in (*(a.name for a in netlist.actors), *(c.name for c in netlist.channels)):
        assert name in text
