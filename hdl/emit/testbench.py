"""A Verilog testbench around the Verilog of a design: feeds in, beats out, with recorded stalls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class PortBench:
    """One port as a testbench sees it; its payloads are integers of `width` bits."""

    name: str
    width: int
    open: Sequence[bool]  # per cycle; open after the end
    beats: Sequence[int] | None = None  # what a source is fed; None for a sink
    count: int = 0  # beats to come out of a sink


def testbench(top: str, ports: Sequence[PortBench], max_idle: int) -> str:
    """Module ``<top>_bench``, with ports `clk` and `rst`, in plain Verilog-2005 for any simulator.

    For each beat out it prints ``<port> <cycle> <payload in hexadecimal>``, cycle 0 being the first
    one after the reset, and ends with ``done``, or with ``stuck`` after `max_idle` cycles without
    a beat in or out while all ports are open.  Beats and stalls come from the files of `memories`.
    """
    sources = [port for port in ports if port.beats is not None]
    sinks = [port for port in ports if port.beats is None]
    declared, driven, clocked, wires = [], [], [], [".clk(clk)", ".rst(rst)"]
    for port in ports:
        name, last = port.name, max(len(port.open), 1)
        wires += [f".{name}_{part}({name}_{part})" for part in ("payload", "valid", "ready")]
        declared += [
            f"  wire [{port.width - 1}:0] {name}_payload;",
            f"  wire {name}_valid, {name}_ready;",
            f"  reg [0:0] {name}_pattern [0:{last - 1}];",
            f"  wire {name}_open = cycle >= {len(port.open)} || {name}_pattern[cycle % {last}];",
            f"  integer {name}_count = 0;",
            f'  initial $readmemh("{name}_pattern.hex", {name}_pattern);',
        ]
        moves = f"{name}_valid && {name}_ready"
        if port.beats is not None:
            total = max(len(port.beats), 1)
            declared += [
                f"  reg [{port.width - 1}:0] {name}_beats [0:{total - 1}];",
                f"  reg {name}_held = 0;",
                f'  initial $readmemh("{name}_beats.hex", {name}_beats);',
            ]
            more = f"{name}_count < {len(port.beats)}"
            driven += [
                f"  assign {name}_valid = !rst && {more} && ({name}_held || {name}_open);",
                f"  assign {name}_payload = {name}_beats[{name}_count % {total}];",
            ]
            clocked += [
                f"      {name}_held <= {name}_valid && !{name}_ready;",
                f"      if ({moves}) {name}_count <= {name}_count + 1;",
            ]
        else:
            driven.append(f"  assign {name}_ready = !rst && {name}_open;")
            show = f'$display("{name} %0d %h", cycle, {name}_payload);'
            clocked += [
                f"      if ({moves} && {name}_count < {port.count}) begin",
                f"        {show}",
                f"        {name}_count <= {name}_count + 1;",
                "      end",
            ]
    moved = " || ".join(f"{port.name}_valid && {port.name}_ready" for port in ports)
    complete = " && ".join(f"{port.name}_count == {port.count}" for port in sinks) or "1"
    is_open = " && ".join(f"cycle >= {len(port.open)}" for port in sources + sinks) or "1"
    return "\n".join([
        f"module {top}_bench(input clk, input rst);",
        "  integer cycle = 0, idle = 0;",
        *declared,
        f"  {top} dut ({', '.join(wires)});",
        *driven,
        "  always @(posedge clk)",
        "    if (!rst) begin",
        "      cycle <= cycle + 1;",
        f"      idle <= ({moved} || !({is_open})) ? 0 : idle + 1;",
        *clocked,
        f"      if ({complete}) begin",
        '        $display("done");',
        "        $finish;",
        f"      end else if (idle > {max_idle}) begin",
        '        $display("stuck");',
        "        $finish;",
        "      end",
        "    end",
        "endmodule",
        "",
    ])  # fmt: skip


def clock(top: str) -> str:
    """Module ``<top>_clock`` around a testbench: its clock, and a reset over the first edges."""
    return f"""
module {top}_clock;
  reg clk = 0, rst = 1;
  {top}_bench bench(.clk(clk), .rst(rst));
  always #5 clk = ~clk;
  initial #22 rst = 0;
endmodule
"""


def memories(ports: Sequence[PortBench]) -> dict[str, str]:
    """Contents of the files that a testbench of these ports reads, by name."""
    files = {}
    for port in ports:
        opens = [int(is_open) for is_open in port.open] or [1]
        files[f"{port.name}_pattern.hex"] = "".join(f"{bit}\n" for bit in opens)
        if port.beats is not None:
            files[f"{port.name}_beats.hex"] = "".join(f"{b:x}\n" for b in port.beats or [0])
    return files
