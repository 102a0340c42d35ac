"""`dot` of stacks of matrices, against numpy.matmul on Python integers and fractions."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tilevm
from tests.reference.agreement import assert_agreement
from tilevm import TileError
from tilevm.dtypes import dtype
from tilevm.ir import Builder, TileType
from tilevm.passes import canonicalise, rewrite_dot

Shape = tuple[int, ...]
KINDS = st.sampled_from(["i1", "u2", "i5", "u8", "i33", "u64", "i64"])
EXTENTS = st.integers(1, 3)


@st.composite
def shapes(draw: st.DrawFn) -> tuple[Shape, Shape]:
    """Shapes that numpy.matmul multiplies, one of them of more than two dimensions."""
    stack = draw(st.lists(EXTENTS, min_size=1, max_size=3))
    depth = draw(st.integers(1, 5))

    def part() -> Shape:
        kept = stack[draw(st.integers(0, len(stack))) :]
        return tuple(draw(st.sampled_from([1, extent])) for extent in kept)

    sides = [(*part(), draw(EXTENTS), depth), (*part(), depth, draw(EXTENTS))]
    number = draw(st.integers(0, 3))
    if number < 2:
        sides[number] = (depth,)
    stacked = 1 - number if number < 2 else 0
    if max(map(len, sides)) < 3:
        sides[stacked] = (draw(EXTENTS), *sides[stacked])
    return sides[0], sides[1]


def product(a: str, b: str, first: Shape, second: Shape, **attributes: Any) -> Any:
    k = Builder("f")
    sides = []
    for name, kind, shape in (("a", a, first), ("b", b, second)):
        buffer = k.buffer(name, kind, shape)
        sides.append(k.load(buffer[(0,) * len(shape)], type=TileType(dtype(kind), shape)))
    r = k.dot(*sides, **attributes)
    out = k.buffer("y", r.dtype, r.type.shape or (1,))
    k.store(r if r.type.rank else k.reshape(r, shape=(1,)), out[(0,) * max(1, r.type.rank)])
    return k.kernel()


def drawn(kernel: Any, seed: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {p.name: p.dtype.random(rng, p.type.extents) for p in kernel.params[:2]}


FORMS = (
    {"form": "mac"},
    {"form": "bitserial"},
    {"form": "ternary"},
    {"form": "lut"},
    {"form": "lut", "table": "weights", "group": 3},
)


@pytest.mark.parametrize("options", [each for each in FORMS if each["form"] != "ternary"])
@pytest.mark.parametrize("second", ["i8[8, 2]", "i8[3, 8, 2]", "i8[1, 8, 2]"])
def test_each_form_for_all_weights_takes_stacks(second: str, options: dict[str, Any]) -> None:
    first = TileType(dtype("i4"), (3, 2, 8))
    k = Builder("f")
    a = k.full(first, value=-3)
    k.store(k.dot(a, k.full(second, value=7), acc="i32"), k.buffer("y", "i32", (3, 2, 2))[0, 0, 0])
    made = rewrite_dot(k.kernel(), **options)
    assert not any(op.name == "dot" for op in made.body.walk())
    assert np.all(tilevm.run(made)["y"] == -3 * 7 * 8)


@settings(max_examples=60)
@given(shapes(), KINDS, KINDS, KINDS, st.sampled_from([None, "sat"]), st.integers(0, 2**32))
def test_integers(
    both: tuple[Shape, Shape], a: str, b: str, acc: str, overflow: str | None, seed: int
) -> None:
    kernel = product(a, b, *both, acc=acc, overflow=overflow)
    given_arrays = drawn(kernel, seed)
    exact = np.asarray(given_arrays["a"].astype(object) @ given_arrays["b"].astype(object))
    to = dtype(acc)
    if overflow == "sat":
        want = [min(max(int(x), to.min), to.max) for x in exact.ravel()]
    else:
        want = [(int(x) - to.min) % (1 << to.bits) + to.min for x in exact.ravel()]
    found = tilevm.run(kernel, given_arrays)["y"]
    assert found.shape == (exact.shape or (1,))
    assert found.ravel().tolist() == want
    for options in FORMS:
        made = canonicalise(rewrite_dot(kernel, **options))
        assert tilevm.run(made, given_arrays)["y"].ravel().tolist() == want, f"{made}"
    assert_agreement(kernel, given_arrays)


@settings(max_examples=30)
@given(shapes(), st.sampled_from(["f32", "f64", "bf16", "i7"]), st.integers(0, 2**32))
def test_floats_are_rounded_once(both: tuple[Shape, Shape], kind: str, seed: int) -> None:
    kernel = product(kind, "f16", *both, acc="f64")
    rng = np.random.default_rng(seed)
    arrays = {
        p.name: p.dtype.quantise(rng.standard_normal(p.type.extents))
        if p.dtype.is_float
        else p.dtype.random(rng, p.type.extents)
        for p in kernel.params[:2]
    }
    fractions = [
        np.array([Fraction(x) for x in v.ravel().tolist()], object).reshape(v.shape)
        for v in arrays.values()
    ]
    exact = np.asarray(np.matmul(*fractions))
    found = tilevm.run(kernel, arrays)["y"]
    assert found.ravel().tolist() == [float(x) for x in exact.ravel()]


@pytest.mark.parametrize("acc", ["i32", "f32", "i64"])
@pytest.mark.parametrize(
    ("first", "second"),
    [
        ((2, 3, 0), (2, 0, 2)),
        ((3, 0), (2, 0, 2)),
        ((0, 3, 4), (1, 4, 2)),
        ((1, 3, 4), (0, 4, 2)),
        ((2, 0, 4), (4, 2)),
        ((2, 3, 4), (2, 4, 0)),
        ((4,), (0, 4, 2)),
    ],
)
@pytest.mark.parametrize("overflow", [None, "sat"])
def test_extents_of_zero(first: Shape, second: Shape, acc: str, overflow: str | None) -> None:
    k = Builder("f")
    a, b = (k.full(TileType(dtype("i40"), shape), value=1) for shape in (first, second))
    r = k.dot(a, b, acc=acc, overflow=None if acc == "f32" else overflow)
    want = np.matmul(np.ones(first), np.ones(second))
    assert r.type.shape == want.shape
    gap = tuple(1 - min(extent, 1) for extent in want.shape)
    padded = k.pad(r, high=gap, value=7) if any(gap) else r
    out = k.buffer("y", r.dtype, padded.type.shape)
    k.store(padded, out[(0,) * padded.type.rank])
    kernel = k.kernel()
    for one in (kernel, *(rewrite_dot(kernel, form=f) for f in ("mac", "bitserial", "ternary"))):
        expected = np.full(padded.type.shape, 7.0) if any(gap) else want
        assert tilevm.run(one)["y"].tolist() == expected.tolist()


def test_blocks_that_share_operands() -> None:
    """Operands that are the same in all thread blocks, or differ in each."""
    text = """
