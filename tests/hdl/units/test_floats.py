"""Logic of floats against the number formats, which are tested against ml_dtypes and Fraction.

All pairs of codes of small formats; random codes and those at the edges of wide ones.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import pytest
from amaranth import Signal

from hdl import floats
from tests.hdl.units.logic import Recorded, evaluate
from tilevm.dtypes import ROUNDINGS, DType, FloatType, Trap, dtype
from tilevm.dtypes.base import PREDICATES
from tilevm.ir.ops.convert import has_nan

SMALL = ["e4m3fn", "e5m2", "e2m1fn", "e3m2fn", "e4m3fnuz", "e8m0fnu", "e4m3u", "e3m4", "e4m3b20"]
WIDE = ["f16", "bf16", "f32", "e5m10b3fn", "e6m1finite", "e8m10fnuz"]
ALL = [dtype(name) for name in SMALL + WIDE]
CAST = [dtype(name) for name in ("e4m3fn", "e2m1fn", "e8m0fnu", "e4m3fnuz", "bf16", "f32")]
Build = Callable[..., Any]


def codes_of(kind: DType, count: int, rng: np.random.Generator) -> Any:
    """Codes of a type: all if there are few, else random ones and edges."""
    if kind.bits <= 10:
        return np.arange(1 << kind.bits, dtype=np.uint64)
    top = 1 << kind.bits
    edges = [0, 1, 2, 3, top - 1, top - 2, top // 2, top // 2 + 1, top // 2 - 1]
    if isinstance(kind, FloatType):
        f = kind.format
        within = [1 << f.mantissa, f.bias << f.mantissa, f.max_code, f.inf_code or 0]
        edges += [e + d for e in within for d in (-1, 0, 1) if e + d >= 0]
        edges += [e | f.sign_code for e in edges]
    return np.concatenate([np.array(edges, np.uint64), rng.integers(0, top, count, np.uint64)])


def operands(kinds: list[DType], rng: np.random.Generator) -> list[Any]:
    """Codes for each operand: all pairs where they are few."""
    each = [codes_of(kind, 4000, rng) for kind in kinds]
    if len(kinds) == 1:
        return each
    if len(kinds) == 2 and all(kind.bits <= 8 for kind in kinds):
        return [grid.reshape(-1) for grid in np.meshgrid(*each)]
    drawn = [rng.choice(codes, 12000) for codes in each]
    for other, kind in zip(drawn[1:], kinds[1:], strict=True):  # neighbours, and opposites
        if isinstance(kind, FloatType) and kind == kinds[0]:
            near = rng.integers(0, 3, len(other), np.uint64) + drawn[0]
            flipped = near ^ np.uint64(kind.format.sign_code)
            chosen = rng.integers(0, 6, len(other))
            moved = np.where(chosen == 0, near, np.where(chosen == 1, flipped, other))
            other[:] = moved & np.uint64(kind.mask)
    return drawn


def check(
    kinds: list[DType], to: DType, build: Build, mean: Callable[..., Any], note: str = ""
) -> None:
    """Logic on codes of these types equals a meaning on their values, code for code."""
    given = operands(kinds, np.random.default_rng(7))
    values = [kind.decode(codes) for kind, codes in zip(kinds, given, strict=True)]
    canonical = [kind.encode(array) for kind, array in zip(kinds, values, strict=True)]
    want = to.encode(mean(*values))
    circuit = Recorded()
    signals = [Signal(kind.bits, name=f"in{i}") for i, kind in enumerate(kinds)]
    result = build(circuit, *signals)
    got = evaluate(circuit, result, list(zip(signals, canonical, strict=True)))
    got = np.broadcast_to(np.asarray(got) & to.mask, want.shape).astype(np.uint64)
    wrong = np.flatnonzero(got != want)
    if len(wrong):
        at = wrong[0]
        shown = [f"{kind} {array[at]!r}" for kind, array in zip(kinds, values, strict=True)]
        raise AssertionError(
            f"{note}: of {', '.join(shown)} is {to.decode(got[[at]])} ({got[at]:#x}), "
            f"not {to.decode(want[[at]])} ({want[at]:#x}); {len(wrong)} of {len(want)} differ"
        )


def modes(kind: DType) -> list[tuple[str, str | None]]:
    assert isinstance(kind, FloatType)
    f = kind.format
    overflows: list[str | None] = ["sat"]
    overflows += ["inf"] if f.inf_code is not None else []
    overflows += ["nan"] if f.nan_code is not None else []
    return [*product(ROUNDINGS, [None]), *product(["nearest_even", "up"], overflows)]


@pytest.mark.parametrize("kind", ALL, ids=str)
@pytest.mark.parametrize("operation", ["add", "sub", "mul", "div", "fma"])
def test_arithmetic(kind: FloatType, operation: str) -> None:
    f, count = kind.format, 3 if operation == "fma" else 2
    stops = f.nan_code is None and (operation == "div" or (operation == "sub" and not f.signed))
    if stops:
        return  # the machine stops at NaN: no hardware
    chosen = modes(kind) if f.bits <= 16 else modes(kind)[:5]
    for rounding, overflow in chosen:

        def build(c: Any, *codes: Any, rounding: str = rounding, mode: Any = overflow) -> Any:
            x, y, *more = (floats.unpack(c, f, code) for code in codes)
            down = rounding == "down"
            match operation:
                case "add":
                    found = floats.plus(c, x, y, f.precision, down)
                case "sub":
                    found = floats.plus(c, x, floats.negated(y), f.precision, down)
                case "mul":
                    found = floats.multiply(c, x, y)
                case "div":
                    found = floats.divide(c, x, y, f.precision)
                case _:
                    found = floats.plus(c, floats.multiply(c, x, y), more[0], f.precision, down)
            return floats.round_pack(c, f, found, rounding, mode)

        def mean(*values: Any, rounding: str = rounding, mode: Any = overflow) -> Any:
            return getattr(kind, operation)(*values, mode, rounding)

        check([kind] * count, kind, build, mean, f"{operation} {rounding} {overflow}")


INTEGERS = [dtype(name) for name in ("i1", "u1", "i4", "u8", "i16", "i32", "u64", "i64")]
FIXED = [dtype("fixed(i8, -3)"), dtype("fixed(u16, 4)"), dtype("fixed(i32, -40)")]


@pytest.mark.parametrize("source", [*ALL, *INTEGERS, *FIXED], ids=str)
def test_casts_to_floats(source: DType) -> None:
    for to in CAST:
        assert isinstance(to, FloatType)
        for rounding, overflow in modes(to) if to.bits <= 8 else modes(to)[:5]:

            def build(c: Any, code: Any, to: Any = to, r: Any = rounding, o: Any = overflow) -> Any:
                return floats.round_pack(c, to.format, floats.read(c, source, code), r, o)

            def mean(x: Any, to: Any = to, r: Any = rounding, o: Any = overflow) -> Any:
                return source.cast(x, to, r, o, None if has_nan(to) else "zero")

            check([source], to, build, mean, f"{source} to {to} {rounding} {overflow}")


@pytest.mark.parametrize("source", [*ALL, *FIXED], ids=str)
def test_casts_to_integers(source: DType) -> None:
    for to in [*INTEGERS, *FIXED]:
        base, scale = getattr(to, "base", to), getattr(to, "scale", 0)
        for rounding, overflow in product(ROUNDINGS, ["sat", "wrap"]):

            def build(c: Any, code: Any, r: Any = rounding, o: Any = overflow) -> Any:
                x = floats.scaled(floats.read(c, source, code), -scale)  # noqa: B023
                return floats.round_integer(c, base, x, r, o)  # noqa: B023

            def mean(x: Any, r: Any = rounding, o: Any = overflow, to: Any = to) -> Any:
                return source.cast(x, to, r, o)

            check([source], to, build, mean, f"{source} to {to} {rounding} {overflow}")


@pytest.mark.parametrize("kind", ALL, ids=str)
def test_order(kind: FloatType) -> None:
    f = kind.format
    for pred in PREDICATES:
        check(
            [kind, kind],
            dtype("u1"),
            lambda c, a, b, pred=pred: floats.compared(c, f, a, b, pred),
            lambda a, b, pred=pred: kind.compare(a, b, pred),
            pred,
        )
    for larger, nan in product([False, True], ["propagate", "ignore"]):

        def mean(a: Any, b: Any, larger: bool = larger, nan: str = nan) -> Any:
            found = kind.maximum(a, b) if larger else kind.minimum(a, b)
            if nan == "ignore":
                found = np.where(np.isnan(a), b, np.where(np.isnan(b), a, found))
            return found

        check(
            [kind, kind],
            kind,
            lambda c, a, b, larger=larger, nan=nan: floats.smaller(
                c, f, a, b, larger=larger, nan=nan
            ),
            mean,
            f"larger {larger}, NaN {nan}",
        )


def test_the_oracle_stops_where_logic_has_no_code() -> None:
    """Why such ops are refused: their results have no code."""
    with pytest.raises(Trap):
        dtype("e2m1fn").div(np.zeros(1), np.zeros(1))
