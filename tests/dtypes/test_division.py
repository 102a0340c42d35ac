"""Division, high products, bits of integers: every pair of small types, extremes of wide ones."""

from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tilevm.dtypes import IntType, Trap, counting, division

SMALL = [IntType(width, signed) for width in (1, 2, 3, 4, 5, 8) for signed in (False, True)]
WIDE = [IntType(width, signed) for width in (31, 32, 33, 48, 63, 64) for signed in (False, True)]
TYPES = st.builds(IntType, st.integers(1, 64), st.booleans())
Array = np.ndarray[Any, Any]


def pairs(t: IntType) -> list[tuple[int, int]]:
    """Every pair of values; of a wide type all pairs of its extremes."""
    if t.width <= 8:
        values = list(range(t.min, t.max + 1))
    else:
        near = [t.min, t.max, 0, 1 << t.width // 2, 1 << 31, -(1 << 31), 3, -3]
        values = sorted({n + d for n in near for d in (-1, 0, 1) if t.min <= n + d <= t.max})
    return list(product(values, values))


def columns(t: IntType, listed: list[tuple[int, int]]) -> tuple[Array, Array]:
    a, b = zip(*listed, strict=True)
    return np.array(a, t.carrier), np.array(b, t.carrier)


def truncated(x: int, y: int) -> int:
    size = abs(x) // abs(y)
    return size if (x < 0) == (y < 0) else -size


def wrapped(value: int, t: IntType) -> int:
    return (value - t.min) % (1 << t.width) + t.min


QUOTIENTS: dict[Callable[..., Array], Callable[[int, int], int]] = {
    division.floor_quotient: lambda x, y: x // y,
    division.truncated_quotient: truncated,
}
REMAINDERS: dict[Callable[..., Array], Callable[[int, int], int]] = {
    division.floor_remainder: lambda x, y: x % y,
    division.truncated_remainder: lambda x, y: x - y * truncated(x, y),
}


@pytest.mark.parametrize("t", SMALL + WIDE, ids=str)
def test_division(t: IntType) -> None:
    listed = [pair for pair in pairs(t) if pair[1]]
    a, b = columns(t, listed)
    for divide, law in QUOTIENTS.items():
        exact = [law(x, y) for x, y in listed]
        assert divide(t, a, b).tolist() == [wrapped(e, t) for e in exact]
        assert divide(t, a, b, "sat").tolist() == [min(e, t.max) for e in exact]
        wrong = [i for i, e in enumerate(exact) if e > t.max]
        if wrong:
            with pytest.raises(Trap, match=f"overflows {t}") as caught:
                divide(t, a, b, "trap")
            assert caught.value.index == (wrong[0],)
        else:
            assert divide(t, a, b, "trap").tolist() == exact
    for rest, law in REMAINDERS.items():
        assert rest(t, a, b).tolist() == [law(x, y) for x, y in listed]


@pytest.mark.parametrize("divide", [*QUOTIENTS, *REMAINDERS])
def test_division_by_zero_names_the_element(divide: Callable[..., Array]) -> None:
    a, b = np.ones((2, 1, 3), np.int8), np.array([[[1, 2, 3]], [[4, 0, 0]]], np.int8)
    with pytest.raises(Trap, match="division by zero") as caught:
        divide(IntType(8, True), a, b)
    assert caught.value.index == (1, 0, 1)
    with pytest.raises(Trap) as caught:
        divide(IntType(8, True), a, b[1:])
    assert caught.value.index == (0, 0, 1)


@pytest.mark.parametrize("t", SMALL + WIDE, ids=str)
def test_high_products(t: IntType) -> None:
    listed = pairs(t)
    found = division.high_product(t, *columns(t, listed))
    assert found.dtype == t.carrier
    assert found.tolist() == [x * y >> t.width for x, y in listed]


@given(TYPES, st.data())
def test_both_halves_make_the_product(t: IntType, data: st.DataObject) -> None:
    x, y = (data.draw(st.integers(t.min, t.max)) for _ in range(2))
    a, b = columns(t, [(x, y)])
    high, low = division.high_product(t, a, b)[0], t.mul(a, b)[0]
    assert (int(high) << t.width) + (int(low) & t.mask) == x * y


@pytest.mark.parametrize("t", SMALL + WIDE, ids=str)
def test_counts(t: IntType) -> None:
    values = sorted({x for x, _ in pairs(t)})
    a = np.array(values, t.carrier)
    codes = [x & t.mask for x in values]
    assert counting.ones(t, a).tolist() == [c.bit_count() for c in codes]
    assert counting.leading_zeros(t, a).tolist() == [t.width - c.bit_length() for c in codes]
    below = [(c & -c).bit_length() - 1 if c else t.width for c in codes]
    assert counting.trailing_zeros(t, a).tolist() == below


@pytest.mark.parametrize("t", SMALL + WIDE, ids=str)
@pytest.mark.parametrize("amounts", [IntType(8, True), IntType(2, False), IntType(64, False)])
def test_rotations(t: IntType, amounts: IntType) -> None:
    by = sorted({0, 1, 2, 5, 63, 64, 65, 127, -1, -64, -65, amounts.max, amounts.min})
    listed = [n for n in by if amounts.min <= n <= amounts.max]
    values = sorted({x for x, _ in pairs(t)})
    for n in listed:
        a, amount = np.array(values, t.carrier), np.array([n], amounts.carrier)
        for down in (False, True):
            k = (-n if down else n) % t.width
            codes = [x & t.mask for x in values]
            turned = [wrapped(c << k | c >> (t.width - k), t) for c in codes]
            assert counting.rotated(t, a, amount, down).tolist() == turned, f"{n} {down}"


@pytest.mark.parametrize("kind", ["u8", "i16", "u24", "i64", "u64"])
@pytest.mark.parametrize("size", [4, 8])
def test_permutations(kind: str, size: int) -> None:
    t = IntType(int(kind[1:]), kind[0] == "i")
    rng = np.random.default_rng(1)
    a, count = t.random(rng, 20), t.width // size
    order = rng.integers(0, count, count).tolist()
    found = counting.permuted(t, a, order, size)
    for x, y in zip(a.tolist(), found.tolist(), strict=True):
        fields = [(x & t.mask) >> size * i & (1 << size) - 1 for i in range(count)]
        assert y == wrapped(sum(fields[s] << size * i for i, s in enumerate(order)), t)
