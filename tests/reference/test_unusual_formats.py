"""Formats that nobody uses: sums, products, casts and arithmetic against the reference."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tilevm.diagnostics import TileError
from tilevm.dtypes import (
    ROUNDINGS,
    CodebookType,
    DType,
    FloatType,
    Trap,
    dot,
    dtype,
    numbers,
    product,
    total,
)
from tilevm.reference.formats import cast, fit
from tilevm.reference.numbers import (
    Number,
    Refused,
    multiplied,
    negate,
    number,
    over,
    plus,
    python,
    times,
)
from tilevm.reference.numbers import total as exact_sum

Draw = np.random.Generator
CONVENTIONS = ("", "fn", "fnuz", "finite", "u", "fnu", "finiteu")


def same(want: Number, found: float) -> bool:
    expected = python(want)
    if expected != expected:
        return found != found
    return bool(expected == found and np.signbit(float(expected)) == np.signbit(float(found)))


def a_float(rng: Draw) -> FloatType:
    """Any widths, often extreme ones, and biases."""
    while True:
        e, m = rng.integers(1, 12), rng.choice([0, 1, 2, 10, 23, 51, 52, rng.integers(0, 53)])
        bias = f"b{rng.integers(-5, 40)}" if rng.random() < 0.3 else ""
        try:
            made = dtype(f"e{e}m{m}{bias}{rng.choice(CONVENTIONS)}")
        except TileError:
            continue  # float64 does not hold it, or it is none
        assert isinstance(made, FloatType)
        return made


def an_integer(rng: Draw) -> DType:
    return dtype(f"{rng.choice(['i', 'u'])}{rng.choice([1, 2, 31, 53, 54, 63, 64])}")


def a_fixed(rng: Draw) -> DType:
    scale = rng.choice([-128, 128, rng.integers(-12, 12)])
    return dtype(f"fixed({rng.choice(['i', 'u'])}{rng.choice([1, 8, 31, 53])}, {scale})")


def a_book(rng: Draw) -> DType:
    entry = [an_integer, a_fixed, a_float][rng.integers(3)](rng)
    try:
        return CodebookType(entry, tuple(entry.random(rng, (5,)).tolist()))
    except TileError:
        return a_book(rng)  # entries beyond 2**53


def any_type(rng: Draw) -> DType:
    return [a_float, a_float, an_integer, a_fixed, a_book][rng.integers(5)](rng)


def values(rng: Draw, t: DType, shape: tuple[int, ...]) -> Any:
    """Numbers of every size, or the ends alone; of floats sometimes an infinity or a NaN."""
    if rng.random() < 0.3:
        return rng.choice(np.array([t.min, t.max], t.carrier), shape)
    found = t.random(rng, shape)
    if isinstance(t, FloatType) and t.format.inf_code is not None and rng.random() < 0.1:
        found.reshape(-1)[:1] = np.inf
    if isinstance(t, FloatType) and t.format.nan_code is not None and rng.random() < 0.1:
        found.reshape(-1)[-1:] = np.nan
    return found


def elements(t: DType, a: Any) -> Any:
    """The exact numbers that values of a type stand for, in nested lists as an array."""
    found = numbers(a, t)[0]
    exact = np.empty(found.shape, object)
    exact.reshape(-1)[:] = [number(x) for x in found.reshape(-1).tolist()]
    return exact


def agree(about: str, to: DType, exact: Number, found: float, overflow: str | None) -> None:
    try:
        want = fit(to, exact, overflow)
    except Refused:
        return  # then the machine stops, at this or at another element
    assert same(want, found), f"{about} to {to}: {exact} is {python(want)}, not {found}"


@pytest.mark.parametrize("seed", range(5))
def test_sums_and_products(seed: int) -> None:
    rng = np.random.default_rng(seed)
    for number_of_case in range(60):
        ta, tb = any_type(rng), any_type(rng)
        to = [a_float, a_float, an_integer, a_fixed][rng.integers(4)](rng)
        empty = [numbers(np.zeros(0, t.carrier), t)[1].is_float for t in (ta, tb)]
        if any(empty) and not to.is_float:
            continue
        inner, overflow = int(rng.choice([0, 1, 2, 5, 17])), None
        if not to.is_float:
            overflow = str(rng.choice(["wrap", "sat"]))
        a, b = values(rng, ta, (2, inner)), values(rng, tb, (inner, 2))
        x, y = elements(ta, a), elements(tb, b)
        about = f"seed {seed}, case {number_of_case}: {ta}, {tb}, K = {inner}"
        try:
            sums, dots = total(a, ta, to, 1, overflow), dot(a, b, ta, tb, to, overflow)
            products = product(a, ta, to, overflow)
        except Trap:
            continue  # NaN in a type that has none
        for i in range(2):
            agree(about, to, exact_sum(x[i].tolist()), sums[i].item(), overflow)
            exact = multiplied(x[i].tolist(), empty[0])
            agree(about, to, exact, products[i].item(), overflow)
            for j in range(2):
                terms = [times(p, q) for p, q in zip(x[i], y[:, j], strict=True)]
                agree(about, to, exact_sum(terms), dots[i, j].item(), overflow)


def near_ties(rng: Draw, to: FloatType) -> Any:
    """Values of a format, what lies in the middle of neighbours and next to that, and the ends."""
    f = to.format
    drawn = rng.integers(0, f.max_code, 5, np.uint64, endpoint=True)
    ends = np.array([0, 1, 1 << f.mantissa, f.max_code - 1, f.max_code], np.uint64)
    codes = np.minimum(np.concatenate([drawn, ends]), np.uint64(f.max_code))
    low, high = to.decode(codes), to.decode(np.minimum(codes + np.uint64(1), np.uint64(f.max_code)))
    middle = low / 2 + high / 2
    with np.errstate(all="ignore"):
        around = [np.nextafter(middle, np.inf), np.nextafter(middle, -np.inf)]
        beyond = [to.max * (1 + 2.0 ** -(f.mantissa + 2)), to.max * 2, 5e-324, 1.7e308, np.inf]
    found = np.concatenate([low, middle, *around, beyond])
    return np.concatenate([found, -found, [np.nan]])


@pytest.mark.parametrize("seed", range(5))
def test_casts_and_arithmetic(seed: int) -> None:
    rng, wide = np.random.default_rng(seed), dtype("f64")
    laws: dict[str, Callable[..., Number]] = {
        "add": plus,
        "sub": lambda x, y, rounding: plus(x, negate(y), rounding),
        "mul": lambda x, y, rounding: times(x, y),
        "div": lambda x, y, rounding: over(x, y),
    }
    for _ in range(12):
        to, rounding = a_float(rng), str(rng.choice(ROUNDINGS))
        overflow = None if rng.random() < 0.5 else "sat"
        nan = "zero" if to.format.nan_code is None else None
        given = near_ties(rng, to)
        for x, z in zip(given, wide.cast(given, to, rounding, overflow, nan), strict=True):
            want = cast(number(float(x)), wide, to, rounding, overflow, nan)
            assert same(want, float(z)), f"seed {seed}: {x} to {to}, {rounding}, {overflow}"
        a, b = values(rng, to, (12,)), values(rng, to, (12,))
        for name, law in laws.items():
            for x, y in zip(a, b, strict=True):
                exact = law(number(float(x)), number(float(y)), rounding)
                try:
                    want = fit(to, exact, overflow, rounding)
                except Refused:
                    continue
                z = getattr(to, name)(np.array([x]), np.array([y]), overflow, rounding)
                about = f"seed {seed}: {name} {x}, {y} in {to}, {rounding}, {overflow}"
                assert same(want, float(z[0])), about


def test_formats_with_52_bits_below_the_point_have_ends_of_their_own() -> None:
    """Nothing but f64 itself is what float64 computes."""
    t = dtype("e4m52")
    assert isinstance(t, FloatType)
    assert t.quantise(np.array([1e-29, 1e300, t.max])).tolist() == [0.0, np.inf, t.max]
    negative = dtype("e6m52u")
    assert isinstance(negative, FloatType)
    assert np.isnan(negative.quantise(np.array([-3.0]))).all()


def test_formats_near_the_end_of_float64_round() -> None:
    """Where 1.5 * 2**(e + 52 - m) is more than float64 holds."""
    t = dtype("e10m1b29fnuz")
    assert isinstance(t, FloatType)
    assert t.quantise(np.array([1.1 * 2.0**993, 1.3 * 2.0**993])).tolist() == [
        2.0**993,
        1.5 * 2.0**993,
    ]


@pytest.mark.parametrize("name", ["e8m0fnu", "e3m0finiteu"])
def test_a_sum_of_nothing_without_a_zero(name: str) -> None:
    """It is the smallest value, as an exact zero of anything else is."""
    t, i8 = dtype(name), dtype("i8")
    nothing, zeros = np.zeros((1, 0), np.int8), np.zeros((1, 3), np.int8)
    for a in (nothing, zeros):
        assert total(a, i8, t, 1).tolist() == [t.min]
        assert dot(a, a.T, i8, i8, t).tolist() == [[t.min]]


def test_products_below_every_value_without_a_sign() -> None:
    t, wide = dtype("e2m51u"), dtype("f64")
    assert np.isnan(product(np.array([[-(2.0**-600), 2.0**-500]]), wide, t)).all()


def test_zero_times_the_largest_rounds_nothing() -> None:
    t = dtype("e11m1")
    zero, large = np.array([0.0, -0.0]), np.array([t.max, t.max])
    found = t.mul(zero, large, None, "up")
    assert found.tolist() == [0.0, 0.0] and np.signbit(found).tolist() == [False, True]
