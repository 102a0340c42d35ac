"""dot_scaled is dequantize and dot, bit for bit, whether scales come first or last."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

import tilevm
from tilevm.dtypes import dtype
from tilevm.ir.ops import DotScaled

FORMS = """
kernel fused(a: global {a}[3, 8], b: global {b}[8, 2],
             sa: global {sa}[3, {groups}], sb: global {sb}[{groups}, 2], y: global f32[3, 2])
{{
  at: {a}[3, 8] = load a[0, 0]
  bt: {b}[8, 2] = load b[0, 0]
  s: {sa}[3, {groups}] = load sa[0, 0]
  t: {sb}[{groups}, 2] = load sb[0, 0]
  r = dot_scaled at, bt {{scale_a = s, scale_b = t}}
  store r, y[0, 0]
}}

kernel unfused(a: global {a}[3, 8], b: global {b}[8, 2],
               sa: global {sa}[3, {groups}], sb: global {sb}[{groups}, 2], y: global f32[3, 2])
{{
  at: {a}[3, 8] = load a[0, 0]
  bt: {b}[8, 2] = load b[0, 0]
  s: {sa}[3, {groups}] = load sa[0, 0]
  t: {sb}[{groups}, 2] = load sb[0, 0]
  x = dequantize at, s {{to = f64}}
  z = dequantize bt, t {{to = f64}}
  r = dot x, z {{acc = f32}}
  store r, y[0, 0]
}}
"""
CASES = [
    ("e2m1fn", "e2m1fn", "e8m0fnu", "e8m0fnu", True),
    ("i4", "u4", "f16", "f16", True),
    ("e4m3fn", "i8", "e8m0fnu", "f16", True),
    ("e5m2", "e2m1fn", "f16", "e8m0fnu", True),
    ("e5m2", "e5m2", "f16", "f16", False),  # 32 bits each: float64 does not count these
]


@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize(("a", "b", "sa", "sb", "last"), CASES)
def test_fused_is_unfused(a: str, b: str, sa: str, sb: str, last: bool, groups: int) -> None:
    """Of random codes and scales, and of scales and codes that are 0, negative, infinite or NaN."""
    program = tilevm.parse(FORMS.format(a=a, b=b, sa=sa, sb=sb, groups=groups))
    (op,) = (op for op in program["fused"].body.ops if isinstance(op, DotScaled))
    assert op.scales_come_last == (last and groups == 1)
    rng = np.random.default_rng(11)
    shapes = {"a": (3, 8), "b": (8, 2), "sa": (3, groups), "sb": (groups, 2)}
    kinds = {name: dtype(kind) for name, kind in zip(shapes, (a, b, sa, sb), strict=True)}
    seen = 0
    for special, name in product([None, 0.0, -1.5, -0.0, np.inf, -np.inf, np.nan], shapes):
        given = {n: kinds[n].random(rng, shape) for n, shape in shapes.items()}
        if special is not None:
            try:
                given[name][0, 0] = kinds[name].coerce([special])[0]
            except tilevm.TileError:
                continue
        found, wanted = (tilevm.run(program[form], given)["y"] for form in ("fused", "unfused"))
        assert np.array_equal(found.view(np.uint64), wanted.view(np.uint64)), (special, name)
        seen += 1
    assert seen >= 6
