"""Beats as the bytes of payloads, against plain Python integers."""

from __future__ import annotations

import numpy as np
import pytest

from hdl.netlist import BeatShape
from hdl.sim.ports import from_octets, integers, octets_of, pack, to_octets, unpack

SHAPES = [
    BeatShape(lanes, bits, signed)
    for lanes in (1, 3, 16)
    for bits in (1, 3, 8, 10, 32, 63, 64, 65, 130)
    for signed in (False, True)
]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_payloads(shape: BeatShape) -> None:
    """Lane 0 lies lowest, in two's complement; a payload fills whole words of 32 bits."""
    seed = 1
    rng = np.random.default_rng(seed)
    low = -(1 << shape.bits - 1) if shape.signed else 0

    def code() -> int:
        return int.from_bytes(rng.bytes(24), "little") % (1 << shape.bits)

    rows = [[low + code() for _ in range(shape.lanes)] for _ in range(5)]
    kind = object if shape.bits > 63 else np.int64
    beats = np.array(rows, kind)
    mask = (1 << shape.bits) - 1
    expected = [sum((v & mask) << n * shape.bits for n, v in enumerate(row)) for row in rows]
    octets = to_octets(beats, shape)
    assert octets.shape == (5, -(-shape.width // 32) * 4), f"seed {seed}"
    assert [int.from_bytes(row.tobytes(), "little") for row in octets] == expected, f"seed {seed}"
    assert from_octets(octets, shape).tolist() == rows, f"seed {seed}"
    assert pack(beats, shape) == integers(octets) == expected
    assert unpack(expected, shape).tolist() == rows
    assert np.array_equal(octets_of(expected, shape.width), octets)


def test_more_elements_than_are_unpacked_at_a_time() -> None:
    shape = BeatShape(7, 5, True)
    beats = np.random.default_rng(2).integers(-16, 16, (10_000, 7))
    assert np.array_equal(from_octets(to_octets(beats, shape), shape), beats)


def test_no_beats() -> None:
    shape = BeatShape(3, 10)
    assert from_octets(to_octets(np.zeros((0, 3), np.int64), shape), shape).shape == (0, 3)
    assert from_octets(np.zeros((0, 0), np.uint8), shape).shape == (0, 3)
