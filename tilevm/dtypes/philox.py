"""Random words by number: Philox-4x32-10 of Salmon and others, "Parallel random numbers" (2011).

A counter of 128 bits and a key of 64 bits give four words of 32 bits.  Word i of a stream is word
i % 4 of counter i // 4, and the key is the seed; so every word is known from its number alone, in
any order, on any processor, in any chunk.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Words = npt.NDArray[np.uint32]

ROUNDS = 10
MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
STEPS = (0x9E3779B9, 0xBB67AE85)  # what each round adds to the two words of the key
_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)
_CHUNK = 1 << 13  # counters at a time: NumPy's temporaries then stay in the cache


def philox4x32(counter: npt.ArrayLike, key: tuple[int, int]) -> npt.NDArray[np.uint64]:
    """The four words [..., 4] of counters [..., 4], least significant word first; all uint64."""
    given = np.asarray(counter, np.uint64)
    x0, x1, x2, x3 = (given[..., i] for i in range(4))
    k0, k1 = key
    for _ in range(ROUNDS):
        p, q = x0 * np.uint64(MULTIPLIERS[0]), x2 * np.uint64(MULTIPLIERS[1])
        x0, x1 = (q >> _HALF) ^ x1 ^ np.uint64(k0), q & _LOW
        x2, x3 = (p >> _HALF) ^ x3 ^ np.uint64(k1), p & _LOW
        k0, k1 = (k0 + STEPS[0]) & 0xFFFFFFFF, (k1 + STEPS[1]) & 0xFFFFFFFF
    return np.stack([x0, x1, x2, x3], axis=-1)


def random_words(seed: int, start: npt.ArrayLike, count: int) -> Words:
    """Words start .. start + count - 1 of the stream of `seed`, modulo 2**64: [*start's, count].

    `seed` counts modulo 2**64, and so does `start`, whole numbers of any signed or unsigned type.
    """
    first = np.asarray(start).astype(np.uint64)
    flat = first.reshape(-1)
    lanes = (flat & np.uint64(3)).astype(np.intp)
    blocks = (count + 3 + 3) // 4  # enough, wherever in its counter the first word lies
    found = np.empty((flat.size, count), np.uint32)
    rows = max(1, _CHUNK // max(1, blocks))
    for row in range(0, flat.size, rows):
        for column in range(0, blocks, _CHUNK):
            part = slice(row, row + rows)
            steps = np.arange(column, min(column + _CHUNK, blocks)).astype(np.uint64)
            words = _stream(seed, (flat[part] >> np.uint64(2))[:, None] + steps)
            _place(found[part], words, 4 * column - lanes[part])
    return found.reshape(*first.shape, count)


def _stream(seed: int, number: npt.NDArray[Any]) -> Words:
    """All words of these counters, [rows, 4 * counters]."""
    number = number & np.uint64((1 << 62) - 1)  # words are numbered modulo 2**64
    counter = np.zeros((*number.shape, 4), np.uint64)
    counter[..., 0], counter[..., 1] = number & _LOW, number >> _HALF
    words = philox4x32(counter, (seed & 0xFFFFFFFF, seed >> 32 & 0xFFFFFFFF))
    return words.astype(np.uint32).reshape(len(number), -1)


def _place(found: Words, words: Words, shifts: npt.NDArray[Any]) -> None:
    """Copies word j of row r to column j + shifts[r], where there is one."""
    for shift in np.unique(shifts).tolist():  # at most four
        pick = slice(None) if (shifts == shift).all() else np.flatnonzero(shifts == shift)
        first, last = max(0, shift), min(found.shape[1], shift + words.shape[1])
        if first < last:
            found[pick, first:last] = words[pick, first - shift : last - shift]
