"""Why each value has its layout, and what that costs."""

from __future__ import annotations

import hdl
import tilevm
from hdl.view import Explained, explain_layouts
from tests.hdl.test_view import GEMV
from tilevm.ir import For, TileType

TEXT = """
kernel ways(x: global i8[4, 8], y: global i8[8, 4], z: global i8[4], s: global i32[4, 8])
{
  t: i8[4, 8] @ local(2, 1).spatial(2, 8) = load x[0, 0]
  u = neg t
  v = transpose u {perm = [1, 0]}
  store v, y[0, 0]
  most = amax t {dims = [1]}
  store most, z[0]
  wide = cast t {to = i32}
  sums = scan wide {op = add, dim = 1}
  store sums, s[0, 0]
}
"""


def rows(text: str, name: str, **options: object) -> tuple[hdl.Design, dict[str, Explained]]:
    design = hdl.build(tilevm.parse(text)[name], **options)  # type: ignore[arg-type]
    return design, {row.value: row for row in explain_layouts(design)}


def test_reasons() -> None:
    design, found = rows(TEXT, "ways", lanes=8)
    assert found["t"].why == "written in the program"
    assert found["t"].layout == "`local(2, 1).spatial(2, 8)`" and found["t"].line == 4
    assert (found["t"].beats, found["t"].lanes) == (2, 16)
    assert found["v"].layout == "wires only" and found["v"].why == "`transpose` of `u` moves bits"
    assert found["u"].why == "written in the program", "its type has the layout of `t`"
    assert found["most"].why == "asked by `store`, line 9"
    assert found["sums"].why.startswith("as `scan`, line 11")
    text = design.explain_layout()
    assert "line 4: t: i8[4, 8] is 2 x 16 (beats x lanes), `local(2, 1).spatial(2, 8)`" in text


def test_every_tile_has_a_line() -> None:
    for dot in ("mac", "lut", "bitserial"):
        design, found = rows(GEMV, "gemv", dot=dot, lanes=8, sizes={"N": 16, "K": 32})
        tiles = {
            value.name
            for op in design.kernel.body.walk()
            for value in (*op.results, *(op.params if isinstance(op, For) else ()))
            if isinstance(value.type, TileType)
        }
        # a carried value that is folded has no beats of its own on the way round
        assert found.keys() == tiles
        for name in tiles:
            assert f"{name}: " in design.explain_layout()


def test_costs_are_those_of_the_netlist() -> None:
    design, found = rows(GEMV, "gemv", dot="mac", lanes=16, sizes={"N": 16, "K": 64})
    memory = next(c for c in design.netlist.channels if c.name == "x_memory")
    assert found["xt"].bits == design.bits(memory)
    assert found["xt"].costs == (
        f"buffer of {memory.depth} x 16 bits",
        f"replay for `part_terms`: 64 beats taken of 32, {memory.depth} held",
    )


def test_beats_that_are_brought_together() -> None:
    text = """
    kernel turned(x: global i8[8, 4], y: global i8[4, 8], z: global i8[8, 4])
    {
      t: i8[8, 4] = load x[0, 0]
      u: i8[8, 4] @ local(8, 1).spatial(1, 4) = neg t
      store u, z[0, 0]
      v = transpose u {perm = [1, 0]}
      store v, y[0, 0]
    }
    """
    design, found = rows(text, "turned", lanes=4)
    wide = next(c for c in design.netlist.channels if c.name.startswith("u_wide"))
    own = next(c for c in design.netlist.channels if c.name == "u")
    assert found["u"].bits == design.bits(wide) + design.bits(own)
    joined = [cost for cost in found["u"].costs if cost.startswith("relayout for ")]
    assert len(joined) == 1 and f"{design.bits(wide)} bits" in joined[0]
    assert any(cost.startswith("width conversion for ") for cost in found["u"].costs)
    assert any("only moves lanes" in cost for cost in found["u"].costs)
