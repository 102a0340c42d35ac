"""Buses driven by other people's models: cocotbext-axi and cocotbext-wishbone, in Icarus."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hdl
import tilevm
from hdl.bus.edges import CONTROLS, KINDS
from hdl.bus.registers import IDENTITY, VERSION
from hdl.sim.ports import pack, unpack
from hdl.units.edge import Sink, Source, edge, input_shapes
from tests.hdl.bus.cocotb_run import drive, needs_cocotb
from tilevm.cli import main, parser
from tilevm.diagnostics import TileError

PROGRAM = """
kernel gemv(w: global i3[N, K], x: global i8[K], y: global i13[N], z: global i32[N])
  grid (n = N / 6)
{
  wt: i3[6, 16] = load w[n * 6, 0]
  xt: i8[16] = load x[0]
  part = dot wt, xt
  short = cast part {to = i13}
  store short, y[n * 6]
  t = iota i32[6] {dim = 0, start = n * 6}
  store t, z[n * 6]
}
"""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Three designs; with --long five: each costs seconds."""
    if "launches" in metafunc.fixturenames:
        cases = [(None, 0.4, 2), ("axi-lite", 0.4, 3), ("wishbone", 0.0, 1)]
        if metafunc.config.getoption("long"):
            cases += [("axi-lite", 0.0, 1), ("wishbone", 0.3, 2)]
        metafunc.parametrize(("control", "stall", "launches"), cases)


@needs_cocotb
def test_streams_and_registers_with_other_peoples_models(
    control: str | None, stall: float, launches: int, tmp_path: Path
) -> None:
    text = PROGRAM if control else PROGRAM.replace("  store t, z[n * 6]\n", "")
    kernel = tilevm.parse(text)["gemv"]
    design = hdl.build(kernel, lanes=3, N=24, K=16, ports="axi-stream", control=control)
    rng = np.random.default_rng(7)
    runs = [
        {"w": rng.integers(-4, 4, (24, 16)), "x": rng.integers(-128, 128, 16)}
        for _ in range(launches)
    ]
    sources, sinks = edge(design.netlist, Source), edge(design.netlist, Sink)
    feeds: dict[str, list[str]] = {port.name: [] for port in design.inputs}
    for run in runs:
        beats = design.feed({name: np.asarray(value) for name, value in run.items()})
        for name, frames in feeds.items():
            shape = input_shapes(sources[name])[0]
            size = -(-shape.width // 8)
            words = pack(beats[name], shape)
            frames.append(b"".join(word.to_bytes(size, "little") for word in words).hex())
    table = design.registers
    offsets = [register.offset for register in table.registers] if table else []
    plan = {
        "control": control,
        "stall": stall,
        "seed": 3,
        "launches": launches,
        "feeds": feeds,
        "results": [port.name for port in design.outputs],
        "offsets": offsets,
    }
    seen = drive(design, tmp_path, plan)
    for number, run in enumerate(runs):
        beats = {}
        for port in design.outputs:
            shape = input_shapes(sinks[port.name])[0]
            size = -(-shape.width // 8)
            frame = bytes.fromhex(seen["frames"][port.name][number])
            assert len(frame) == size * len(port.elements)
            words = [int.from_bytes(frame[at : at + size], "little")
                     for at in range(0, len(frame), size)]  # fmt: skip
            assert all(word < 1 << shape.width for word in words), "padding that is not 0"
            beats[port.name] = unpack(words, shape)
        found = design.collect(beats, {"z": np.zeros(24, np.int32)})
        for name, want in tilevm.run(kernel, **run).items():
            assert np.array_equal(found[name], want), name
    if table is None:
        return
    assert seen["registers"].pop("124") == [0, False] or max(offsets) >= 0x7C
    values = {int(offset): value for offset, (value, known) in seen["registers"].items() if known}
    assert set(values) == set(offsets)
    assert (values[0x00], values[0x04]) == (IDENTITY, VERSION)
    assert values[0x10] == 0b00010, "done, and nothing else"
    assert seen["cleared"] == 0
    assert values[0x14] == launches
    assert (values[0x1C], values[0x20]) == (0, design.cycles)
    if stall:
        assert values[0x18] > launches * 8
        assert values[0x40] > 0
    else:
        assert values[0x18] == design.cycles


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"ports": "axi-steam"}, "did you mean `axi-stream`"),
        ({"ports": {"v": "stream"}}, "one of w, x, y, z"),
        ({"ports": 3}, "`ports` is one of stream, axi-stream, axi4, wishbone, not 3"),
        ({"control": "axi"}, "axi-lite, wishbone"),
    ],
)
def test_unknown_buses_are_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(TileError, match="TV0620") as refused:
        hdl.build(tilevm.parse(PROGRAM)["gemv"], lanes=3, N=24, K=16, **options)
    assert said in str(refused.value)


@pytest.mark.parametrize("stall", [0.0, 0.5])
def test_the_launch_token_is_timed_as_all_else(stall: float) -> None:
    design = hdl.build(tilevm.parse(PROGRAM)["gemv"], lanes=3, N=24, K=16, control="axi-lite")
    assert design.token == "launch"
    result = design.simulate(w=np.ones((24, 16), int), x=range(16), stall=stall, seed=5)
    assert result.cycles == result.predicted
    assert result.outputs["z"].tolist() == list(range(24))


def test_the_command_line_builds_what_the_library_does(tmp_path: Path) -> None:
    assert (parser.PORTS, parser.CONTROLS) == (KINDS, CONTROLS)
    (tmp_path / "gemv.tile").write_text(PROGRAM)
    options = "--set N=24 --set K=16 --lanes 3 --ports axi-stream --control wishbone".split()
    folder = tmp_path / "out"
    assert main(["build", str(tmp_path / "gemv.tile"), "gemv", *options, "-o", str(folder)]) == 0
    assert "input control_cyc" in (folder / "gemv.v").read_text()
    assert "| 0x40 | w_waits | ro |" in (folder / "registers.md").read_text()
    names = [register["name"] for register in json.loads((folder / "registers.json").read_text())]
    assert names[:3] == ["identity", "version", "design"]
