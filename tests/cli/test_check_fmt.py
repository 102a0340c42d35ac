"""`tilevm check` and `tilevm fmt`."""

from __future__ import annotations

import io
import json
import os
import sys

import pytest

from tests.cli.folder import GEMV, Folder

BROKEN = GEMV.replace("add sum, part", "add sum, prat")
LOOSE = GEMV.replace("  zero = full", "  zero   =  full").replace("dot wt, xt", "dot wt,xt")


def test_check_names_the_kernels_of_a_good_file(tilevm: Folder) -> None:
    outcome = tilevm("check", "gemv.tile", "two.tile")
    assert (outcome.status, outcome.err) == (0, "")
    assert outcome.out == "gemv.tile: gemv: no errors\ntwo.tile: two: no errors\n"


def test_check_goes_on_after_a_bad_file(tilevm: Folder) -> None:
    tilevm.write("broken.tile", BROKEN)
    outcome = tilevm("check", "broken.tile", "missing.tile", "two.tile")
    assert outcome.status == 1
    assert "error[TV0101]" in outcome.out and "did you mean `part`?" in outcome.out
    assert "error[TV0801]" in outcome.out
    assert "two.tile: two: no errors" in outcome.out


def test_check_for_tools(tilevm: Folder) -> None:
    tilevm.write("broken.tile", BROKEN)
    found = json.loads(tilevm("check", "broken.tile", "--format", "json").out)
    assert [(d["code"], d["labels"][0]["start"]["line"]) for d in found] == [("TV0101", 11)]
    assert json.loads(tilevm("check", "gemv.tile", "--format", "json").out) == []
    assert json.loads(tilevm("check", "gemv.tile", "--format=sarif").out)["version"] == "2.1.0"
    github = tilevm("check", "broken.tile", "--format=github").out
    assert github.startswith("::error ") and "file=broken.tile,line=11" in github
    assert tilevm("check", "gemv.tile", "--format=github").out == ""


def test_check_reads_the_standard_input(tilevm: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(BROKEN.encode())))
    outcome = tilevm("check", "-")
    assert outcome.status == 1 and "<stdin>:11:" in outcome.out


def test_fmt_writes_in_place_and_says_nothing(tilevm: Folder) -> None:
    tilevm.write("loose.tile", LOOSE)
    os.chmod("loose.tile", 0o640)
    os.symlink("loose.tile", "link.tile")
    outcome = tilevm("fmt", "link.tile", "gemv.tile")
    assert (outcome.status, outcome.out, outcome.err) == (0, "", "")
    formatted = tilevm.files()
    assert formatted["loose.tile"].decode() == formatted["gemv.tile"].decode()
    assert os.stat("loose.tile").st_mode & 0o777 == 0o640 and os.path.islink("link.tile")
    again = tilevm("fmt", "--check", "loose.tile", "gemv.tile")
    assert (again.status, again.out) == (0, "")


def test_fmt_check_names_files_and_writes_nothing(tilevm: Folder) -> None:
    tilevm.write("loose.tile", LOOSE)
    before = tilevm.files()
    outcome = tilevm("fmt", "two.tile", "loose.tile", "--check")
    assert (outcome.status, outcome.out, outcome.err) == (1, "loose.tile\n", "")
    assert tilevm.files() == before


def test_fmt_filters_the_standard_input(tilevm: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(LOOSE.encode())))
    assert tilevm("fmt", "gemv.tile").status == 0
    outcome = tilevm("fmt", "-")
    assert outcome.status == 0 and outcome.out == tilevm.files()["gemv.tile"].decode()


def test_fmt_writes_nothing_if_one_file_is_wrong(tilevm: Folder) -> None:
    tilevm.write("loose.tile", LOOSE)
    tilevm.write("broken.tile", BROKEN)
    before = tilevm.files()
    outcome = tilevm("fmt", "loose.tile", "broken.tile")
    assert outcome.status == 1 and "error[TV0101]" in outcome.err and outcome.out == ""
    assert tilevm.files() == before
