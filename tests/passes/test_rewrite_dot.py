"""rewrite_dot: for any shapes, widths, signs, groups and tables the result stays, bit for bit."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tilevm
from tilevm import TileError
from tilevm.dtypes import dtype
from tilevm.ir import verify
from tilevm.ir.ops import Dot
from tilevm.passes import canonicalise, rewrite_dot

KINDS = st.sampled_from(["i1", "u1", "i2", "i3", "u4", "i5", "i8", "u8", "i16", "u31", "i64"])
FORMS = ["lut", "bitserial", "ternary", "mac"]
VECTORS = [(False, False), (True, False), (False, True), (True, True)]


def program(ta: str, tb: str, acc: str, m: int, k: int, n: int, vectors: tuple[bool, bool]) -> str:
    a, b = ([k] if vectors[0] else [m, k]), ([k] if vectors[1] else [k, n])
    r = a[:-1] + b[1:]
    at = ", 0" * len(r)
    return f"""
kernel f(a: global {ta}{[2, *a]}, b: global {tb}{[2, *b]}, y: global {acc}{[2, *r]})
  grid (g = 2)
{{
  p: {ta}{a} = load a[g{", 0" * len(a)}]
  q: {tb}{b} = load b[g{", 0" * len(b)}]
  r = dot p, q {{acc = {acc}}}
  s = for i in 0 .. 1 carry (t = r) {{
    u = dot p, q {{acc = {acc}}}
    v = add u, t
    yield v
  }}
  store s, y[g{at}]
}}
"""


@settings(max_examples=30)
@given(
    KINDS, KINDS, st.sampled_from(["i32", "i7", "u64", "f32"]),
    st.tuples(st.integers(1, 4), st.integers(1, 9), st.integers(1, 4)),
    st.sampled_from(VECTORS), st.integers(1, 8), st.sampled_from(["activations", "weights"]),
    st.integers(0, 2**32 - 1),
)  # fmt: skip
def test_the_result_stays(
    ta: str, tb: str, acc: str, sizes: tuple[int, int, int], vectors: tuple[bool, bool],
    group: int, table: str, seed: int,
) -> None:  # fmt: skip
    kernel = tilevm.parse(program(ta, tb, acc, *sizes, vectors))["f"]
    rng = np.random.default_rng(seed)
    arguments = {
        value.name: dtype(kind).random(rng, value.type.extents)
        for value, kind in zip(kernel.params[:2], (ta, tb), strict=True)
    }
    lowered = rewrite_dot(kernel, group=group, table=table)
    plain = canonicalise(lowered)
    for made in (lowered, plain):
        verify(made)
        assert tilevm.parse(str(made))["f"] == made
    if acc != "f32":
        assert not any(isinstance(op, Dot) for op in lowered.body.walk())
    before = tilevm.run(kernel, arguments)["y"]
    for made in (lowered, plain):
        assert np.array_equal(tilevm.run(made, arguments)["y"], before), f"seed {seed}\n{made}"


def test_the_other_operand_is_tabled() -> None:
    kernel = tilevm.parse(program("i3", "i8", "i32", 2, 4, 3, (False, False)))["f"]
    tables = {}
    for table in ("activations", "weights"):
        lowered = rewrite_dot(kernel, group=4, table=table)
        tables[table] = next(
            op.out.dtype.name for op in lowered.body.ops if op.name == "subset_sums"
        )
    assert tables == {"activations": "i10", "weights": "i5"}


@pytest.mark.parametrize("form", FORMS)
def test_float_products_stay(form: str) -> None:
    kernel = tilevm.parse(program("f16", "i2", "f32", 2, 4, 3, (False, False)))["f"]
    assert rewrite_dot(kernel, form=form) == kernel


def test_errors_in_lowered_programs_point_at_the_dot() -> None:
    kernel = tilevm.parse(program("i4", "i3", "i32", 2, 4, 3, (False, False)), "here.tile")["f"]
    lowered = rewrite_dot(kernel)
    names = [(v.name, op.loc.span.line) for op in lowered.body.ops for v in op.results]
    assert {line for name, line in names if name.startswith("r")} == {7}


@pytest.mark.parametrize(
    "options", [{"form": "lutt"}, {"group": 0}, {"group": 9}, {"group": True}, {"table": "weight"}]
)
def test_unknown_options_are_refused(options: dict[str, object]) -> None:
    kernel = tilevm.parse(program("i4", "i3", "i32", 2, 4, 3, (False, False)))
    with pytest.raises(TileError) as caught:
        rewrite_dot(kernel, **options)
    assert caught.value.diagnostics[0].code == "TV0501"
