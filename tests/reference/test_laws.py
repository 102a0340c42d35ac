"""Random codes of many formats: every op computes the same in the machine and in the reference.

Codes are drawn, not values, so that NaN, infinities, -0 and subnormals are frequent.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.reference.agreement import assert_agreement
from tilevm import TileError
from tilevm.dtypes import ROUNDINGS, DType, FloatFormat, FloatType, dtype
from tilevm.ir import REGISTRY, Builder, TileType
from tilevm.reference.formats import decode, encode
from tilevm.reference.numbers import python

NAMED = (
    "f16 bf16 f32 f64 tf32 e4m3fn e5m2 e2m1fn e3m2fn e2m3fn e4m3 e3m4 e4m3fnuz e5m2fnuz "
    "e4m3b11fnuz e8m0fnu e5m0fn e4m1finite e8m30 e11m20 e6m51 e10m52fn"
).split()
OVERFLOWS = ("wrap", "sat", "trap", "inf", "nan")
CORNERS = (0, 1, 2, 3)  # codes at both ends, and at both sides of the sign bit


@st.composite
def float_types(draw: st.DrawFn) -> DType:
    """A format of its own rule, or one of those that have names."""
    if draw(st.booleans()):
        return dtype(draw(st.sampled_from(NAMED)))
    exponent, mantissa = draw(st.integers(2, 11)), draw(st.integers(0, 52))
    convention = draw(st.sampled_from(["ieee", "fn", "fnuz", "finite"]))
    bias = (1 << exponent - 1) - 1 + draw(st.integers(-9, 9))
    try:
        return dtype(FloatFormat(exponent, mantissa, bias, convention).full_name)
    except TileError:
        assume(False)
        raise


INTEGERS = st.builds(
    lambda sign, bits: dtype(f"{sign}{bits}"), st.sampled_from("iu"), st.integers(1, 64)
)
SUM_OVERFLOWS = st.sampled_from([None, None, "wrap", "sat", "trap"])
TYPES = st.one_of(float_types(), float_types(), INTEGERS)


def tile(draw: Any, kind: DType, shape: tuple[int, ...]) -> np.ndarray[Any, Any]:
    """Values of random codes; often near each other, as sums and comparisons want them."""
    ends = [
        c % (1 << kind.bits)
        for e in (0, 1 << kind.bits - 1)
        for k in CORNERS
        for c in (e + k, e - k)
    ]
    codes = st.one_of(st.integers(0, kind.mask), st.sampled_from(ends))
    center = draw(st.integers(0, kind.mask))
    near = st.integers(max(0, center - 40), min(kind.mask, center + 40))
    count = int(np.prod(shape))
    drawn = draw(st.lists(st.one_of(codes, near), min_size=count, max_size=count))
    return kind.decode(np.array(drawn, np.uint64)).reshape(shape)


def agree(name: str, tiles: list[tuple[DType, np.ndarray[Any, Any]]], **attributes: Any) -> None:
    """A kernel of this one op on these tiles; what the type rule refuses is no example."""
    k = Builder("f")
    operands = []
    for number, (kind, values) in enumerate(tiles):
        buffer = k.buffer(f"x{number}", kind, values.shape)
        at = buffer[(0,) * values.ndim]
        operands.append(k.load(at, type=TileType(kind, values.shape)))
    try:
        result = k.emit(REGISTRY[name], operands, attributes)
    except TileError:
        assume(False)
    shape = result.type.shape or (1,)
    y = k.buffer("y", result.dtype, shape)
    k.store(result, y[(0,) * len(shape)])
    assert_agreement(k.kernel(), {f"x{i}": values for i, (_, values) in enumerate(tiles)})


@given(
    st.data(), TYPES, st.sampled_from(["add", "sub", "mul", "neg", "abs", "min", "max", "compare"])
)
def test_arithmetic(data: st.DataObject, kind: DType, name: str) -> None:
    count = 1 if name in ("neg", "abs") else 2
    attributes: dict[str, Any] = {}
    if name == "compare":
        attributes["pred"] = data.draw(st.sampled_from(["eq", "ne", "lt", "le", "gt", "ge"]))
    elif name not in ("min", "max"):
        attributes["overflow"] = data.draw(st.sampled_from([None, *OVERFLOWS]))
    agree(name, [(kind, tile(data.draw, kind, (6,))) for _ in range(count)], **attributes)


@given(
    st.data(), float_types(), st.sampled_from(["add", "sub", "mul", "div", "fma", "sqrt"]),
    st.sampled_from(ROUNDINGS),
)  # fmt: skip
def test_roundings(data: st.DataObject, kind: DType, name: str, rounding: str) -> None:
    operands = [(kind, tile(data.draw, kind, (6,))) for _ in range(3)]
    count = {"fma": 3, "sqrt": 1}.get(name, 2)
    overflow = data.draw(st.sampled_from([None, "sat", "trap", "inf", "nan"]))
    agree(name, operands[:count], rounding=rounding, overflow=overflow)


PREDICATES = "eq ne lt le gt ge one ueq ult ule ugt uge ord uno".split()


@given(st.data(), TYPES, st.sampled_from(["propagate", "ignore"]))
def test_choices(data: st.DataObject, kind: DType, nan: str) -> None:
    tiles = [(kind, tile(data.draw, kind, (6,))) for _ in range(2)]
    agree(
        "compare", tiles, pred=data.draw(st.sampled_from(PREDICATES[: 6 if kind.is_int else None]))
    )
    agree(data.draw(st.sampled_from(["min", "max"])), tiles, nan=nan)
    low, high = (data.draw(st.sampled_from([None, *tiles[0][1].tolist()])) for _ in range(2))
    agree("clip", tiles[:1], lo=low, hi=high)


@given(st.data(), INTEGERS, INTEGERS)
def test_integers(data: st.DataObject, kind: DType, other: DType) -> None:
    tiles = [(kind, tile(data.draw, kind, (6,))) for _ in range(2)]
    name = data.draw(st.sampled_from("floordiv truncdiv floormod truncmod mulhi".split()))
    modes = {"overflow": data.draw(SUM_OVERFLOWS)} if name.endswith("div") else {}
    agree(name, tiles, **modes)
    agree(data.draw(st.sampled_from(["popcount", "clz", "ctz"])), tiles[:1])
    turned = [tiles[0], (other, tile(data.draw, other, (6,)))]
    agree(data.draw(st.sampled_from(["rotl", "rotr"])), turned)
    for size, permute in ((8, "permute_bytes"), (4, "permute_nibbles")):
        count = kind.bits // size
        if kind.bits % size == 0:
            agree(permute, tiles[:1], order=data.draw(st.permutations(range(count))))


@given(st.data(), TYPES)
def test_recoding(data: st.DataObject, kind: DType) -> None:
    """Between types of any kind: floats to integers, integers to floats, and several in one."""
    values = (kind, tile(data.draw, kind, (2, 4)))
    same = [dtype(f"{sign}{kind.bits}") for sign in "iu"]
    near = [t for t in map(dtype, NAMED) if t.bits == kind.bits]
    agree("bitcast", [values], to=data.draw(st.sampled_from([*same, *near])).name)
    factors = [f for f in (1, 2, 4) if kind.bits * f <= 64]
    wide = [t for t in map(dtype, NAMED) if t.bits in (kind.bits * 2, kind.bits * 4)]
    packed = [dtype(f"{s}{kind.bits * f}") for f in factors for s in "iu"]
    agree("pack", [values], to=data.draw(st.sampled_from([*packed, *wide])).name)
    parts = [
        dtype(f"{s}{kind.bits // f}") for f in (1, 2, 3, 4, 8) if kind.bits % f == 0 for s in "iu"
    ]
    agree("unpack", [values], to=data.draw(st.sampled_from(parts)).name)


@given(st.data(), TYPES, TYPES)
def test_casts(data: st.DataObject, source: DType, to: DType) -> None:
    attributes = {
        "to": to.name,
        "rounding": data.draw(st.sampled_from(ROUNDINGS)),
        "overflow": data.draw(st.sampled_from([None, *OVERFLOWS])),
    }
    agree("cast", [(source, tile(data.draw, source, (6,)))], **attributes)


@given(st.data(), TYPES, TYPES, TYPES)
def test_products(data: st.DataObject, a: DType, b: DType, acc: DType) -> None:
    m, k, n = (data.draw(st.integers(1, most)) for most in (2, 5, 2))
    operands = [(a, tile(data.draw, a, (m, k))), (b, tile(data.draw, b, (k, n)))]
    agree("dot", operands, acc=acc.name, overflow=data.draw(SUM_OVERFLOWS))


@given(st.data(), TYPES, TYPES, st.sampled_from(["add", "mul", "min", "max"]))
def test_scans(data: st.DataObject, kind: DType, acc: DType, name: str) -> None:
    attributes: dict[str, Any] = {"op": name, "dim": data.draw(st.integers(0, 1))}
    attributes |= {way: data.draw(st.booleans()) for way in ("exclusive", "reverse")}
    if name in ("add", "mul"):
        attributes |= {"acc": acc.name, "overflow": data.draw(SUM_OVERFLOWS)}
    else:
        attributes["nan"] = data.draw(st.sampled_from(["propagate", "ignore"]))
    agree("scan", [(kind, tile(data.draw, kind, (2, 4)))], **attributes)


@given(st.data(), TYPES, st.sampled_from(["argmax", "argmin"]), st.sampled_from([None, 0, 1]))
def test_places(data: st.DataObject, kind: DType, name: str, dim: int | None) -> None:
    nan, keep = data.draw(st.sampled_from(["propagate", "ignore"])), data.draw(st.booleans())
    agree(name, [(kind, tile(data.draw, kind, (3, 3)))], dim=dim, nan=nan, keepdims=keep)


@given(st.data(), TYPES, TYPES, st.sampled_from(["sum", "prod", "amax", "amin"]))
def test_reductions(data: st.DataObject, kind: DType, acc: DType, name: str) -> None:
    attributes: dict[str, Any] = {"dims": data.draw(st.sampled_from([(0,), (1,), (0, 1)]))}
    attributes["keepdims"] = data.draw(st.booleans())
    if name in ("sum", "prod"):
        attributes |= {"acc": acc.name, "overflow": data.draw(SUM_OVERFLOWS)}
    else:
        attributes["nan"] = data.draw(st.sampled_from(["propagate", "ignore"]))
    agree(name, [(kind, tile(data.draw, kind, (3, 3)))], **attributes)


@given(st.data(), TYPES)
def test_views(data: st.DataObject, kind: DType) -> None:
    """The bits of a float are those of its code, and back."""
    values = tile(data.draw, kind, (4,))
    k = Builder("f")
    x, bits, y = (
        k.buffer("x", kind, 4),
        k.buffer("bits", "u1", 4 * kind.bits),
        k.buffer("y", kind, 4),
    )
    cut = k.view(
        k.load(x[0], type=TileType(kind, (4,))), type=TileType(dtype("u1"), (4 * kind.bits,))
    )
    k.store(cut, bits[0])
    k.store(k.view(cut, type=TileType(kind, (4,))), y[0])
    assert_agreement(k.kernel(), {"x": values})


@pytest.mark.parametrize("name", [*NAMED, "i1", "u1", "i7", "u16"])
def test_every_code(name: str) -> None:
    """Codes and values, against the tables of tilevm.dtypes; wide formats by a sample."""
    kind = dtype(name)
    step = max(1, kind.mask // 4000)
    codes = sorted({*range(0, kind.mask + 1, step), kind.mask})
    numbers = [decode(kind, code) for code in codes]
    values = np.array([python(x) for x in numbers], kind.carrier)
    decoded = kind.decode(np.array(codes, np.uint64))
    assert kind.encode(values).tolist() == kind.encode(decoded).tolist()
    assert [encode(kind, x) for x in numbers] == kind.encode(decoded).tolist()
    if isinstance(kind, FloatType):
        assert np.array_equal(np.isnan(values), np.isnan(decoded))
