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
