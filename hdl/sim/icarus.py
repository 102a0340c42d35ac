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

from hdl.sim.ports import Moves, Octets, Plan, PortPlan, StreamTap, UnitTap, octets_of
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
    plans: Sequence[Plan],
    patience: int,
    waves: WavePlan | None = None,
) -> list[Moves]:
    """What moves at the ports and taps of module `top` of `design`.

    It ends when all has moved, or nothing does for `patience` cycles with all ports open.  Raises
    TileError TV0611 where Icarus is not installed, TV0612 where it fails, TV0613 for a beat with
    unknown bits.
    """
    compiler, runtime = require()
    with TemporaryDirectory(prefix="tilevm-") as name:
        folder = Path(name)
        (folder / "design.v").write_text(design, "utf-8")
        (folder / "bench.v").write_text(testbench(top, plans, patience, waves), "utf-8")
        for file, words in _memories(plans).items():
            (folder / file).write_text("".join(f"{word}\n" for word in words), "ascii")
        command = [compiler, "-g2005", "-s", f"{top}_bench", "-o", "model", "design.v", "bench.v"]
        call(command, folder)
        kind = ["-fst"] if waves is not None and waves.kind == "fst" else []
        said = call([runtime, "-n", "model", *kind], folder)
        if waves is not None:
            waves.keep(folder / waves.file)
    rows: list[list[list[str]]] = [[] for _ in plans]
    broken: dict[int, int] = {}
    waited: dict[int, int] = {}
    for words in map(str.split, said.splitlines()):
        if words and words[0] == "moved":
            rows[int(words[1])].append(words[2:])
        elif words and words[0] == "broken":
            broken.setdefault(int(words[1]), int(words[2]))
        elif words and words[0] == "waited":
            waited[int(words[1])] = int(words[2])
    moves = [_moves(plan, found) for plan, found in zip(plans, rows, strict=True)]
    return [
        replace(found, broken=broken.get(number), waited=waited.get(number, 0))
        for number, found in enumerate(moves)
    ]


def _moves(plan: Plan, rows: list[list[str]]) -> Moves:
    cycles = np.array([int(row[0]) for row in rows], np.int64)
    if isinstance(plan, UnitTap) or (isinstance(plan, PortPlan) and plan.beats is not None):
        return Moves(cycles, np.zeros((0, 0), np.uint8))
    for number, (cycle, payload) in enumerate(rows):
        if isinstance(plan, PortPlan) and set(payload) & set("xXzZ"):
            raise error(
                "TV0613",
                f"beat {number} of port `{plan.name}` has unknown bits in cycle {cycle}",
                notes=[f"its payload is {payload} (hexadecimal, x: unknown)"],
            )
    # what is unknown inside may be a lane that nobody reads; the comparison tells
    known = [int(re.sub("[xXzZ]", "0", payload), 16) for _, payload in rows]
    return Moves(cycles, octets_of(known, plan.width))


def _memories(plans: Sequence[Plan]) -> dict[str, Sequence[str]]:
    """What the files of the testbench hold, by name; a memory in Verilog has one word at least."""
    files: dict[str, Sequence[str]] = {}
    for number, plan in enumerate(plans):
        if not isinstance(plan, PortPlan):
            continue
        files[f"p{number}_open.hex"] = [f"{is_open:d}" for is_open in plan.open] or ["1"]
        if plan.beats is not None:
            files[f"p{number}_beats.hex"] = _hexadecimal(plan.beats) or ["0"]
    return files


def _hexadecimal(payloads: Octets) -> list[str]:
    text, size = payloads[:, ::-1].tobytes().hex(), 2 * payloads.shape[1]
    return [text[at : at + size] for at in range(0, len(text), size)]


def testbench(top: str, plans: Sequence[Plan], patience: int, waves: WavePlan | None = None) -> str:
    """Module ``<top>_bench``, with its own clock; prints ``moved NUMBER CYCLE [PAYLOAD]`` per beat.

    And ``broken NUMBER CYCLE`` where a sink changes a beat that it offered and nobody took, and at
    the end ``waited NUMBER CYCLES`` for each unit that is watched.

    NUMBER is that of the port or tap, PAYLOAD that of a sink or a stream in hexadecimal.
    """
    declared, clocked, wires, ended = [], [], [".clk(clk)", ".rst(rst)"], []
    for number, plan in enumerate(plans):
        p = f"p{number}"
        declared.append(f"  integer {p}_count = 0;")
        shown = ""
        if isinstance(plan, StreamTap):
            moved, shown = plan.moved, plan.payload
        elif isinstance(plan, UnitTap):
            moved = plan.fires
            declared.append(f"  integer {p}_waited = 0;")
            waits = f"!{plan.ready} && {p}_count < {plan.count}"
            clocked.append(f"      if ({waits}) {p}_waited <= {p}_waited + 1;")
            ended.append(f'        $display("waited {number} %0d", {p}_waited);')
        else:
            moved = f"{p}_valid && {p}_ready"
            wires += [f".{plan.name}_{part}({p}_{part})" for part in ("payload", "valid", "ready")]
            declared += _port(p, plan)
            if plan.beats is not None:
                clocked.append(f"      {p}_held <= {p}_valid && !{p}_ready;")
            else:
                shown = f"{p}_payload"
                clocked += _contract(number, p)
        said = (
            f'"moved {number} %0d %h", cycle, {shown}' if shown else f'"moved {number} %0d", cycle'
        )
        clocked += [
            f"      if ({moved} && {p}_count < {plan.count}) begin",
            f"        $display({said});",
            f"        {p}_count <= {p}_count + 1;",
            "        last <= cycle;",
            "      end",
        ]
    done = " && ".join(f"p{number}_count == {plan.count}" for number, plan in enumerate(plans))
    opened = max((len(plan.open) for plan in plans if isinstance(plan, PortPlan)), default=0)
    return "\n".join(
        [
            "`timescale 1ns / 1ns",
            f"module {top}_bench;",
            "  reg clk = 0, rst = 0;",
            f"  integer cycle = 0, last = {opened};",
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
            f"      if (({done}) || cycle > {opened} && cycle > last + {patience}) begin",
            *ended,
            "        $finish;",
            "      end",
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


def _contract(number: int, p: str) -> list[str]:
    """What a sink offers stays until it is taken."""
    return [
        f"      if ({p}_kept && (!{p}_valid || {p}_payload !== {p}_last))",
        f'        $display("broken {number} %0d", cycle);',
        f"      {p}_kept <= {p}_valid && !{p}_ready;",
        f"      {p}_last <= {p}_payload;",
    ]


def _port(p: str, port: PortPlan) -> list[str]:
    """Memories and wires of one port, and who drives it."""
    patterns = max(len(port.open), 1)
    lines = [
        f"  wire [{port.width - 1}:0] {p}_payload;",
        f"  wire {p}_valid, {p}_ready;",
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
