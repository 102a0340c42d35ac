"""Runs a design in Icarus with a module of cocotb beside it, by a plan."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

import hdl

needs_cocotb = pytest.mark.skipif(
    any(find_spec(name) is None for name in ("cocotb", "cocotbext"))
    or not shutil.which("iverilog"),
    reason="needs cocotb, cocotbext-axi, cocotbext-wishbone and Icarus Verilog",
)

RUN = """
import sys
from cocotb_tools.runner import get_runner
folder, top, module = sys.argv[1:]
runner = get_runner("icarus")
runner.build(sources=[f"{folder}/design.v"], hdl_toplevel=top, build_dir=folder,
             timescale=("1ns", "1ps"))
runner.test(hdl_toplevel=top, test_module=module, build_dir=folder, test_dir=folder,
            results_xml=f"{folder}/results.xml")
"""


def drive(
    design: hdl.Design, folder: Path, plan: dict[str, Any], module: str = "cocotb_bench"
) -> dict[str, Any]:
    """What cocotb saw."""
    (folder / "design.v").write_text(design.verilog())
    (folder / "plan.json").write_text(json.dumps(plan))
    env = os.environ | {
        "PLAN": str(folder / "plan.json"),
        "SEEN": str(folder / "seen.json"),
        "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *sys.path]),
    }
    command = [sys.executable, "-c", RUN, str(folder), design.name, module]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert (folder / "seen.json").exists(), done.stdout[-6000:] + done.stderr[-3000:]
    return json.loads((folder / "seen.json").read_text())  # type: ignore[no-any-return]
