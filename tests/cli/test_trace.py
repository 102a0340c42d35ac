"""`tilevm run --trace`, `tilevm diff`, `tilevm debug`."""

from __future__ import annotations

import io
import json
from typing import Any

import numpy as np
import pytest

import hdl.sim
from tests.cli.folder import WORDS, Folder, arrays, refused


def test_a_trace_is_written_and_compared(tilevm: Folder) -> None:
    assert tilevm("run", *WORDS, "--trace", "a.npz").status == 0
    assert tilevm("run", *WORDS, "--trace", "b.jsonl", "--check").status == 0
    lines = (tilevm.path / "b.jsonl").read_text("utf-8").splitlines()
    assert json.loads(lines[0]) == {"format": "tilevm trace 1"}
    assert json.loads(lines[1])["name"] == "zero" and json.loads(lines[1])["line"] == 6
    outcome = tilevm("diff", "a.npz", "b.jsonl")
    assert (outcome.status, outcome.out) == (0, f"equal: {len(lines) - 1} steps of thread blocks\n")


def test_where_two_runs_part(tilevm: Folder) -> None:
    x = arrays()[1]
    x[5] += 1
    np.save("z.npy", x)
    tilevm("run", *WORDS, "--trace", "a.npz")
    tilevm("run", "gemv.tile", "gemv", "-a", "w=w.npy", "-a", "x=z.npy", "--trace", "b.npz")
    outcome = tilevm("diff", "a.npz", "b.npz")
    line = f"`load` of `xt` in line 9, block 0, k = 0, element [5]: {x[5] - 1} and {x[5]}\n"
    assert (outcome.status, outcome.out) == (1, line)


def test_a_run_that_fails_leaves_its_trace(tilevm: Folder) -> None:
    program = "kernel f(x: global i8[4], y: global i8[4]) {\n  t: i8[4] = load x[0]\n"
    tilevm.write("f.tile", program + "  u: i8[4] = load x[1]\n  store u, y[0]\n}\n")
    np.save("four.npy", np.arange(4))
    outcome = tilevm("run", "f.tile", "f", "-a", "x=four.npy", "--trace", "f.jsonl")
    refused(outcome, 1, "TV0403")
    lines = (tilevm.path / "f.jsonl").read_text("utf-8").splitlines()
    assert [json.loads(line)["name"] for line in lines[1:]] == ["t"]


def test_a_program_before_and_after_passes(tilevm: Folder) -> None:
    outcome = tilevm("diff", *WORDS, "-p", "canonicalise", "-p", "rewrite_dot(form = bitserial)")
    assert outcome.status == 0, outcome
    assert outcome.out.startswith("equal: ")
    assert "only in the program after the passes: " in outcome.out


def test_two_tiers(tilevm: Folder) -> None:
    outcome = tilevm("diff", *WORDS, "--tier", "reference")
    assert (outcome.status, outcome.out.splitlines()[1:]) == (0, []), outcome
    words = ("--tier", "hardware", "--dot", "mac", "--simulator", "amaranth", "--stall", "0.2")
    outcome = tilevm("diff", *WORDS, *words)
    assert outcome.status == 0, outcome
    assert outcome.out.startswith("equal: ") and "only in the hardware" not in outcome.out


