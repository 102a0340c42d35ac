"""Scaled tiles: the machine against the reference on random codes, and against published rules."""

from __future__ import annotations

from typing import Any

import ml_dtypes
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import tilevm
from tests.reference.agreement import assert_agreement
from tests.reference.test_laws import TYPES, float_types, tile
from tilevm import TileError
from tilevm.dtypes import DType, dtype
from tilevm.ir import Builder, TileType

SHAPES = [((2, 4), (2, 2)), ((4,), (1,)), ((3, 2), (1, 2)), ((4, 2), (4, 2)), ((2, 6), (1, 1))]
SMALL = st.sampled_from("i4 u4 i8 u3 e2m1fn e4m3fn i1 u12 e3m2fn".split()).map(dtype)
ZEROS = [None, None, "u4", "i8", "u16", "i32", "u53", "i53"]
SCALES = st.sampled_from("f16 e8m0fnu f32 bf16 e5m2 u4".split()).map(dtype)


def loaded(k: Builder, name: str, kind: DType, values: np.ndarray[Any, Any]) -> Any:
    buffer = k.buffer(name, kind, values.shape)
    return k.load(buffer[(0,) * values.ndim], type=TileType(kind, values.shape))


def stored(k: Builder, *results: Any) -> None:
    for number, result in enumerate(results):
        out = k.buffer(f"y{number}", result.dtype, result.type.shape)
        k.store(result, out[(0,) * result.type.rank])


@given(st.data())
def test_dequantize_any_types(data: st.DataObject) -> None:
    shape, groups = data.draw(st.sampled_from(SHAPES))
    kinds = [data.draw(TYPES) for _ in range(4)]
    shapes = [shape, groups, groups, data.draw(st.sampled_from([groups, shape]))]
    arrays = {
        f"x{i}": tile(data.draw, kind, s)
        for i, (kind, s) in enumerate(zip(kinds, shapes, strict=True))
    }
    k = Builder("f")
    q, s, z, o = (
        loaded(k, name, kind, values)
        for (name, values), kind in zip(arrays.items(), kinds, strict=True)
    )
    given_parts = {"zero": z if data.draw(st.booleans()) else None}
    given_parts["offset"] = o if data.draw(st.booleans()) else None
    to = data.draw(float_types())
    try:
        stored(k, k.dequantize(q, s, to=to, **given_parts))
    except TileError:
        assume(False)
    assert_agreement(k.kernel(), arrays)


BOOKS = (
    "nf4", "fp4", "codebook(i8, [-7, -3, -1, 0, 1, 3, 7, 9])", "codebook(u4, [5, 0])",
    "codebook(e4m3fn, [0.5, -448, nan])", "codebook(f32, [inf, -0.0, 0.5, -3])",
)  # fmt: skip


@given(st.data())
def test_codes_count_as_the_numbers_that_they_stand_for(data: st.DataObject) -> None:
    shape, groups = data.draw(st.sampled_from([pair for pair in SHAPES if len(pair[0]) == 2]))
    book, scale = dtype(data.draw(st.sampled_from(BOOKS))), data.draw(SCALES)
    integers = book.entry.is_int and data.draw(st.booleans())
    to = data.draw(st.sampled_from(["f32", "bf16", "f64"]))
    codes = data.draw(st.lists(st.integers(0, book.max), min_size=9, max_size=9))
    kinds = {"q": (book, shape), "s": (scale, groups), "z": (dtype("i4"), groups)}
    arrays = {name: tile(data.draw, *kind) for name, kind in kinds.items() if name != "q"}
    arrays["q"] = np.resize(np.array(codes), shape).astype(book.carrier)
    other = dtype(data.draw(st.sampled_from(["i8", "bf16", "nf4"])))
    kinds["x"] = (other, shape[1:])
    arrays["x"] = np.resize(np.array(codes) % 2, shape[1:]).astype(other.carrier)
    k = Builder("f")
    q, s, z, x = (loaded(k, name, kinds[name][0], arrays[name]) for name in "qszx")
    zero = z if integers else None
    plain = k.decode(q)
    try:
        fused = k.dot_scaled(q, x, scale_a=s, zero_a=zero, to=to)
        unfused = k.dot_scaled(plain, x, scale_a=s, zero_a=zero, to=to)
        stored(k, k.dequantize(q, s, zero=zero, to=to), k.dequantize(plain, s, zero=zero, to=to),
               fused, unfused)  # fmt: skip
    except TileError:
        assume(False)
    found = assert_agreement(k.kernel(), arrays)
    if isinstance(found, dict):
        values, of_numbers, one, two = found.values()
        assert values == of_numbers and one == two


