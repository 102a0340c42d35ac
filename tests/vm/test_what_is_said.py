"""Errors of a run name the element, what stands there, the thread blocks and the round."""

from __future__ import annotations

from typing import Any

import pytest

import tilevm
from tilevm.diagnostics import Diagnostic

INDEXED = """kernel k(x: global i32[3, 8], at: global i8[2, 1], y: global i32[3, 8])
{{
  b: i8[2, 1] = load at[0, 0]
  a = full i32[2, 4] {{value = 1}}
  {statement}
}}
"""
MAPPED = """kernel k(x: global i8[6], y: global i8[6])
  grid (n = 2)
{{
  for k in 0 .. 3 {{
    a: i8[1] = load x[n * 3 + k]
    c = full i8[1] {{value = 100}}
    r = {statement}
    store r, y[n * 3 + k]
  }}
}}
"""


def said(text: str, check: bool = False, **arguments: Any) -> Diagnostic:
    (kernel,) = tilevm.parse(text).kernels.values()
    with pytest.raises(tilevm.TileError) as found:
        tilevm.run(kernel, check=check, **arguments)
    return found.value.diagnostics[0]


@pytest.mark.parametrize("check", [False, True])
@pytest.mark.parametrize(
    "statement",
    [
        "r: i32[2, 4] = gather x[1, 2], b",
        "scatter a, y[1, 2], b",
        "atomic a, y[1, 2] {op = add, index = b}",
        "old = atomic_cas a, a, y[1, 2] {index = b}",
    ],
)
def test_an_index_outside_is_named_with_its_element(statement: str, check: bool) -> None:
    whole = [[0] * 8] * 3
    text = INDEXED.format(statement=statement)
    found = said(text, check, x=whole, y=whole, at=[[1], [2]])
    buffer = "x" if "gather" in statement else "y"
    assert found.code == "TV0403"
    assert found.message == (
        f"`b[1, 0]` is 2: index 3 is outside of dimension 0 of `{buffer}`, which has extent 3"
    )
    assert "indices" in (found.help or "")


@pytest.mark.parametrize("check", [False, True])
@pytest.mark.parametrize(
    ("statement", "message", "there"),
    [
        ("floordiv c, a", "division by zero, at element [0]", "c = 100, a = 0 at [0]"),
        ("shl c, a", "shift by a negative amount, at element [0]", "c = 100, a = -1 at [0]"),
        ("add c, a {overflow = trap}", None, "c = 100, a = 50 at [0]"),
    ],
)
def test_a_trap_shows_the_operands_the_block_and_the_round(
    statement: str, message: str | None, there: str, check: bool
) -> None:
    wrong = {"floordiv c, a": 0, "shl c, a": -1}.get(statement, 50)
    x = [1, 1, 1, 1, wrong, 1] if "shl" not in statement else [0, 0, 0, 0, wrong, 0]
    found = said(MAPPED.format(statement=statement), check, x=x)
    assert found.code == "TV0407"
    assert message is None or found.message == message
    assert list(found.notes) == [there, "in thread block n = 1, round k = 1"]


def test_a_part_that_leaves_the_tile_is_said_without_an_element() -> None:
    found = said("""kernel k(x: global i32[8], y: global i32[12])
  grid (n = 3)
{
  a: i32[8] = load x[0]
  r = slice a {start = [n * 3], size = [4]}
  store r, y[n * 4]
}
""", x=range(8))  # fmt: skip
    assert found.message == "the part 6 .. 10 leaves dimension 0 of i32[8]"


def test_quantize_names_the_element_that_is_not_finite() -> None:
    found = said("""kernel k(x: global f32[8], y: global i8[8])
{
  a: f32[8] = load x[0]
  q, s = quantize a {to = i8, group = [4]}
  store q, y[0]
}
""", x=[1, 2, 3, 4, 5, float("inf"), 7, 8])  # fmt: skip
    assert found.message == "a NaN or an infinity cannot be quantized, at element [5]"
    assert list(found.notes) == ["a = inf at [5]"]


@pytest.mark.parametrize("check", [False, True])
def test_a_race_in_a_grid_of_two_dimensions_names_both_blocks(check: bool) -> None:
    found = said("""kernel k(y: global i32[7])
  grid (m = 2, n = 3)
{
  a = iota i32[2]
  store a, y[m * 3 + n]
}
""", check, y=[0] * 7)  # fmt: skip
    assert found.code == "TV0406"
    assert "block 0 writes `y[1]`, which block 1 writes" in found.message
    assert found.notes[0] == "block 0 is m = 0, n = 0; block 1 is m = 0, n = 1"
    assert "atomic" in (found.help or "")
