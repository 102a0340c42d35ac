"""`tilevm sim`: hardware beside the virtual machine."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import numpy as np
import pytest

import hdl
import tilevm as api
from hdl.options import MAX_LANES, SIMULATORS
from hdl.sim import external
from tests.cli.folder import WORDS, Folder, arrays, refused
from tilevm.cli import parser
from tilevm.diagnostics import error
from tilevm.passes.rewrite_dot import Form, Table, rewrite_dot

AMARANTH = ("sim", "--simulator", "amaranth")


def test_the_fastest_simulator_is_taken_and_named(
    tilevm: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = "icarus" if external.missing("icarus") is None else "amaranth"
    monkeypatch.setattr(external, "fastest", lambda waves: taken)
    outcome = tilevm("sim", "two.tile", "two", "--random", "--set", "N=8")
    assert outcome.status == 0, outcome.err
    assert f"two: equal in every bit ({taken}, stall 0, seed 0)\n" in outcome.out
    assert "beats of inner streams equal" in outcome.out


def test_equal_and_cycles(tilevm: Folder) -> None:
    outcome = tilevm(*AMARANTH, *WORDS, "--stall", "0.3", "--seed", "1", "-o", "y.npy")
    assert outcome.status == 0, outcome.err
    assert "gemv: equal in every bit (amaranth, stall 0.3, seed 1)\n" in outcome.out
    cycles = re.search(r"cycles: (\d+) predicted, (\d+) simulated", outcome.out)
    assert cycles and cycles[1] == cycles[2]
    w, x = arrays()
    assert np.load("y.npy", allow_pickle=False).tolist() == (w @ x).tolist()


def test_a_launch_of_a_smaller_size(tilevm: Folder) -> None:
    """A design for up to 16 rows: its cycles for 8 are those of a design for 8."""
    words = (*AMARANTH, "gemv.tile", "gemv", "--random", "--set", "K=8", "--lanes", "8")
    outcome = tilevm(*words, "--set", "N=8", "--runtime", "N=16")
    assert outcome.status == 0, outcome.err
    kernel = api.load("gemv.tile")["gemv"]
    alone = hdl.build(kernel, lanes=8, N=8, K=8, control="axi-lite")
    assert f"cycles: {alone.cycles} predicted, {alone.cycles} simulated" in outcome.out
    assert "y: i32[8] = " in outcome.out
    for size, most, code in (("24", "N=16", "TV0412"), ("8", "K=8", "TV0623")):
        refused(tilevm(*words, "--set", f"N={size}", "--runtime", most), 1, code)
    wrong = tilevm(*words, "--set", "N=8", "--runtime", "N")
    assert wrong.status == 2 and "write SYMBOL=MOST" in wrong.err


def test_random_inputs_fill_what_is_not_given(tilevm: Folder) -> None:
    words = (
        *AMARANTH,
        "gemv.tile",
        "gemv",
        "--random",
        "--dot",
        "mac",
        "--lanes",
        "8",
        "-a",
        "w=w.npy",
    )
    first, second = tilevm(*words, "--seed", "5"), tilevm(*words, "--seed", "5")
    assert first.status == 0, first.err
    assert first.out == second.out
    assert first.out.splitlines()[2:] != tilevm(*words, "--seed", "6").out.splitlines()[2:]


def test_random_inputs_by_sizes_alone(tilevm: Folder) -> None:
    assert tilevm(*AMARANTH, "two.tile", "two", "--random", "--set", "N=8").status == 0
    refused(tilevm("sim", "two.tile", "two", "--random"), 1, "TV0410")


def test_a_waveform(tilevm: Folder) -> None:
    assert tilevm("sim", *WORDS, "--vcd", "wave.vcd").status == 0
    assert "$enddefinitions" in Path("wave.vcd").read_text()
    before = tilevm.files()
    refused(tilevm("sim", *WORDS, "--waves", "none/wave.vcd"), 1, "TV0802")
    assert tilevm.files() == before


def test_a_waveform_in_fst(tilevm: Folder) -> None:
    if external.missing("icarus") is not None:
        pytest.skip("icarus is not installed")
    outcome = tilevm("sim", *WORDS, "--waves", "wave.fst")
    assert outcome.status == 0, outcome.err
    assert "equal in every bit (icarus, " in outcome.out
    assert Path("wave.fst").read_bytes()[:1] == b"\0", "the block of the header comes first"


def test_hardware_that_differs(tilevm: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(self: hdl.Design, *_: object, waves: Path, **__: object) -> hdl.Result:
        waves.write_text("seen")
        raise error("TV0606", "`part` of `dot` differs from the virtual machine")

    monkeypatch.setattr(hdl.Design, "simulate", wrong)
    outcome = tilevm("sim", *WORDS, "-o", "y.npz", "--waves", "wave.vcd")
    assert outcome.status == 1
    assert outcome.out == "gemv: NOT equal (amaranth, stall 0, seed 0)\n"
    assert "error[TV0606]" in outcome.err
    assert Path("wave.vcd").read_text() == "seen" and not Path("y.npz").exists()


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("sim", "gemv.tile", "gemv", "-a", "w=w.npy"), "TV0410"),
        (("sim", *WORDS, "--set", "K=16"), "TV0412"),
        (("sim", *WORDS, "-a", "z=x.npy"), "TV0411"),
        (("sim", "gemv.tile", "gemv", "--random", "--set", "N=8", "--set", "K=7"), "TV0413"),
        (("sim", *WORDS, "-o", "none/y.npz"), "TV0802"),
    ],
)
def test_data_at_fault(tilevm: Folder, words: tuple[str, ...], code: str) -> None:
    before = tilevm.files()
    refused(tilevm(*words), 1, code)
    assert tilevm.files() == before


def test_choices_are_those_of_the_libraries(tilevm: Folder) -> None:
    assert parser.SIMULATORS == SIMULATORS and parser.MAX_LANES == MAX_LANES
    assert set(parser.DOT_FORMS) == set(get_args(Form))
    assert set(parser.TABLES) == set(get_args(Table))
    kernel = api.load("gemv.tile")["gemv"]
    rewrite_dot(kernel, group=parser.MAX_GROUP)
    with pytest.raises(api.TileError, match="TV0501"):
        rewrite_dot(kernel, group=parser.MAX_GROUP + 1)


@pytest.mark.parametrize("command", ["sim", "verify"])
def test_memory_is_told_before_anything_is_built(
    tilevm: Folder, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    tilevm.write(
        "large.tile",
        "kernel large(x: global i8[N], y: global i8[N])\n  grid (n = N / 4)\n{\n"
        "  t: i8[4] = load x[n * 4]\n  store t, y[n * 4]\n}\n",
    )
    monkeypatch.setattr(hdl, "build", None)
    words = ["--random"] if command == "sim" else []
    outcome = tilevm(command, "large.tile", "large", "--set", f"N={1 << 40}", *words)
    refused(outcome, 1, "TV0414")
    assert re.search(r"kernel `large` needs \d+\.0 GiB for its buffers", outcome.err)