kernel f(a: global i8[3, 2, 2, 4], b: global i8[3, 4, 5], y: global i32[3, 2, 2, 5], z: global i32[3, 2, 2, 5])
  grid (n = 3)
{
  p: i8[2, 2, 4] = load a[n, 0, 0, 0]
  q: i8[4, 5] = load b[n, 0, 0]
  one: i8[4, 5] = load b[0, 0, 0]
  first: i8[2, 2, 4] = load a[0, 0, 0, 0]
  r = dot p, one
  store r, y[n, 0, 0, 0]
  s = dot first, q
  store s, z[n, 0, 0, 0]
}
"""  # noqa: E501
    rng = np.random.default_rng(5)
    a, b = rng.integers(-9, 9, (3, 2, 2, 4)), rng.integers(-9, 9, (3, 4, 5))
    found = tilevm.run(tilevm.parse(text)["f"], a=a, b=b)
    assert np.array_equal(found["y"], a @ b[0])
    assert np.array_equal(found["z"], a[0] @ b[:, None])


def test_scaled_stacks_are_dequantized_and_multiplied() -> None:
    k = Builder("f")
    a, b, s = (
        k.load(k.buffer(name, kind, shape)[0, 0, 0], type=TileType(dtype(kind), shape))
        for name, kind, shape in (
            ("a", "i4", (2, 3, 4)),
            ("b", "i8", (1, 4, 2)),
            ("s", "f16", (2, 3, 2)),
        )
    )
    r = k.dot_scaled(a, b, scale_a=s)
    k.store(r, k.buffer("y", r.dtype, r.type.shape)[0, 0, 0])
    kernel = k.kernel()
    rng = np.random.default_rng(8)
    arrays = {
        "a": rng.integers(-8, 8, (2, 3, 4)),
        "b": rng.integers(-99, 99, (1, 4, 2)),
        "s": rng.integers(1, 9, (2, 3, 2)) / 4,
    }
    want = (arrays["a"] * np.repeat(arrays["s"], 2, axis=-1)) @ arrays["b"]  # exact: few bits
    assert np.array_equal(tilevm.run(kernel, arrays)["y"], want)
    assert_agreement(kernel, arrays)


def test_a_checked_run_names_the_exact_sum_of_a_stack() -> None:
    kernel = product("i8", "i8", (2, 1, 3), (1, 3, 2), acc="i8")
    a = [[[1, 1, 1]], [[100, 100, 100]]]
    b = [[[1, 1], [1, 2], [0, 3]]]
    with pytest.raises(TileError) as found:
        tilevm.run(kernel, check=True, a=a, b=b)
    (report,) = found.value.diagnostics
    assert report.code == "TV0441"
    assert "[1, 0, 0]` of `dot` is 200, but i8 holds -128 .. 127" in report.message
