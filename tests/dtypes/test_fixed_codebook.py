"""Fixed point and codebooks against fractions, from their definitions."""

from fractions import Fraction
from itertools import pairwise
from math import floor, prod

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.dtypes import oracle
from tests.dtypes.oracle import wrapped
from tilevm.diagnostics import TileError
from tilevm.dtypes import (
    ROUNDINGS,
    CodebookType,
    FixedType,
    FloatType,
    Trap,
    codebook,
    dot,
    dtype,
    product,
    total,
)

FIXED = ["fixed(i8, -3)", "fixed(u7, 2)", "fixed(i31, -20)", "fixed(i53, -40)", "fixed(u53, 60)"]


def fixed(name: str) -> FixedType:
    t = dtype(name)
    assert isinstance(t, FixedType)
    return t


def whole(x: Fraction, rounding: str) -> int:
    below = floor(x)
    rest, half = x - below, Fraction(1, 2)
    up = {
        "nearest_even": rest > half or (rest == half and below % 2 == 1),
        "nearest_away": rest > half or (rest == half and x > 0),
        "toward_zero": rest > 0 and x < 0,
        "up": rest > 0,
        "down": False,
    }
    return below + up[rounding]


def expected(t: FixedType, exact: Fraction, rounding: str, overflow: str) -> float:
    steps = whole(exact / Fraction(2) ** t.scale, rounding)
    if overflow == "sat":
        steps = min(max(steps, t.base.min), t.base.max)
    return float(wrapped(steps, t.bits, t.signed) * Fraction(2) ** t.scale)


@pytest.mark.parametrize("name", FIXED)
@pytest.mark.parametrize("overflow", ["wrap", "sat"])
def test_arithmetic(name: str, overflow: str) -> None:
    t = fixed(name)
    rng = np.random.default_rng(4)
    a, b = t.random(rng, 200), t.random(rng, 200)
    laws = {"add": lambda x, y: x + y, "sub": lambda x, y: x - y, "mul": lambda x, y: x * y}
    for operation, law in laws.items():
        found = getattr(t, operation)(a, b, overflow)
        for x, y, z in zip(a.tolist(), b.tolist(), found.tolist(), strict=True):
            exact = law(Fraction(x), Fraction(y))
            assert z == expected(t, exact, "nearest_even", overflow), (operation, x, y)


SMALL_FIXED = ["fixed(i4, -2)", "fixed(u5, -7)", "fixed(i3, 3)", "fixed(i6, 0)", "fixed(i1, -1)"]


@pytest.mark.parametrize("name", [*FIXED, *SMALL_FIXED, "fixed(i20, -20)", "fixed(i9, 128)"])
@pytest.mark.parametrize("rounding", ROUNDINGS)
def test_division(name: str, rounding: str) -> None:
    """Every pair of small types, some of others."""
    t, rng = fixed(name), np.random.default_rng(11)
    if name in SMALL_FIXED:
        every = t.decode(np.arange(1 << t.bits))
        a, b = (x.reshape(-1) for x in np.meshgrid(every, every))
    else:
        a, b = t.random(rng, 100), t.random(rng, 100)
    a, b = a[b != 0], b[b != 0]
    for overflow in ("wrap", "sat"):
        found = t.div(a, b, overflow, rounding)
        for x, y, z in zip(a.tolist(), b.tolist(), found.tolist(), strict=True):
            assert z == expected(t, Fraction(x) / Fraction(y), rounding, overflow), (x, y)


def test_division_stops() -> None:
    t = fixed("fixed(i8, -3)")
    with pytest.raises(Trap, match="division by zero") as stop:
        t.div(np.array([[1.0], [0.0]]), np.array([1.0, 0.0]), "sat")
    assert stop.value.index == (0, 1)
    with pytest.raises(Trap, match="`div` overflows"):
        t.div(np.array([8.0]), np.array([0.5]), "trap")


PRODUCTS = [
    "fixed(i8, -3)",
    "fixed(u7, 2)",
    "fixed(i53, -40)",
    "i9",
    "u64",
    "codebook(i8, [-7, 0, 3])",
]
PRODUCTS += ["codebook(fixed(i8, -2), [0.25, -1, 3, 3, 7])"]


@pytest.mark.parametrize("name", PRODUCTS)
@pytest.mark.parametrize("to", ["fixed(i16, -2)", "fixed(i30, -70)", "fixed(u3, 9)", "i32", "f16"])
def test_products(name: str, to: str) -> None:
    given, target, rng = dtype(name), dtype(to), np.random.default_rng(12)
    for count in (0, 1, 2, 7):
        rows = given.random(rng, (40, count))
        entries = given.lookup(rows) if isinstance(given, CodebookType) else rows
        for overflow in (None,) if target.is_float else ("wrap", "sat"):
            found = product(rows, given, target, overflow)
            for row, z in zip(entries.tolist(), found.tolist(), strict=True):
                exact = prod(map(Fraction, row), start=Fraction(1))
                assert z == rounded(to, exact, overflow), (count, overflow, row)
                assert exact or not np.signbit(z), "only floats have -0"


@pytest.mark.parametrize("name", FIXED)
@pytest.mark.parametrize("source", ["f64", "f16", "i64", "u64", "i8", "fixed(i40, -50)"])
@pytest.mark.parametrize("rounding", ROUNDINGS)
def test_casts_to_fixed_point(name: str, source: str, rounding: str) -> None:
    t, given = fixed(name), dtype(source)
    x = given.random(np.random.default_rng(5), 100)
    for overflow in ("wrap", "sat"):
        found = given.cast(x, t, rounding, overflow)
        for value, z in zip(x.tolist(), found.tolist(), strict=True):
            assert z == expected(t, Fraction(value), rounding, overflow), (value, overflow)


