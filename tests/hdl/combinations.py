"""Designs with all features at once: a kernel of a family, any options of `hdl.build`, launches.

`cases()` draws them; `check` builds one and compares it with the machine on the kernel as it was
written, in every way there is: simulated with back-pressure, by its testbench through its buses,
launch after launch, at sizes chosen at each.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import strategies as st

import hdl
import tilevm
from hdl.bus.edges import CONTROLS, MEMORIES, STREAMS, WORD_BITS
from hdl.options import DOT_FORMS
from tests.hdl.families import FAMILIES, program
from tilevm.diagnostics import TileError

SIMULATORS = ("amaranth", "amaranth", "icarus", "icarus", "verilator")  # the last compiles for long


@dataclass(frozen=True)
class Case:
    """One design and how it is run; `rows` is the size N of each launch, the first the largest."""

    family: str
    block: int  # R
    columns: int  # C
    rows: tuple[int, ...]
    options: Mapping[str, Any] = field(hash=False)
    files: bool = False  # contents of memories as files beside the Verilog
    simulator: str = "amaranth"
    stall: float = 0.0
    seed: int = 0

    @property
    def kernel(self) -> tilevm.Kernel:
        return program(self.family, self.block, self.columns)

    def arguments(self, launch: int) -> dict[str, Any]:
        """Random values for every buffer of a launch."""
        rng = np.random.default_rng([self.seed, launch])
        shapes = tilevm.vm.bind_symbols(self.kernel, {"N": self.rows[launch]}).extents
        found = {p.name: p.dtype.random(rng, shapes[p.name]) for p in self.kernel.params}
        if self.family == "scatter":  # two blocks may not write one row: the machine stops there
            found["p"] = rng.permutation(self.rows[launch])
        return found


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Any family with any options, small."""
    family = draw(st.sampled_from(sorted(FAMILIES)))
    block, columns = draw(st.integers(1, 3)), draw(st.sampled_from((1, 2, 3, 4, 6, 8)))
    most = draw(st.integers(1, 6)) * block
    names = [param.name for param in program(family, block, columns).params]
    control = draw(st.sampled_from((None, *CONTROLS)))
    options: dict[str, Any] = {
        "dot": draw(st.sampled_from(DOT_FORMS)),
        "lanes": draw(st.sampled_from((1, 2, 3, 4, 5, 8, 16))),
        "group": draw(st.integers(1, 4)),
        "table": draw(st.sampled_from(("activations", "weights"))),
        "engines": draw(st.sampled_from((1, 1, 1, 2, 3, 4))),
        "control": control,
    }
    kinds = (*STREAMS, *MEMORIES) if control or draw(st.integers(0, 9)) == 0 else STREAMS
    named = draw(st.lists(st.sampled_from(["*", *names]), unique=True))
    options["ports"] = {name: draw(st.sampled_from(kinds)) for name in named}
    options["bus_bits"] = draw(st.sampled_from(sorted({*WORD_BITS["axi4"], 8, 16})))
    options["burst"] = draw(st.sampled_from((1, 2, 4, 64, 256)))
    rows = [most]
    if draw(st.booleans()):
        options["runtime"] = "N"
        rows += [
            draw(st.integers(1, most // block)) * block for _ in range(draw(st.integers(0, 3)))
        ]
    else:
        rows += [most] * draw(st.integers(0, 2))
    return Case(
        family,
        block,
        columns,
        tuple(rows),
        options,
        draw(st.booleans()),
        draw(st.sampled_from(SIMULATORS)),
        draw(st.sampled_from((0.0, 0.3, 0.7))),
        draw(st.integers(0, 99)),
    )


def check(case: Case, folder: Path) -> str:
    """How it ended: ``built``, or the code of the refusal."""
    kernel = case.kernel
    try:
        design = hdl.build(kernel, sizes={"N": case.rows[0]}, **case.options)
    except TileError as refused:
        (diagnostic,) = refused.diagnostics
        assert diagnostic.code.startswith(("TV05", "TV06")), refused
        return diagnostic.code
    launches = [case.arguments(number) for number in range(len(case.rows))]
    for number in {0, len(launches) - 1}:
        simulated(case, design, launches[number])
    if shutil.which("iverilog") is not None:
        passes(design, launches, folder, case)
    return "built"


def simulated(case: Case, design: hdl.Design, arguments: Mapping[str, Any]) -> None:
    """A launch equals the machine on the program as written, in the cycles of the timed model."""
    wanted = tilevm.run(case.kernel, arguments)
    result = design.simulate(arguments, simulator=case.simulator, stall=case.stall, seed=case.seed)
    assert result.cycles == result.predicted
    for name, values in wanted.items():
        kind = case.kernel.param(name).dtype
        same = np.array_equal(kind.encode(values), kind.encode(result.outputs[name]))
        assert same, f"{name}: {result.outputs[name]} for {values}"


def passes(design: hdl.Design, launches: list[dict[str, Any]], folder: Path, case: Case) -> None:
    """The testbench of the design says PASS, with and without pauses."""
    text = design.verilog_files() if case.files else {f"{design.name}.v": design.verilog()}
    for name, content in {**text, **design.testbench(*launches)}.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(content, "utf-8")
    sources = [f"{design.name}_tb.v", f"{design.name}.v"]
    subprocess.run(["iverilog", "-g2005", "-o", "tb", *sources], cwd=folder, check=True)
    for stall in {0, round(100 * case.stall)}:
        command = ["vvp", "-n", "tb", f"+stall={stall}", f"+seed={case.seed + 1}"]
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=300, check=False
        )
        assert "PASS" in done.stdout and "FAIL" not in done.stdout, done.stdout + done.stderr
