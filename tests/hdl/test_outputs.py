"""What a design is written as beside Verilog: testbench, RTLIL, descriptions, a core file."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest

import hdl
import tilevm
from hdl.emit.describe import core_file, described
from hdl.sim.external import missing
from hdl.sim.verilator import require
from tests.hdl.test_external import PROGRAMS, built, random_arguments
from tilevm.diagnostics import TileError

NAMES = ("gemv-mac", "batch-weights", "lanewise", "turned")


def written(folder: Path, name: str) -> hdl.Design:
    design, text = built(name)
    files = {f"{design.name}.v": text, **design.testbench(random_arguments(design, 3))}
    for file, content in files.items():
        (folder / file).parent.mkdir(exist_ok=True)
        (folder / file).write_text(content, "utf-8")
    return design


def run(folder: Path, top: str) -> str:
    """What the testbench says in Icarus."""
    files = [f"{top}_tb.v", f"{top}.v"]
    subprocess.run(["iverilog", "-g2005", "-Wall", "-o", "tb", *files], cwd=folder, check=True)
    done = subprocess.run(["vvp", "-n", "tb"], cwd=folder, check=True, capture_output=True)
    return done.stdout.decode()


@pytest.mark.parametrize("name", NAMES)
def test_the_testbench_passes_without_us(name: str, tmp_path: Path) -> None:
    if shutil.which("iverilog") is None:
        pytest.skip("Icarus is not installed")
    design = written(tmp_path, name)
    assert run(tmp_path, design.name) == f"PASS: {design.cycles} cycles\n"


def test_the_testbench_names_the_first_wrong_beat(tmp_path: Path) -> None:
    if shutil.which("iverilog") is None:
        pytest.skip("Icarus is not installed")
    design = written(tmp_path, "turned")
    vectors = tmp_path / "vectors" / "y.hex"
    lines = vectors.read_text().split()
    width = design.outputs[0].shape.bits
    lines[4] = f"{int(lines[4], 16) ^ 1 << 2 * width:0{len(lines[4])}x}"
    vectors.write_text("\n".join(lines))
    first, second = run(tmp_path, "turned").splitlines()
    assert first.startswith("port y, beat 4, lane 2: expected ") and second == "FAIL"


@pytest.mark.parametrize("name", NAMES[:2])
def test_verilator_takes_the_testbench(name: str, tmp_path: Path) -> None:
    if reason := missing("verilator"):
        pytest.skip(reason)
    top = written(tmp_path, name).name
    root = require().root
    command = [root / "bin" / "verilator_bin", "--lint-only", "--timing", "-Wno-fatal"]
    done = subprocess.run(
        [*command, "--top-module", f"{top}_tb", f"{top}_tb.v", f"{top}.v"],
        cwd=tmp_path, env={"VERILATOR_ROOT": str(root)}, capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0 and b"%Error" not in done.stderr, done.stderr


def test_rtlil_is_read_by_yosys() -> None:
    from hdl.emit.verilog import _yosys

    design, _ = built("gemv-mac")
    read = f"read_rtlil <<rtlil\n{design.rtlil()}\nrtlil\n"
    said = _yosys(f"{read}proc -norom\nwrite_verilog -noattr\n")
    assert all(f" {unit['instance']} (" in said for unit in design.description()["modules"])


def test_instances_say_the_statement_that_they_compute() -> None:
    design, _ = built("gemv-mac")
    text = design.verilog()
    for unit in design.description()["modules"]:
        head = text[: text.index(f"  {unit['module']} {unit['instance']} (\n")].splitlines()[-2:]
        name = unit["instance"].removesuffix("_actor")
        assert head[0] == f"  // unit {name}: {unit['does']}"
        assert head[1].startswith(f"  // `{unit['op']}`, line {unit['line']}: "), unit
        assert head[1].endswith(unit["statement"].splitlines()[0])


def test_descriptions_at_each_grain() -> None:
    design, _ = built("gemv-mac")
    data = design.description()
    assert data["design"]["cycles"] == design.cycles
    names = [module["instance"] for module in data["modules"]]
    assert sorted(names) == sorted(m for s in data["statements"] for m in s["instances"])
    text = described(design)
    for statement in data["statements"]:
        assert f"- Line {statement['line']}, `{statement['statement']}`" in text
    assert all(f"`{name}`" in text for name in names)


def test_the_core_lists_every_file() -> None:
    design, _ = built("turned")
    bench = sorted(design.testbench(random_arguments(design, 1)))
    core = core_file(design, bench)
    assert core.startswith("CAPI=2:\nname: tilevm::turned:")
    assert all(f"- {file}: " in core for file in bench)
    assert "toplevel: turned_tb" in core and "bench" not in core_file(design)
    assert core.count("mode: lint-only") == core_file(design).count("mode: lint-only") == 1


def test_a_limit_of_bits() -> None:
    kernel = tilevm.parse(PROGRAMS)["turned"]
    design = hdl.build(kernel, lanes=5)
    needed = design.stored_bits()
    assert hdl.build(kernel, lanes=5, max_bits=needed).cycles == design.cycles
    with pytest.raises(TileError, match=f"TV0616.*stores {needed:,} bits") as caught:
        hdl.build(kernel, lanes=5, max_bits=needed - 1)
    assert "largest part is `" in caught.value.diagnostics[0].notes[1]


ROOTS = """
kernel roots(a: global e4m3fn[12], y: global e4m3fn[12])
  grid (n = 3)
{
  at: e4m3fn[4] = load a[n * 4]
  r = sqrt at
  store r, y[n * 4]
}
"""


def test_memories_in_files(tmp_path: Path) -> None:
    """What the file holds is what the op gives; with other contents the testbench fails."""
    design = hdl.build(tilevm.parse(ROOTS)["roots"], lanes=2)
    files = design.verilog_files()
    (memory,) = (name for name in files if name != "roots.v")
    assert memory == "memories/roots_map_sqrt_of_e4m3fn_u8x2_entries.hex"
    assert f'$readmemh("{memory}"' in files["roots.v"] and "initial begin" not in files["roots.v"]
    first, *words = files[memory].split()
    codes = np.arange(256, dtype=np.uint8).view(ml_dtypes.float8_e4m3fn).astype(np.float64)
    roots = np.sqrt(np.abs(codes)).astype(ml_dtypes.float8_e4m3fn).view(np.uint8)
    positive = np.flatnonzero(codes > 0)
    assert first == "@0" and [int(words[n], 16) for n in positive] == roots[positive].tolist()
    if shutil.which("iverilog") is None:
        pytest.skip("Icarus is not installed")
    files |= design.testbench(a=codes[8:20])
    wrong = "@0\n" + "55\n" * len(words)
    for contents, said in ((files[memory], f"PASS: {design.cycles} cycles"), (wrong, "FAIL")):
        for file, content in {**files, memory: contents}.items():
            (tmp_path / file).parent.mkdir(exist_ok=True)
            (tmp_path / file).write_text(content, "utf-8")
        assert run(tmp_path, "roots").splitlines()[-1] == said
    listed = core_file(design, ["roots_tb.v"], [memory])
    assert f"- {memory}: " in listed and "filesets: [rtl, memories, bench]" in listed
