"""The emitted Verilog as people read it; test_external.py has what other tools make of it."""

from __future__ import annotations

import re

from hdl.emit import verilog
from hdl.netlist import BeatShape, Channel, Netlist
from hdl.units import fold_actor, sink_actor, source_actor
from tests.hdl.netlists import Horner, design_of_all_units


def sums(output_depth: int = 3) -> Netlist:
    shape = BeatShape(2, 8, True)
    x = Channel("x", shape, 12, depth=2)
    total = Channel("total", shape, 6, latency=2, depth=output_depth)
    fold = fold_actor("fold", (3, 2, 2), (False, True, False), Horner(shape), x.read(), total)
    store = sink_actor("store", "y", total.read(), 6)
    return Netlist("sums", [source_actor("load", "x", x, 12), fold, store])


def test_names_are_those_of_the_netlist() -> None:
    text = verilog(sums(), "sums", header="sums of pairs\n\nby a test")
    assert text.startswith("// sums of pairs\n//\n// by a test\n")
    top = text[text.index("module sums(") : text.index("endmodule")]
    ports = re.findall(r"^  (input|output) (\[.*\] )?(\w+);$", top, re.M)
    assert {f"{way} {bits}{name}" for way, bits, name in ports} == {
        "input clk", "input rst",
        "input [15:0] x_payload", "input x_valid", "output x_ready",
        "output [15:0] y_payload", "output y_valid", "input y_ready",
    }  # fmt: skip
    modules = re.findall(r"^module (\w+)", text, re.M)
    assert sorted(modules) == [
        "sums", "sums_fold_actor", "sums_load_actor", "sums_store_actor",
        "sums_total_channel", "sums_x_channel",
    ]  # fmt: skip
    for name in ("reg [1:0] counter0", "reg state_index", "reg [15:0] states", "x_read0__payload"):
        assert name in text


def test_nothing_is_escaped_and_no_attribute_is_left() -> None:
    text = verilog(design_of_all_units()[1], "random")
    assert "\\" not in text and "(*" not in text
