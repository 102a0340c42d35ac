"""Codes of 1 to 7 bits from packed bytes to one byte each, and back, many at a time.

A group is the fewest codes that fill whole bytes: 2 of 4 bits, 4 of 2 or 6, else 8.  It is read as
one word and cut in halves that move apart, until every code has a byte of its own: three shifts
for eight codes, whatever their width.  Packing is the same steps backwards.  Where a byte holds
four codes or eight, a table with all that a byte can hold is faster still.
"""

from __future__ import annotations

from functools import cache
from math import gcd
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Bytes = npt.NDArray[np.uint8]

_CHUNK = 1 << 17  # codes at a time: their words stay in the cache


class _Step(NamedTuple):
    """Fields of `wide` bits each, whose two halves lie together (`low`) or apart (`both`)."""

    shift: Any
    low: Any
    both: Any


def group_size(bits: int) -> int:
    """Codes in the shortest group that fills whole bytes."""
    return 8 // gcd(8, bits)


@cache
def _steps(bits: int) -> tuple[_Step, ...]:
    """From the whole group to single codes."""
    count = group_size(bits)
    kind = np.dtype(f"u{count}").type
    found = []
    half = count // 2
    while half:
        field, wide = half * bits, half * 8
        lanes = range(0, count * 8, 2 * wide)
        low = sum(((1 << field) - 1) << lane for lane in lanes)
        found.append(_Step(kind(wide - field), kind(low), kind(low | low << wide)))
        half //= 2
    return tuple(found)


def spread(data: Bytes, bits: int) -> Bytes:
    """One code of `bits` (1 to 7) in each byte; `data` is contiguous, in whole groups."""
    if bits <= 2:
        found: Bytes = np.take(_table(bits), data, mode="clip").view(np.uint8)  # no index is beyond
        return found
    return _spread(data, bits)


@cache
def _table(bits: int) -> Array:
    """For every byte the word of its codes, one in each byte of the word."""
    return _spread(np.arange(256, dtype=np.uint8), bits).view(f"<u{group_size(bits)}")


def _spread(data: Bytes, bits: int) -> Bytes:
    """As `spread`, by shifts."""
    count = group_size(bits)
    taken = count * bits // 8
    groups = data.size // taken
    codes = np.empty(groups * count, np.uint8)
    words = codes.view(f"<u{count}")
    for start in range(0, groups, _CHUNK // count):
        word = words[start : start + _CHUNK // count]
        part = data[start * taken : (start + len(word)) * taken]
        _read(part, taken, word)
        spare = np.empty_like(word)
        for shift, low, both in _steps(bits):
            if bits <= 4:  # what moves lands where nothing was
                np.left_shift(word, shift, out=spare)
                np.bitwise_or(word, spare, out=word)
                np.bitwise_and(word, both, out=word)
            else:
                np.bitwise_and(word, low, out=spare)
                np.bitwise_xor(word, spare, out=word)
                np.left_shift(word, shift, out=word)
                np.bitwise_or(word, spare, out=word)
    return codes


def merge(codes: Bytes, bits: int) -> Bytes:
    """The inverse of `spread`; codes below 2**bits, contiguous, in whole groups."""
    count = group_size(bits)
    taken = count * bits // 8
    words = codes.view(f"<u{count}")
    data = np.empty(words.size * taken, np.uint8)
    for start in range(0, words.size, _CHUNK // count):
        word = words[start : start + _CHUNK // count].copy()
        for shift, low, _ in reversed(_steps(bits)):
            spare = word & low
            np.bitwise_xor(word, spare, out=word)
            np.right_shift(word, shift, out=word)
            np.bitwise_or(word, spare, out=word)
        each = word.view(np.uint8).reshape(-1, count)[:, :taken]
        data[start * taken : (start + len(word)) * taken] = each.reshape(-1)
    return data


def _read(data: Bytes, taken: int, word: Array) -> None:
    """Every `taken` bytes as the low bits of a word."""
    if taken in (1, 2, 4):
        word[...] = data.view(f"<u{taken}")
        return
    padded = np.zeros(data.size + word.itemsize, np.uint8)
    padded[: data.size] = data
    windows = np.ndarray(word.shape, word.dtype, padded.data, 0, (taken,))
    np.bitwise_and(windows, word.dtype.type((1 << 8 * taken) - 1), out=word)
