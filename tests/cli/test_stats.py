"""`tilevm stats`."""

from __future__ import annotations

import json

import numpy as np

from tests.cli.folder import Folder, refused


def test_a_table_from_sizes_alone(tilevm: Folder) -> None:
    outcome = tilevm("stats", "gemv.tile", "gemv", "--set", "N=16", "--set", "K=8")
    assert outcome.status == 0, outcome
    assert "gemv(N = 16, K = 8): 2 thread blocks, counted from the program" in outcome.out
    assert "load w[n * 8, k * 8]" in outcome.out


def test_sizes_follow_from_arrays(tilevm: Folder) -> None:
    outcome = tilevm("stats", "gemv.tile", "gemv", "-a", "w=w.npy", "-a", "x=x.npy", "--json")
    found = json.loads(outcome.out)
    assert (found["sizes"], found["blocks"]) == ({"N": 16, "K": 8}, 2)
    assert found["operations"] == 2 * 16 * 8 + 16
    assert found["ops"][2]["global_bytes"] == 16 * 8 * 3 // 8


def test_layouts_and_why(tilevm: Folder) -> None:
    outcome = tilevm("stats", "gemv.tile", "gemv", "--layouts")
    assert outcome.status == 0 and "nothing is written: 32 threads" in outcome.out


def test_what_is_missing_is_said(tilevm: Folder) -> None:
    refused(tilevm("stats", "gemv.tile", "gemv"), 1, "TV0410")
    refused(tilevm("stats", "gemv.tile", "gemw"), 1, "TV0101")
    refused(tilevm("stats", "gemv.tile", "gemv", "--set", "N=7", "--set", "K=8"), 1, "TV0413")
    refused(tilevm("stats", "none.tile", "gemv"), 1, "TV0801")
    assert tilevm("stats", "gemv.tile", "gemv", "--jason").status == 2


def test_data_that_decides_is_asked_for(tilevm: Folder) -> None:
    tilevm.write(
        "if.tile",
        "kernel f(x: global u1[1], y: global i8[1]) {\n  t: u1[1] = load x[0]\n"
        "  c = reshape t {shape = []}\n  r = if c {\n    a = full i8[1] {value = 1}\n    yield a\n"
        "  } else {\n    b = full i8[1] {value = 2}\n    yield b\n  }\n  store r, y[0]\n}\n",
    )
    refused(tilevm("stats", "if.tile", "f"), 1, "TV0810")
    np.save("one.npy", np.ones(1, np.int8))
    outcome = tilevm("stats", "if.tile", "f", "-a", "x=one.npy")
    assert outcome.status == 0 and "counted by a run" in outcome.out
