"""What is done to RTLIL before Yosys, and to Verilog after it; other tools check that it works."""

from __future__ import annotations

import re

import pytest
from amaranth import Module, Signal
from amaranth.back import rtlil

from hdl.emit.cells import shortened
from hdl.emit.tidy import tidied
from hdl.emit.verilog import verilog
from tests.hdl.netlists import design_of_all_units


@pytest.mark.parametrize(
    "bits, width, inside",
    [(160, 10, True), (150, 10, False), (161, 10, True), (16, 1, True), (15, 1, False)],
)
def test_a_shift_that_stays_inside_is_a_part_select(bits: int, width: int, inside: bool) -> None:
    """16 words fit or do not; where an index reaches beyond, the shift gives zeros, and stays."""
    m = Module()
    table, index, word = Signal(bits), Signal(4), Signal(width)
    m.d.comb += word.eq(table.word_select(index, width))
    pins = {"table": (table, None), "index": (index, None), "word": (word, None)}
    text = rtlil.convert(m, ports=pins, emit_src=False)
    assert len(re.findall(r"cell \$shift ", text)) == 1
    assert len(re.findall(r"cell \$shiftx ", shortened(text))) == inside


def test_text_of_yosys() -> None:
    before = """\
  input [3:0] x;
  wire [3:0] x;
  output y;
  reg y;
  wire [9:0] _1_ = x;
  assign a = _1_[{ i, 1'h0 } +: 2];
  assign b = { x[3], x[3], x[3], x[3], x[3:0], x[31], x[3], x[3], c, c, c };
"""
    after = """\
  input [3:0] x;
  output y;
  reg y;
  assign a = x[{ i, 1'h0 } +: 2];
  assign b = { {4{x[3]}}, x[3:0], x[31], x[3], x[3], {3{c}} };
"""
    assert tidied(before) == after


def test_ports_stand_first_stream_by_stream() -> None:
    """Declarations of what is no port stay where they are, and so does a register that is one."""
    before = """\
module m(y_ready, x_valid, x_payload, rst, y_valid, clk, x_ready, y_payload);
  wire inner;
  input clk;
  input rst;
  output x_ready;
  reg x_ready = 1'h0;
  input [3:0] x_payload;
  input x_valid;
  output [3:0] y_payload;
  input y_ready;
  output y_valid;
endmodule
"""
    after = """\
module m(clk, rst, x_payload, x_valid, x_ready, y_payload, y_valid, y_ready);
  input clk;
  input rst;
  input [3:0] x_payload;
  input x_valid;
  output x_ready;
  output [3:0] y_payload;
  output y_valid;
  input y_ready;
  wire inner;
  reg x_ready = 1'h0;
endmodule
"""
    assert tidied(before) == after
    assert tidied(after) == after


def test_signals_that_simulators_watch_are_there() -> None:
    """Whatever Yosys finds a better name for."""
    _, netlist = design_of_all_units()
    text = verilog(netlist, "all")
    for module in re.findall(r"^module .*?^endmodule", text, re.M | re.S)[1:]:
        watched = ("push", "beat") if " write_valid" in module else ("fire", "fed", "roomy")
        for name in watched:
            assert re.search(rf"\b{name};", module), f"{name} in {module.partition('(')[0]}"
