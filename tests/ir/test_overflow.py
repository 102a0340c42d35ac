"""Which ops a checked run asks about overflow: none that cannot overflow, all that can."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pytest

from tilevm.dtypes import CodebookType, DType, IntType, Trap, dtype
from tilevm.ir import REGISTRY, Op, TileType, Value

SMALL = [IntType(width, signed) for width in (1, 2, 3) for signed in (False, True)]


def every(kind: IntType, shape: tuple[int, ...]) -> np.ndarray[Any, Any]:
    """All tiles of a shape, one a block."""
    count = int(np.prod(shape))
    tiles = list(product(range(kind.min, kind.max + 1), repeat=count))
    return np.array(tiles, kind.carrier).reshape(-1, *shape)


def overflows(op: Op, *operands: np.ndarray[Any, Any]) -> bool:
    """Whether some of these operands do, by the op that traps."""
    changes: dict[str, Any] = {"overflow": "trap"}
    try:
        replace(op, **changes).run(*operands)
    except Trap:
        return True
    return False


def value(kind: DType, shape: tuple[int, ...]) -> Value:
    return Value("x", TileType(kind, shape))


def op(name: str, **fields: Any) -> Op:
    return REGISTRY[name](**fields)


@pytest.mark.parametrize("kind", SMALL, ids=str)
def test_sums_are_asked_exactly_where_some_values_overflow(kind: IntType) -> None:
    for acc, count in product([*SMALL, IntType(4, True), IntType(5, False)], (1, 2)):
        a, tiles = value(kind, (count,)), every(kind, (count,))
        total = op("sum", a=a, acc=acc)
        assert total.reports_overflow == overflows(total, tiles), f"{acc} {count}"
        for signed in (False, True):
            added = op("shift_add", a=a, signed=signed, acc=acc)
            assert added.reports_overflow == overflows(added, tiles), f"{acc} {count} {signed}"
        for other in SMALL[:4]:
            b = every(other, (count,))
            dot = op("dot", a=a, b=value(other, (count,)), acc=acc)
            left, right = np.repeat(tiles, len(b), 0), np.tile(b, (len(tiles), 1))
            assert dot.reports_overflow == overflows(dot, left, right), f"{other} {acc} {count}"


@pytest.mark.parametrize("kind", SMALL, ids=str)
def test_casts_are_asked_exactly_where_some_values_overflow(kind: IntType) -> None:
    for to in SMALL:
        cast = op("cast", a=value(kind, ()), to=to)
        counter = np.zeros((), np.int64)  # for stochastic rounding alone
        assert cast.reports_overflow == overflows(cast, every(kind, ()), counter), str(to)


STEPS = ["fixed(i2, -1)", "fixed(u2, 1)", "i3", "codebook(i4, [-3, 0, 5])"]
HALVES = ["fixed(i3, -1)", "fixed(u3, 0)", "fixed(i4, -3)", "fixed(i6, -1)", "i4", "u6"]


def codes(kind: DType, shape: tuple[int, ...]) -> np.ndarray[Any, Any]:
    """All tiles of a shape, one a block, of any type."""
    count = len(kind.table) if isinstance(kind, CodebookType) else 1 << kind.bits
    tiles = list(product(range(count), repeat=int(np.prod(shape))))
    return kind.decode(np.array(tiles, np.uint64).reshape(-1, *shape))


@pytest.mark.parametrize("kind", [dtype(name) for name in STEPS], ids=str)
@pytest.mark.parametrize("acc", [dtype(name) for name in HALVES], ids=str)
def test_fixed_point_and_codes_are_asked_where_some_values_overflow(
    kind: DType, acc: DType
) -> None:
    a, tiles, counter = value(kind, (2,)), codes(kind, (2,)), np.zeros((), np.int64)
    total = op("sum", a=a, acc=acc)
    dot = op("dot", a=a, b=a, acc=acc)
    left, right = np.repeat(tiles, len(tiles), 0), np.tile(tiles, (len(tiles), 1))
    cast = op("cast", a=a, to=acc)
    for asked, some in (
        (total, overflows(total, tiles)),
        (dot, overflows(dot, left, right)),
        (cast, overflows(cast, tiles, counter)),
        (op("prod", a=a, acc=acc), overflows(op("prod", a=a, acc=acc), tiles)),
    ):
        # a result beyond the type may round to its end: then one too many is asked, in vain
        assert asked.reports_overflow or not some, asked.name
        if acc.min <= -18 and acc.max >= 25:
            assert not some, asked.name


def test_what_is_said_is_not_asked() -> None:
    a = value(IntType(8, True), (2,))
    for name in ("add", "sub", "mul", "shl", "neg", "abs"):
        operands = {item.name: a for item in REGISTRY[name].fields() if item.by_place}
        assert op(name, **operands).reports_overflow
        for mode in ("wrap", "sat", "trap"):
            assert not op(name, **operands, overflow=mode).reports_overflow
    assert not op("min", a=a, b=a).reports_overflow
    half = Value("h", TileType(dtype("f16"), (2,)))
    assert not op("add", a=half, b=half).reports_overflow
    assert not op("cast", a=half, to="i8").reports_overflow  # it saturates, as documented
    assert not op("cast", a=a, to="f16").reports_overflow