@given(st.data())
def test_quantize_any_floats(data: st.DataObject) -> None:
    shape, groups = data.draw(st.sampled_from(SHAPES))
    kind = data.draw(float_types())
    x = tile(data.draw, kind, shape)
    x = np.where(np.isfinite(x), x, 1.0 if kind.signed else x)
    group = tuple(n // g for n, g in zip(shape, groups, strict=True))
    to, zero = data.draw(TYPES), data.draw(st.sampled_from(ZEROS))
    k = Builder("f")
    a = loaded(k, "x0", kind, x)
    try:
        results = k.quantize(a, to=to, group=group, scale=data.draw(float_types()), zero=zero)
    except TileError:
        assume(False)
    stored(k, *results)
    assert_agreement(k.kernel(), {"x0": x})


# The last quotients lie where float64 has no bit left for the half, or for the last whole one.
@pytest.mark.parametrize("zero", ["u8", "i32", "u53", "i53"])
@pytest.mark.parametrize("to", ["u8", "i8", "u32", "i32"])
@pytest.mark.parametrize("size", [1e300, 2.0**62, 448 * (2.0**53 + 2), 2.0**59 + 2.0**7, 2.0**61])
def test_scales_that_saturate(size: float, to: str, zero: str) -> None:
    x = np.array([[-size, size, 0.0, 1.0], [size, 1.0, size, 3.0], [-size, -3.5, -1.0, -size / 3]])
    k = Builder("f")
    a = loaded(k, "x0", dtype("f64"), x)
    stored(k, *k.quantize(a, to=to, group=(1, 4), scale="e4m3fn", zero=zero))
    assert_agreement(k.kernel(), {"x0": x})


def test_a_zero_keeps_its_sign_whatever_the_scale() -> None:
    x = np.array([2.0**-1060, -0.0, 0.0])
    k = Builder("f")
    a = loaded(k, "x0", dtype("f64"), x)
    stored(k, *k.quantize(a, to="e4m3fn", group=(3,), scale="f64"))
    found, _ = assert_agreement(k.kernel(), {"x0": x}).values()
    assert found[1:] == [0x80, 0]


@pytest.mark.parametrize("zero", ["u54", "i64", "u64"])
def test_a_zero_point_of_more_than_53_bits_is_refused(zero: str) -> None:
    k = Builder("f")
    a = loaded(k, "x0", dtype("f64"), np.zeros((2,)))
    with pytest.raises(TileError) as caught:
        k.quantize(a, to="u8", group=(2,), zero=zero)
    assert caught.value.diagnostics[0].code == "TV0246"


@given(st.data())
def test_the_fused_product_is_the_unfused_one(data: st.DataObject) -> None:
    ka, kb, sa, sb = (data.draw(kinds) for kinds in (SMALL, SMALL, SCALES, SCALES))
    depth = data.draw(st.sampled_from([2, 4, 6]))
    groups = data.draw(st.sampled_from([d for d in (1, 2, depth) if depth % d == 0]))
    arrays = {
        "x0": tile(data.draw, ka, (2, depth)),
        "x1": tile(data.draw, kb, (depth, 3)),
        "x2": tile(data.draw, sa, (2, groups)),
        "x3": tile(data.draw, sb, (groups, 1)),
    }
    k = Builder("f")
    a, b, c, d = (
        loaded(k, name, kind, arrays[name])
        for name, kind in zip(arrays, (ka, kb, sa, sb), strict=True)
    )
    to = data.draw(st.sampled_from([None, "bf16", "f32"]))
    acc = data.draw(st.sampled_from(["f32", "bf16", "f64"]))
    fused = k.dot_scaled(a, b, scale_a=c, scale_b=d, to=to, acc=acc)
    x, y = k.dequantize(a, c, to=to or "f64"), k.dequantize(b, d, to=to or "f64")
    stored(k, fused, k.dot(x, y, acc=acc))
    kernel = k.kernel()
    found = tilevm.run(kernel, arrays)
    kind = dtype(acc)
    assert kind.encode(found["y0"]).tolist() == kind.encode(found["y1"]).tolist(), f"{kernel}"
    assert_agreement(kernel, arrays)


def test_quantize_to_mxfp4_as_the_standard_says() -> None:
    """Shared exponent, then elements rounded by ml_dtypes: OCP MX 1.0, section 6.3."""
    rng = np.random.default_rng(3)
    x = (rng.standard_normal((64, 64)) * np.exp2(rng.integers(-30, 30, (64, 1)))).astype(np.float32)
    k = Builder("f")
    a = loaded(k, "x", dtype("f32"), x)
    stored(k, *k.quantize(a, to="e2m1fn", group=(1, 32), scale="e8m0fnu"))
    found = tilevm.run(k.kernel(), x=x)
    blocks = x.reshape(64, 2, 32)
    exponent = np.floor(np.log2(np.abs(blocks).max(axis=-1).astype(np.float64))) - 2
    scale = np.exp2(exponent)
    assert np.array_equal(found["y1"], scale)
    ratio = (blocks / scale[..., None]).astype(np.float32)  # a division by a power of two is exact
    want = ratio.astype(ml_dtypes.float4_e2m1fn).astype(np.float64).reshape(64, 64)
    assert np.array_equal(found["y0"], want)