def test_hardware_with_a_fault(tilevm: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """One bit of a beat of `next` is inverted on its way: the first element that it makes wrong."""
    run = hdl.sim.run

    def faulty(*words: Any, **options: Any) -> Any:
        seen = run(*words, **options)
        seen.taps["next"][1, 2] ^= 4
        return seen

    monkeypatch.setattr(hdl.sim, "run", faulty)
    words = ("--tier", "hardware", "--dot", "mac", "--lanes", "4", "--simulator", "amaranth")
    outcome = tilevm("diff", *WORDS, *words)
    w, x = arrays()
    right = int(w[6, :8] @ x[:8])
    line = f"`add` of `next` in line 11, block 0, element [6]: {right} and {right ^ 4}\n"
    assert (outcome.status, outcome.out) == (1, line)


def test_what_is_no_trace_is_said(tilevm: Folder) -> None:
    tilevm("run", *WORDS, "--trace", "a.npz")
    tilevm.write("bad.jsonl", "{}\n")
    tilevm.write("empty.jsonl", '{"format": "tilevm trace 1"}\n')
    refused(tilevm("diff", "a.npz", "bad.jsonl"), 1, "TV0811")
    refused(tilevm("diff", "a.npz", "data.npz"), 1, "TV0811")
    refused(tilevm("diff", "a.npz", "none.npz"), 1, "TV0801")
    refused(tilevm("diff", "a.npz", "empty.jsonl"), 1, "TV0812")
    refused(tilevm("diff", "gemv.tile", "gemw", "-p", "canonicalise"), 1, "TV0101")
    refused(tilevm("run", *WORDS, "--trace", "none/a.npz"), 1, "TV0802")
    for words in (
        ("run", *WORDS, "--trace", "a.txt"),
        ("diff", "gemv.tile", "gemv"),
        ("diff", "a.npz", "a.npz", "-p", "canonicalise"),
        ("diff", "a.npz"),
        ("diff", "a.npz", "a.npz", "--tier", "reference"),
        ("diff", *WORDS, "--tier", "hardware", "-p", "canonicalise"),
        ("diff", *WORDS, "--tier", "reference", "--lanes", "4"),
        ("diff", *WORDS, "-p", "canonicalise", "--seed", "1"),
    ):
        assert tilevm(*words).status == 2, words


def debugged(tilevm: Folder, monkeypatch: pytest.MonkeyPatch, *lines: str) -> str:
    monkeypatch.setattr("sys.stdin", io.StringIO("\n".join(lines) + "\n"))
    outcome = tilevm("debug", *WORDS)
    assert (outcome.status, outcome.err) == (0, ""), outcome
    return outcome.out


def test_stepping(tilevm: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    out = debugged(tilevm, monkeypatch, "step", "", "s", "print xt", "p xt[2]", "p k", "quit")
    x = arrays()[1]
    assert out.splitlines()[:4] == [
        "line 6, block 0 (n = 0): zero = full i32[8] {value = 0}",
        "line 7, block 0 (n = 0): acc = for k in 0 .. K / 8 carry (sum = zero) {",
        "line 8, block 0 (n = 0), k = 0: wt: i3[8, 8] = load w[n * 8, k * 8]",
        "line 9, block 0 (n = 0), k = 0: xt: i8[8] = load x[k * 8]",
    ]
    assert "`xt` is not known here" in out and "k = 0" in out
    out = debugged(tilevm, monkeypatch, "b 10", "c", "p xt", "p xt[2]", "p x", "q")
    assert "stops before line 10" in out
    assert f"xt: i8[8] =\n{np.array2string(x)}" in out
    assert f"xt[2] =\n{x[2]}" in out and "x: global i8[K] =" in out


def test_next_goes_past_a_loop(tilevm: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    out = debugged(tilevm, monkeypatch, "n", "n", "p acc", "block 1", "p acc", "blocks", "c")
    first, second = ((arrays()[0] @ arrays()[1])[part] for part in (slice(8), slice(8, 16)))
    assert "line 14, block 0 (n = 0): store acc, y[n * 8]" in out
    assert out.index(np.array2string(first)) < out.index(np.array2string(second))
    assert "2 here together: 0, 1" in out and "the kernel has ended" in out


def test_the_end_of_the_input_runs_on(tilevm: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    assert debugged(tilevm, monkeypatch).endswith(tilevm("run", *WORDS).out)


def test_wrong_commands_are_told(tilevm: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = ["hop", "b x", "b 99", "b", "d 3", "p nope", "block 2", "block x", "p w[9, 9, 9]", "l"]
    out = debugged(tilevm, monkeypatch, *lines, "v", "help", "b 6", "b", "d 6", "q")
    for said in (
        "there is no command `hop`", "a line is a number", "no op stands in line 99",
        "no breakpoints", "there is no breakpoint in line 3", "`nope` is not known here",
        "blocks are numbered from 0 to 1", "`w` has shape [16, 8]", "->  6  ", "x: global i8[K]",
        "end the run", "breakpoints: lines 6", "no longer stops before line 6",
    ):  # fmt: skip
        assert said in out, said


def test_a_program_on_the_standard_input_is_refused(tilevm: Folder) -> None:
    assert tilevm("debug", "-", "gemv").status == 2
