"""Waveforms, read by a program of other people: the groups, and what moved in each cycle."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hdl
import tilevm
from hdl.netlist import BeatShape, Channel, Netlist
from hdl.sim import external, toolchain
from hdl.sim.waves import groups, wave_format
from hdl.units import sink_actor, source_actor
from tilevm.diagnostics import TileError

pywellen = pytest.importorskip("pywellen", reason="reading waveforms needs pywellen")

TEXT = """
kernel small(x: global i4[N, 3], y: global i4[N, 3], z: global u1[N])
  grid (n = N)
{
  t: i4[3] = load x[n, 0]
  u = neg t
  store u, y[n, 0]
  f = full u1[1] {value = 1}
  store f, z[n]
}
"""
X = np.array([[1, -8, 7], [0, 3, -1], [5, 5, 5], [-2, -3, -4]])
WAYS = [("amaranth", "vcd"), ("icarus", "vcd"), ("icarus", "fst"), ("verilator", "vcd"),
        ("verilator", "fst")]  # fmt: skip
COMPILED = {"verilator"}  # some seconds each


def small() -> hdl.Design:
    return hdl.build(tilevm.parse(TEXT)["small"], lanes=4, N=4)


@pytest.fixture
def file(
    request: pytest.FixtureRequest, tmp_path: Path, simulator: str, kind: str
) -> tuple[Path, hdl.Design]:
    """The waveform of a stalled launch; simulators that are not installed are skipped."""
    if simulator in COMPILED and not request.config.getoption("long"):
        pytest.skip("compiled waveforms with --long")
    if simulator != "amaranth":
        if external.missing(simulator) is not None:
            pytest.skip(f"{simulator} is not installed")
        if (simulator, kind) == ("verilator", "fst"):
            try:
                toolchain.require_waves("fst")
            except TileError as refused:
                pytest.skip(refused.diagnostics[0].message)
    path, design = tmp_path / f"waves.{kind}", small()
    design.simulate(x=X, simulator=simulator, stall=0.4, seed=5, waves=path)
    assert [p.name for p in tmp_path.iterdir()] == [path.name]
    return path, design


@pytest.mark.parametrize(("simulator", "kind"), WAYS)
def test_groups_show_what_moved(file: tuple[Path, hdl.Design]) -> None:
    path, design = file
    found: dict[str, Any] = {}
    for variable in pywellen.Waveform(str(path)).all_vars():
        found.setdefault(variable.full_name.split("bench.")[-1].removeprefix("top."), variable)
    clock, reset = found["clk"], found["rst"]
    before = [time - 1 for time, level in clock.tv if level and time]  # what each edge sees
    cycles = [time for time in before if not reset.signal.value_at(time)]
    timing, _ = design.timed(0.4, 5)
    lines = {group.name for group in groups(design.netlist)} - {"ports"}
    assert lines == {"line5_load", "line6_neg", "line7_store", "line9_store"}
    for actor in design.netlist.actors:
        (name,) = (name for name in found if name.endswith(f".{actor.name}_fires"))
        assert name.split(".")[0] in lines
        seen = [n for n, time in enumerate(cycles) if found[name].signal.value_at(time)]
        want = timing.fires[actor.name].tolist()
        assert seen[: len(want)] == want, name  # a constant runs on into the next launch
        met = [found[name.replace("_fires", end)] for end in ("_fed", "_roomy")]
        both = [n for n, t in enumerate(cycles) if all(w.signal.value_at(t) for w in met)]
        assert both == seen, name
    # the port in, in the cycles in which a beat is taken
    taken = [
        found["ports.x_payload"].signal.value_at(time)
        for time in cycles
        if found["ports.x_valid"].signal.value_at(time)
        and found["ports.x_ready"].signal.value_at(time)
    ]
    assert taken == [sum((int(v) & 15) << 4 * n for n, v in enumerate(row)) for row in X]
    # beats of `u`, lane by lane, in the cycles in which they are pushed
    pushed = [t for t in cycles if found["line6_neg.u_pushed"].signal.value_at(t)]
    lanes = [found[f"line6_neg.u_{lane}"].signal for lane in range(3)]
    beats = [[lane.value_at(time) & 15 for lane in lanes] for time in pushed]
    assert beats == (-X & 15).tolist()


def test_groups_are_named_after_lines_and_ops() -> None:
    text = """
    kernel folded(x: global i8[4, 8], y: global i32[8])
    {
      zero = full i32[8] {value = 0}
      acc: i32[8] = for k in 0 .. 4 carry (sum = zero) {
        t: i8[8] = load x[k, 0]
        w = cast t {to = i32}
        next = add sum, w
        yield next
      }
      store acc, y[0]
    }
    """
    design = hdl.build(tilevm.parse(text)["folded"], lanes=4)
    names = [group.name for group in groups(design.netlist)]
    assert names == ["ports", "line6_load", "line8_add", "line11_store"]
    waves = [wave.name for group in groups(design.netlist) for wave in group.waves]
    assert len(set(waves)) == len(waves) and "acc_fires" in waves


def test_a_wide_beat_is_one_signal_and_units_without_a_line_have_a_group() -> None:
    wide = Channel("x", BeatShape(100, 3), 2)
    actors = [source_actor("load", "x", wide, 2), sink_actor("store", "y", wide.read(), 2)]
    ports, group = groups(Netlist("plain", actors))
    assert group.name == "other"
    assert [(w.name, w.bits) for w in group.waves] == [
        ("load_fires", 1), ("load_fed", 1), ("load_roomy", 1), ("x_pushed", 1), ("x_beat", 300),
        ("store_fires", 1), ("store_fed", 1), ("store_roomy", 1),
    ]  # fmt: skip
    assert [(w.name, w.bits) for w in ports.waves] == [
        ("x_payload", 300), ("x_valid", 1), ("x_ready", 1),
        ("y_payload", 300), ("y_valid", 1), ("y_ready", 1),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "simulator", "code"),
    [
        ("w.txt", "amaranth", "TV0609"),
        ("w", "fastest", "TV0609"),
        ("w.fst", "amaranth", "TV0609"),
        ("none/w.vcd", "amaranth", "TV0802"),
        ("none/w.vcd", "icarus", "TV0802"),
        ("w.vst", "icarus", "TV0609"),
    ],
)
def test_what_cannot_be_written(tmp_path: Path, name: str, simulator: str, code: str) -> None:
    if simulator == "icarus" and external.missing(simulator) is not None:
        pytest.skip("icarus is not installed")
    with pytest.raises(TileError) as caught:
        small().simulate(x=X, simulator=simulator, waves=tmp_path / name)
    assert caught.value.diagnostics[0].code == code
    assert not list(tmp_path.iterdir())


def test_formats() -> None:
    assert wave_format("a.b/c.VCD") == "vcd" and wave_format(Path("w.fst")) == "fst"
    with pytest.raises(TileError, match=r"did you mean `\.fst`"):
        wave_format("w.fts")


def test_missing_libraries_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    if external.missing("verilator") is not None:
        pytest.skip("verilator is not installed")
    failed = subprocess.CompletedProcess([], 1)
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: failed)
    with pytest.raises(TileError, match=r"TV0610.*lz4 and zlib") as caught:
        toolchain.require_waves("fst")
    assert "liblz4-dev" in (caught.value.diagnostics[0].help or "")
    assert toolchain.require_waves("vcd").waves == "vcd"


def test_fst_without_a_simulator_that_writes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(kind: str) -> None:
        raise tilevm.diagnostics.error("TV0611", "no verilator")

    monkeypatch.setattr(external, "missing", lambda name: "it is not there")
    monkeypatch.setattr(toolchain, "require_waves", none)
    with pytest.raises(TileError, match=r"TV0611.*no simulator that writes FST") as caught:
        external.fastest("w.fst")
    assert "iverilog" in (caught.value.diagnostics[0].help or "")
    assert external.fastest("w.vcd") == "amaranth"
