"""dot and total against exact sums: Python integers and fractions."""

from fractions import Fraction

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.dtypes import oracle
from tests.dtypes.test_floats import floats, is_nearest_even
from tilevm.diagnostics import TileError
from tilevm.dtypes import DType, FloatType, IntType, dot, dtype, total

int_types = st.builds(IntType, st.integers(1, 64), st.booleans())


def drawn(t: DType, rng: np.random.Generator, shape: tuple[int, ...], mild: bool) -> npt.NDArray:
    """Values of every size, or of a few binades so that sums cancel and round."""
    if mild and isinstance(t, FloatType):
        return t.quantise(
            rng.standard_normal(shape) * 2.0 ** rng.integers(-4, 2, shape), overflow="sat"
        )
    return t.random(rng, shape)


def right(to: FloatType, result: float, exact: Fraction) -> bool:
    if exact == 0:
        return result == 0 and not np.signbit(result)
    if to.name == "f64":
        try:
            return result == float(exact)
        except OverflowError:
            return bool(np.isinf(result))
    if to.bits <= 16:
        return oracle.same(abs(result), abs(oracle.rounded(to.format, exact)))
    return is_nearest_even(to, result, exact)


@given(int_types, int_types, int_types, st.sampled_from([0, 1, 5, 300]), st.integers(0, 2**32))
def test_integer_dot(ta: IntType, tb: IntType, to: IntType, inner: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    a, b = ta.random(rng, (2, 1, 2, inner)), tb.random(rng, (3, inner, 2))
    exact = np.zeros((2, 3, 2, 2), object) + a.astype(object) @ b.astype(object)
    result = dot(a, b, ta, tb, to)
    assert result.dtype == to.carrier and result.shape == exact.shape
    wrapped = [oracle.wrapped(int(x), to.bits, to.signed) for x in exact.ravel()]
    assert result.ravel().tolist() == wrapped


@pytest.mark.parametrize(
    ("a", "b", "inner"),
    [("i8", "i8", 5000), ("i12", "u12", 9000), ("i32", "i32", 700), ("u64", "i64", 2000)],
)
def test_integer_dot_of_extremes_over_chunks(a: str, b: str, inner: int) -> None:
    """All products of one sign and largest size: where a chunk too long would round."""
    ta, tb, to = dtype(a), dtype(b), dtype("i64")
    x = np.full((2, inner), ta.min or ta.max, ta.carrier)
    y = np.full((inner, 1), tb.min or tb.max, tb.carrier)
    x[0, 0], y[1, 0] = ta.max - 1, tb.max
    exact = x.astype(object) @ y.astype(object)
    wrapped = [[oracle.wrapped(v, 64, True) for v in row] for row in exact.tolist()]
    assert dot(x, y, ta, tb, to).tolist() == wrapped


PAIRS = [
    ("e4m3fn", "e4m3fn", "e4m3fn"),
    ("e2m1fn", "e2m1fn", "e2m1fn"),
    ("e4m3fn", "e5m2", "f16"),
    ("f16", "f16", "f32"),
    ("f16", "f16", "f16"),
    ("bf16", "bf16", "bf16"),
    ("f32", "f32", "f32"),
    ("f64", "f64", "f64"),
    ("f64", "f32", "bf16"),
    ("i8", "f16", "f16"),
    ("i64", "f32", "f32"),
    ("u64", "i64", "f64"),
    ("e11m20", "e11m20", "f32"),
]


@pytest.mark.parametrize(("a", "b", "to"), PAIRS)
@pytest.mark.parametrize("mild", [True, False])
def test_float_dot_is_rounded_once(a: str, b: str, to: str, mild: bool) -> None:
    ta, tb, target = dtype(a), dtype(b), floats(to)
    for inner, seed in ((1, 1), (3, 2), (40, 3)):
        rng = np.random.default_rng(seed)
        x, y = drawn(ta, rng, (2, 5, inner), mild), drawn(tb, rng, (inner, 6), mild)
        if inner > 1:  # rows that cancel, wholly or all but a little
            x[0, 0, 1], y[1] = -x[0, 0, 0] if ta.signed else x[0, 0, 0], y[0]
        result = dot(x, y, ta, tb, target)
        assert result.dtype == np.float64
        for index in np.ndindex(2, 5, 6):
            row, column = x[index[:2]].tolist(), y[:, index[2]].tolist()
            exact = sum(
                (Fraction(p) * Fraction(q) for p, q in zip(row, column, strict=True)), Fraction(0)
            )
            assert right(target, float(result[index]), exact), (seed, inner, index)


@pytest.mark.parametrize(
    ("source", "to"),
    [
        ("f32", "f32"),
        ("f64", "f64"),
        ("f16", "f16"),
        ("bf16", "bf16"),
        ("e4m3fn", "e4m3fn"),
        ("f64", "f32"),
        ("i64", "f32"),
        ("u64", "f64"),
        ("i8", "bf16"),
    ],
)
@pytest.mark.parametrize("mild", [True, False])
def test_float_total_is_rounded_once(source: str, to: str, mild: bool) -> None:
    t, target = dtype(source), floats(to)
    rng = np.random.default_rng(17)
    x = drawn(t, rng, (4, 9, 25), mild)
    x[0, 0, :] = [t.max] * 12 + [t.min] * 13
    result = total(x, t, target, (0, 2))
    assert result.shape == (9,)
    for i in range(9):
        exact = sum((Fraction(v) for v in x[:, i].ravel().tolist()), Fraction(0))
        assert right(target, float(result[i]), exact), i


@given(int_types, int_types, st.integers(0, 2**32))
def test_integer_total(t: IntType, to: IntType, seed: int) -> None:
    x = t.random(np.random.default_rng(seed), (3, 4, 5))
    for axes in (0, (1,), (0, 2), (0, 1, 2), (-1,), ()):
        exact = np.asarray(x.astype(object).sum(axis=axes), object)
        result = total(x, t, to, axes)
        assert result.shape == exact.shape and result.dtype == to.carrier
        assert result.ravel().tolist() == [
            oracle.wrapped(int(v), to.bits, to.signed) for v in exact.ravel()
        ]


def test_order_never_shows() -> None:
    t = floats("f32")
    rng = np.random.default_rng(4)
    x, y = t.random(rng, (1, 600)), t.random(rng, (600, 1))
    order = rng.permutation(600)
    assert oracle.same(dot(x, y, t, t, t), dot(x[:, order], y[order], t, t, t))
    terms = np.array([[1e30, 1.0, -1e30, 2.0**-140]], np.float32).astype(np.float64)
    assert total(terms, t, t, 1) == [1.0]
    assert total(terms[:, [0, 2, 3]], t, t, 1) == [2.0**-140]


@pytest.mark.parametrize("name", ["e5m2", "f16", "f32", "f64"])
def test_infinities_nan_and_zeros_in_sums(name: str) -> None:
    t, inf, nan = floats(name), np.inf, np.nan
    rows = np.array(
        [
            [inf, 1, 1],
            [inf, -inf, 1],
            [inf, 0, 1],
            [nan, 1, 1],
            [t.max, t.max, -inf],
            [0, 0, 0],
            [1, -1, 0],
        ]
    )
    ones = np.ones((3, 2))
    expected = np.array([inf, nan, inf, nan, -inf, 0.0, 0.0])
    assert oracle.same(dot(rows, ones, t, t, t), np.stack([expected, expected], axis=1))
    assert oracle.same(total(rows, t, t, 1), expected)
    zero = np.array([[0.0], [1], [1]])
    assert oracle.same(dot(rows[:2], zero, t, t, t), [[nan], [nan]])
    assert oracle.same(dot(np.full((1, 1), -0.0), np.ones((1, 1)), t, t, t), [[0.0]])
    assert oracle.same(dot(np.zeros((2, 0)), np.zeros((0, 3)), t, t, t), np.zeros((2, 3)))
    assert oracle.same(total(np.zeros((2, 0)), t, t, 1), np.zeros(2))


def test_sums_that_pass_through_overflow_come_back() -> None:
    t = floats("f64")
    x = np.array([[t.max, t.max, -t.max, 1.0]])
    assert total(x, t, t, 1) == [t.max]
    assert dot(x, np.ones((4, 1)), t, t, t) == [[t.max]]
    assert dot(x, x.T, t, t, t) == [[np.inf]]
    tiny = np.array([[2.0**-600, 2.0**-537]])
    assert dot(tiny, tiny.T, t, t, t) == [[2.0**-1074]]


def test_a_float_sum_has_a_float_result() -> None:
    with pytest.raises(TileError, match="a sum of f16 has a float result, not i32"):
        dot(np.ones((1, 1)), np.ones((1, 1)), dtype("i8"), dtype("f16"), dtype("i32"))
    with pytest.raises(TileError, match="TV0251"):
        total(np.ones(3), dtype("f16"), dtype("i32"), 0)


@pytest.mark.parametrize("name", ["u64", "i64", "u54"])
def test_infinities_times_wide_integers(name: str) -> None:
    t, f = dtype(name), floats("f16")
    values = [1, 0, 1 << 32, t.max, t.min, -1 if t.min else 5]
    got = dot(np.full((1, 1), np.inf), np.array([values], t.carrier), f, t, f)
    want = [np.nan if v == 0 else np.copysign(np.inf, v) for v in values]
    assert oracle.same(got, [want])


@pytest.mark.parametrize("name", ["e4m3fn", "e4m3fnuz", "e8m0fnu", "e5m2", "f16"])
def test_what_remains_of_numbers_far_beyond_the_result(name: str) -> None:
    """Both ends of the error bound overflow to one NaN, on either side of zero."""
    t, to = floats("f64"), floats(name)
    terms = np.array([[2.0**100, 1.0, -(2.0**100)]])
    assert total(terms, t, to, 1) == [1.0]
    assert dot(terms, np.ones((3, 1)), t, t, to) == [[1.0]]


@pytest.mark.parametrize("name", ["f16", "f32"])
def test_sums_around_what_float64_counts(name: str) -> None:
    """Terms of all bits, spread over more and more binades, with zeros and ties among them."""
    t, to = floats(name), floats("f32")
    rng, count, last = np.random.default_rng(5), 12, 2.0**-t.format.mantissa
    spreads = range(2, 28 if name == "f16" else 36)
    for spread in spreads:
        low = -rng.integers(0, spread, (4, count)) + spread // 2
        x = rng.choice([-1, 1, 1], (4, count)) * (1 + last) * 2.0**low
        x[0, :2] = [2.0 ** (spread // 2), (1 + last) * 2.0 ** (spread // 2 - spread + 1)]
        x[1, 3] = x[2, 5] = 0
        x = t.quantise(x)  # f16 has not all of them
        found, products = total(x, t, to, 1), dot(x, x.T, t, t, to)
        for i, row in enumerate(x.tolist()):
            assert right(to, float(found[i]), sum(map(Fraction, row))), (spread, row)
            for j, other in enumerate(x.tolist()):
                pairs = zip(map(Fraction, row), map(Fraction, other), strict=True)
                exact = sum((p * q for p, q in pairs), Fraction(0))
                assert right(to, float(products[i, j]), exact), (spread, row, other)


@pytest.mark.parametrize("k", range(24, 42))
def test_what_tells_a_tie_is_the_last_bit(k: int) -> None:
    """All but the least bit of the least term is half a step: float64 must not lose it."""
    t = floats("f32")
    terms = [1.0, 2.0**-24 - 2.0**-k, 2.0**-k * (1 + 2.0**-23)]
    assert total(np.array([terms]), t, t, 1) == [1 + 2.0**-23]
    half, top = floats("f16"), k - 28
    low, left = 2.0**-14, max(0, top)
    a = np.array([[2.0**left, 2.0**-6, low * (1 + 2.0**-10), -low]])
    b = np.array([[2.0 ** (top - left)], [2.0 ** (top - 18)], a[0, 2:3], [low * (1 + 2.0**-9)]])
    assert half.holds(a) and half.holds(b)
    assert dot(a, b, half, half, t) == [[2.0**top * (1 + 2.0**-23)]]


@pytest.mark.parametrize("name", ["f16", "f32"])
def test_one_infinity_among_few_bits(name: str) -> None:
    """The other rows and columns are as they were; rows of zeros and of infinities too."""
    t, to = floats(name), floats("f32")
    a = np.array([[np.inf, 1], [1, 2], [0, -0.0], [np.inf, np.inf], [3, 4], [np.nan, 1]])
    b = np.array([[1, 0, -1], [2, 0, np.inf]])
    inf, nan = np.inf, np.nan
    expected = [[inf, nan, nan], [5, 0, inf], [0, 0, nan], [inf, nan, nan], [11, 0, inf], [nan] * 3]
    assert oracle.same(dot(a, b, t, t, to), np.array(expected))
    assert oracle.same(total(a, t, to, 1), np.array([inf, 3, 0, inf, 7, nan]))
    many = np.ones((300, 2))
    many[7, 0] = many[9, 1] = inf
    wanted = np.where(np.isin(np.arange(300), (7, 9)), inf, 3.0)
    assert oracle.same(dot(many, b[:, :1], t, t, to)[:, 0], wanted)


SIDES = st.sampled_from("i4 u8 i64 u64 f16 bf16 f32 f64 e4m3fn e2m1fn e8m0fnu e10m52fn".split())
RESULTS = st.sampled_from("f64 f32 f16 bf16 e4m3fn e5m2 e4m3fnuz".split())


@given(SIDES, RESULTS, st.integers(1, 40), st.integers(-4, 4), st.integers(0, 2**32))
def test_the_rest_of_what_cancels_is_rounded_once(
    b: str, to: str, inner: int, steps: int, seed: int
) -> None:
    """Products of any size that cancel, and beside them half a step or so of the result."""
    rng = np.random.default_rng(seed)
    ta, tb, target = floats("f64"), dtype(b), floats(to)
    x, y = rng.standard_normal(inner), tb.random(rng, (inner,))
    y = np.where(np.isfinite(y.astype(np.float64)), y, 1).astype(y.dtype)
    step = 2.0 ** -(target.format.mantissa + 1)
    near = [1.0, steps * step, rng.choice([0.0, 1.0, -1.0]) * 2.0**-200]
    row = np.array([*x, *near, *-x])[None]
    column = np.array([*y.tolist(), 1, 1, 1, *y.tolist()], y.dtype)[:, None]
    exact = sum(map(Fraction, near), Fraction(0))
    assert right(target, float(dot(row, column, ta, tb, target)[0, 0]), exact)
