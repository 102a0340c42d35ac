"""Values of a netlist, against the same computed directly; test_rtl_equals_model has the RTL's."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hdl.evaluate import evaluate
from hdl.netlist import ONE, ZERO, BeatShape, Channel, Netlist, Walk, When, Wiring
from hdl.units import (
    fold_actor,
    map_actor,
    merge_actor,
    route_actor,
    sink_actor,
    source_actor,
)
from tests.hdl.netlists import Horner, Mix
from tilevm.diagnostics import TileError

WIDE = BeatShape(2, 16, True)
WIRE = Wiring.identity(WIDE)


def wrapped(values: np.ndarray) -> np.ndarray:
    return values.astype(np.int16).astype(np.int64)


@given(
    rows=st.integers(1, 4),
    columns=st.integers(1, 5),
    launches=st.integers(1, 3),
    seed=st.integers(0, 99),
)
def test_a_replayed_vector_and_a_fold(rows: int, columns: int, launches: int, seed: int) -> None:
    w, x = Channel("w", WIDE, rows * columns), Channel("x", WIDE, columns)
    p, y = Channel("p", WIDE, columns), Channel("y", WIDE, rows)
    trips, wires = (rows, columns), [(0, WIRE), (1, WIRE)]
    replay = x.read(Walk(((rows, 0), (columns, 1)), columns))
    netlist = Netlist(
        "gemv",
        [
            source_actor("weights", "w", w, rows * columns),
            source_actor("vector", "x", x, columns),
            map_actor("mul", trips, [w.read(), replay], wires, Mix(WIDE), p),
            fold_actor("sum", trips, (False, True), Horner(WIDE), p.read(), y),
            sink_actor("store", "y", y.read(), rows),
        ],
    )
    rng = np.random.default_rng(seed)
    feeds = {
        "w": rng.integers(-(1 << 15), 1 << 15, (launches * rows * columns, 2)),
        "x": rng.integers(-(1 << 15), 1 << 15, (launches * columns, 2)),
    }
    weights = feeds["w"].reshape(launches, rows, columns, 2)
    products = wrapped(3 * weights + 5 * feeds["x"].reshape(launches, 1, columns, 2) + 1)
    state = np.full((launches, rows, 2), 1)
    for column in range(columns):
        state = wrapped(3 * state + products[:, :, column])
    values = evaluate(netlist, feeds, launches)
    assert values.outputs["y"].tolist() == state.reshape(-1, 2).tolist()
    assert values.taps["p"].tolist() == products.reshape(-1, 2).tolist()
    assert set(values.taps) == {"w", "x", "p", "y"}


@given(carried=st.integers(1, 3), rounds=st.integers(2, 6), launches=st.integers(1, 3))
def test_carried_beats_go_round(carried: int, rounds: int, launches: int) -> None:
    x, head = Channel("x", WIDE, carried), Channel("head", WIDE, carried)
    step, back = Channel("step", WIDE, carried), Channel("back", WIDE, carried)
    y, trips = Channel("y", WIDE, carried), (rounds, carried)
    netlist = Netlist(
        "carry",
        [
            source_actor("source", "x", x, carried),
            merge_actor("merge", trips, 0, x.read(), back.read(), head),
            map_actor("step", trips, [head.read()], [(0, WIRE)], Mix(WIDE), step),
            route_actor("route", trips, 0, step.read(), back, y),
            sink_actor("sink", "y", y.read(), carried),
        ],
    )
    start = np.arange(launches * carried * 2).reshape(-1, 2) - 3
    wanted = start
    for _ in range(rounds):
        wanted = wrapped(3 * wanted + 1)
    assert evaluate(netlist, {"x": start}, launches).outputs["y"].tolist() == wanted.tolist()


def test_constants_follow_the_counters_and_repeat_with_each_launch() -> None:
    shape = BeatShape(1, 2)
    bits = np.array([[[ZERO, ZERO]], [[ONE, ZERO]], [[ZERO, ONE]]], np.int32)
    c = Channel("c", BeatShape(1, 8), 2)
    wiring = Wiring(shape, bits, ((1, 1),))
    late = When(((1, "first"),), negate=True)
    netlist = Netlist(
        "constants",
        [
            map_actor("constant", (2, 3), [], [(None, wiring)], Mix(c.shape), c, when=late),
            sink_actor("sink", "y", c.read(), 4),
        ],
    )
    # 3 * code + 1, for the codes 1 and 2 of the counters 1 and 2.
    assert evaluate(netlist, {}, 2).outputs["y"].reshape(-1).tolist() == [4, 7] * 4


def test_feeds_must_fit_and_wrap() -> None:
    x = Channel("x", BeatShape(1, 4, True), 2)
    netlist = Netlist(
        "copy",
        [
            source_actor("load", "pixels", x, 2),
            sink_actor("store", "y", x.read(), 2),
        ],
    )
    assert evaluate(netlist, {"pixels": [[9], [-9]]}).outputs["y"].tolist() == [[-7], [7]]
    with pytest.raises(TileError, match=r"`copy` has no input port `pixel`(?s:.*)`pixels`"):
        evaluate(netlist, {"pixel": [[1], [2]]})
    with pytest.raises(TileError, match=r"port `pixels` must have shape \(4, 1\), but is missing"):
        evaluate(netlist, {}, launches=2)
    with pytest.raises(TileError, match=r"must have shape \(2, 1\), but has shape \(1, 2\)"):
        evaluate(netlist, {"pixels": [[1, 2]]})
