"""Beats as arrays: wrapping, bits, and wirings, against plain integers."""

from __future__ import annotations

import numpy as np
import pytest

from hdl.netlist import ONE, BeatShape, Wiring
from hdl.units.lanes import beats_dtype, check_wiring, fit, from_bits, gather, to_bits

SHAPES = [BeatShape(3, bits, signed) for bits in (1, 5, 8, 63, 64, 65, 130) for signed in (0, 1)]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("wide", [False, True], ids=["int64", "object"])
def test_fit_keeps_the_low_bits(shape: BeatShape, wide: bool) -> None:
    rng = np.random.default_rng(1)
    values = rng.integers(-(2**62), 2**62, (6, 3))
    if wide:
        values = values.astype(object) ** 3
    fitted = fit(values, shape)
    assert fitted.dtype == beats_dtype(shape)
    low = -(1 << shape.bits - 1) if shape.signed else 0
    for given, found in zip(values.reshape(-1), fitted.reshape(-1), strict=True):
        assert (int(given) - int(found)) % (1 << shape.bits) == 0
        assert low <= int(found) < low + (1 << shape.bits)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_bits_of_a_payload(shape: BeatShape) -> None:
    rng = np.random.default_rng(2)
    values = fit(rng.integers(-(2**62), 2**62, (4, 3)).astype(object) ** 3, shape)
    bits = to_bits(values, shape)
    for beat, row in zip(values, bits, strict=True):
        payload = sum((int(v) % (1 << shape.bits)) << shape.bits * n for n, v in enumerate(beat))
        assert [payload >> n & 1 for n in range(shape.width)] == row.tolist()
    assert from_bits(bits, shape).tolist() == values.tolist()


def oracle(beat: list[int], source: BeatShape, table: list[list[int]], signed: bool) -> list[int]:
    payload = sum((v % (1 << source.bits)) << source.bits * n for n, v in enumerate(beat))
    lanes = []
    for row in table:
        bits = [int(bit == ONE) if bit < 0 else payload >> bit & 1 for bit in row]
        lane = sum(bit << n for n, bit in enumerate(bits))
        lanes.append(lane - (bits[-1] << len(bits)) if signed else lane)
    return lanes


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("kind", ["any", "lanes", "slices"])
def test_gather(kind: str, signed: bool) -> None:
    rng = np.random.default_rng(3)
    source = BeatShape(4, 8, True)
    if kind == "any":
        table = rng.integers(-2, source.width, (3, 5, 6))
    else:
        width = 8 if kind == "lanes" else 3
        start = rng.integers(0, 4, (3, 5)) * 8 + rng.integers(0, 9 - width, (3, 5))
        table = start[..., None] + np.arange(width)
    wiring = Wiring(BeatShape(5, table.shape[2], signed), table.astype(np.int32))
    payload, variants = rng.integers(-128, 128, (20, 4)), rng.integers(0, 3, 20)
    found = gather(payload, source, wiring, variants)
    for beat, variant, lanes in zip(payload.tolist(), variants, found.tolist(), strict=True):
        assert lanes == oracle(beat, source, table[variant].tolist(), signed)


def test_identity_wiring_gives_the_beats() -> None:
    shape = BeatShape(3, 4, True)
    payload = np.arange(-6, 6).reshape(4, 3)
    zeros = np.zeros(4, np.int64)
    assert gather(payload, shape, Wiring.identity(shape), zeros).tolist() == payload.tolist()


def test_wiring_that_leaves_the_payload_is_refused() -> None:
    wiring = Wiring.identity(BeatShape(2, 8))
    with pytest.raises(AssertionError, match="takes bit 15 of u4x2"):
        check_wiring(wiring, BeatShape(2, 4), (4,))
    selecting = Wiring(wiring.shape, wiring.table, ((0, 1),))
    with pytest.raises(AssertionError, match="selects variant 3 of 1"):
        check_wiring(selecting, BeatShape(2, 8), (4,))
