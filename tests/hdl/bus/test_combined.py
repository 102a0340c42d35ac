"""Combined designs at other people's buses: memories on chip, engines, sizes, many launches."""

from __future__ import annotations

from pathlib import Path

import pytest

import hdl
from tests.hdl.bus.cocotb_run import needs_cocotb
from tests.hdl.bus.rounds import run_rounds
from tests.hdl.combinations import Case

QUICK = {
    "a memory that launches change": Case(
        "histogram", 2, 3, (6, 6, 6), {"lanes": 4, "control": "axi-lite", "ports": "axi4"}
    ),
    "engines and sizes, every bus": Case(
        "gemv in chunks", 2, 4, (8, 2, 6, 8),
        {
            "dot": "bitserial", "lanes": 3, "engines": 2, "control": "wishbone", "runtime": "N",
            "ports": {"w": "axi4", "x": "axi-stream", "*": "wishbone"}, "bus_bits": 32, "burst": 2,
        },
    ),
}  # fmt: skip
LONG = {
    "engines that exchange": Case(
        "an exchange in each block", 1, 5, (4, 4, 4),
        {"engines": 2, "control": "wishbone", "ports": "wishbone", "bus_bits": 16},
    ),
    "in place": Case(
        "in place", 2, 3, (6, 6),
        {"lanes": 8, "control": "wishbone", "ports": "axi4", "bus_bits": 1024, "burst": 1},
    ),
    "a memory that is only read": Case(
        "gather from a memory", 1, 4, (4, 1, 3, 4),
        {"lanes": 3, "control": "axi-lite", "ports": "axi4", "runtime": "N", "burst": 16},
    ),
    "rows in shared memory": Case(
        "histograms in shared memory", 1, 6, (6, 2, 6),
        {
            "engines": 3, "control": "axi-lite", "runtime": "N",
            "ports": {"x": "wishbone", "y": "axi-stream"}, "bus_bits": 8,
        },
    ),
    "constants": Case(
        "constants", 2, 3, (6, 2, 4),
        {"lanes": 4, "control": "axi-lite", "ports": "axi4", "runtime": "N"},
    ),
    "stores under a condition": Case(
        "a store under a condition", 2, 3, (6, 6, 6),
        {"lanes": 2, "control": "axi-lite", "ports": {"x": "axi-stream", "*": "axi4"}},
    ),
    "a table of a function": Case(
        "a table of a function", 1, 3, (6, 4, 1),
        {"lanes": 3, "engines": 3, "control": "wishbone", "ports": "axi-stream", "runtime": "N"},
    ),
}  # fmt: skip


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Two designs; with --long nine, at two kinds of pauses."""
    if "case" in metafunc.fixturenames:
        found = [(name, case, 0.4) for name, case in QUICK.items()]
        if metafunc.config.getoption("long"):
            found += [(name, case, 0.0) for name, case in QUICK.items()]
            found += [(name, case, stall) for name, case in LONG.items() for stall in (0.0, 0.5)]
        ids = [f"{name}, {stall}" for name, _, stall in found]
        metafunc.parametrize(("case", "stall"), [found_[1:] for found_ in found], ids=ids)


@needs_cocotb
def test_launch_after_launch(case: Case, stall: float, tmp_path: Path) -> None:
    design = hdl.build(case.kernel, sizes={"N": case.rows[0]}, **case.options)
    runs = [case.arguments(number) for number in range(len(case.rows))]
    seen = run_rounds(design, runs, tmp_path, stall=stall)
    assert seen["values"]["status"] == 0b00010, "done, and nothing else"