@pytest.mark.parametrize("name", FIXED)
def test_codes_and_data(name: str) -> None:
    t = fixed(name)
    values = t.random(np.random.default_rng(6), 50)
    codes = t.encode(values)
    assert np.array_equal(t.decode(codes), values)
    for value, code in zip(values.tolist(), codes.tolist(), strict=True):
        assert code == int(Fraction(value) / Fraction(2) ** t.scale) % 2**t.bits
    with pytest.raises(TileError, match="TV0401"):
        t.coerce([t.max * 2])
    with pytest.raises(TileError, match="TV0401"):
        t.coerce([2.0 ** (t.scale - 1)])


@pytest.mark.parametrize("ta", ["fixed(i8, -3)", "fixed(i53, -40)", "i4"])
@pytest.mark.parametrize("to", ["fixed(i16, -2)", "fixed(i30, -70)", "i32", "f16", "f64"])
def test_dot_and_total(ta: str, to: str) -> None:
    rng, tb = np.random.default_rng(7), fixed("fixed(i12, -5)")
    given, target = dtype(ta), dtype(to)
    a, b = given.random(rng, (3, 9)), tb.random(rng, (9, 2))
    found = dot(a, b, given, tb, target)
    sums = total(b, tb, target, 0)
    for j in range(2):
        column = [Fraction(y) for y in b[:, j].tolist()]
        for i in range(3):
            row = [Fraction(x) for x in a[i].tolist()]
            exact = sum((x * y for x, y in zip(row, column, strict=True)), Fraction(0))
            assert found[i, j] == rounded(to, exact), (i, j)
        assert sums[j] == rounded(to, sum(column, Fraction(0)))


def rounded(to: str, exact: Fraction, overflow: str | None = None) -> float:
    t = dtype(to)
    if isinstance(t, FixedType):
        return expected(t, exact, "nearest_even", overflow or "wrap")
    if t.is_int:
        steps = whole(exact, "nearest_even")
        if overflow == "sat":
            return int(min(max(steps, t.min), t.max))
        return wrapped(steps, t.bits, t.signed)
    assert isinstance(t, FloatType)
    return float(exact) if to == "f64" else float(oracle.rounded(t.format, exact))


ENTRIES = st.lists(st.integers(-40, 40).map(lambda n: n / 4), min_size=1, max_size=20)


@given(ENTRIES, st.lists(st.floats(-15, 15, width=16), min_size=1, max_size=30))
def test_nearest_entry(entries: list[float], numbers: list[float]) -> None:
    t = codebook(entries, of="f32")
    ties = [(a + b) / 2 for a, b in pairwise(entries)]
    x = np.array([*numbers, *ties, *entries])
    found = dtype("f64").cast(x, t)
    for value, code in zip(x.tolist(), found.tolist(), strict=True):
        away = {c: abs(Fraction(e) - Fraction(value)) for c, e in enumerate(entries)}
        assert code == min(away, key=lambda c: (away[c], c % 2, c)), value


@pytest.mark.parametrize(
    ("values", "name", "code"),
    [
        ([1, [2, 3]], None, "TV0221"),
        ([[[1]], [[2]]], None, "TV0221"),
        (3, None, "TV0221"),
        ([1, 2], "1x", "TV0106"),
        ([1, 2], "a b", "TV0106"),
        ([1, 2], "", "TV0106"),
        ([1, 2], "u3", "TV0102"),
        ([1, 2], "nf4", "TV0102"),
    ],
)
def test_codebooks_that_no_program_could_declare(values: object, name: str, code: str) -> None:
    with pytest.raises(TileError) as caught:
        codebook(values, of="i8", name=name)
    assert [each.code for each in caught.value.diagnostics] == [code]


def test_names_and_tables() -> None:
    t = dtype("codebook(f16, [0.5, -1, 2])")
    assert isinstance(t, CodebookType) and t.bits == 2 and (t.min, t.max) == (0, 2)
    assert dtype(str(t)) == t == codebook([0.5, -1, 2], of="f16", name="three")
    assert str(codebook([0.5], of="f16", name="three")) == "three"
    for name in ("nf4", "fp4"):
        book = dtype(name)
        assert isinstance(book, CodebookType) and book.bits == 4 and str(book) == name
        assert sorted(book.entries)[0] == -1.0 and sorted(book.entries)[-1] == 1.0
    pairs = codebook([[1, 0], [0, 1]], of="i8")
    assert pairs.vector == 2 and pairs.lookup(np.array([1, 0])).tolist() == [[0, 1], [1, 0]]
    wide = np.array([2**63 - 1, -(2**63), 2**62 + 1])
    levels = codebook([-1.0, 2.0**61, 2.0**63], of="f64")
    assert dtype("i64").cast(wide, levels).tolist() == [2, 0, 1]


@pytest.mark.parametrize("overflow", ["wrap", "sat"])
def test_sums_of_codes_beyond_the_result(overflow: str) -> None:
    t, to, other = codebook([-128, 3, 127], of="i8"), dtype("i9"), dtype("i8")
    rng = np.random.default_rng(13)
    a, b = t.random(rng, (30, 5)), other.random(rng, (5, 3))
    entries = t.lookup(a).astype(object)
    for found, exact in (
        (dot(a, b, t, other, to, overflow), entries @ b.astype(object)),
        (total(a, t, to, 1, overflow), entries.sum(axis=1)),
    ):
        want = [rounded("i9", Fraction(int(x)), overflow) for x in exact.reshape(-1)]
        assert found.reshape(-1).tolist() == want
    with pytest.raises(Trap):
        dot(a, b, t, other, to, "trap")
