"""Each unit alone: its model against plain loops, its logic against the model, ports stalling."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np
import pytest

from hdl.netlist import ONE, ZERO, Actor, BeatShape, Channel, Reader, When, Wiring
from hdl.units import (
    Identity,
    collect_actor,
    fold_actor,
    map_actor,
    merge_actor,
    route_actor,
    sink_actor,
    source_actor,
)
from hdl.units.actor import ActorComponent
from tests.hdl.netlists import Horner, Mix
from tests.hdl.units.bench import check, lanes_of, random_beats, simulate

I8x3 = BeatShape(3, 8, True)
SHAPES = [I8x3, BeatShape(2, 5), BeatShape(1, 1), BeatShape(2, 64), BeatShape(2, 70, True)]
LAUNCHES = 2
seeds = pytest.mark.parametrize("seed", range(3))
shapes = pytest.mark.parametrize("shape", SHAPES, ids=str)


def channel(name: str, shape: BeatShape) -> Channel:
    return Channel(name, shape, frame=1)


def reader(name: str, shape: BeatShape) -> Reader:
    return channel(name, shape).read()


@shapes
@seeds
def test_edges(shape: BeatShape, seed: int) -> None:
    beats = random_beats(np.random.default_rng(seed), 6, shape)
    source = source_actor("source", "x", channel("c", shape), 3)
    sink = sink_actor("sink", "y", reader("c", shape), 3)
    for actor in (source, sink):
        assert actor.unit.model([beats], actor)[0].tolist() == beats.tolist()
        check(actor, [beats], seed)


@shapes
@seeds
def test_map_of_two_inputs(shape: BeatShape, seed: int) -> None:
    rng = np.random.default_rng(seed)
    readers = [reader("a", shape), reader("b", shape)]
    wiring = Wiring.identity(shape)
    when = When(((1, "last"),), negate=bool(seed % 2))
    actor = map_actor(
        "map", (2, 3), readers, [(0, wiring), (1, wiring), (0, wiring)], Mix(shape),
        channel("out", shape), when=when,
    )  # fmt: skip
    a, b = random_beats(rng, 12, shape), random_beats(rng, 12, shape)
    bits, low = shape.bits, -(1 << shape.bits - 1) if shape.signed else 0
    values = [
        [(3 * int(p) + 5 * int(q) + 7 * int(p) + 1 - low) % (1 << bits) + low for p, q in pairs]
        for pairs in (zip(x, y, strict=True) for x, y in zip(a, b, strict=True))
    ]
    due = [n % 3 == 2 for n in range(12)]
    kept = [v for v, last in zip(values, due, strict=True) if last != when.negate]
    assert actor.unit.model([a, b], actor)[0].tolist() == kept
    check(actor, [a, b], seed)


def wired(kind: str, rng: np.random.Generator) -> tuple[BeatShape, Wiring, tuple[int, ...]]:
    """A payload's shape, a wiring from it, and trips that select its variants."""
    source, trips = BeatShape(8, 4, True), (2, 3, 5)
    if kind == "bits":
        table = rng.integers(-2, source.width, (1, 3, 6))
        return source, Wiring(BeatShape(3, 6, True), table.astype(np.int32)), trips
    if kind == "slices":
        table = np.array([[[8, 9, 10], [0, 1, 2], [ZERO, ZERO, ZERO], [29, 30, 31]]])
        return source, Wiring(BeatShape(4, 3, True), table.astype(np.int32)), trips
    if kind == "cases":
        table = rng.integers(-2, source.width, (15, 2, 4))
        return source, Wiring(BeatShape(2, 4), table.astype(np.int32), ((2, 1), (1, 5))), trips
    assert kind == "shifter"  # each variant one bit further, between bits that are constant
    bits = np.array([[0, 1, ZERO], [16, 2, ONE]]) + 0 * np.arange(15)[:, None, None]
    table = np.where(bits >= 0, bits + np.arange(15)[:, None, None], bits)
    return source, Wiring(BeatShape(2, 3), table.astype(np.int32), ((1, 5), (2, 1))), trips


