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


@pytest.mark.parametrize(
    "hint, left", [("", 0), (" unroll 1", 1), (" unroll 3", 1), (" unroll 9", 0)]
)
def test_a_hint_is_the_factor_of_its_loop(hint: str, left: int) -> None:
    text = PROGRAM.format(lo=0, hi=7, step=1)
    hinted = text.replace("(p = a, q = a) {", f"(p = a, q = a){hint} {{")
    assert hint in hinted
    kernel = tilevm.parse(hinted)["f"]
    made = unroll(kernel)
    loops = [op for op in made.body.walk() if op.name == "for"]
    assert len(loops) == left
    if hint == " unroll 3":
        assert " .. 6 step 3 " in str(made)
    assert tilevm.run(made, x=[1])["y"].tolist() == [wanted(0, 7, 1)]
    assert str(unroll(kernel, factor=2)) == str(unroll(tilevm.parse(text)["f"], factor=2))


@pytest.mark.parametrize(
    "count, code, message",
    [
        ("-1", "TV0240", "`unroll` is at least 1, not -1"),
        ("0", "TV0240", "`unroll` is at least 1, not 0"),
        ("N", "TV0216", "`unroll` takes a number, not `N`"),
    ],
)
def test_a_hint_that_is_none(count: str, code: str, message: str) -> None:
    text = f"kernel f(x: global i8[N])\n{{\n  for k in 0 .. 4 unroll {count} {{\n  }}\n}}\n"
    with pytest.raises(tilevm.TileError) as caught:
        tilevm.parse(text)
    (found,) = caught.value.diagnostics
    assert (found.code, found.message) == (code, message)
    assert found.labels[0].span.text == count
