"""Float arithmetic and casts against fractions: exact, then rounded once."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.dtypes import oracle
from tilevm.diagnostics import TileError
from tilevm.dtypes import ROUNDINGS, DType, FloatType, IntType, Trap, dtype

SMALL = ["e2m1fn", "e3m2ieee", "e4m3fn", "e4m3fnuz", "e5m2"]
WIDE = ["e8m30", "e9m40", "e10m45", "e8m50", "e6m51", "e11m20", "e11m40", "f32"]


def floats(name: str) -> FloatType:
    t = dtype(name)
    assert isinstance(t, FloatType)
    return t


def neighbours(t: FloatType, x: float) -> list[tuple[float, int]]:
    """The value and those just beside it, with their codes."""
    code = int(t.encode(x))
    body = code & t.format.sign_code - 1
    near = [c for c in (body - 1, body, body + 1) if 0 <= c <= t.format.max_code]
    sign = code & t.format.sign_code
    return [(float(v), c) for v, c in zip(t.decode([c | sign for c in near]), near, strict=True)]


def is_nearest_even(t: FloatType, result: float, exact: Fraction) -> bool:
    """Whether no value lies nearer to the exact number, or as near with an even code."""
    top = oracle.magnitude(t.format, t.format.max_code + 1)
    if abs(exact) >= (Fraction(t.max) + top) / 2:  # ieee formats of odd largest codes only
        return bool(np.isinf(result)) and (result > 0) == (exact > 0)
    distance = abs(Fraction(result) - exact)
    code = int(t.encode(result)) & t.format.sign_code - 1
    return all(
        distance < (other := abs(Fraction(value) - exact)) or (distance == other and code % 2 == 0)
        for value, c in neighbours(t, result)
        if c != code
    )


@pytest.mark.parametrize("name", SMALL)
def test_every_pair_of_small_floats(name: str) -> None:
    t = floats(name)
    values = t.decode(np.arange(2**t.bits, dtype=np.uint64))
    values = values[np.isfinite(values)]
    column, row = values[:, None], values[None, :]
    for result, hardware in [
        (t.add(column, row), column + row),
        (t.sub(column, row), column - row),
        (t.mul(column, row), column * row),
    ]:  # float64 holds sums and products of these exactly
        unique, inverse = np.unique(hardware, return_inverse=True)
        expected = np.array([oracle.rounded(t.format, Fraction(x)) for x in unique.tolist()])
        expected = np.copysign(expected[inverse.reshape(hardware.shape)], hardware)
        if t.format.convention == "fnuz":
            expected = expected + 0.0
        assert oracle.same(result, expected)


@pytest.mark.parametrize("name", WIDE)
def test_wide_floats_are_rounded_once(name: str) -> None:
    t = floats(name)
    seed = t.bits
    rng = np.random.default_rng(seed)
    x, y = t.random(rng, 300), t.random(rng, 300)
    close = t.quantise(rng.standard_normal(300)), t.quantise(rng.standard_normal(300))
    tie = t.quantise(1 + rng.integers(0, 99, 300) * 2.0**-t.format.mantissa)
    shifted = 2.0 ** -rng.integers(t.format.mantissa, t.format.mantissa + 3, 300)
    for a, b in ((x, y), close, (tie, t.quantise(shifted)), (x, t.quantise(close[0] * 2.0**-9))):
        added, multiplied = t.add(a, b), t.mul(a, b)
        for i in range(300):
            p, q = Fraction(float(a[i])), Fraction(float(b[i]))
            assert is_nearest_even(t, float(added[i]), p + q), (seed, a[i], b[i])
            assert is_nearest_even(t, float(multiplied[i]), p * q), (seed, a[i], b[i])


def test_f64_is_the_hardware() -> None:
    t = floats("f64")
    rng = np.random.default_rng(2)
    x, y = t.random(rng, 5000), t.random(rng, 5000)
    with np.errstate(all="ignore"):
        assert oracle.same(t.add(x, y), x + y) and oracle.same(t.mul(x, y), x * y)
    largest = np.array([1.0, t.max])
    assert oracle.same(t.add(largest, largest, "sat"), [2.0, t.max])
    assert oracle.same(t.mul(largest, -largest, "nan"), [-1.0, np.nan])
    with pytest.raises(Trap, match="`add` overflows f64") as caught:
        t.add(largest, largest, "trap")
    assert caught.value.index == (1,)


def test_infinities_nan_and_signed_zeros() -> None:
    t = floats("f16")
    inf, nan = np.inf, np.nan
    assert oracle.same(t.add(np.array([inf, inf, nan]), np.array([-inf, 1, 1])), [nan, inf, nan])
    assert oracle.same(t.mul(np.array([inf, -inf, 0.0]), np.array([0, 2, -1.0])), [nan, -inf, -0.0])
    assert oracle.same(t.neg(np.array([0.0, -0.0, nan, inf])), [-0.0, 0.0, nan, -inf])
    a, b = np.array([0.0, -0.0, nan, 1, -inf]), np.array([-0.0, 0.0, 1, nan, 2])
    assert oracle.same(t.minimum(a, b), [-0.0, -0.0, nan, nan, -inf])
    assert oracle.same(t.maximum(a, b), [0.0, 0.0, nan, nan, 2.0])
    assert t.compare(a, b, "eq").tolist() == [1, 1, 0, 0, 0]
    assert t.compare(a, b, "ne").tolist() == [0, 0, 1, 1, 1]
    assert t.compare(a, b, "le").tolist() == [1, 1, 0, 0, 1]
    one_nan = t.add(np.array([inf]), np.array([-inf])).view(np.uint64)
    assert one_nan == np.array([nan]).view(np.uint64)
    assert oracle.same(floats("e4m3fnuz").neg(np.array([0.0, 1.0])), [0.0, -1.0])


def test_bits_of_floats_are_refused() -> None:
    t, x = dtype("f16"), np.ones(2)
    for run in (t.and_, t.or_, t.xor, t.shl, t.shr):
        with pytest.raises(TileError, match="defined for integers, and f16 is none"):
            run(x, x)
    with pytest.raises(TileError, match="TV0251"):
        t.not_(x)


@given(
    st.builds(IntType, st.integers(1, 64), st.booleans()),
    st.sampled_from(ROUNDINGS),
    st.floats(),
)
def test_float_to_integer(to: IntType, rounding: str, x: float) -> None:
    t, value = floats("f64"), np.array([x])
    if np.isfinite(x):
        floor, half = x // 1, Fraction(1, 2)
        exact = Fraction(x)
        rest = exact - int(floor)
        whole = {
            "nearest_even": round(exact),
            "nearest_away": int(floor) + (rest > half or (rest == half and x > 0)),
            "toward_zero": int(x),
            "up": int(floor) + (rest > 0),
            "down": int(floor),
        }[rounding]
        saturated = min(max(whole, to.min), to.max)
        wrapped = oracle.wrapped(whole, to.bits, to.signed)
    else:
        whole = to.max + 1
        saturated = 0 if np.isnan(x) else (to.max if x > 0 else to.min)
        wrapped = 0
    assert t.cast(value, to, rounding) == [saturated]
    assert t.cast(value, to, rounding, "wrap") == [wrapped]
    if to.min <= whole <= to.max:
        assert t.cast(value, to, rounding, "trap") == [whole]
    else:
        with pytest.raises(Trap):
            t.cast(value, to, rounding, "trap")


@given(
    st.builds(IntType, st.integers(1, 64), st.booleans()),
    st.sampled_from(["e4m3fn", "e5m2", "f16", "bf16"]),
    st.sampled_from(ROUNDINGS),
    st.data(),
)
def test_integer_to_float(source: IntType, name: str, rounding: str, data: st.DataObject) -> None:
    value = data.draw(st.integers(source.min, source.max) | st.integers(0, 63).map(lambda n: 2**n))
    value = min(value, source.max)
    to = floats(name)
    expected = oracle.rounded(to.format, Fraction(value), rounding)
    assert oracle.same(source.cast(np.array([value], source.carrier), to, rounding), [expected])


@given(st.integers(-(2**63), 2**63 - 1), st.integers(0, 10))
def test_long_integers_are_rounded_once_to_wide_floats(value: int, zeros: int) -> None:
    value = value >> zeros << zeros
    x = np.array([value], np.int64)
    i64 = dtype("i64")
    assert i64.cast(x, dtype("f64")) == [float(value)]  # Python rounds integers once
    low, high = i64.cast(x, dtype("f64"), "down"), i64.cast(x, dtype("f64"), "up")
    assert Fraction(low.item()) <= value <= Fraction(high.item())
    assert low == high or np.nextafter(low, np.inf) == high
    away = i64.cast(x, dtype("f64"), "nearest_away").item()
    assert abs(Fraction(away) - value) == abs(Fraction(float(value)) - value)
    assert abs(away) >= abs(float(value))
    assert is_nearest_even(floats("f32"), i64.cast(x, dtype("f32")).item(), Fraction(value))


@pytest.mark.parametrize(("source", "to"), [("f64", "f32"), ("f32", "f16"), ("f16", "e4m3fn")])
def test_cast_between_floats_is_one_rounding(source: str, to: str) -> None:
    t: DType = dtype(source)
    x = t.random(np.random.default_rng(9), 2000)
    assert oracle.same(t.cast(x, dtype(to)), dtype(to).decode(dtype(to).encode(x)))
    lower, upper = t.cast(x, dtype(to), "down", "sat"), t.cast(x, dtype(to), "up", "sat")
    inside = np.abs(x) <= dtype(to).max
    assert (lower[inside] <= x[inside]).all() and (x[inside] <= upper[inside]).all()
    with pytest.raises(TileError, match="rounding must be one of nearest_even"):
        t.cast(x, dtype(to), "nearest")
