"""Sizes that are chosen at each launch: values of the machine, cycles of the timed model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hdl
import tilevm
from tests.hdl.bus.cocotb_run import needs_cocotb
from tests.hdl.bus.rounds import run_rounds
from tests.hdl.bus.test_memory_buses import PROGRAM
from tilevm.cli import main
from tilevm.diagnostics import TileError

UNIT, MOST = 6, 4  # rows of a step of the grid, steps


def gemv(**options: Any) -> hdl.Design:
    kernel = tilevm.parse(PROGRAM)["gemv"]
    return hdl.build(kernel, N=UNIT * MOST, K=18, runtime="N", **({"lanes": 3} | options))


CASES: list[tuple[dict[str, Any], float]] = [
    ({"ports": "axi-stream", "control": "axi-lite"}, 0.0),
    ({"ports": "axi4", "control": "axi-lite", "burst": 4, "bus_bits": 128}, 0.4),
]
WIDE: list[dict[str, Any]] = [
    {"ports": "axi4", "bus_bits": 32, "burst": 1},
    {"ports": "axi4", "bus_bits": 64, "burst": 16},
    {"ports": "axi4", "bus_bits": 1024, "burst": 256},
    {"ports": "wishbone", "bus_bits": 8},
    {"ports": "wishbone", "bus_bits": 64},
    {"ports": {"w": "axi4", "x": "axi-stream", "y": "wishbone", "z": "axi4"}},
]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Two designs; with --long more buses, odd lanes, both ways of control."""
    if "stall" in metafunc.fixturenames:
        cases = list(CASES)
        if metafunc.config.getoption("long"):
            cases += [
                (buses | {"lanes": lanes, "control": control}, 0.4)
                for buses in WIDE
                for lanes in (1, 7)
                for control in ("axi-lite", "wishbone")
            ]
        metafunc.parametrize(("options", "stall"), cases)


@needs_cocotb
def test_launches_of_other_sizes_follow_each_other(
    options: dict[str, Any], stall: float, tmp_path: Path
) -> None:
    rng, steps = np.random.default_rng(1), [2, 4, 1, 3, 3]
    runs = [
        {"w": rng.integers(-4, 4, (UNIT * n, 18)), "x": rng.integers(-128, 128, 18)} for n in steps
    ]
    seen = run_rounds(gemv(**options), runs, tmp_path, stall=stall, seed=3)
    assert seen["values"]["status"] == 0b10, "done, and nothing else"


def test_cycles_and_beats_are_those_of_a_design_built_for_the_size() -> None:
    size = gemv(control="wishbone").runtime
    assert size is not None and (size.unit, size.most) == (UNIT, MOST)
    for count in range(1, MOST + 1):
        kernel = tilevm.parse(PROGRAM)["gemv"]
        alone = hdl.build(kernel, N=UNIT * count, K=18, lanes=3, control="wishbone")
        assert size.cycles[count - 1] == alone.cycles
        for port in (*alone.inputs, *alone.outputs):
            assert size.rates[port.name].beats(count) == len(port.elements)
    assert size.steps(18) == 3
    with pytest.raises(TileError, match="a multiple of 6 from 6 to 24, not 30"):
        size.steps(30)


HEAD = "kernel f(x: global i8[N], y: global i8[N]) where N % 4 == 0"


@pytest.mark.parametrize(
    ("text", "runtime", "said"),
    [
        (HEAD + "{ t: i8[4] = load x[0]\n store t, y[0] }", "N", "the kernel has no grid"),
        (
            HEAD + " grid (n = N / 4) { t: i8[4] = load x[N - 4]\n store t, y[n * 4] }",
            "N",
            "statements of the kernel name it",
        ),
        (
            HEAD + " grid (n = N / 4) { t: i8[4] = load x[n * 4]\n store t, y[n * 4] }",
            "M",
            "one of the symbols N, not 'M'",
        ),
        (
            HEAD + ", N % 8 == 0 grid (n = N / 4) { t: i8[4] = load x[n * 4]\n store t, y[n * 4] }",
            "N",
            "N = 4 is no size",
        ),
        (
            HEAD + " grid (n = N / 4) { t: i8[4] = load x[n * 4 + 1] {oob = zero}\n"
            " store t, y[n * 4] }",
            "N",
            "a step of the grid reads beyond its part of `x`",
        ),
        (
            HEAD + " grid (n = N / 4) { t: i8[4] = load x[n * 4]\n store t, y[28 - n * 4] }",
            "N",
            "a step of the grid writes beside its part of `y`",
        ),
        (
            "kernel f(x: global i8[N], y: global i8[32]) where N % 4 == 0 grid (n = N / 4)"
            " { t: i8[4] = load x[n * 4]\n store t, y[n * 4] }",
            "N",
            "`y` is written, and its size does not depend on it",
        ),
        (
            "kernel f(x: global i8[4, N], y: global i8[N]) where N % 4 == 0 grid (n = N / 4)"
            " { t: i8[1, 4] = load x[0, n * 4]\n u = reshape t {shape = [4]}\n"
            " store u, y[n * 4] }",
            "N",
            "it is not the first extent of `x`",
        ),
        (
            "kernel f(x: global u8[32], y: global i32[N]) where N % 4 == 0 grid (n = N / 4)"
            " { one = full i32[4] {value = 1}\n t: u8[4] = load x[n * 4]\n"
            " atomic one, y[0] {op = add, index = t, oob = skip} }",
            "N",
            "steps of the grid share a buffer that they change",
        ),
    ],
)
def test_sizes_that_cannot_be_chosen_at_a_launch(text: str, runtime: str, said: str) -> None:
    with pytest.raises(TileError, match="TV0623") as refused:
        hdl.build(tilevm.parse(text)["f"], N=32, lanes=4, control="axi-lite", runtime=runtime)
    assert said in str(refused.value)
    assert refused.value.diagnostics[0].labels or runtime == "M", "it has a place"


def test_a_size_needs_a_register() -> None:
    with pytest.raises(TileError, match=r"TV0623.*needs a register"):
        gemv()


def test_the_command_line_writes_the_sizes(tmp_path: Path) -> None:
    (tmp_path / "gemv.tile").write_text(PROGRAM)
    options = "--set N=24 --set K=18 --lanes 3 --control wishbone --runtime N"
    folder, start = tmp_path / "out", ["build", str(tmp_path / "gemv.tile"), "gemv"]
    assert main([*start, *options.split(), "-o", str(folder)]) == 0
    sizes = json.loads((folder / "sizes.json").read_text())
    assert (sizes["symbol"], sizes["unit"], sizes["most"]) == ("N", 6, 4)
    assert sizes["cycles"] == [38, 68, 98, 128]
    assert sizes["beats"]["x"] == {"each": 0, "once": 5}
    assert "| 0x24 | steps | rw |" in (folder / "registers.md").read_text()
