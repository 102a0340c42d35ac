"""Beats as NumPy arrays ``[beats, lanes]``, and the wiring of bits in them.

Elements are int64; uint64 where they are unsigned and 64 bits wide; Python integers above 64 bits.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from hdl.netlist import ONE, ZERO, Actor, BeatShape, Wiring

Beats = npt.NDArray[Any]  # [beats, lanes]

ROM_VARIANTS = 8  # variants of a constant operand beyond which it is a memory, not cases

_CHUNK_BITS = 1 << 24  # bits unpacked at a time: one byte of memory each


def beats_dtype(shape: BeatShape) -> np.dtype[Any]:
    """The NumPy type that holds elements of this shape."""
    if shape.bits > 64:
        return np.dtype(object)
    return np.dtype(np.uint64 if shape.bits == 64 and not shape.signed else np.int64)


def fit(values: Beats, shape: BeatShape) -> Beats:
    """Keep the low `shape.bits` bits of integers of any type, as signed or unsigned elements."""
    if shape.bits > 64:
        mask, half = (1 << shape.bits) - 1, (1 << shape.bits - 1) if shape.signed else 0
        wide = np.asarray(values).astype(object)
        return np.asarray(((wide + half) & mask) - half, object)
    raw = _raw(np.asarray(values))
    unused = np.uint64(64 - shape.bits)
    fitted = raw << unused
    if shape.signed:
        signed = fitted.view(np.int64)
        signed >>= unused.astype(np.int64)
        return signed
    fitted >>= unused
    return fitted if shape.bits == 64 else fitted.view(np.int64)


def _raw(values: Beats) -> npt.NDArray[np.uint64]:
    """The low 64 bits; no copy where there are no others."""
    if values.dtype == object:
        values = values & ((1 << 64) - 1)
    return values.view(np.uint64) if values.dtype == np.int64 else values.astype(np.uint64)


def to_bits(values: Beats, shape: BeatShape) -> npt.NDArray[np.uint8]:
    """The payload bits of each beat, lane 0 lowest: ``[beats, width]``."""
    beats = len(values)
    if shape.bits > 64:
        size, mask = -(-shape.bits // 8), (1 << shape.bits) - 1
        data = b"".join((int(v) & mask).to_bytes(size, "little") for v in values.reshape(-1))
        octets = np.frombuffer(data, np.uint8).reshape(beats, shape.lanes, size)
    else:
        raw = np.ascontiguousarray(_raw(values)).astype("<u8", copy=False)
        octets = raw.view(np.uint8).reshape(beats, shape.lanes, 8)
    bits = np.unpackbits(octets, axis=-1, count=shape.bits, bitorder="little")
    return bits.reshape(beats, shape.width)


def from_bits(bits: npt.NDArray[np.uint8], shape: BeatShape) -> Beats:
    """The inverse of `to_bits`."""
    beats = len(bits)
    octets = np.packbits(bits.reshape(beats, shape.lanes, shape.bits), axis=-1, bitorder="little")
    if shape.bits > 64:
        words = [
            int.from_bytes(row.tobytes(), "little") for row in octets.reshape(-1, octets.shape[-1])
        ]
        values = np.empty(len(words), object)
        values[:] = words
        return fit(values.reshape(beats, shape.lanes), shape)
    padded = np.zeros((beats, shape.lanes, 8), np.uint8)
    padded[..., : octets.shape[-1]] = octets
    return fit(padded.view("<u8").reshape(beats, shape.lanes), shape)


def gather(
    payload: Beats | None,
    source: BeatShape | None,
    wiring: Wiring,
    variants: npt.NDArray[np.int64],
) -> Beats:
    """An operand ``[beats, lanes]``: the bits that `wiring` picks from each beat of `payload`.

    `variants` [beats] says which variant of the table holds for each; without a payload the table
    holds constants only.
    """
    if payload is None or source is None:
        constants = from_bits((wiring.table == ONE).astype(np.uint8), wiring.shape)
        return constants[variants]
    sliced = _slices(source, wiring)
    if sliced is not None:
        lane, shift = sliced
        if len(lane) == 1:
            picked, by = payload[:, lane[0]], shift[0]
        else:
            picked, by = np.take_along_axis(payload, lane[variants], axis=1), shift[variants]
        return fit(_raw(picked) >> by.astype(np.uint64), wiring.shape)
    result = np.empty((len(payload), wiring.shape.lanes), beats_dtype(wiring.shape))
    step = max(1, _CHUNK_BITS // max(source.width, wiring.shape.width))
    for start in range(0, len(payload), step):
        part = slice(start, start + step)
        bits = to_bits(payload[part], source)
        # ZERO is -1 and ONE is -2: the two columns from the end.
        ends = np.broadcast_to(np.array([1, 0], np.uint8), (len(bits), 2))
        bits = np.concatenate([bits, ends], axis=1)
        rows = np.arange(len(bits))[:, None, None]
        result[part] = from_bits(bits[rows, wiring.table[variants[part]]], wiring.shape)
    return result


def _slices(
    source: BeatShape, wiring: Wiring
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]] | None:
    """(source lane, lowest bit) of each operand lane, if each is a run of bits inside one lane."""
    if source.bits > 64 or wiring.shape.bits > source.bits:
        return None
    start = wiring.table[..., 0].astype(np.int64)
    lane, low = start // source.bits, start % source.bits
    runs = (wiring.table == start[..., None] + np.arange(wiring.shape.bits)).all()
    inside = (start >= 0).all() and (low + wiring.shape.bits <= source.bits).all()
    return (lane, low) if runs and inside else None


def check_wiring(wiring: Wiring, source: BeatShape | None, trips: tuple[int, ...]) -> None:
    """Assert that a table fits its shape, its payload, and the nest that selects its variants."""
    variants = len(wiring.table)
    shape = (variants, wiring.shape.lanes, wiring.shape.bits)
    width = source.width if source else 0
    assert wiring.table.shape == shape, f"table must be {shape}, not {wiring.table.shape}"
    assert wiring.table.max() < width, f"wiring takes bit {wiring.table.max()} of {source}"
    assert wiring.table.min() >= min(ZERO, ONE), f"no such bit: {wiring.table.min()}"
    last = sum((trips[level] - 1) * stride for level, stride in wiring.select)
    assert last < variants, f"wiring selects variant {last} of {variants}"
    assert all(stride >= 0 for _, stride in wiring.select), wiring.select


def launches_of(beats: int, per_launch: int, actor: Actor) -> int:
    """Number of launches that `beats` beats of a port are."""
    launches, rest = divmod(beats, per_launch)
    assert rest == 0, f"`{actor.name}` takes {per_launch} beats a launch, not {beats}"
    return launches
