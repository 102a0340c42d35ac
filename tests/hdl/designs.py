"""A few designs as people would draw them, without depths unless asked for."""

from __future__ import annotations

from hdl.netlist import BeatShape, Channel, Netlist, Origin, Walk, Wiring
from hdl.units import (
    Identity,
    fold_actor,
    map_actor,
    merge_actor,
    route_actor,
    sink_actor,
    source_actor,
)
from tests.hdl.netlists import Horner, Mix
from tilevm.diagnostics import Source, Span

BYTE = BeatShape(1, 8)
WIRE = Wiring.identity(BYTE)


def chain(beats: int, maps: int, depth: int | None, latency: int = 1) -> Netlist:
    channels = [Channel(f"c{n}", BYTE, beats, latency, depth) for n in range(maps + 1)]
    actors = [source_actor("source", "x", channels[0], beats)]
    for n in range(maps):
        reader, output = channels[n].read(), channels[n + 1]
        actors.append(map_actor(f"map{n}", (beats,), [reader], [(0, WIRE)], Identity(BYTE), output))
    actors.append(sink_actor("sink", "y", channels[-1].read(), beats))
    return Netlist("chain", actors)


def carry(rounds: int, carried: int) -> Netlist:
    """A loop of two channels, each of latency 2, that carries `carried` beats."""
    x = Channel("x", BYTE, carried, depth=2)
    head = Channel("head", BYTE, 1, latency=2, depth=3)
    back = Channel("back", BYTE, 1, latency=2, depth=carried + 3)
    y = Channel("y", BYTE, carried, depth=2)
    trips = (rounds, carried)
    return Netlist(
        "carry",
        [
            source_actor("source", "x", x, carried),
            merge_actor("merge", trips, 0, x.read(), back.read(), head),
            route_actor("route", trips, 0, head.read(), back, y),
            sink_actor("sink", "y", y.read(), carried),
        ],
    )


def fork(depth: int) -> Netlist:
    """Each beat of x joined with a fold of all four: x must be held until the fold is done."""
    x, y = Channel("x", BYTE, 4, depth=depth), Channel("y", BYTE, 4, depth=2)
    top = Channel("top", BYTE, 1, depth=1)
    origin = Origin("y", "sub", Span(Source("program.tile", "y = sub x, top\n"), 0, 14))
    readers = [x.read(), top.read(Walk(((4, 0),), 1))]
    return Netlist(
        "fork",
        [
            source_actor("load", "x", x, 4),
            fold_actor("max", (4,), (True,), Horner(BYTE), x.read(), top),
            map_actor("sub", (4,), readers, [(0, WIRE), (1, WIRE)], Mix(BYTE), y, origin=origin),
            sink_actor("store", "y", y.read(), 4),
        ],
    )


def gemv(rows: int, columns: int) -> Netlist:
    """A vector that is replayed for every row of a matrix that streams past."""
    w, x = Channel("w", BYTE, rows * columns), Channel("x", BYTE, columns)
    p, y = Channel("p", BYTE, rows * columns, 3), Channel("y", BYTE, rows)
    replay = Walk(((rows, 0), (columns, 1)), columns)
    trips = (rows, columns)
    return Netlist(
        "gemv",
        [
            source_actor("weights", "w", w, rows * columns),
            source_actor("vector", "x", x, columns),
            map_actor(
                "mul", trips, [w.read(), x.read(replay)], [(0, WIRE), (1, WIRE)], Mix(BYTE), p
            ),
            fold_actor("sum", trips, (False, True), Horner(BYTE), p.read(), y),
            sink_actor("store", "y", y.read(), rows),
        ],
    )


def softmax(rows: int, columns: int) -> Netlist:
    """Two folds over each row, each joined with the row again."""
    beats, once = rows * columns, Walk(((columns, 0),), 1)
    x, e, y = Channel("x", BYTE, columns), Channel("e", BYTE, columns, 3), Channel("y", BYTE, beats)
    top, total = Channel("top", BYTE, 1), Channel("total", BYTE, 1)
    trips, wires = (rows, columns), [(0, WIRE), (1, WIRE)]
    fold = ((False, True), Horner(BYTE))
    return Netlist(
        "softmax",
        [
            source_actor("load", "x", x, beats),
            fold_actor("max", trips, *fold, x.read(), top),
            map_actor("exp", trips, [x.read(), top.read(once)], wires, Mix(BYTE), e),
            fold_actor("sum", trips, *fold, e.read(), total),
            map_actor("div", trips, [e.read(), total.read(once)], wires, Mix(BYTE), y),
            sink_actor("store", "y", y.read(), beats),
        ],
    )
