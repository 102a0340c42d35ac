"""`tilevm report`: tables on the terminal, pictures in a folder."""

from __future__ import annotations

import json
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

import hdl
import tilevm as api
from tests.cli.folder import Folder, refused

REPORT = ("report", "gemv.tile", "gemv", "--set", "N=16", "--set", "K=8", "--lanes", "8")


def test_tables(tilevm: Folder) -> None:
    before = tilevm.files()
    outcome = tilevm(*REPORT)
    assert outcome.status == 0, outcome.err
    design = hdl.build(api.load("gemv.tile")["gemv"], lanes=8, N=16, K=8)
    assert all(actor.name in outcome.out for actor in design.netlist.actors)
    assert "Bound by " in outcome.out and "full at most" in outcome.out
    assert re.search(rf"cycles of a launch, ports always ready +{design.cycles}\n", outcome.out)
    assert tilevm.files() == before


def test_back_pressure_of_a_seed(tilevm: Folder) -> None:
    stalled = tilevm(*REPORT, "--stall", "0.5", "--seed", "3").out
    assert "cycles under this back-pressure" in stalled
    assert stalled == tilevm(*REPORT, "--stall", "0.5", "--seed", "3").out
    assert stalled != tilevm(*REPORT, "--stall", "0.5", "--seed", "4").out


def test_a_folder(tilevm: Folder) -> None:
    outcome = tilevm(*REPORT, "-o", "out", "--stall", "0.25")
    assert outcome.status == 0, outcome.err
    for name in ("timeline", "roofline", "netlist"):
        assert ElementTree.parse(f"out/{name}.svg").getroot().tag.endswith("svg")
    assert Path("out/report.md").read_text().startswith("# gemv\n")
    manifest = json.loads(Path("out/manifest.json").read_text())
    assert manifest["stall"] == 0.25
    assert tilevm(*REPORT, "--netlist").out == Path("out/netlist.txt").read_text() + "\n"


def test_the_report_as_data(tilevm: Folder) -> None:
    """Each unit's kinds of cycles are all of them; streams and bits are those of the netlist."""
    words = (*REPORT, "--stall", "0.5", "--seed", "3")
    data = json.loads(tilevm(*words, "--json").out)
    design = hdl.build(api.load("gemv.tile")["gemv"], lanes=8, N=16, K=8)
    assert data == json.loads(json.dumps(design.report_data(stall=0.5, seed=3)))
    timing = design.timed(0.5, 3)[0]
    assert (data["cycles"], data["cycles_open"]) == (timing.cycles, design.cycles)
    assert [unit["name"] for unit in data["units"]] == [a.name for a in design.netlist.actors]
    for unit in data["units"]:
        spent = [unit[kind] for kind in ("busy", "starved", "blocked", "closed", "done")]
        assert sum(spent) == unit["cycles"] >= timing.cycles
        use = timing.usage[unit["name"]]
        assert spent[:4] == [use.busy, use.starved, use.blocked, use.closed]
    assert {s["name"]: s["full_at_most"] for s in data["streams"]} == timing.peaks
    assert all(stream["full_at_most"] <= stream["depth"] for stream in data["streams"])
    assert sum(part["bits"] for part in data["stored"]) == data["bits"]["all"]
    assert sum(data["bits"].values()) == 2 * data["bits"]["all"]
    (w,) = (roof for roof in data["bound"]["roofs"] if roof["name"] == "w")
    assert (w["kind"], w["beats"] * w["bits"]) == ("port in", 16 * 8 * 3)
    tilevm(*words, "-o", "out")
    assert json.loads(Path("out/report.json").read_text()) == data
    both = tilevm(*words, "--json", "--netlist")
    assert both.status == 2 and "leave one out" in both.err


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("report", "gemv.tile", "gemv", "--set", "N=16"), "TV0410"),
        ((*REPORT, "-o", "gemv.tile"), "TV0802"),
        ((*REPORT, "--max-bits", "1"), "TV0616"),
    ],
)
def test_bad_input_writes_nothing(tilevm: Folder, words: tuple[str, ...], code: str) -> None:
    before = tilevm.files()
    refused(tilevm(*words), 1, code)
    assert tilevm.files() == before
