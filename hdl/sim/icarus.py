"""The emitted Verilog in Icarus Verilog, an event-driven simulator with unknown values (x).

A testbench in plain Verilog-2005 is written around the design: it feeds recorded beats, closes
ports by recorded patterns and prints what moves.  A source's payload is x while nothing is offered,
and what has no initial value is x until it is set, so whatever leans on either shows in the beats.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from hdl.sim.ports import PortMoves, PortPlan
from hdl.sim.programs import call
from hdl.sim.waves import WavePlan
from tilevm.diagnostics import error


def require() -> tuple[str, str]:
    """The compiler and the runtime of Icarus; raises TileError TV0611 if they are not installed."""
    compiler, runtime = shutil.which("iverilog"), shutil.which("vvp")
    if compiler is None or runtime is None:
        raise error(
            "TV0611",
            "the simulator `icarus` is not installed: no programs `iverilog` and `vvp` in the PATH",
            help="install it, on Debian and Ubuntu with `apt-get install iverilog`",
        )
    return compiler, runtime


def simulate(
    design: str,
    top: str,
    ports: Sequence[PortPlan],
    limit: int,
    waves: WavePlan | None = None,
) -> list[PortMoves]:
    """What moves through the ports of module `top` of `design`, in `limit` cycles at most.

    Raises TileError TV0611 where Icarus is not installed, TV0612 where it fails, TV0613 for a beat
    with unknown bits.
    """
    compiler, runtime = require()
    with TemporaryDirectory(prefix="tilevm-") as name:
        folder = Path(name)
        (folder / "design.v").write_text(design, "utf-8")
        (folder / "bench.v").write_text(testbench(top, ports, limit, waves), "utf-8")
        for file, values in _memories(ports).items():
            (folder / file).write_text("".join(f"{value:x}\n" for value in values), "ascii")
        command = [compiler, "-g2005", "-s", f"{top}_bench", "-o", "model", "design.v", "bench.v"]
        call(command, folder)
        kind = ["-fst"] if waves is not None and waves.kind == "fst" else []
        said = call([runtime, "-n", "model", *kind], folder)
        if waves is not None:
            waves.keep(folder / waves.file)
    rows: list[list[list[str]]] = [[] for _ in ports]
    broken: dict[int, int] = {}
    for words in map(str.split, said.splitlines()):
        if words and words[0] == "moved":
            rows[int(words[1])].append(words[2:])
        elif words and words[0] == "broken":
            broken.setdefault(int(words[1]), int(words[2]))
    moves = [_moves(port, found) for port, found in zip(ports, rows, strict=True)]
    return [replace(found, broken=broken.get(number)) for number, found in enumerate(moves)]


def _moves(port: PortPlan, rows: list[list[str]]) -> PortMoves:
    cycles = np.array([int(row[0]) for row in rows], np.int64)
    if port.beats is not None:
        return PortMoves(cycles, [])
    for number, (cycle, payload) in enumerate(rows):
        if port.tap is None and set(payload) & set("xXzZ"):
            raise error(
                "TV0613",
                f"beat {number} of port `{port.name}` has unknown bits in cycle {cycle}",
                notes=[f"its payload is {payload} (hexadecimal, x: unknown)"],
            )
    # what is unknown inside may be a lane that nobody reads; the comparison tells
    known = (re.sub("[xXzZ]", "0", payload) for _, payload in rows)
    return PortMoves(cycles, [int(payload, 16) for payload in known])


def _memories(ports: Sequence[PortPlan]) -> dict[str, Sequence[int]]:
    """What the files of the testbench hold, by name; a memory in Verilog has one word at least."""
    files: dict[str, Sequence[int]] = {}
    for number, port in enumerate(ports):
        if port.tap is not None:
            continue
        files[f"p{number}_open.hex"] = [int(is_open) for is_open in port.open] or [1]
        if port.beats is not None:
            files[f"p{number}_beats.hex"] = port.beats or [0]
    return files


def testbench(
    top: str, ports: Sequence[PortPlan], limit: int, waves: WavePlan | None = None
) -> str:
    """Module ``<top>_bench``, with its own clock; prints ``moved PORT CYCLE [PAYLOAD]`` per beat.

    And ``broken PORT CYCLE`` where a sink changes a beat that it offered and nobody took.

    PORT is the number of the port, PAYLOAD that of a sink in hexadecimal.
    """
    declared, clocked, wires = [], [], [".clk(clk)", ".rst(rst)"]
    for number, port in enumerate(ports):
        p = f"p{number}"
        if port.tap is not None:
            payload, moved = port.tap
            declared += [f"  integer {p}_count = 0;"]
            clocked += [
                f"      if ({moved} && {p}_count < {port.count}) begin",
                f'        $display("moved {number} %0d %h", cycle, {payload});',
                f"        {p}_count <= {p}_count + 1;",
                "      end",
            ]
            continue
        wires += [f".{port.name}_{part}({p}_{part})" for part in ("payload", "valid", "ready")]
        declared += _port(p, port)
        more = f"{p}_count < {port.count}"
        if port.beats is not None:
            shown = f'$display("moved {number} %0d", cycle);'
            clocked.append(f"      {p}_held <= {p}_valid && !{p}_ready;")
        else:
            shown = f'$display("moved {number} %0d %h", cycle, {p}_payload);'
            clocked += [
                f"      if ({p}_kept && (!{p}_valid || {p}_payload !== {p}_last))",
                f'        $display("broken {number} %0d", cycle);',
                f"      {p}_kept <= {p}_valid && !{p}_ready;",
                f"      {p}_last <= {p}_payload;",
            ]
        clocked += [
            f"      if ({p}_valid && {p}_ready && {more}) begin",
            f"        {shown}",
            f"        {p}_count <= {p}_count + 1;",
            "      end",
        ]
    done = " && ".join(f"p{number}_count == {port.count}" for number, port in enumerate(ports))
    return "\n".join(
        [
            "`timescale 1ns / 1ns",
            f"module {top}_bench;",
            "  reg clk = 0, rst = 0;",
            "  integer cycle = 0;",
            *declared,
            f"  \\{top} dut ({', '.join(wires)});",
            *_dump(top, waves),
            "  always #5 clk = ~clk;",
            "  initial begin",  # the reset changes after time 0, or always @* blocks miss it
            "    #1 rst = 1;",
            "    #21 rst = 0;",
            "  end",
            "  always @(posedge clk)",
            "    if (!rst) begin",
            "      cycle <= cycle + 1;",
            *clocked,
            f"      if (({done}) || cycle >= {limit}) $finish;",
            "    end",
            "endmodule",
            "",
        ]
    )


def _dump(top: str, waves: WavePlan | None) -> list[str]:
    if waves is None:
        return []
    start = f'  initial begin $dumpfile("{waves.file}"); $dumpvars(0, {top}_bench); end'
    return [*waves.groups, start]


def _port(p: str, port: PortPlan) -> list[str]:
    """Memories and wires of one port, and who drives it."""
    patterns = max(len(port.open), 1)
    lines = [
        f"  wire [{port.width - 1}:0] {p}_payload;",
        f"  wire {p}_valid, {p}_ready;",
        f"  integer {p}_count = 0;",
        f"  reg [0:0] {p}_pattern [0:{patterns - 1}];",
        f'  initial $readmemh("{p}_open.hex", {p}_pattern);',
        f"  wire {p}_open = cycle >= {patterns} || {p}_pattern[cycle];",
    ]
    if port.beats is None:
        kept = f"  reg {p}_kept = 0; reg [{port.width - 1}:0] {p}_last;"
        return [*lines, kept, f"  assign {p}_ready = !rst && {p}_open;"]
    return [
        *lines,
        f"  reg [{port.width - 1}:0] {p}_beats [0:{max(len(port.beats), 1) - 1}];",
        f'  initial $readmemh("{p}_beats.hex", {p}_beats);',
        f"  reg {p}_held = 0;",
        f"  assign {p}_valid = !rst && {p}_count < {port.count} && ({p}_held || {p}_open);",
        f"  assign {p}_payload = {p}_valid ? {p}_beats[{p}_count] : {port.width}'bx;",
    ]
