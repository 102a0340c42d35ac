"""The emitted Verilog as people read it; test_external.py has what other tools make of it."""

from __future__ import annotations

import re

from hdl.emit import verilog
from hdl.lower.functions.planes import HornerStep
from hdl.netlist import BeatShape, Channel, Netlist
from hdl.units import fold_actor, sink_actor, source_actor
from tests.hdl.netlists import Horner, design_of_all_units
from tilevm.dtypes import dtype


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
        "sums", "sums_fifo_i8x2_depth2", "sums_fifo_i8x2_depth3", "sums_fold_horner_over_1_i8x2",
        "sums_sink_i8x2", "sums_source_i8x2",
    ]  # fmt: skip
    for name in ("reg [1:0] counter0", "reg state_index", "reg [15:0] states", "x_read0_payload"):
        assert name in text


def test_equal_parts_are_instances_of_one_module() -> None:
    """Three chains: b is as a; c folds over another level, and its last channel is deeper."""
    step = HornerStep(dtype("i8"), 2)
    actors = []
    for chain, level, depth in (("a", 1, 1), ("b", 1, 1), ("c", 2, 2)):
        values = Channel(f"{chain}_values", step.shape, 12, depth=2)
        total = Channel(f"{chain}_total", step.shape, 6, depth=depth)
        over = [number == level for number in range(3)]
        actors += [
            source_actor(f"{chain}_load", f"{chain}_x", values, 12),
            fold_actor(f"{chain}_fold", (3, 2, 2), over, step, values.read(), total),
            sink_actor(f"{chain}_store", f"{chain}_y", total.read(), 6),
        ]
    text = verilog(Netlist("chains", actors), "chains")
    found = re.findall(r"^  (\w+) (\w+) \($", text, re.M)
    kinds = {instance: module for module, instance in found}
    assert len(found) == len(kinds) == 15
    same = ("load_actor", "store_actor", "values_channel")
    for part in (*same, "fold_actor", "total_channel"):
        assert kinds[f"a_{part}"] == kinds[f"b_{part}"]
        assert (kinds[f"a_{part}"] == kinds[f"c_{part}"]) == (part in same)
    modules = re.findall(r"^module (\w+)", text, re.M)
    assert sorted(modules) == sorted(["chains", *set(kinds.values())]) and len(modules) == 7


def test_nothing_is_escaped_and_no_attribute_is_left() -> None:
    text = verilog(design_of_all_units()[1], "random")
    assert "\\" not in text and "(*" not in text
