"""Names of ops that people know from elsewhere lead to the op of this language."""

from __future__ import annotations

import pytest

import tilevm
from tilevm.ir.op import REGISTRY
from tilevm.ir.spellings import ELSEWHERE, instead

HEAD = """kernel k(x: global i32[16])
{
  a: i32[16] = load x[0]
  b: i32[16] = load x[0]
  n: i32[16] = load x[0]
  minus: i32[16] = load x[0]
  c = compare a, b {pred = lt}
"""


def message(statement: str) -> tuple[str, str | None]:
    with pytest.raises(tilevm.TileError) as found:
        tilevm.parse(f"{HEAD}  {statement}\n}}\n")
    first, *_ = found.value.diagnostics
    return first.message, first.help


@pytest.mark.parametrize("name", sorted(ELSEWHERE))
def test_what_is_suggested_is_a_statement_that_is_accepted(name: str) -> None:
    assert name not in REGISTRY
    written = ELSEWHERE[name].replace("x[i]", "x[0]").replace("[1, 0]", "[0]")
    result = "" if written.split()[0] in ("atomic", "barrier") else "r = "
    assert tilevm.parse(f"{HEAD}  {result}{written}\n}}\n")["k"]


@pytest.mark.parametrize(
    ("statement", "help"),
    [
        ("atomic_add a, x[0]", "write `atomic a, x[i] {op = add}`"),
        ("r = lt a, b", "write `compare a, b {pred = lt}`"),
        ("r = rem a, b", instead("mod")),
        ("r = slect c, a, b", "did you mean `select`?"),
        ("r = zzzz a", "docs/ops.md lists the ops"),
    ],
)
def test_a_wrong_op_says_what_to_write(statement: str, help: str) -> None:
    assert message(statement)[1] == help


def test_remainders_and_quotients_have_two_ops_each() -> None:
    for name, both in (("rem", ("floormod", "truncmod")), ("idiv", ("floordiv", "truncdiv"))):
        assert all(f"`{op} a, b`" in (instead(name) or "") for op in both)
        assert all(op in REGISTRY for op in both)
