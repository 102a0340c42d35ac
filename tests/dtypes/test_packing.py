"""Packing against one long Python integer, whose bits are the bits of the row."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tilevm.diagnostics import TileError
from tilevm.dtypes import dtype, row_bytes


@given(st.integers(1, 64), st.integers(0, 40), st.data())
def test_element_j_has_bits_j_times_b(bits: int, count: int, data: st.DataObject) -> None:
    codes = data.draw(st.lists(st.integers(0, 2**bits - 1), min_size=count, max_size=count))
    t = dtype(f"u{bits}")
    row = sum(code << j * bits for j, code in enumerate(codes))
    expected = row.to_bytes(-(-count * bits // 8), "little")
    packed = t.pack(np.array(codes, np.uint64))
    assert packed.tobytes() == expected
    assert t.unpack(expected, count).tolist() == codes
    assert t.unpack(packed, count).tolist() == codes


@given(
    st.integers(1, 64),
    st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(0, 11)),
    st.sampled_from([("byte", 1), ("word", 4)]),
)
def test_padded_rows(bits: int, shape: tuple[int, int, int], padding: tuple[str, int]) -> None:
    name, unit = padding
    t = dtype(f"u{bits}")
    codes = t.encode(t.random(np.random.default_rng(bits), shape))
    size = row_bytes(shape[-1], bits, name)
    assert size % unit == 0 and 0 <= size * 8 - shape[-1] * bits < 8 * unit
    packed = t.pack(codes, padding=name)
    rows = (
        [t.pack(row).tobytes().ljust(size, b"\0") for row in codes.reshape(-1, shape[-1])]
        if (codes.size)
        else [bytes(packed.size)]
    )
    assert packed.tobytes() == b"".join(rows)
    assert np.array_equal(t.unpack(packed, shape, padding=name), codes)


def test_a_large_array_comes_back() -> None:
    for bits in (1, 3, 7, 12, 31, 57, 61, 64):
        t = dtype(f"i{bits}")
        values = t.random(np.random.default_rng(7), 100_003)
        assert np.array_equal(t.decode(t.unpack(t.pack(t.encode(values)), 100_003)), values)


def test_a_count_may_be_a_number_of_numpy() -> None:
    t = dtype("u4")
    assert t.unpack(b"\x21\x43", np.prod([2, 2])).tolist() == [1, 2, 3, 4]
    assert t.unpack(b"\x21\x43", np.zeros((2, 2)).shape).tolist() == [[1, 2], [3, 4]]


def test_what_cannot_be_packed() -> None:
    t = dtype("i3")
    with pytest.raises(TileError, match=r"code 8 at index \[1\] is outside 0 .. 7") as caught:
        t.pack([1, 8])
    assert caught.value.diagnostics[0].code == "TV0401"
    with pytest.raises(TileError, match="code -1"):
        t.pack([-1])
    with pytest.raises(TileError, match="bit patterns"):
        t.pack([0.5])
    with pytest.raises(TileError, match="take 4 bytes, but the data has 3"):
        t.unpack(b"abc", 9)
    with pytest.raises(TileError, match="one of none, byte, word"):
        t.pack([1], padding="page")
    with pytest.raises(TileError, match="uint8"):
        t.unpack(np.zeros(9), 3)
    with pytest.raises(TileError, match="negative"):
        t.unpack(b"abc", -1)
