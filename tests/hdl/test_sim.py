"""The simulation around a design: feeds, stalls, waveforms, and designs that stand still."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

import hdl
import tilevm
from hdl.netlist import BeatShape, Channel, Netlist, Walk, Wiring
from hdl.sim import random_stalls, run
from hdl.timing import simulate_timing
from hdl.units import fold_actor, map_actor, sink_actor, source_actor
from tests.hdl.netlists import Horner, Mix
from tilevm.diagnostics import TileError

SHAPE = BeatShape(2, 8, True)


def sums(depth: int = 2) -> Netlist:
    """Folds of four beats each."""
    x, y = Channel("x", SHAPE, 12, depth=depth), Channel("y", SHAPE, 3, latency=2, depth=3)
    return Netlist("sums", [
        source_actor("load", "x", x, 12),
        fold_actor("fold", (3, 4), (False, True), Horner(SHAPE), x.read(), y),
        sink_actor("store", "y", y.read(), 3),
    ])  # fmt: skip


FEED = np.arange(24).reshape(12, 2)


def test_a_design_without_stalls() -> None:
    seen = run(sums(), {"x": FEED})
    assert seen.fires["load"].tolist() == list(range(12))
    assert seen.fires["fold"].tolist() == list(range(1, 13))
    assert seen.fires["store"].tolist() == [6, 10, 14]
    assert seen.cycles == 15
    assert seen.taps["x"].tolist() == FEED.tolist()
    assert seen.taps["y"].tolist() == seen.outputs["y"].tolist()
    state = np.ones((3, 2), np.int64)
    for step in range(4):
        state = 3 * state + FEED.reshape(3, 4, 2)[:, step]
    assert seen.outputs["y"].tolist() == ((state + 128) % 256 - 128).tolist()


def test_a_closed_port_holds_the_design_back() -> None:
    stalls = {"x": np.zeros(5, np.bool_), "y": np.arange(40) % 8 == 7}
    seen = run(sums(), {"x": FEED}, stalls=stalls)
    assert seen.fires["load"].tolist() == list(range(5, 17))
    assert seen.fires["store"].tolist() == [15, 23, 31]


def test_a_port_that_closes_between_beats_gives_each_once() -> None:
    seen = run(sums(), {"x": FEED}, stalls={"x": np.arange(24) % 2 == 0})
    assert seen.fires["load"].tolist() == list(range(0, 24, 2))
    assert seen.taps["x"].tolist() == FEED.tolist()


def test_taps_can_be_left_out() -> None:
    seen = run(sums(), {"x": FEED}, taps=False)
    assert seen.taps == {} and len(seen.outputs["y"]) == 3


def test_constants_are_recorded_for_the_launches_asked_for() -> None:
    c = Channel("c", SHAPE, 2, depth=2)
    table = np.array([[[-1] * 8] * 2, [[-2] * 8] * 2], np.int32)
    wiring = Wiring(SHAPE, table, ((0, 1),))
    actors = [
        map_actor("constant", (2,), [], [(None, wiring)], Mix(SHAPE), c),
        sink_actor("store", "y", c.read(), 2),
    ]
    seen = run(Netlist("constants", actors), {}, launches=2)
    assert seen.outputs["y"].tolist() == [[1, 1], [-2, -2]] * 2
    assert len(seen.fires["constant"]) == len(seen.taps["c"]) == 4


def test_waveform(tmp_path: Path) -> None:
    file = tmp_path / "sums.vcd"
    run(sums(), {"x": FEED}, waves=file)
    text = file.read_text("utf-8")
    assert "$scope module fold_actor $end" in text and "fold_fire $end" in text


def test_random_stalls_can_be_replayed() -> None:
    one, two = (random_stalls(["x", "y"], 0.25, seed=7, length=4000) for _ in range(2))
    assert one.keys() == {"x", "y"}
    assert all((one[port] == two[port]).all() for port in one)
    assert (one["x"] != one["y"]).any()
    assert abs(one["x"].mean() - 0.75) < 0.05
    assert (random_stalls(["x"], 0.25, seed=8, length=4000)["x"] != one["x"]).any()


def test_a_design_that_stands_still() -> None:
    """Two readers that need beats far apart: one waits for beats, the other holds the room."""
    x, total = Channel("x", SHAPE, 4, depth=2), Channel("total", SHAPE, 1, depth=2)
    y = Channel("y", SHAPE, 4, depth=2)
    first, late = x.read(), x.read()
    wires, again = Wiring.identity(SHAPE), Walk(((4, 0),), 1)
    netlist = Netlist("stuck", [
        source_actor("load", "x", x, 4),
        fold_actor("fold", (4,), (True,), Horner(SHAPE), first, total),
        map_actor("mix", (4,), [late, total.read(again)], [(0, wires), (1, wires)], Mix(SHAPE), y),
        sink_actor("store", "y", y.read(), 4),
    ])  # fmt: skip
    with pytest.raises(TileError) as caught:
        run(netlist, {"x": FEED[:4]}, max_idle=20)
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.code == "TV0602"
    assert diagnostic.message == (
        "the design `stuck` deadlocks: "
        "`mix` at iteration [0] waits for a beat of `fold` from `total` (it holds 0 of 2 beats); "
        "`fold` at iteration [2] waits for a beat of `load` from `x` "
        "(it holds 2 of 2 beats, not that one); "
        "`load` at iteration [2] waits for room in `x` (it holds 2 of 2 beats), "
        "until `mix` releases a beat"
    )


def test_a_buffer_made_too_small_is_named_with_its_fill_and_its_line() -> None:
    text = """
    kernel centred(x: global i8[4, 8], y: global i8[4, 8])
      grid (m = 4)
    {
      t: i8[8] = load x[m, 0]
      n = neg t
      most = amax n {dims = [0], keepdims = true}
      all = broadcast most {shape = [8]}
      d = sub n, all
      store d, y[m, 0]
    }
    """
    design = hdl.build(tilevm.parse(text)["centred"], lanes=2)
    (small,) = (channel for channel in design.netlist.channels if channel.name == "n")
    assert small.depth is not None and small.depth >= 4
    small.depth = 3
    with pytest.raises(TileError) as told:
        simulate_timing(design.netlist)
    with pytest.raises(TileError) as seen:
        run(design.netlist, design.feed({"x": np.zeros((4, 8), np.int64)}), max_idle=20)
    for caught, code in ((told, "TV0601"), (seen, "TV0602")):
        (diagnostic,) = caught.value.diagnostics
        assert diagnostic.code == code
        assert "waits for room in `n` (it holds 3 of 3 beats), until `d` rel" in diagnostic.message
        assert {label.span.line for label in diagnostic.labels} == {6, 7, 9}


def test_a_feed_that_does_not_fit() -> None:
    with pytest.raises(TileError, match=r"`x` must have shape \(24, 2\), but has shape \(12, 2\)"):
        run(sums(), {"x": FEED}, launches=2)
    with pytest.raises(TileError, match=r"`x` must have shape \(12, 2\), but is missing"):
        run(sums(), {})


def test_beats_wider_than_the_numbers_that_python_writes() -> None:
    """Tables of 256 entries make beats of tens of thousands of bits."""
    wide, bits = BeatShape(256, 64), sys.get_int_max_str_digits() * 10 // 3 + 1000
    assert wide.width > bits, "else the limit is not met"
    channel = Channel("x", wide, 2, depth=2)
    design = Netlist("wide", [
        source_actor("load", "x", channel, 2),
        sink_actor("store", "y", channel.read(), 2),
    ])  # fmt: skip
    limit = sys.get_int_max_str_digits()
    feed = np.random.default_rng(0).integers(0, 1 << 63, (2, 256), np.uint64)
    assert run(design, {"x": feed}).outputs["y"].tolist() == feed.tolist()
    assert sys.get_int_max_str_digits() == limit, "the setting of the whole program is kept"


@pytest.mark.parametrize("seed", [-1, 1.5, "1", True])
def test_seeds_are_whole_numbers(seed: object) -> None:
    design = hdl.build(
        tilevm.load(Path(__file__).parents[2] / "examples" / "gemv.tile")["gemv"], N=16, K=32
    )
    arrays = {"w": np.zeros((16, 32), int), "x": np.zeros(32, int)}
    with pytest.raises(TileError, match=r"TV0609.*`seed` is a whole number from 0 up"):
        design.simulate(arrays, stall=0.5, seed=seed)
    with pytest.raises(TileError, match="TV0608"):
        design.simulate(arrays, simulator=None)
