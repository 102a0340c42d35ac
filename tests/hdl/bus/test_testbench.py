"""The testbench of a design with buses and registers: it passes, and finds what is wrong."""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hdl
import tilevm
from hdl.emit.testbench import MODELS
from hdl.sim.external import missing
from tests.hdl.bus.test_memory_buses import PROGRAM
from tilevm.cli import main
from tilevm.diagnostics import TileError

DESIGNS: dict[str, tuple[tuple[int, ...], dict[str, Any]]] = {
    "mixed": (
        (12, 6, 12),
        {
            "runtime": "N",
            "control": "axi-lite",
            "burst": 4,
            "ports": {"w": "axi4", "x": "axi-stream", "y": "wishbone", "z": "axi4"},
        },
    ),
    "streams": ((12, 12), {"control": "wishbone", "ports": {"y": "axi-stream"}}),
}

needs_icarus = pytest.mark.skipif(not shutil.which("iverilog"), reason="needs Icarus Verilog")


@cache
def made(name: str) -> tuple[hdl.Design, dict[str, str]]:
    """A design, and the files of its testbench."""
    sizes, options = DESIGNS[name]
    rng = np.random.default_rng(5)
    kernel = tilevm.parse(PROGRAM)["gemv"]
    design = hdl.build(kernel, N=sizes[0], K=18, lanes=3, **options)
    launches = [
        {"w": rng.integers(-4, 4, (size, 18)), "x": rng.integers(-128, 128, 18)} for size in sizes
    ]
    return design, {"gemv.v": design.verilog(), **design.testbench(*launches)}


def run(folder: Path, files: Mapping[str, str], *options: str) -> list[str]:
    """What it says in Icarus."""
    for name, text in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    compiler = ["iverilog", "-g2005", "-Wall", "-Wno-timescale", "-o", "tb", "gemv_tb.v", "gemv.v"]
    done = subprocess.run(compiler, cwd=folder, capture_output=True, text=True, check=True)
    assert "gemv_tb.v" not in done.stderr, done.stderr
    command = ["vvp", "-n", "tb", *options]
    said = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    assert not said.stderr and "WARNING" not in said.stdout, said
    return said.stdout.splitlines()


@needs_icarus
def test_launches_of_other_sizes_by_every_bus(tmp_path: Path) -> None:
    design, files = made("mixed")
    *cycles, end = run(tmp_path, files)
    assert end == "PASS: 3 launches" and len(cycles) == 3
    *stalled, end = run(tmp_path, files, "+stall=60", "+seed=7")
    assert end == "PASS: 3 launches"
    counts = [[int(line.split()[2]) for line in lines] for lines in (cycles, stalled)]
    assert design.runtime is not None
    for open_, closed, steps in zip(*counts, (2, 1, 2), strict=True):
        assert design.runtime.cycles[steps - 1] <= open_ < closed


@needs_icarus
def test_cycles_of_streams_are_exact(tmp_path: Path) -> None:
    design, files = made("streams")
    each = f"{design.cycles} cycles"
    want = [f"launch 1: {each}", f"launch 2: {each}", "PASS: 2 launches"]
    assert run(tmp_path, files) == want
    bench = files["gemv_tb.v"]
    wrong = re.sub(r"launch\(2, \d+, 1\)", "launch(2, 77, 1)", bench)
    assert wrong != bench
    found = run(tmp_path, files | {"gemv_tb.v": wrong})
    assert found[-2:] == ["launch 2: 77 cycles were predicted", "FAIL"]


@needs_icarus
@pytest.mark.parametrize(
    ("design", "file", "line", "said"),
    [
        ("streams", "z", 3, "port z, beat 3, lane 0: expected "),
        ("streams", "y", 1, "port y, beat 1, lane 0: expected "),
        ("mixed", "z", 1, "word 0 of the image: expected "),
        ("mixed", "y", 2, "word 1 of the image: expected "),
    ],
)
def test_a_wrong_value_is_named(
    design: str, file: str, line: int, said: str, tmp_path: Path
) -> None:
    """A bit of what is expected is turned over."""
    _, files = made(design)
    name = f"vectors/{file}.hex"
    words = files[name].split()
    words[line] = f"{int(words[line], 16) ^ 1:0{len(words[line])}x}"
    found = run(tmp_path, files | {name: "\n".join(words) + "\n"})
    assert found[-1] == "FAIL" and any(text.startswith(said) for text in found), found


@needs_icarus
def test_a_design_that_stands_still_fails(tmp_path: Path) -> None:
    """No data of w ever comes, so the registers never say that the launch has ended."""
    _, files = made("mixed")
    stuck = re.sub(r"(\.w_rvalid\()w_rvalid", r"\g<1>1'b0", files["gemv_tb.v"])
    assert run(tmp_path, files | {"gemv_tb.v": stuck})[-1].startswith("FAIL: not done after ")


def test_verilator_takes_the_models(tmp_path: Path) -> None:
    from hdl.sim.verilator import require

    if reason := missing("verilator"):
        pytest.skip(reason)
    root, (_, files) = require().root, made("mixed")
    for name in ("gemv.v", "gemv_tb.v"):
        (tmp_path / name).write_text(files[name], "utf-8")
    command = [root / "bin" / "verilator_bin", "--lint-only", "--timing", "-Wno-fatal"]
    done = subprocess.run(
        [*command, "--top-module", "gemv_tb", "gemv_tb.v", "gemv.v"],
        cwd=tmp_path, env={"VERILATOR_ROOT": str(root)}, capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0 and b"%Error" not in done.stderr, done.stderr


def test_the_models_are_part_of_the_package() -> None:
    """Verilog is no Python: what is installed lists it."""
    root = Path(hdl.__file__).parent
    project = tomllib.loads((root.parent / "pyproject.toml").read_text("utf-8"))
    patterns = project["tool"]["setuptools"]["package-data"]["hdl"]
    listed = {path for pattern in patterns for path in root.glob(pattern)}
    assert MODELS.is_dir() and set(MODELS.iterdir()) <= listed


def test_no_launch_is_refused() -> None:
    design, _ = made("streams")
    with pytest.raises(TileError, match=r"TV0609.*drives 1 to 64 launches, not 65"):
        design.testbench(*[{}] * 65)
    with pytest.raises(TileError, match=r"TV0412.*built for `N` = 12, not 6"):
        design.testbench({"N": 6, "w": np.zeros((6, 18), int), "x": np.zeros(18, int)})


@needs_icarus
def test_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "gemv.tile").write_text(PROGRAM)
    build = ["build", str(tmp_path / "gemv.tile"), "gemv", "--set", "N=12", "--set", "K=18"]
    options = "--ports axi4 --control axi-lite --runtime N --testbench --launches 3".split()
    assert main([*build, *options, "-o", str(tmp_path / "out")]) == 0
    assert run(tmp_path / "out", {})[-1] == "PASS: 3 launches"
    assert main([*build, "--launches", "2", "-o", str(tmp_path / "no")]) == 2
    assert "add --testbench" in capsys.readouterr().err
