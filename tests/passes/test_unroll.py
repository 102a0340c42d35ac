"""unroll: for all bounds, steps and factors the rounds are the same, in the same order."""

import pytest

import tilevm
from tilevm.passes import canonicalise, unroll

PROGRAM = """
kernel f(x: global i32[1], y: global i32[1])
{{
  a: i32[1] = load x[0]
  ten = full i32[1] {{value = 3}}
  s, last = for k in {lo} .. {hi} step {step} carry (p = a, q = a) {{
    i = iota i32[1] {{start = k}}
    m = mul p, ten
    r = add m, i
    t = for j in 0 .. 2 carry (u = r) {{
      v = add u, q
      yield v
    }}
    yield t, i
  }}
  w = add s, last
  store w, y[0]
}}
"""


def wanted(lo: int, hi: int, step: int) -> int:
    p = q = 1
    for k in range(lo, hi, step):
        p, q = p * 3 + k + 2 * q, k
    return (p + q + 2**31) % 2**32 - 2**31


@pytest.mark.parametrize("factor", [0, 1, 2, 3, 4, 7])
def test_all_small_loops(factor: int) -> None:
    for lo in (-2, 0, 3):
        for hi in range(lo - 1, lo + 9):
            for step in (1, 2, 3):
                kernel = tilevm.parse(PROGRAM.format(lo=lo, hi=hi, step=step))["f"]
                made = unroll(kernel, factor=factor)
                for one in (made, canonicalise(made)):
                    assert tilevm.parse(str(one))["f"] == one
                    assert tilevm.run(one, x=[1])["y"].tolist() == [wanted(lo, hi, step)], str(one)
                rounds = len(range(lo, hi, step))
                if factor != 1 and rounds <= max(factor, 0 if factor else rounds):
                    outer = [op for op in made.body.ops if op.name == "for"]
                    assert not any(len(op.results) == 2 for op in outer)


def test_a_limit_keeps_programs_small() -> None:
    kernel = tilevm.parse(PROGRAM.format(lo=0, hi=1000, step=1))["f"]
    assert sum(1 for _ in unroll(kernel).body.walk()) < 300
    assert sum(1 for _ in unroll(kernel, factor=16).body.walk()) < 300
    whole = unroll(kernel, limit=100000)
    assert not any(op.name == "for" for op in whole.body.walk())
    assert tilevm.run(whole, x=[1])["y"].tolist() == [wanted(0, 1000, 1)]
