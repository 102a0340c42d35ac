"""A testbench in plain Verilog with vectors from the virtual machine: it needs no tilevm to run."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hdl.bus.registers import CONTROL, CYCLES, LAUNCHES, STATUS, STEPS
from hdl.bus.wrapper import control_prefix, pin_widths
from hdl.emit.bench_ports import BenchPort, bench_ports
from hdl.launches import DesignLaunch, launch_of
from hdl.timing import simulate_timing
from tilevm.diagnostics import error

if TYPE_CHECKING:
    from hdl.design import Design

MODELS = Path(__file__).parent / "bench"
MOST_LAUNCHES = 64
_CLEAR = 0x3E  # every bit of `status` that stays


def testbench(design: Design, arguments: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """By name the files of a self-checking testbench: ``NAME_tb.v`` and its vectors.

    It feeds a launch for each of `arguments`, one after the other, through the buses of the design,
    and prints PASS, or the first wrong beat or word with its port, and FAIL.  Cycles are compared
    with the predicted ones; with `+stall=P` ports pause in P of 100 cycles, and they are not.
    TileError TV0609 for no launch or too many.
    """
    if not 1 <= len(arguments) <= MOST_LAUNCHES:
        said = f"a testbench drives 1 to {MOST_LAUNCHES} launches, not {len(arguments)}"
        raise error("TV0609", said)
    launches = [launch_of(design, each) for each in arguments]
    ports = bench_ports(design, launches)
    files: dict[str, str] = {}
    for port in ports:
        files |= {f"vectors/{name}.hex": text for name, text in port.files.items()}
    files[f"{design.name}_tb.v"] = _Bench(design, launches, ports).text()
    return files


class _Bench:
    """The module around the design, and the models that it uses."""

    def __init__(
        self, design: Design, launches: Sequence[DesignLaunch], ports: Sequence[BenchPort]
    ) -> None:
        self.design, self.launches, self.ports = design, launches, ports
        self.top, self.control = design.name, design.edges.control
        beats = sum(launch.beats(port.name) for launch in launches for port in ports)
        # Wishbone takes some cycles a word and registers some an access, pauses a few times as many
        words = sum(1 + port.shape.width // design.edges.bus_bits for port in ports)
        self.limit = 10 * (2 * design.cycles * len(launches) + beats * words) + 5000

    def text(self) -> str:
        kinds = {"pause", *(model for port in self.ports for model in port.models)}
        if self.control is not None:
            kinds.add(f"registers-{self.control}")
        models = [(MODELS / f"{kind}.v").read_text("utf-8") for kind in sorted(kinds)]
        body = "\n".join([*self._module(), "", *models])
        # the models carry the name of the design: no module of another may stand for them
        return "\n".join([*self._head(), re.sub(r"\btb_", f"{self.top}_tb_", body)])

    def _head(self) -> list[str]:
        top = self.top
        count = "a launch" if len(self.launches) == 1 else f"{len(self.launches)} launches"
        return [
            f"// Feeds `{top}` {count} and compares what comes out: prints PASS or FAIL.",
            f"// In Icarus: iverilog -g2005 -o tb {top}_tb.v {top}.v && vvp tb",
            "// In Verilator: verilator --binary -Wno-fatal --top-module "
            f"{top}_tb {top}_tb.v {top}.v",
            f"//   && obj_dir/V{top}_tb",
            "// With +stall=30 +seed=1 every port pauses at random, in 30 of 100 cycles.",
            "`timescale 1ns / 1ps",
            "",
        ]

    def _module(self) -> list[str]:
        widths = pin_widths(self.design.netlist, self.design.edges)
        wires = [f"  wire [{width - 1}:0] {name};" for name, width in widths.items()]
        pins = ", ".join([".clk(clk)", ".rst(rst)", *(f".{name}({name})" for name in widths)])
        failing = " || ".join(f"{port.name}_failed" for port in self.ports)
        return [
            f"module {self.top}_tb;",
            "  reg clk = 0, rst = 0, started = 0, failed = 0;",
            "  integer cycle = 0, stall;",
            *([] if self.control is None else ["  reg [31:0] word;", "  reg wrong = 0;"]),
            *wires,
            *(f"  wire {port.name}_failed;" for port in self.ports),
            f"  \\{self.top} dut ({pins});",
            *(line for port in self.ports for line in port.lines),
            *self._registers(widths),
            "  always #5 clk = ~clk;",
            "  always @(posedge clk)",
            "    if (started) begin",
            "      cycle <= cycle + 1;",
            f"      if (cycle > {self.limit}) begin",
            f'        $display("FAIL: not done after {self.limit} cycles");',
            "        $finish;",
            "      end",
            f"      if ({failing}) begin",
            '        $display("FAIL");',
            "        $finish;",
            "      end",
            *(self._open() if self.control is None else []),
            "    end",
            *self._tasks(),
            "  initial begin",
            '    if (!$value$plusargs("stall=%d", stall)) stall = 0;',
            "    #1 rst = 1;",  # after time 0, or always @* blocks miss it
            "    #21 rst = 0;",
            "    started = 1;",
            *(self._driven() if self.control is not None else []),
            "  end",
            "endmodule",
        ]

    def _open(self) -> list[str]:
        """The end of a design without registers: all beats have moved."""
        done = " && ".join(
            f"{port.name}_model.count == {sum(launch.beats(port.name) for launch in self.launches)}"
            for port in self.ports
        )
        want = simulate_timing(self.design.netlist, len(self.launches)).cycles
        return [
            f"      else if ({done}) begin",
            f"        if (stall == 0 && cycle != {want})",
            f'          $display("FAIL: %0d cycles, {want} were predicted", cycle);',
            '        else $display("PASS: %0d cycles", cycle);',
            "        $finish;",
            "      end",
        ]

    def _registers(self, widths: Mapping[str, int]) -> list[str]:
        if self.control is None:
            return []
        prefix = control_prefix([port.name for port in self.ports])
        pins = [name for name in widths if name.startswith(f"{prefix}_")]
        wires = ", ".join(f".{name.removeprefix(f'{prefix}_')}({name})" for name in pins)
        assert self.design.registers is not None
        bits = self.design.registers.address_bits
        return [f"  tb_registers #({bits}) registers (.clk(clk), {wires});"]

    def _tasks(self) -> list[str]:
        if self.control is None:
            return []
        return [
            "  // Starts a launch and waits for its end: `number` launches have ended then.",
            "  task launch(input integer number, input integer predicted, input integer exact);",
            "    begin",
            f"      registers.write('h{CONTROL.offset:02x}, 1);",
            "      word = 0;",
            f"      while (word !== number) registers.read('h{LAUNCHES.offset:02x}, word);",
            f"      registers.read('h{STATUS.offset:02x}, word);",
            "      if (word !== 2) begin",
            '        $display("launch %0d: status %h, not 00000002 (done)", number, word);',
            "        failed = 1;",
            "      end",
            f"      registers.write('h{STATUS.offset:02x}, {_CLEAR});",
            f"      registers.read('h{CYCLES.offset:02x}, word);",
            '      $display("launch %0d: %0d cycles", number, word);',
            "      if (stall == 0 && (exact ? word !== predicted : word < predicted)) begin",
            '        $display("launch %0d: %0d cycles were predicted", number, predicted);',
            "        failed = 1;",
            "      end",
            "    end",
            "  endtask",
            "  task moved(input integer count, input integer wanted);",
            "    if (count !== wanted) begin",
            '      $display("%0d beats moved, not %0d", count, wanted);',
            "      failed = 1;",
            "    end",
            "  endtask",
        ]

    def _driven(self) -> list[str]:
        """All launches, by the registers."""
        exact = int(not self.design.edges.reaches_memory)
        table = self.design.registers
        assert table is not None
        bases = {port.port: port.base for port in table.ports}
        lines = ["    @(posedge clk);"]
        for number, launch in enumerate(self.launches):
            cycles = self.design.cycles
            lines.append(f"    // launch {number + 1}: {launch.sizes or 'of one size'}")
            if launch.steps is not None and self.design.runtime is not None:
                cycles = self.design.runtime.cycles[launch.steps - 1]
                lines.append(f"    registers.write('h{STEPS:x}, {launch.steps});")
            for port in self.ports:
                if port.memory is not None:
                    address, base = port.memory.address(number), bases[port.name] + 8
                    for part in range(2):
                        word = address >> 32 * part & 0xFFFFFFFF
                        lines.append(f"    registers.write('h{base + 4 * part:x}, 32'h{word:x});")
            lines.append(f"    launch({number + 1}, {cycles}, {exact});")
            for port in self.ports:
                lines += port.after(number)
        return [
            *lines,
            '    if (failed) $display("FAIL");',
            f'    else $display("PASS: {len(self.launches)} launches");',
            "    $finish;",
        ]
