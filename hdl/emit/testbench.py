"""A testbench in plain Verilog with vectors from the virtual machine: it needs no tilevm to run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from hdl.lower.functions import to_beats
from hdl.netlist import BeatShape
from hdl.sim.ports import pack
from tilevm.vm import bind, execute

if TYPE_CHECKING:
    from hdl.design import Design


def testbench(design: Design, arguments: Mapping[str, Any]) -> dict[str, str]:
    """By name the files of a self-checking testbench: ``NAME_tb.v`` and its vectors.

    It feeds one launch and prints PASS, or the first wrong beat with its port and lane, and FAIL.
    """
    launch = bind(design.kernel, dict(arguments))
    wanted = execute(launch)
    files: dict[str, str] = {}
    wires, declared, clocked, done = [".clk(clk)", ".rst(rst)"], [], [], []
    shapes = {port.name: port.shape for port in design.inputs}
    for name, beats in design.feed(launch.arrays).items():
        files[f"vectors/{name}.hex"] = _hex(pack(beats, shapes[name]), shapes[name])
        declared += _source(name, shapes[name].width, len(beats))
        clocked.append(f"      if ({name}_valid && {name}_ready) {name}_count <= {name}_count + 1;")
        wires += _wires(name)
    for port in design.outputs:
        name, shape = port.name, port.shape
        kind = design.kernel.param(port.buffer).dtype
        beats = port.beats(to_beats(np.asarray(wanted[port.buffer]), kind).reshape(-1))
        used = port.elements >= 0
        files[f"vectors/{name}.hex"] = _hex(pack(beats, shape), shape)
        files[f"vectors/{name}_mask.hex"] = _hex(_masks(used, shape), shape)
        declared += _sink(name, shape.width, len(beats))
        clocked += _check(name, shape)
        done.append(f"{name}_count == {len(beats)}")
        wires += _wires(name)
    files[f"{design.name}_tb.v"] = _module(design, wires, declared, clocked, done)
    return files


def _module(
    design: Design, wires: list[str], declared: list[str], clocked: list[str], done: list[str]
) -> str:
    top, limit = design.name, 2 * design.cycles + 1000
    lines = [
        f"// Feeds `{top}` one launch and compares what comes out: prints PASS or FAIL.",
        f"// In Icarus: iverilog -g2005 -o tb {top}_tb.v {top}.v && vvp tb",
        f"// In Verilator: verilator --binary -Wno-fatal --top-module {top}_tb {top}_tb.v {top}.v",
        f"//   && obj_dir/V{top}_tb",
        "`timescale 1ns / 1ps",
        f"module {top}_tb;",
        "  reg clk = 0, rst = 0, started = 0, failed = 0;",
        "  integer cycle = 0, lane;",
        *declared,
        f"  \\{top} dut ({', '.join(wires)});",
        "  always #5 clk = ~clk;",
        "  initial begin",
        "    #1 rst = 1;",  # after time 0, or always @* blocks miss it
        "    #21 rst = 0;",
        "    started = 1;",
        "  end",
        "  always @(posedge clk)",
        "    if (started) begin",
        "      cycle <= cycle + 1;",
        *clocked,
        f"      if (failed || {' && '.join(done)} || cycle > {limit}) begin",
        '        if (failed) $display("FAIL");',
        f'        else if (cycle > {limit}) $display("FAIL: not done after {limit} cycles");',
        '        else $display("PASS: %0d cycles", cycle);',
        "        $finish;",
        "      end",
        "    end",
        "endmodule",
        "",
    ]
    return "\n".join(lines)


def _wires(name: str) -> list[str]:
    return [f".{name}_{part}({name}_{part})" for part in ("payload", "valid", "ready")]


def _source(name: str, width: int, beats: int) -> list[str]:
    return [
        f"  integer {name}_count = 0;",
        f"  reg [{width - 1}:0] {name}_beats [0:{beats - 1}];",
        f'  initial $readmemh("vectors/{name}.hex", {name}_beats);',
        f"  wire {name}_ready;",
        f"  wire {name}_valid = started && {name}_count < {beats};",
        f"  wire [{width - 1}:0] {name}_payload = {name}_beats[{name}_valid ? {name}_count : 0];",
    ]


def _sink(name: str, width: int, beats: int) -> list[str]:
    return [
        f"  integer {name}_count = 0;",
        f"  reg [{width - 1}:0] {name}_wanted [0:{beats - 1}];",
        f"  reg [{width - 1}:0] {name}_mask [0:{beats - 1}];",
        f'  initial $readmemh("vectors/{name}.hex", {name}_wanted);',
        f'  initial $readmemh("vectors/{name}_mask.hex", {name}_mask);',
        f"  wire {name}_valid;",
        f"  wire [{width - 1}:0] {name}_payload;",
        f"  wire {name}_ready = started && {name}_count < {beats};",
        f"  wire [{width - 1}:0] {name}_due = {name}_wanted[{name}_ready ? {name}_count : 0];",
        f"  wire [{width - 1}:0] {name}_used = {name}_mask[{name}_ready ? {name}_count : 0];",
        f"  wire {name}_right = ({name}_payload & {name}_used) === ({name}_due & {name}_used);",
    ]


def _check(name: str, shape: BeatShape) -> list[str]:
    part = f"[lane * {shape.bits} +: {shape.bits}]"
    got, due, used = f"{name}_payload{part}", f"{name}_due{part}", f"{name}_used{part}"
    return [
        f"      if ({name}_valid && {name}_ready) begin",
        f"        {name}_count <= {name}_count + 1;",
        f"        if (!{name}_right && !failed) begin",
        "          failed = 1;",
        f"          for (lane = 0; lane < {shape.lanes}; lane = lane + 1)",
        f"            if (({got} & {used}) !== ({due} & {used}))",
        f'              $display("port {name}, beat %0d, lane %0d: expected %h, got %h",',
        f"                {name}_count, lane, {due}, {got});",
        "        end",
        "      end",
    ]


def _masks(used: npt.NDArray[np.bool_], shape: BeatShape) -> list[int]:
    """Ones where a lane holds an element."""
    ones = (1 << shape.bits) - 1
    return [sum(ones << (int(lane) * shape.bits) for lane in np.flatnonzero(row)) for row in used]


def _hex(payloads: list[int], shape: BeatShape) -> str:
    digits = -(-shape.width // 4)
    return "".join(f"{payload:0{digits}x}\n" for payload in payloads)