@pytest.mark.parametrize("kind", ["bits", "slices", "cases", "shifter"])
@seeds
def test_map_rearranges_bits(kind: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    source, wiring, trips = wired(kind, rng)
    output = channel("out", wiring.shape)
    actor = map_actor(
        "wires", trips, [reader("a", source)], [(0, wiring)], Identity(wiring.shape), output
    )
    check(actor, [random_beats(rng, 30 * LAUNCHES, source)], seed)


@pytest.mark.parametrize("variants", [1, 6, 24], ids=["constant", "cases", "memory"])
def test_map_without_inputs_gives_constants_for_ever(variants: int) -> None:
    rng = np.random.default_rng(variants)
    shape, trips = BeatShape(3, 7, True), (2, variants)
    table = rng.choice([ZERO, ONE], (variants, 3, 7)).astype(np.int32)
    wiring = Wiring(shape, table, ((1, 1),))
    actor = map_actor("table", trips, [], [(None, wiring)], Identity(shape), channel("o", shape))
    values = [
        [sum(int(bit == ONE) << n for n, bit in enumerate(row)) for row in lanes]
        for lanes in table.tolist()
    ]
    values = [[v - 128 if v >= 64 else v for v in lanes] for lanes in values]
    assert actor.unit.model([], actor)[0].tolist() == values * 2
    assert constants_of(actor, 5 * variants) == (values * 5)[: 5 * variants]


def constants_of(actor: Actor, count: int) -> list[list[int]]:
    """The first beats that an actor without inputs gives."""
    component, found = ActorComponent(actor), []
    stream = component.outputs[0]

    async def bench(ctx: Any) -> None:
        ctx.set(stream.ready, 1)
        while len(found) < count:
            assert ctx.get(stream.valid)
            found.append(lanes_of(ctx, stream))
            await ctx.tick()

    simulate(component, bench)
    return found


def folded(
    values: list[list[int]], starts: list[list[int]] | None, trips: Sequence[int],
    reduce: Sequence[bool], shape: BeatShape, initial: int,
) -> list[list[int]]:  # fmt: skip
    """A fold of one launch by one dictionary of states, in the order of the nest."""
    states: dict[tuple[int, ...], list[int]] = {}
    results, rest = [], list(starts or [])
    for at, value in zip(product(*map(range, trips)), values, strict=True):
        levels = list(zip(at, trips, reduce, strict=True))
        key = tuple(c for c, _, over in levels if not over)
        if all(c == 0 for c, _, over in levels if over):
            states[key] = rest.pop(0) if starts is not None else [initial] * shape.lanes
        low = -(1 << shape.bits - 1) if shape.signed else 0
        states[key] = [
            (3 * s + v - low) % (1 << shape.bits) + low
            for s, v in zip(states[key], value, strict=True)
        ]
        if all(c == n - 1 for c, n, over in levels if over):
            results.append(states[key])
    return results


@pytest.mark.parametrize("reduce", list(product([False, True], repeat=3)), ids=str)
@pytest.mark.parametrize("started", [False, True], ids=["constant", "started"])
def test_fold(reduce: tuple[bool, ...], started: bool) -> None:
    seed, trips, shape = sum(1 << n for n, over in enumerate(reduce) if over), (3, 2, 4), I8x3
    rng = np.random.default_rng(seed)
    results = int(np.prod([n for n, over in zip(trips, reduce, strict=True) if not over]))
    actor = fold_actor(
        "fold", trips, reduce, Horner(shape, initial=-5), reader("values", shape),
        channel("out", shape), initial=reader("starts", shape) if started else None,
    )  # fmt: skip
    values = random_beats(rng, 24 * LAUNCHES, shape)
    starts = random_beats(rng, results * LAUNCHES, shape)
    expected = []
    for n in range(LAUNCHES):
        begin = starts[n * results : (n + 1) * results].tolist() if started else None
        beats = values[24 * n : 24 * (n + 1)].tolist()
        expected += folded(beats, begin, trips, reduce, shape, -5)
    inputs = [values, starts] if started else [values]
    assert actor.unit.model(inputs, actor)[0].tolist() == expected
    check(actor, inputs, seed)


@shapes
@pytest.mark.parametrize("count", [1, 2, 5])
def test_collect(shape: BeatShape, count: int) -> None:
    wide = BeatShape(shape.lanes * count, shape.bits, shape.signed)
    actor = collect_actor("collect", (3, count), reader("a", shape), channel("out", wide))
    beats = random_beats(np.random.default_rng(count), 3 * count * LAUNCHES, shape)
    flat = [lane for beat in beats.tolist() for lane in beat]
    expected = [flat[n : n + wide.lanes] for n in range(0, len(flat), wide.lanes)]
    assert actor.unit.model([beats], actor)[0].tolist() == expected
    check(actor, [beats], seed=count)


@seeds
@pytest.mark.parametrize("level", [0, 1])
def test_merge_and_route(level: int, seed: int) -> None:
    rng, trips, shape = np.random.default_rng(seed), (3, 4), I8x3
    at = np.indices(trips)[level].reshape(-1)
    outer = trips[1 - level] * LAUNCHES
    start = random_beats(rng, outer, shape)
    again = random_beats(rng, outer * (trips[level] - 1), shape)
    first, others = iter(start.tolist()), iter(again.tolist())
    mixed = [next(first if step == 0 else others) for step in at.tolist() * LAUNCHES]
    merge = merge_actor(
        "merge", trips, level, reader("a", shape), reader("b", shape), channel("m", shape)
    )
    assert merge.unit.model([start, again], merge)[0].tolist() == mixed
    check(merge, [start, again], seed)

    route = route_actor(
        "route", trips, level, reader("m", shape), channel("back", shape), channel("out", shape)
    )
    beats = np.array(mixed)
    last = at.tolist() * LAUNCHES
    parts = [
        [beat for beat, step in zip(mixed, last, strict=True) if (step == trips[level] - 1) == out]
        for out in (False, True)
    ]
    assert [part.tolist() for part in route.unit.model([beats], route)] == parts
    check(route, [beats], seed)


def test_an_actor_of_one_firing_needs_no_counter() -> None:
    shape = I8x3
    actor = map_actor(
        "once", (), [reader("a", shape)], [(0, Wiring.identity(shape))], Mix(shape),
        channel("out", shape),
    )  # fmt: skip
    check(actor, [random_beats(np.random.default_rng(0), 4, shape)], seed=0)


def test_shapes_that_do_not_fit_are_refused() -> None:
    a, wide = reader("a", I8x3), BeatShape(6, 8, True)
    with pytest.raises(AssertionError, match="`f`: i8x3 into i8x6"):
        fold_actor("f", (2,), (True,), Horner(I8x3), a, channel("o", wide))
    with pytest.raises(AssertionError, match="`c`: 3 beats of i8x3 are i8x9, not i8x6"):
        collect_actor("c", (3,), a, channel("o", wide))
