"""Cutting bits anew, against Python's integers: every pair of widths, whole bytes or not."""

import numpy as np
import pytest

from tilevm.dtypes import recut
from tilevm.dtypes.spread import group_size, merge, spread


def cut(codes: list[int], old: int, new: int) -> list[int]:
    """The definition: all bits in a row, least significant first."""
    bits = sum(code << i * old for i, code in enumerate(codes))
    return [bits >> i * new & (1 << new) - 1 for i in range(len(codes) * old // new)]


def carrier(bits: int) -> type[np.unsignedinteger]:
    return next(
        t for t in (np.uint8, np.uint16, np.uint32, np.uint64) if np.dtype(t).itemsize * 8 >= bits
    )


@pytest.mark.parametrize("old", [*range(1, 18), 24, 31, 32, 33, 48, 63, 64])
def test_every_width(old: int) -> None:
    rng = np.random.default_rng(old)
    for new in (*range(1, 18), 24, 31, 32, 33, 48, 63, 64):
        for times in (1, 3, 8):
            count = new * times
            codes = rng.integers(0, (1 << old) - 1, (2, count), np.uint64, endpoint=True)
            found = recut(codes.astype(carrier(old)), old, new)
            wanted = [cut([int(c) for c in row], old, new) for row in codes]
            assert found.tolist() == wanted, f"{old} to {new} bits, {count} codes"
            assert found.dtype == carrier(new)


@pytest.mark.parametrize("bits", range(1, 8))
def test_spread_and_merge_are_inverse(bits: int) -> None:
    """Over more codes than are handled at a time, and over none."""
    for groups in (0, 1, 7, 1 << 15):
        codes = np.random.default_rng(bits).integers(0, 1 << bits, groups * group_size(bits))
        packed = merge(codes.astype(np.uint8), bits)
        assert packed.size == codes.size * bits // 8
        assert np.array_equal(spread(packed, bits), codes)
