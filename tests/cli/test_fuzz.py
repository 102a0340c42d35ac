"""`tilevm fuzz`: random programs, what differs among them, and how it is kept."""

from __future__ import annotations

import re
import shlex
import sys
from typing import Any

import pytest

from tests.cli.folder import Folder, refused
from tilevm.ir import Builder, ops
from tilevm.testing import fuzz, load_case


def plant(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the machine `add` takes its second operand twice: only the reference differs."""
    true = ops.Add.run
    monkeypatch.setattr(ops.Add, "run", lambda self, a, b: true(self, b, b))
    monkeypatch.setattr(fuzz, "DRAWS", 0)


def test_a_second_runs_clean(tilevm: Folder) -> None:
    outcome = tilevm("fuzz", "--seconds", "1", "--seed", "1")
    assert outcome.status == 0, outcome.out
    assert re.fullmatch(
        r"fuzz: [1-9]\d* programs, [1-9]\d* of \d+ ops, 0 differences, from seed 1\n", outcome.out
    )
    assert outcome.err == ""
    assert not (tilevm.path / "fuzz-cases").exists()


def test_a_planted_bug_is_found_made_small_kept_and_replayed(
    tilevm: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as planted:
        plant(planted)
        words = ("--seconds", "300", "--seed", "1", "--stop-after", "1", "-o", "some folder")
        outcome = tilevm("fuzz", *words)
        assert outcome.status == 1
        assert re.search(r"^DIFFERS  in the reference: `y\d+\[.*\]` is ", outcome.out)
        assert outcome.out.splitlines()[-1].endswith("1 difference, from seed 1")
        found = re.search(r"^  replay: (.*)$", outcome.out, re.M)
        assert found
        replay = shlex.split(found[1])
        assert replay[:3] == ["tilevm", "fuzz", "--replay"]
        kernel, arguments = load_case(replay[3])
        names = [op.name for op in kernel.body.walk()]
        assert len(names) <= 6 and "add" in names and "store" in names
        assert set(arguments) == {param.name for param in kernel.params}
        assert f"{len(names)} statements" in outcome.out
        again = tilevm(*replay[1:])
        assert again.status == 1
        assert re.search(r"^DIFFERS  in the reference: `y\d+\[.*\]` is ", again.out)
        assert re.search(r"computed in \d+ ways, 1 differ$", again.out)
    mended = tilevm(*replay[1:])
    assert mended.status == 0 and mended.out.endswith("ways, 0 differ\n")


def test_a_seed_gives_the_same_programs() -> None:
    first, again = (fuzz.search(7, 1e9, programs=3) for _ in range(2))
    assert first == again and first.programs == 3 and first.difference is None
    assert first.ops != fuzz.search(8, 1e9, programs=3).ops


def test_processes_share_the_work(tilevm: Folder) -> None:
    outcome = tilevm("fuzz", "--seconds", "2", "--seed", "1", "--jobs", "2")
    assert outcome.status == 0, outcome.out + outcome.err


def test_an_error_in_one_way_is_a_difference_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(self: ops.Add, a: Any, b: Any) -> Any:
        raise ZeroDivisionError("by zero")

    monkeypatch.setattr(ops.Add, "run", fails)
    k = Builder("k")
    x, y = k.buffer("x", "i8", 2), k.buffer("y", "i8", 2)
    a = k.load(x[0], type="i8[2]")
    k.store(k.add(a, a), y[0])
    (found,) = fuzz.differences(k.kernel(), {"x": [1, 2]})
    assert found and (found.way, found.kind) == ("in the machine", "ZeroDivisionError")
    assert found.reason == "in the machine: ZeroDivisionError: by zero"


def test_what_cannot_be_replayed(tilevm: Folder) -> None:
    refused(tilevm("fuzz", "--replay", "none.tile"), 1, "TV0801")
    refused(tilevm("fuzz", "--replay", "two.tile"), 1, "TV0831")
    tilevm.write("two.npz", b"PK")
    refused(tilevm("fuzz", "--replay", "two.tile"), 1, "TV0803")
    outcome = tilevm("fuzz", "--replay", "two.tile", "--seed", "1")
    assert outcome.status == 2 and "`--seed` says nothing" in outcome.err


def test_without_hypothesis(tilevm: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "hypothesis", None)
    outcome = tilevm("fuzz")
    refused(outcome, 1, "TV0830")
    assert "pip install hypothesis" in outcome.err
