"""Every rounding boundary of every format of up to 16 bits, in every mode, from 64 and 32 bits.

Between two neighbouring values of a format (from the oracle, by fractions) lie seven kinds of
numbers: the lower value, what is just above it, just below the middle, the middle, just above it,
just below the upper value, and that.  Which one they round to follows from where they were placed.
``--long`` takes every format; else all of up to 6 bits, the known ones, and some others.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from math import ceil

import numpy as np
import numpy.typing as npt
import pytest

from tests.dtypes import oracle
from tilevm.diagnostics import TileError
from tilevm.dtypes import ROUNDINGS, FloatFormat, FloatType, dtype

Floats = npt.NDArray[np.float64]

KNOWN = (
    "f16 bf16 e2m1 e2m3 e3m2 e3m4 e4m3 e5m2 e4m3fn e4m3fnuz e5m2fnuz e4m3b11fnuz e8m0 "
    "e5m3u e4m4fnu e6m9 e11m4 e10m0fnu e10m5fnuz e1m14fn e7m8finiteu"
).split()


def every_format() -> list[str]:
    names: dict[str, None] = {}
    for exponent, mantissa in product(range(1, 12), range(15)):
        for suffix in ("ieee", "fn", "fnan", "fnuz", "finite", "ieeeu", "fnu", "finiteu"):
            try:
                t = dtype(f"e{exponent}m{mantissa}{suffix}")
            except TileError:
                continue
            if t.bits <= 16:
                names[t.name] = None
    return list(names)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "name" in metafunc.fixturenames:
        names = every_format()
        if not metafunc.config.getoption("long"):
            small = [name for name in names if dtype(name).bits <= 6]
            names = list(dict.fromkeys([*KNOWN, *small]))
        metafunc.parametrize("name", names)


def floats(name: str) -> FloatType:
    t = dtype(name)
    assert isinstance(t, FloatType)
    return t


def rungs(f: FloatFormat) -> Floats:
    """Every value of at least zero, ascending, and the one that would follow the largest.

    In multiples of the smallest these are integers, which float64 computes with exactly.
    """
    count = f.max_code + 2
    if count <= 1 << 9:
        steps = [float(oracle.magnitude(f, code)) for code in range(count - 1)]
        last = oracle.magnitude(f, count - 1)
        return np.array([*steps, float(last) if last < 2**1024 else np.inf])
    field, fraction = np.divmod(np.arange(count), 1 << f.mantissa)
    no_zero = not f.signed and f.mantissa == 0
    hidden = (field > 0) | no_zero
    power = (field if no_zero else np.maximum(field, 1)) - f.bias - f.mantissa
    with np.errstate(over="ignore"):
        return np.ldexp(fraction + hidden * float(1 << f.mantissa), power)


def test_the_ladder_is_that_of_the_definition() -> None:
    for name in ("e4m3", "bf16", "e8m0", "e5m3u", "f16"):
        f = floats(name).format
        steps = rungs(f)
        for code in {*range(40), f.max_code // 3, f.max_code, f.max_code + 1}:
            if code <= f.max_code + 1:
                assert Fraction(steps[code]) == oracle.magnitude(f, code), (name, code)


def probes(f: FloatFormat, narrow: bool) -> tuple[Floats, dict[str, npt.NDArray[np.intp]]]:
    """Numbers of at least zero, and for each rounding of a size the rung that it gives."""
    kind = np.float32 if narrow else np.float64
    with np.errstate(all="ignore"):
        ladder = rungs(f).astype(kind)
        low, high = ladder[:-1], ladder[1:]
        middle = low + (high - low) / 2
        if np.isinf(high[-1]):  # the step of the last binade goes on
            middle[-1] = low[-1] + (low[-1] - low[-2] if f.mantissa else low[-1]) / 2
        up, down = kind(np.inf), kind(-np.inf)
        parts = [
            low,
            np.nextafter(low, up),
            np.nextafter(middle, down),
            middle,
            np.nextafter(middle, up),
            np.nextafter(high, down),
        ]
    n = np.arange(len(low))
    tie = n + n % 2  # the even code, counted from 0; without a zero code 0 is the first rung
    fit = np.isfinite(middle) & (low < parts[1]) & (parts[1] < parts[2]) & (parts[4] < parts[5])
    whole = [n, n, n, n, n, n]
    nearest = {
        "nearest_even": [n, n, n, tie, n + 1, n + 1],
        "nearest_away": [n, n, n] + [n + 1] * 3,
    }
    choices = {"to zero": whole, "away": [n, *[n + 1] * 5], **nearest}
    x = np.concatenate([part[fit] for part in parts]).astype(np.float64)
    return x, {k: np.concatenate([p[fit] for p in part]) for k, part in choices.items()}


def expected(f: FloatFormat, rung: npt.NDArray[np.intp], towards_zero: bool) -> Floats:
    """The values of rungs, of which the last is beyond."""
    ladder = rungs(f)
    over = {"ieee": np.inf, "finite": ladder[-2]}.get(f.convention, np.nan)
    ladder[-1] = ladder[-2] if towards_zero else over
    return ladder[rung]


@pytest.mark.parametrize("narrow", [False, True], ids=["float64", "float32"])
def test_boundaries(name: str, narrow: bool) -> None:
    t = floats(name)
    f = t.format
    if narrow and (f.lowest - f.mantissa < -148 or f.highest > 127):
        return  # its values are none of float32
    x, found = probes(f, narrow)
    assert len(x) or f.bits < 3
    for rounding in ROUNDINGS:
        for sign in (1.0, -1.0):
            away = {"up": sign > 0, "down": sign < 0, "toward_zero": False}.get(rounding)
            if sign < 0 and not f.signed:
                continue
            key = rounding if away is None else ("away" if away else "to zero")
            wanted = sign * expected(f, found[key], away is False)
            if f.convention == "fnuz":
                wanted = wanted + 0.0
            got = t.quantise(sign * x, rounding)
            assert oracle.same(got, wanted), difference(sign * x, got, wanted, name, rounding)
            through = t.decode(t.encode(sign * x)) if rounding == "nearest_even" else got
            assert oracle.same(through, wanted), difference(sign * x, through, wanted, name, "code")


def difference(x: Floats, got: Floats, wanted: Floats, name: str, rounding: str) -> str:
    wrong = ~((got == wanted) | (np.isnan(got) & np.isnan(wanted)))
    return f"{name} {rounding}: {x[wrong][:3]} gives {got[wrong][:3]}, not {wanted[wrong][:3]}"


@pytest.mark.parametrize("rounding", [*ROUNDINGS])
def test_what_lies_outside(name: str, rounding: str) -> None:
    """Tiny numbers, numbers past the largest, infinities, negative numbers without a sign."""
    t = floats(name)
    f = t.format
    huge = np.array([x for x in (2.0 * t.max, 1e308, np.finfo(np.float64).max) if 2 * t.max <= x])
    huge = huge[np.isfinite(huge)]
    top = {"ieee": np.inf, "finite": t.max}.get(f.convention, np.nan)
    kept = rounding in ("toward_zero", "down")
    assert oracle.same(t.quantise(huge, rounding), np.full(len(huge), t.max if kept else top))
    assert oracle.same(t.quantise([np.inf], rounding), [top])
    tiny = np.array([5e-324, 2.0**-1022])
    tiny = tiny[tiny < f.smallest / 2]
    raised = f.smallest if rounding == "up" or not (f.signed or f.mantissa) else 0.0
    assert oracle.same(t.quantise(tiny, rounding), np.full(len(tiny), raised))
    if not f.signed:
        below = np.array([-1.0, -5e-324, -np.inf])
        if f.convention == "finite":
            assert (t.quantise(below, rounding, nan="zero") == t.min).all()
        else:
            assert np.isnan(t.quantise(below, rounding)).all()
        assert t.quantise([-0.0], rounding) == t.min and not np.signbit(t.quantise([-0.0])[0])


@pytest.mark.parametrize(
    "kind", ["f16", "bf16", "e2m1", "e4m3fn", "e5m3u", "e8m0", "e10m41", "f32"]
)
@pytest.mark.parametrize("source", ["f64", "f32", "i64", "u64", "u8"])
def test_stochastic_rounding_by_its_law(kind: str, source: str) -> None:
    """Away from zero iff word < fraction * 2**32, with the words just at the limit."""
    t, given = floats(kind), dtype(source)
    rng = np.random.default_rng(3)
    x = given.random(rng, 300)
    if given.is_float:
        near = rng.standard_normal(300) * 2.0 ** rng.integers(-12, 9, 300)
        tiny = rng.standard_normal(100) * t.format.smallest
        x = given.cast(np.concatenate([x, near, tiny]), given, "nearest_even")
        x = floats(source).quantise(x)
    if not t.signed:
        x = np.abs(x) if given.is_float else np.where(x < 0, 5, x)
    limit, below, above = [], [], []
    for value in x.tolist():
        exact = abs(Fraction(value))
        low, high = neighbours(t.format, exact)
        limit.append(ceil((exact - low) / (high - low) * 2**32))
        below.append(low)
        above.append(high)
    for offset in (-1, 0, None):
        words = np.array(limit) + (offset or 0)
        words = np.clip(words, 0, 2**32 - 1).astype(np.uint32)
        if offset is None:
            words = rng.integers(0, 2**32, len(words), np.uint32)
        up = words < np.array(limit)
        sizes = [a if goes else b for goes, b, a in zip(up, below, above, strict=True)]
        wanted = [overflowed(t, size, value < 0) for size, value in zip(sizes, x, strict=True)]
        got = given.cast(x, t, "stochastic", words=words)
        assert oracle.same(np.abs(got), np.abs(wanted)), difference(x, got, wanted, kind, "word")
        assert (np.signbit(got) == (np.signbit(x) if given.is_float else x < 0))[got == got].all()


def neighbours(f: FloatFormat, exact: Fraction) -> tuple[Fraction, Fraction]:
    """The values that a size lies between, were there no largest one; equal sizes are the lower."""
    lowest = oracle.magnitude(f, 1 << f.mantissa if f.signed or f.mantissa else 0)
    if not (f.signed or f.mantissa) and exact < lowest:
        return lowest, 2 * lowest  # nothing below: both ways lead there
    ratio = max(exact / lowest, Fraction(1))
    power = lowest * 2 ** (int(ratio).bit_length() - 1)
    step = power / 2**f.mantissa
    low = exact // step * step
    return low, low + step


def overflowed(t: FloatType, size: Fraction, negative: bool) -> float:
    top = {"ieee": np.inf, "finite": t.max}.get(t.format.convention, np.nan)
    value = float(size) if size <= Fraction(t.max) else top
    return -value if negative else value


def test_stochastic_rounding_to_integers() -> None:
    x = np.array([2.5, -2.5, 0.25, 7.0, -1e-300, 1e-300])
    half = np.full(6, 1 << 31, np.uint32)
    cast = dtype("f64").cast
    assert cast(x, dtype("i8"), "stochastic", words=half).tolist() == [2, -2, 0, 7, 0, 0]
    assert cast(x, dtype("i8"), "stochastic", words=half - 1).tolist() == [3, -3, 0, 7, 0, 0]
    assert cast(x, dtype("i8"), "stochastic", words=half * 0).tolist() == [3, -3, 1, 7, -1, 1]
