"""Quotients, roots, fused products, and all of it in every rounding: against fractions."""

from __future__ import annotations

from fractions import Fraction
from math import isqrt

import numpy as np
import numpy.typing as npt
import pytest

from tilevm.diagnostics import TileError
from tilevm.dtypes import ROUNDINGS, FloatType, Trap, dtype
from tilevm.reference.formats import fit
from tilevm.reference.numbers import Number, is_negative, negate, number, over, plus, python, times

Floats = npt.NDArray[np.float64]
OPERANDS = {"add": 2, "sub": 2, "mul": 2, "div": 2, "fma": 3, "sqrt": 1}
NAMES = (
    "e2m1fn e4m3fn e5m2 f16 bf16 f32 tf32 f64 e8m0fnu e4m3fnuz e8m30 e9m40 e8m50 e6m51 e6m52fn "
    "e11m20 e11m40 e11m51 e10m52fn e11m4 e5m25 e8m25 e11m50"
).split()


def floats(name: str) -> FloatType:
    t = dtype(name)
    assert isinstance(t, FloatType)
    return t


def root(x: Number) -> Number:
    """The root, or of an irrational one a number that nothing here rounds another way."""
    if not isinstance(x, Fraction) or x == 0:
        return number(float("nan")) if is_negative(x) and python(x) != 0 else x
    if x < 0:
        return number(float("nan"))
    scale = 1 << 80 + x.denominator.bit_length()
    below = isqrt(x.numerator * scale * scale // x.denominator)
    exact = Fraction(below, scale)
    return exact if exact**2 == x else exact + Fraction(1, 2 * scale)


def exact(operation: str, x: list[float], rounding: str) -> Number:
    a, *rest = map(number, x)
    match operation:
        case "add":
            return plus(a, rest[0], rounding)
        case "sub":
            return plus(a, negate(rest[0]), rounding)
        case "mul":
            return times(a, rest[0])
        case "div":
            return over(a, rest[0])
        case "fma":
            return plus(times(a, rest[0]), rest[1], rounding)
        case _:
            return root(a)


def samples(t: FloatType, count: int) -> list[tuple[Floats, Floats, Floats]]:
    """Three operands: any, of one size, that cancel, in the middle between values."""
    rng, m = np.random.default_rng(t.bits), t.format.mantissa
    sign = -1.0 if t.signed else 1.0
    x, y = t.quantise(rng.standard_normal(count)), t.quantise(rng.standard_normal(count) * 9)
    tie = t.quantise(1 + rng.integers(0, 9, count) * 2.0**-m)
    small = t.quantise(2.0 ** -rng.integers(max(0, m - 2), m + 4, count) * 1.5)
    found = [
        (t.random(rng, count), t.random(rng, count), t.random(rng, count)),
        (x, y, t.quantise(sign * x * y, overflow="sat")),
        (tie, sign * small, small),
        (tie, tie[::-1], t.quantise(sign * tie * tie[::-1])),
    ]
    if t.format.nan_code is not None:
        codes = rng.integers(0, t.mask, (3, count), np.uint64, endpoint=True)
        a, b, c = t.decode(codes)
        found.append((a, b, c))
    return found


@pytest.mark.parametrize("operation", OPERANDS)
@pytest.mark.parametrize("name", NAMES)
def test_every_rounding(name: str, operation: str) -> None:
    t = floats(name)
    for rounding in ROUNDINGS:
        for sample in samples(t, 12):
            operands = sample[: OPERANDS[operation]]
            if t.format.nan_code is None:  # results without a value would stop
                operands = (
                    operands[0],
                    np.where(operands[-1] == 0, 1.0, operands[-1]),
                    *sample[2:],
                )
                operands = tuple(map(np.abs, operands[: OPERANDS[operation]]))
            result = getattr(t, operation)(*operands, None, rounding)
            for i, found in enumerate(result.tolist()):
                x = [float(operand[i]) for operand in operands]
                wanted = python(fit(t, exact(operation, x, rounding), None, rounding))
                assert repr(found) == repr(wanted), (rounding, x)


@pytest.mark.parametrize("operation", ["div", "sqrt"])
@pytest.mark.parametrize("name", ["e3m2ieee", "e4m3fn", "e5m2fnuz"])
def test_every_pair_of_codes(name: str, operation: str, request: pytest.FixtureRequest) -> None:
    """Of quotients by formats of 8 bits a fifth of the dividends; all with ``--long``."""
    t = floats(name)
    values = t.decode(np.arange(2**t.bits, dtype=np.uint64))
    some = operation == "div" and t.bits == 8 and not request.config.getoption("long")
    column, row = values[:: 5 if some else 1, None], values[None, :]
    for rounding in ROUNDINGS:
        if operation == "sqrt":
            table = t.sqrt(column, None, rounding)
        else:
            table = t.div(column, row, None, rounding)
        for index, found in np.ndenumerate(table):
            x = [float(column[index[0], 0]), float(row[0, index[1]])][: OPERANDS[operation]]
            wanted = python(fit(t, exact(operation, x, rounding), None, rounding))
            assert repr(float(found)) == repr(wanted), (rounding, x)


def test_overflow_modes_and_traps() -> None:
    t = floats("f64")
    big, tiny = np.array([1.0, 1e300]), np.array([1.0, 1e-300])
    assert t.div(big, tiny).tolist() == [1.0, np.inf]
    assert t.div(big, tiny, "sat").tolist() == [1.0, t.max]
    assert t.div(big, tiny, None, "down").tolist() == [1.0, t.max]
    assert t.fma(big, big, -big, "nan")[1] != t.fma(big, big, -big, "nan")[1]
    with pytest.raises(Trap, match="`div` overflows f64") as caught:
        t.div(big, tiny, "trap")
    assert caught.value.index == (1,)
    assert t.div(big, np.zeros(2), "trap").tolist() == [np.inf, np.inf], "no overflow: an infinity"
    with pytest.raises(Trap, match="NaN has no code in e2m1fn"):
        floats("e2m1fn").div(np.zeros(1), np.zeros(1))


def test_integers_have_no_quotient_of_their_own() -> None:
    x = np.ones(2, np.int8)
    for operation, count in (("div", 2), ("fma", 3), ("sqrt", 1)):
        with pytest.raises(TileError, match=f"`{operation}` is not defined for i8"):
            getattr(dtype("i8"), operation)(*[x] * count)
