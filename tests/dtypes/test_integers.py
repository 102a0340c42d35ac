"""Integer arithmetic against Python integers."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.dtypes.oracle import wrapped
from tilevm.diagnostics import TileError
from tilevm.dtypes import IntType, Trap, dtype

int_types = st.builds(IntType, st.integers(1, 64), st.booleans())
NARROW = [IntType(bits, signed) for bits in (1, 2, 3, 4) for signed in (False, True)]


def values(t: IntType) -> st.SearchStrategy[int]:
    return st.sampled_from([t.min, t.max, 0]) | st.integers(t.min, t.max)


def check_modes(t: IntType, exact: int, run: Callable[[str], np.ndarray], operation: str) -> None:
    """One exact result in the three overflow modes."""
    assert run("wrap") == wrapped(exact, t.bits, t.signed)
    assert run("sat") == min(max(exact, t.min), t.max)
    assert run("wrap").dtype == run("sat").dtype == t.carrier
    if t.min <= exact <= t.max:
        assert run("trap") == exact
    else:
        with pytest.raises(Trap, match=f"`{operation}` overflows {t}"):
            run("trap")


@given(int_types, st.data())
def test_arithmetic_in_every_overflow_mode(t: IntType, data: st.DataObject) -> None:
    a, b = data.draw(values(t)), data.draw(values(t))
    x, y = np.array(a, t.carrier), np.array(b, t.carrier)
    check_modes(t, a + b, lambda mode: t.add(x, y, mode), "add")
    check_modes(t, a - b, lambda mode: t.sub(x, y, mode), "sub")
    check_modes(t, a * b, lambda mode: t.mul(x, y, mode), "mul")
    check_modes(t, -a, lambda mode: t.neg(x, mode), "sub")
    n = data.draw(st.integers(0, 70))
    check_modes(t, a << n, lambda mode: t.shl(x, np.array(n), mode), "shl")
    assert t.shr(x, np.array(n)) == a >> n


@pytest.mark.parametrize("t", NARROW, ids=str)
def test_every_pair_of_narrow_values(t: IntType) -> None:
    column = np.arange(t.min, t.max + 1).astype(t.carrier)[:, None]
    row = column.T
    pairs = [(int(a), int(b)) for a in column[:, 0] for b in column[:, 0]]
    for run, exact in [
        (t.add, lambda a, b: a + b),
        (t.sub, lambda a, b: a - b),
        (t.mul, lambda a, b: a * b),
    ]:
        results = [exact(a, b) for a, b in pairs]
        assert run(column, row).ravel().tolist() == [wrapped(r, t.bits, t.signed) for r in results]
        assert run(column, row, "sat").ravel().tolist() == [
            min(max(r, t.min), t.max) for r in results
        ]


@given(int_types, st.data())
def test_bits_order_and_codes(t: IntType, data: st.DataObject) -> None:
    a, b = data.draw(values(t)), data.draw(values(t))
    x, y = np.array([a], t.carrier), np.array([b], t.carrier)
    assert t.and_(x, y) == [a & b] and t.or_(x, y) == [a | b] and t.xor(x, y) == [a ^ b]
    assert t.not_(x) == [wrapped(~a, t.bits, t.signed)]
    assert t.minimum(x, y) == [min(a, b)] and t.maximum(x, y) == [max(a, b)]
    for name, truth in zip(
        ("eq", "ne", "lt", "le", "gt", "ge"),
        (a == b, a != b, a < b, a <= b, a > b, a >= b),
        strict=True,
    ):
        result = t.compare(x, y, name)
        assert result == [truth] and result.dtype == np.uint8
    assert t.encode(x) == [a % 2**t.bits] and t.decode(t.encode(x)) == [a]


@given(int_types, int_types, st.data())
def test_cast_between_integers(source: IntType, to: IntType, data: st.DataObject) -> None:
    a = data.draw(values(source))
    x = np.array(a, source.carrier)
    check_modes(to, a, lambda mode: source.cast(x, to, overflow=mode), "cast")
    assert source.cast(x, to) == wrapped(a, to.bits, to.signed)


def test_traps_name_the_first_element_of_the_broadcast_result() -> None:
    t = dtype("i8")
    column, row = np.array([[0], [100]], np.int8), np.array([1, 27, 28], np.int8)
    with pytest.raises(Trap) as caught:
        t.add(column, row, "trap")
    assert caught.value.index == (1, 2)
    assert caught.value.message == "`add` overflows i8, which holds -128 .. 127"
    with pytest.raises(Trap, match="negative amount") as caught:
        t.shl(column, np.array([0, -1, 2]))
    assert caught.value.index == (0, 1)


def test_user_data_is_taken_whole_or_refused() -> None:
    t = dtype("i3")
    taken = t.coerce(np.array([[True, False]]))
    assert taken.tolist() == [[1, 0]] and taken.dtype == np.int8
    assert t.coerce(np.array([3, 0], np.uint64)).tolist() == [3, 0]
    assert t.coerce([]).tolist() == []
    big = dtype("u64").coerce(np.array([2**64 - 1], np.uint64))
    assert big.tolist() == [2**64 - 1]
    for bad, code, words in [
        ([[0, 1], [2, 4]], "TV0401", "argument `w` holds 4 at index [1, 1], but i3 holds -4 .. 3"),
        ([1.0, 2.0], "TV0402", "argument `w` holds floats, but its type i3 holds integers"),
        ([1.0, np.nan], "TV0402", "argument `w` holds nan at index [1]"),
        ([1.0, -np.inf], "TV0402", "argument `w` holds -inf at index [1]"),
        (["1"], "TV0402", "must be an array of integers or floats, not of <U1"),
        ([1j], "TV0402", "not of complex128"),
        ([2**70], "TV0402", "not of object"),
        ([[1], [1, 2]], "TV0402", "not a rectangular array"),
    ]:
        with pytest.raises(TileError) as caught:
            t.coerce(bad, "argument `w`")
        assert caught.value.diagnostics[0].code == code
        assert words in str(caught.value)
    with pytest.raises(TileError, match=r"i1 holds -1 \.\. 0"):
        dtype("i1").coerce([True])
    with pytest.raises(TileError, match="wrap, sat, trap, not 'clamp'"):
        t.add(np.array(1), np.array(1), "clamp")


@given(int_types)
def test_random_values_reach_both_ends(t: IntType) -> None:
    drawn = t.random(np.random.default_rng(3), (20, 30))
    assert drawn.shape == (20, 30) and drawn.dtype == t.carrier
    assert drawn.min() == t.min and drawn.max() == t.max
