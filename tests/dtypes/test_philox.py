"""Philox-4x32-10 against the vectors that Random123 publishes, and against plain integers."""

import numpy as np
import pytest

from tilevm.dtypes.philox import philox4x32, random_words

KNOWN = [  # counter, key, result: "philox4x32 10" of Random123's kat_vectors
    (
        "00000000 00000000 00000000 00000000",
        "00000000 00000000",
        "6627e8d5 e169c58d bc57ac4c 9b00dbd8",
    ),
    (
        "ffffffff ffffffff ffffffff ffffffff",
        "ffffffff ffffffff",
        "408f276d 41c83b0e a20bc7c6 6d5451fd",
    ),
    (
        "243f6a88 85a308d3 13198a2e 03707344",
        "a4093822 299f31d0",
        "d16cfe09 94fdcceb 5001e420 24126ea1",
    ),
]


def words(text: str) -> list[int]:
    return [int(word, 16) for word in text.split()]


@pytest.mark.parametrize(("counter", "key", "expected"), KNOWN)
def test_the_published_vectors(counter: str, key: str, expected: str) -> None:
    low, high = words(key)
    assert philox4x32(words(counter), (low, high)).tolist() == words(expected)


def test_word_i_is_word_i_mod_4_of_counter_i_div_4() -> None:
    seed = 0x0123456789ABCDEF
    key = (seed & 0xFFFFFFFF, seed >> 32)
    for start in (0, 1, 2, 3, 5, 4 * 0xFFFFFFFF - 2, 2**40 + 7):
        for count in (0, 1, 2, 3, 4, 5, 9, 40):
            expected = []
            for i in range(start, start + count):
                n = i // 4
                counter = [n & 0xFFFFFFFF, n >> 32, 0, 0]
                expected.append(int(philox4x32(counter, key)[i % 4]))
            assert random_words(seed, start, count).tolist() == expected, (start, count)


def test_rows_may_start_anywhere_and_chunks_never_show() -> None:
    whole = random_words(7, 0, 100_000)
    assert whole.dtype == np.uint32
    starts = np.array([0, 1, 6, 99, 50_003])
    rows = random_words(7, starts, 40_001)
    for start, row in zip(starts.tolist(), rows, strict=True):
        expected = whole[start : start + 40_001]
        assert np.array_equal(row[: len(expected)], expected), start


def test_numbers_and_seeds_count_modulo_2_to_the_64() -> None:
    assert random_words(-1, 5, 3).tolist() == random_words(2**64 - 1, 5, 3).tolist()
    around = random_words(3, np.int64(-2), 6).tolist()
    assert around[2:] == random_words(3, 0, 4).tolist()
    assert around[:2] == random_words(3, np.uint64(2**64 - 2), 2).tolist()
