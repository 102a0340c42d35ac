"""The memory alone: its turns against nested loops, its model and its logic against a list."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random

import numpy as np
import pytest

from hdl.netlist import BeatShape, Channel, Reader
from hdl.turns import Node, Rounds, Turn, Turns
from hdl.units import Access, Drain, Fill, Memory, Place, address_shape, image_lanes, memory_actor
from tests.hdl.netlists import Mix
from tests.hdl.units.bench import check, random_beats

SHAPES = [BeatShape(1, 8, True), BeatShape(1, 1), BeatShape(1, 64), BeatShape(1, 70, True)]
BODY: tuple[Node, ...] = (
    Turn(0, 3),
    Rounds(2, (Turn(1, 1), Rounds(3, (Turn(2, 2),)), Rounds(1, (Turn(3, 1),)))),
    Turn(4, 3),
)


def written_out(body: Sequence[Node]) -> Iterator[int]:
    for node in body:
        if isinstance(node, Turn):
            yield from [node.place] * node.beats
        else:
            for _ in range(node.trips):
                yield from written_out(node.body)


def random_body(rng: Random, places: Iterator[int], depth: int) -> tuple[Node, ...]:
    return tuple(
        Rounds(rng.randint(1, 3), random_body(rng, places, depth - 1))
        if depth and rng.random() < 0.4
        else Turn(next(places), rng.randint(1, 3))
        for _ in range(rng.randint(1, 3))
    )


@pytest.mark.parametrize("seed", range(20))
def test_turns_are_those_of_nested_loops(seed: int) -> None:
    body = random_body(Random(seed), iter(range(100)), 3)
    turns = Turns(body)
    assert turns.places.tolist() == list(written_out(body))
    assert turns.firings == len(turns.places)


def reader(name: str, shape: BeatShape) -> Reader:
    return Channel(name, shape, frame=1).read()


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("size", [12, 3, 1])
@pytest.mark.parametrize("seed", range(2))
def test_memory(shape: BeatShape, size: int, seed: int) -> None:
    """Filled, stored to, updated, read, changed and read again, drained; twice."""
    rng = np.random.default_rng(seed)
    lanes = image_lanes(size, 4)
    assert size % lanes == 0 and lanes in (1, 4)
    places: tuple[Place, ...] = (
        Fill(),
        Access(values=1, writes=True),
        Access(values=1, update=Mix(shape), writes=True, gives=True, otherwise=5),
        Access(gives=True, otherwise=-1),
        Drain(),
    )
    words = size // lanes
    turns = Turns((Turn(0, words), *BODY[1:2], Turn(4, words)))
    memory = Memory(shape, size, lanes, places, turns)
    shapes = [memory.image, memory.address, shape, memory.address, shape, memory.address]
    actor = memory_actor(
        "memory",
        memory,
        [reader(f"in{n}", each) for n, each in enumerate(shapes)],
        [Channel(f"out{n}", each, 1) for n, each in enumerate([shape, shape, memory.image])],
    )
    counts = [2 * words, 4, 4, 24, 24, 4]
    inputs = [random_beats(rng, count, each) for count, each in zip(counts, shapes, strict=True)]
    for port in (1, 3, 5):
        inputs[port] = rng.integers(0, size + 1, (counts[port], 1))
    assert address_shape(size).bits == size.bit_length()

    low, mask = -(1 << shape.bits - 1) if shape.signed else 0, (1 << shape.bits) - 1
    fed = [iter(beats.tolist()) for beats in inputs]
    wanted: list[list[list[int]]] = [[], [], []]
    content = [0] * size
    for _ in range(2):
        content = [value for _ in range(words) for value in next(fed[0])]
        for place in written_out(BODY[1:2]):
            if place == 1:
                (at,), (value,) = next(fed[1]), next(fed[2])
                if at < size:
                    content[at] = value
            elif place == 2:
                (at,), (value,) = next(fed[3]), next(fed[4])
                wanted[0].append([content[at] if at < size else (5 - low & mask) + low])
                if at < size:
                    content[at] = (3 * content[at] + 5 * value + 1 - low & mask) + low
            else:
                (at,) = next(fed[5])
                wanted[1].append([content[at] if at < size else (-1 - low & mask) + low])
        wanted[2] += np.array(content, object).reshape(words, lanes).tolist()
    assert [beats.tolist() for beats in memory.model(inputs, actor)] == wanted
    check(actor, inputs, seed)
