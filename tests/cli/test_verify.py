"""`tilevm verify`: every way against the others."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from typing import Any

import pytest

import hdl
from tests.cli.folder import Folder, refused

SIZES = ("--set", "N=8", "--set", "K=8")


def test_all_ways_are_equal(tilevm: Folder) -> None:
    outcome = tilevm("verify", "gemv.tile", "gemv", *SIZES, "--seed", "3", "--rounds", "1")
    assert outcome.status == 0, outcome.out
    lines = outcome.out.splitlines()
    assert lines[0] == "gemv, inputs of seed 3:"
    assert all(line.startswith("  equal    ") for line in lines[1:-1])
    assert lines[-1] == f"gemv: {len(lines) - 2} comparisons, 0 differ, 0 refused"
    for way in (
        "hardware, dot as mac",
        "form = lut, group = 3, table = weights",
        "hardware, dot as bitserial",
        "one thread block",
    ):
        assert any(way in line for line in lines)


def test_a_new_seed_each_time_unless_given(tilevm: Folder) -> None:
    words = ("verify", "two.tile", "two", "--set", "N=8", "--no-hardware", "--rounds", "2")
    seeds = [int(s) for s in re.findall(r"seed (\d+)", tilevm(*words).out)]
    assert seeds[1] == seeds[0] + 1
    others = {re.findall(r"seed (\d+)", tilevm(*words).out)[0] for _ in range(4)}
    assert len(others) > 1
    assert "hardware" not in tilevm(*words).out


def test_a_difference_is_shown_with_the_command_that_replays_it(
    tilevm: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    true = hdl.Design.simulate

    def wrong(self: hdl.Design, arrays: Mapping[str, Any], **settings: Any) -> hdl.Result:
        result = true(self, arrays, **settings)
        result.outputs["z"][5] ^= 1
        return result

    monkeypatch.setattr(hdl.Design, "simulate", wrong)
    words = ("verify", "two.tile", "two", "--set", "N=8", "--lanes", "3")
    outcome = tilevm(*words, "--seed", "3", "--rounds", "2")
    assert outcome.status == 1
    differing = [line for line in outcome.out.splitlines() if line.startswith("  DIFFERS")]
    assert differing == ["  DIFFERS  hardware, stall 0.3"] * 2
    assert "z[5] is " in outcome.out and "(1 of 8 elements differ)" in outcome.out
    replays = re.findall(r"replay: (.*)", outcome.out)
    assert len(replays) == 2
    again = tilevm(*shlex.split(replays[1])[1:])
    second = outcome.out[outcome.out.index("two, inputs of seed 4") :].splitlines()[:-1]
    assert again.out.splitlines()[:-1] == second


def test_hardware_that_is_refused_is_told(tilevm: Folder) -> None:
    text = """kernel wide(x: global f64[N], y: global f64[N]) where N % 8 == 0 {
  t: f64[8] = load x[0]
  e = div t, t
  store e, y[0]
}
"""
    (tilevm.path / "wide.tile").write_text(text)
    outcome = tilevm("verify", "wide.tile", "wide", "--set", "N=8", "--rounds", "1")
    assert outcome.status == 1
    assert "  refused  hardware" in outcome.out and "wide.tile:" in outcome.out
    assert "0 differ, 1 refused" in outcome.out
    assert tilevm("verify", "wide.tile", "wide", "--set", "N=8", "--no-hardware").status == 0


def test_sizes_at_fault(tilevm: Folder) -> None:
    refused(tilevm("verify", "gemv.tile", "gemv", "--set", "N=8"), 1, "TV0410")
    refused(tilevm("verify", "gemv.tile", "gemv", "--set", "N=8", "--set", "K=0"), 1, "TV0412")


def test_the_first_run_may_be_a_checked_one(tilevm: Folder) -> None:
    words = ("two.tile", "two", "--set", "N=8", "--no-hardware", "--seed", "1", "--rounds", "1")
    assert tilevm("verify", *words).status == 0
    outcome = tilevm("verify", *words, "--check")
    assert outcome.status == 1 and "error[TV0441]: " in outcome.err
