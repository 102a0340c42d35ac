"""Products of packed codes against sums in Python's integers and fractions."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from tilevm.dtypes import IntType, dtype, packed_dot
from tilevm.dtypes.spread import group_size


def draw(kind: IntType, shape: tuple[int, ...], rng: np.random.Generator) -> Any:
    values = rng.integers(kind.min, kind.max, shape, endpoint=True)
    ends = np.array([kind.min, kind.max, 0])
    return np.where(rng.random(shape) < 0.3, rng.choice(ends, shape), values)


def packed(kind: IntType, values: Any) -> Any:
    return kind.pack(kind.encode(values), padding="byte").reshape(*values.shape[:-1], -1)


def exact(a: Any, b: Any) -> Any:
    """Sums of products, one at a time, over [blocks or 1, M, K] and [blocks or 1, K, N]."""
    blocks = max(len(a), len(b))
    found = np.empty((blocks, a.shape[1], b.shape[2]), object)
    for at in np.ndindex(found.shape):
        x = a[at[0] % len(a), at[1]].tolist()
        y = b[at[0] % len(b), :, at[2]].tolist()
        found[at] = sum((Fraction(p) * Fraction(q) for p, q in zip(x, y, strict=True)), Fraction(0))
    return found


@pytest.mark.parametrize("name", [f"{sign}{bits}" for sign in "iu" for bits in range(1, 8)])
@pytest.mark.parametrize("other", ["i8", "u3", "i16", "i31"])
def test_integers(name: str, other: str) -> None:
    rng = np.random.default_rng(0)
    kind, right = dtype(name), dtype(other)
    assert isinstance(kind, IntType) and isinstance(right, IntType)
    for blocks, others, groups, rows, columns in [(1, 1, 1, 1, 1), (3, 1, 3, 5, 2), (2, 2, 5, 3, 7),
                                                  (1, 4, 2, 1, 3)]:  # fmt: skip
        inner = groups * group_size(kind.bits)
        a, b = draw(kind, (blocks, rows, inner), rng), draw(right, (others, inner, columns), rng)
        for to in ("i32", "i64", "i5", "u8"):
            target = dtype(to)
            assert isinstance(target, IntType)
            product = packed_dot(kind, right, target, inner)
            assert product is not None
            found = product(packed(kind, a), b.astype(right.carrier))
            span = 1 << target.bits
            wrapped = [(int(v) - target.min) % span + target.min for v in exact(a, b).reshape(-1)]
            assert found.dtype == target.carrier
            assert found.reshape(-1).tolist() == wrapped, (to, inner)


@pytest.mark.parametrize("name", ["i1", "i3", "u4", "i4", "i7"])
@pytest.mark.parametrize("other", ["f16", "e4m3fn", "i8"])
def test_floats_round_once(name: str, other: str) -> None:
    rng = np.random.default_rng(1)
    kind, right = dtype(name), dtype(other)
    assert isinstance(kind, IntType)
    a = draw(kind, (2, 3, 40), rng)
    b = right.random(rng, (1, 40, 4))
    b = np.where(np.isfinite(b), b, 1).astype(right.carrier)
    product = packed_dot(kind, right, dtype("f32"), 40)
    assert product is not None
    found = product(packed(kind, a), b)
    wanted = [float(np.float32(float(v))) for v in exact(a, b).reshape(-1)]  # 53 bits hold each sum
    assert all(Fraction(float(v)) == v for v in exact(a, b).reshape(-1))
    assert found.reshape(-1).tolist() == wanted


def test_largest_sums_are_exact() -> None:
    """At the bound of float32, all products as large as they get, and one step to spare."""
    kind, right, to = IntType(4, True), IntType(8, True), IntType(32, True)
    inner = 2**24 // (8 * 128)
    product, deeper = packed_dot(kind, right, to, inner), packed_dot(kind, right, to, inner + 2)
    assert product is not None and product.carrier == np.float32
    assert deeper is not None and deeper.carrier == np.float64
    a = np.full((1, 1, inner), -8)
    b = np.full((1, inner, 1), -128, np.int8)
    assert product(packed(kind, a), b).item() == 2**24
    a[0, 0, 0], b[0, 0, 0] = 7, 127
    assert product(packed(kind, a), b).item() == 2**24 - 1024 + 889


def test_pieces_join() -> None:
    """More rows than a piece decodes at a time, in a strided view."""
    kind, to = IntType(1, True), IntType(32, True)
    rng = np.random.default_rng(2)
    data = rng.integers(0, 256, (3, 500, 100)).astype(np.uint8)[:, :, 20:84]
    b = rng.integers(-128, 128, (1, 512, 16)).astype(np.int8)
    a = -np.unpackbits(data, axis=-1, bitorder="little").astype(np.int64)
    product = packed_dot(kind, IntType(8, True), to, 512)
    assert product is not None and product.carrier == np.float32
    for columns in (1, 2, 16):  # by memory, and by the number of products
        right = b[:, :, :columns]
        assert np.array_equal(product(data, right), a @ right.astype(np.int64))


def test_special_values_and_zeros() -> None:
    """Infinities and NaN as IEEE has them; an exact zero is +0."""
    kind, f16 = IntType(4, True), dtype("f16")
    a = np.array([[[1, -1], [0, 2]]])
    b = np.array([[[np.inf, -0.0], [1.0, -0.0]]])
    product = packed_dot(kind, f16, dtype("f32"), 2)
    assert product is not None and product.carrier == np.float64
    found = product(packed(kind, a), b)
    assert found[0, 0].tolist() == [np.inf, 0.0] and np.isnan(found[0, 1, 0])
    assert not np.signbit(found[0, :, 1]).any()


@pytest.mark.parametrize("columns", [3, 4, 7])  # from 4 on the values are looked at
@pytest.mark.parametrize("inner", [512, 1024])  # float32 counts 11 bits over 512, not over 1024
@pytest.mark.parametrize("bits", [0, 1, 2, 11])
@pytest.mark.parametrize("name", ["f16", "e5m2"])
def test_values_that_float32_can_count(name: str, bits: int, inner: int, columns: int) -> None:
    """Around the bound: few bits above a common unit, one value off it, all as large as can be."""
    kind, right = IntType(4, True), dtype(name)
    product = packed_dot(kind, right, dtype("f64"), inner)
    assert product is not None
    rng = np.random.default_rng(bits)
    a = draw(kind, (1, 5, inner), rng)
    b = rng.integers(-(1 << bits), 1 << bits, (1, inner, columns), endpoint=True) * 2.0**-6
    spoilt = b.copy()
    spoilt[0, 1, 2] = 2.0**-14
    extreme = np.full_like(b, 2.0 ** (bits - 6))
    for values in (b, spoilt, extreme, np.zeros_like(b), -b):
        values = right.decode(right.encode(values))
        units = (values * 2.0**24).astype(np.int64)
        assert (units * 2.0**-24 == values).all()
        for weights in (a, np.full_like(a, -8)):
            found = product(packed(kind, weights), values)
            assert np.array_equal(found, (weights @ units) * 2.0**-24)  # below 2**53 units
            assert not np.signbit(found[found == 0]).any()


def test_special_values_among_many_columns() -> None:
    """Whole numbers but for an infinity: no float32 counts them."""
    kind, inner = IntType(4, True), 512
    product = packed_dot(kind, dtype("f16"), dtype("f64"), inner)
    assert product is not None
    a = np.full((1, 1, inner), 7)
    b = np.full((1, inner, 5), 65504.0)
    b[0, 3, 1], b[0, 4, 2], b[0, 0, 3] = np.inf, np.nan, 1.0
    found = product(packed(kind, a), b)[0, 0].tolist()
    most = 7 * 65504.0 * inner
    assert found[0] == most and found[1] == np.inf and np.isnan(found[2])
    assert found[3] == most - 7 * 65503 and found[4] == most


@pytest.mark.parametrize(
    ("left", "right", "to", "inner"),
    [
        ("i8", "i8", "i32", 8),
        ("f16", "i8", "f32", 8),
        ("i4", "f16", "i32", 8),
        ("i4", "i8", "i32", 0),
        ("i4", "i8", "i32", 3),
        ("i4", "f64", "f64", 8),
        ("i4", "i64", "i64", 8),
        ("i3", "f16", "f32", 4),
    ],
)
def test_not_for_these(left: str, right: str, to: str, inner: int) -> None:
    assert packed_dot(dtype(left), dtype(right), dtype(to), inner) is None
