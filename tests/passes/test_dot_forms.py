"""rewrite_dot in every form: exhaustively for small widths, and for any shapes, widths and signs.

The oracle is Python's integers, not the machine's `dot`.
"""

from __future__ import annotations

import itertools
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tilevm
from tilevm.dtypes import dtype
from tilevm.ir import Kernel, verify
from tilevm.passes import canonicalise, rewrite_dot

FORMS = ("lut", "bitserial", "ternary", "mac")
SMALL = ("i1", "u1", "i2", "u2", "i3")
KINDS = st.sampled_from(["i1", "u1", "i2", "u2", "i3", "i8", "u8", "i33", "i64", "u64"])
ACCS = ("i32", "i7", "u64", "f32", "f64", "i16, overflow = sat", "u3, overflow = sat")


def product(
    a: str, b: str, shapes: tuple[list[int], list[int]], rest: str = "", layout: str = ""
) -> Kernel:
    """A kernel of one `dot`; `rest` follows its operands."""
    first, second = shapes
    result = first[:-1] + second[1:]
    bounds = [", ".join(["0"] * max(1, len(shape))) for shape in (first, second, result)]
    acc = rest.partition("acc = ")[2].partition(",")[0] or "i32"
    return tilevm.parse(f"""
kernel f(a: global {a}{first}, b: global {b}{second}, y: global {acc}{result or [1]})
{{
  p: {a}{first} = load a[{bounds[0]}]
  q: {b}{second} = load b[{bounds[1]}]
  r: {acc}{result}{layout} = dot p, q {{{rest or "acc = i32"}}}
  store r, y[{bounds[2]}]
}}
""")["f"]


def dots(kernel: Kernel) -> int:
    return sum(op.name == "dot" for op in kernel.body.walk())


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("a", "b"), list(itertools.product(SMALL, SMALL)))
def test_all_pairs_of_small_vectors(a: str, b: str, form: str) -> None:
    """Every pair of vectors of two elements, as the rows and columns of one product."""
    left, right = (
        np.array(list(itertools.product(range(t.min, t.max + 1), repeat=2)))
        for t in (dtype(a), dtype(b))
    )
    kernel = product(a, b, ([len(left), 2], [2, len(right)]))
    made = rewrite_dot(kernel, form=form)
    wide = form == "ternary" and not {a, b} & {"i1", "u1", "i2"}
    assert dots(made) == wide  # neither operand is ternary
    got = tilevm.run(made, a=left, b=right.T)["y"]
    want = [[sum(int(x) * int(y) for x, y in zip(u, v, strict=True)) for v in right] for u in left]
    assert got.tolist() == want


@settings(max_examples=60)
@given(
    st.sampled_from(FORMS), KINDS, KINDS,
    st.sampled_from(ACCS),
    st.tuples(st.integers(0, 3), st.integers(0, 9), st.integers(0, 3)),
    st.tuples(st.booleans(), st.booleans()), st.integers(0, 2**32 - 1),
)  # fmt: skip
def test_any_product_is_exact(
    form: str, a: str, b: str, acc: str, sizes: tuple[int, int, int],
    vectors: tuple[bool, bool], seed: int,
) -> None:  # fmt: skip
    m, k, n = sizes
    m, n = max(1, m), max(1, n)  # buffers have elements
    shapes = ([k] if vectors[0] else [m, k]), ([k] if vectors[1] else [k, n])
    kernel = product(a, b, (shapes[0], shapes[1]), f"acc = {acc}") if k else nothing(a, b, acc)
    rng = np.random.default_rng(seed)
    arguments = {p.name: p.dtype.random(rng, p.type.extents) for p in kernel.params[:-1]}
    made = rewrite_dot(kernel, form=form)
    for one in (made, canonicalise(made)):
        verify(one)
        assert tilevm.parse(str(one))["f"] == one
        got = tilevm.run(one, arguments)["y"]
        to = kernel.params[-1].dtype
        assert np.array_equal(to.encode(got), to.encode(expected(kernel, arguments))), str(one)


def nothing(a: str, b: str, acc: str) -> Kernel:
    to = acc.partition(",")[0]
    return tilevm.parse(f"""
kernel f(y: global {to}[2, 3])
{{
  p = full {a}[2, 0] {{value = 0}}
  q = full {b}[0, 3] {{value = 0}}
  r = dot p, q {{acc = {acc}}}
  store r, y[0, 0]
}}
""")["f"]


