"""Beats that the tools behind could not handle are refused where they come from."""

from __future__ import annotations

import pytest

import hdl
import tilevm

LOOKUP = """
kernel look(t: global i16[E], c: global u12[N], y: global i16[N])
{
  a: i16[4096] = load t[0]
  table = reshape a {shape = [1, 4096]}
  b: u12[4] = load c[0]
  index = reshape b {shape = [4, 1]}
  found = lookup table, index
  v = reshape found {shape = [4]}
  store v, y[0]
}
"""
TURN = """
kernel turn(x: global i64[M, N], y: global i64[N, M])
{
  a: i64[128, 128] = load x[0, 0]
  b = add a, a
  c = transpose b
  d = add b, c
  store d, y[0, 0]
}
"""


def test_a_table_wider_than_all_ports_may_be() -> None:
    with pytest.raises(tilevm.TileError, match=r"TV0614.*ports in have 65,5") as refused:
        hdl.build(tilevm.parse(LOOKUP)["look"], E=4096, N=4, lanes=4)
    (problem,) = refused.value.diagnostics
    assert problem.labels[0].span.text == "a: i16[4096] = load t[0]"


def test_a_tile_that_is_collected_whole() -> None:
    with pytest.raises(tilevm.TileError, match=r"TV0614.*`b_wide` has 131,072") as refused:
        hdl.build(tilevm.parse(TURN)["turn"], M=128, N=128, lanes=16)
    (problem,) = refused.value.diagnostics
    assert problem.labels[0].span.text == "b"
    assert problem.help


def test_half_of_it_is_built() -> None:
    text = LOOKUP.replace("i16", "i8")
    design = hdl.build(tilevm.parse(text)["look"], E=4096, N=4, lanes=4)
    assert design.cycles > 0
