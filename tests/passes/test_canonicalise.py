"""canonicalise: what goes, what stays, and names that must not meet."""

import numpy as np
import pytest

import tilevm
from tilevm import TileError
from tilevm.ir import verify
from tilevm.passes import canonicalise


def canonical(body: str, **symbols: int) -> list[str]:
    """The names of the ops that are left of a kernel over x: i8[N] and y: i8[N]."""
    head = "kernel f(x: global i8[N], y: global i8[N])\n  grid (n = N / 4)\n{\n"
    kernel = tilevm.parse(f"{head}{body}\n}}")["f"]
    made = canonicalise(kernel, symbols)
    verify(made)
    assert tilevm.parse(str(made))["f"] == made
    assert canonicalise(made) == made
    given = np.arange(8, dtype=np.int8)
    before = tilevm.run(kernel, {"x": given, "y": given})
    after = tilevm.run(made, {"x": given, "y": given})
    assert all(np.array_equal(before[name], after[name]) for name in before)
    return [op.name for op in made.body.walk()]


LOAD = "  a: i8[4] = load x[n * 4]\n"
STORE = "  store a, y[n * 4]\n"


def test_dead_values_go_and_effects_stay() -> None:
    body = f"{LOAD}  b = neg a\n  c = add b, b\n  d = add a, a {{overflow = trap}}\n{STORE}"
    assert canonical(body) == ["load", "add", "store"]


def test_a_lookup_that_cannot_fail_goes() -> None:
    index = "  i = full u1[4] {value = 0}\n  r = lookup t, i\n"
    whole = f"{LOAD}  t = full i8[2] {{value = 0}}\n{index}{STORE}"
    assert canonical(whole) == ["load", "store"]
    short = f"{LOAD}  t = full i8[1] {{value = 0}}\n{index}{STORE}"
    assert canonical(short) == ["load", "full", "full", "lookup", "store"]


@pytest.mark.parametrize(
    ("bits", "made"),
    [
        (8, "b: {kind}[4] = view a"),
        (8, "b = bitcast a {{to = {kind}}}"),
        (4, "b = unpack a {{to = {kind}}}"),
        (8, "h = unpack a {{to = i4}}\n  b = pack h {{to = {kind}}}"),
    ],
)
def test_bits_that_may_stand_for_no_entry_stay(bits: int, made: str) -> None:
    """Of one codebook every code has an entry, of the other all but the last."""
    whole, short = (list(range((1 << bits) - missing)) for missing in (0, 1))
    assert canonical(f"{LOAD}  {made.format(kind=f'codebook(i16, {whole})')}\n{STORE}") == [
        "load",
        "store",
    ]
    kept = canonical(f"{LOAD}  {made.format(kind=f'codebook(i16, {short})')}\n{STORE}")
    assert len(kept) == 3 + made.count("\n")


def test_dead_loops_go_unless_they_may_fail() -> None:
    loop = "  r = for k in 0 .. {} carry (p = a) {{\n    q = neg p\n    yield q\n  }}\n"
    assert canonical(LOAD + loop.format("N") + STORE) == ["load", "store"]
    assert canonical(LOAD + loop.format("8 / (n + 1)") + STORE) == ["load", "for", "neg", "store"]


def test_single_rounds_are_taken_apart_under_names_of_their_own() -> None:
    loop = "  r{0} = for k in {0} .. {1} carry (p = a) {{\n    q = add p, a\n    yield q\n  }}\n"
    body = LOAD + loop.format(0, 1) + loop.format(1, 2) + "  s = add r0, r1\n  store s, y[n * 4]\n"
    assert canonical(body) == ["load", "add", "add", "add", "store"]


def test_shape_symbols_become_numbers() -> None:
    body = f"  if N == 8 {{\n  {LOAD}  {STORE}  }}\n"
    assert canonical(body, N=8) == ["load", "store"]
    assert canonical(body) == ["if", "load", "store"]


def test_a_condition_that_does_not_hold_stays() -> None:
    kernel = tilevm.parse("kernel f(x: global i8[N]) where N % 4 == 0, N > 2 {\n}")["f"]
    assert [str(c) for c in canonicalise(kernel, {"N": 6}).where] == ["2 == 0"]
    assert canonicalise(kernel, {"N": 8}).where == ()


def test_a_division_by_zero_is_kept_for_the_run() -> None:
    text = "kernel f(x: global i8[N], y: global i8[N]) {\n  for k in 0 .. 4 / (N - 8) {\n  }\n"
    kernel = tilevm.parse(text + "  a: i8[8] = load x[0]\n  store a, y[0]\n}")["f"]
    for made in (kernel, canonicalise(kernel, {"N": 8})):
        with pytest.raises(TileError, match="division by zero"):
            tilevm.run(made, x=np.zeros(8, np.int8))
