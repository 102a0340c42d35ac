"""Exact integers beyond 64 bits, against Python's."""

from math import prod

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tilevm.dtypes import Digits, IntType, Trap, dtype, exact_dot, exact_total, split

TYPES = st.builds(IntType, st.integers(1, 64), st.booleans())
WIDE = ["i64", "u64", "i33", "u33", "i32", "u32", "i8", "u1"]


def limited(value: int, to: IntType) -> int:
    return min(max(value, to.min), to.max)


def check(found: Digits, exact: list[int], to: IntType) -> None:
    """One list of exact integers in the three overflow modes."""
    span = 1 << to.bits
    assert found.fit(to, "wrap", "x").tolist() == [(e - to.min) % span + to.min for e in exact]
    assert found.fit(to, "sat", "x").tolist() == [limited(e, to) for e in exact]
    wrong = [i for i, e in enumerate(exact) if limited(e, to) != e]
    if wrong:
        with pytest.raises(Trap, match=f"`x` overflows {to}") as caught:
            found.fit(to, "trap", "x")
        assert caught.value.index == (wrong[0],)
    else:
        assert found.fit(to, "trap", "x").tolist() == exact


@given(
    st.integers(1, 62),
    st.lists(st.lists(st.integers(-(2**61), 2**61), min_size=3, max_size=3), min_size=1),
    TYPES,
)
def test_any_parts(width: int, rows: list[list[int]], to: IntType) -> None:
    parts = tuple(np.array(column, np.int64) for column in zip(*rows, strict=True))
    exact = [sum(part << width * k for k, part in enumerate(row)) for row in rows]
    check(Digits(width, parts), exact, to)


@given(st.sampled_from(WIDE), st.sampled_from([16, 22, 32]), TYPES, st.integers(0, 2**32 - 1))
def test_split_keeps_the_value(kind: str, width: int, to: IntType, seed: int) -> None:
    t = dtype(kind)
    values = t.random(np.random.default_rng(seed), 5)
    check(split(values, width), values.tolist(), to)


@given(st.sampled_from(WIDE), st.integers(0, 6), TYPES, st.integers(0, 2**32 - 1))
def test_totals(kind: str, count: int, to: IntType, seed: int) -> None:
    values = dtype(kind).random(np.random.default_rng(seed), (3, count))
    check(exact_total(values, (1,)), [sum(row) for row in values.tolist()], to)


@given(
    st.sampled_from(WIDE), st.sampled_from(WIDE), st.integers(0, 6), TYPES,
    st.integers(0, 2**32 - 1),
)  # fmt: skip
def test_dots(ta: str, tb: str, depth: int, to: IntType, seed: int) -> None:
    rng, a_kind, b_kind = np.random.default_rng(seed), dtype(ta), dtype(tb)
    a, b = a_kind.random(rng, (1, 2, depth)), b_kind.random(rng, (1, depth, 2))
    found = exact_dot(a, b, a_kind, b_kind)
    left, right = a[0].tolist(), b[0].T.tolist()
    exact = [sum(map(prod, zip(x, y, strict=True))) for x in left for y in right]
    check(found.reshape(4), exact, to)


@pytest.mark.parametrize("depth", [1, 600, (1 << 16) + 3])
@pytest.mark.parametrize("kind", ["u64", "i64"])
def test_long_dots_of_the_largest_values(kind: str, depth: int) -> None:
    t = dtype(kind)
    a = np.full((1, depth), t.min or t.max, t.carrier)
    exact = depth * int(a[0, 0]) ** 2
    found = exact_dot(a, a.T, t, t).reshape(1)
    assert found.parts[0].dtype == np.int64
    check(found, [exact], t)
    digits, top = found._carried()
    whole = sum(int(d[0]) << found.width * k for k, d in enumerate([*digits, top]))
    assert whole == exact