def expected(kernel: Kernel, arguments: dict[str, np.ndarray]) -> np.ndarray:
    """The product by Python's integers, brought into the type of the result."""
    op = next(op for op in kernel.body.walk() if op.name == "dot")
    kind, shape = op.out.dtype, kernel.params[-1].type.extents
    if not arguments:
        return np.zeros(shape, kind.carrier)
    left = arguments["a"].astype(object).reshape(-1, op.a.tile.shape[-1])
    right = arguments["b"].astype(object).reshape(op.b.tile.shape[0], -1)
    exact = [int(sum(map(int.__mul__, map(int, u), map(int, v)))) for u in left for v in right.T]
    if kind.is_float:
        with np.errstate(over="ignore"):  # beyond the largest float32 lies infinity
            rounded = [
                float(Fraction(x)) if kind.bits == 64 else np.float32(nearest(x)) for x in exact
            ]
        return np.array(rounded).reshape(shape)
    if op.overflow == "sat":
        fit = [min(max(x, kind.min), kind.max) for x in exact]
    else:
        fit = [(x - kind.min) % (1 << kind.bits) + kind.min for x in exact]
    return np.array(fit, object).reshape(shape).astype(kind.carrier)


def nearest(x: int) -> float:
    """A whole number rounded once to 24 bits, ties to even."""
    shift = max(0, abs(x).bit_length() - 24)
    return float(round(Fraction(x, 1 << shift)) << shift)


@pytest.mark.parametrize("form", FORMS)
def test_a_written_layout_stays(form: str) -> None:
    layout = " @ local(2).spatial(2)"
    kernel = product("i2", "i8", ([4, 3], [3]), "acc = u4", layout)
    text = str(kernel).replace("store r, y[0]", "v: u8[2] @ spatial(2) = view r\n  store v, z[0]")
    kernel = tilevm.parse(text.replace("y: global u4[4]", "z: global u8[2]"))["f"]
    made = rewrite_dot(kernel, form=form)
    assert dots(made) == 0
    given = {"a": [[1, -2, 1], [0, 1, 1], [-1, -1, 0], [1, 1, 1]], "b": [3, 5, -7]}
    assert tilevm.run(made, given) is not None
    want = [(3 - 10 - 7) % 16, (5 - 7) % 16, (-3 - 5) % 16, (3 + 5 - 7) % 16]
    assert tilevm.run(made, given)["z"].tolist() == tilevm.run(kernel, given)["z"].tolist()
    assert tilevm.run(made, given)["z"].tolist() == [want[0] + 16 * want[2], want[1] + 16 * want[3]]


def ternary(weights: str) -> Kernel:
    return tilevm.parse(f"""
kernel f(w: global i8[2, 3], x: global i8[3], y: global i32[2])
{{
  a: i8[2, 3] = load w[0, 0]
  low = full i8[2, 3] {{value = -1}}
  high = full i8[2, 3] {{value = 1}}
  zero = full i8[2, 3] {{value = 0}}
  {weights}
  q: i8[3] = load x[0]
  r = dot t, q
  store r, y[0]
}}
""")["f"]


@pytest.mark.parametrize(
    ("weights", "proved"),
    [
        ("s = max a, low\n  t = min s, high", True),
        ("t = clip a {lo = -1, hi = 1}", True),
        ("t = constant i8[2, 3] {values = [1, -1, 0, 0, 1, 2]}", True),
        ("t = constant i8[2, 3] {values = [1, -1, 0, 0, 1, 3]}", False),
        ("s = compare a, zero {pred = gt}\n  t = cast s {to = i8}", True),
        ("g = compare a, zero {pred = gt}\n  t = select g, high, low", True),
        ("s = cast a {to = i2}\n  t = cast s {to = i8}", True),
        ("s = cast a {to = i2}\n  l = cast low {to = i2}\n  t = max s, l", True),
        ("t = max a, low", False),
        ("t = neg a", False),
    ],
)
def test_what_proves_that_weights_are_ternary(weights: str, proved: bool) -> None:
    kernel = ternary(weights)
    made = rewrite_dot(kernel, form="ternary")
    assert (dots(made) == 0) == proved
    assert not proved or all(op.name not in ("dot", "mul") for op in made.body.walk())
    given = {"w": [[1, -2, 127], [-128, 0, -1]], "x": [-128, 127, 5]}
    assert tilevm.run(made, given)["y"].tolist() == tilevm.run(kernel, given)["y"].tolist()
