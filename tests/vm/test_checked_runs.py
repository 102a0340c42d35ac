"""Checked runs of random programs: silent where they must be, and equal to other runs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tilevm
from tilevm import TileError
from tilevm.ir import Builder, Kernel
from tilevm.testing import Generated, inputs, kernels
from tilevm.vm import Event

# random programs wrap around, and lay their outputs out by elements, not by bytes
MEANT = {"TV0441", "TV0442", "TV0443"}


def values(
    kernel: Kernel, arguments: dict[str, Any], chunk: int, check: bool
) -> tuple[list[Event], set[str]]:
    """Every value that a run computes, and the codes of what it reports."""
    events: list[Event] = []
    try:
        tilevm.run(kernel, arguments, chunk_bytes=chunk, check=check, observe=events.append)
    except TileError as problem:
        return events, {each.code for each in problem.diagnostics}
    return events, set()


@given(kernels(buildable=False), st.integers(0, 99), st.sampled_from([1, 500, 1 << 30]))
def test_random_programs_have_no_races_and_the_same_values(
    made: Generated, seed: int, chunk: int
) -> None:
    arguments = inputs(made.kernel, made.sizes, seed=seed)
    plain, nothing = values(made.kernel, arguments, chunk, False)
    checked, found = values(made.kernel, arguments, chunk, True)
    assert nothing == set()
    assert found <= MEANT, f"{found}\n{made.kernel}"
    assert len(plain) == len(checked)
    for one, other in zip(plain, checked, strict=True):
        kind = one.value.dtype
        assert one.value is other.value
        if kind.bits:
            assert np.array_equal(kind.encode(one.data), kind.encode(other.data))


def reports(kernel: Kernel, **arguments: Any) -> TileError:
    """What a checked run finds."""
    with pytest.raises(TileError) as found:
        tilevm.run(kernel, check=True, **arguments)
    return found.value


def test_twenty_reports_are_shown_and_the_others_counted() -> None:
    build = Builder("k")
    y = build.buffer("y", "i8", 30)
    for number in range(30):
        big = build.full("i8[1]", value=100)
        build.store(build.add(big, big), y[number])
    found = reports(build.kernel())
    assert [each.code for each in found.diagnostics] == ["TV0441"] * 20
    assert found.diagnostics[-1].notes[-1] == "and 10 more reports, not shown"


def test_a_program_without_text_is_told_in_notes() -> None:
    build = Builder("k")
    x, y = build.buffer("x", "i8", 4), build.buffer("y", "i8", 4)
    shared = build.alloc_shared("i8[4]", name="s")
    build.store(build.load(x[0], type="i8[4]", name="a"), shared[0])
    build.store(build.load(shared[0], type="i8[4]", name="b"), y[0])
    (race,) = reports(build.kernel(), x=[1, 2, 3, 4]).diagnostics
    assert race.message == "`s[0]` is written, then read with no barrier between"
    assert race.notes == ("`load` s[0]: read here", "`store` s[0]: written here")


def test_what_was_found_comes_before_what_stops_the_run() -> None:
    text = """
kernel k(x: global i8[4], y: global i8[4])
{
  a: i8[4] = load x[0]
  b = add a, a
  store b, y[1]
}
"""
    found = reports(tilevm.parse(text)["k"], x=[100, 2, 3, 4])
    assert [each.code for each in found.diagnostics] == ["TV0441", "TV0403"]
    outside = found.diagnostics[1]
    assert [label.span.line for label in outside.labels] == [6, 2]


def test_each_pair_of_lines_is_reported_once() -> None:
    text = """
kernel k(x: global i8[8], y: global i8[8])
  grid (n = 4)
{
  s = alloc_shared i8[2]
  for k in 0 .. 5 {
    a: i8[2] = load x[n * 2]
    store a, s[0]
    b: i8[2] = load s[0]
    store b, y[n * 2]
  }
}
"""
    found = reports(tilevm.parse(text)["k"], x=range(8))
    pairs = [tuple(label.span.line for label in each.labels) for each in found.diagnostics]
    assert pairs == [(9, 8), (8, 9)]
    assert "in thread block n = 0, round k = 0" in found.diagnostics[0].notes


def test_buffers_of_a_launch_are_not_changed() -> None:
    text = """
kernel k(y: global i8[4])
{
  a: i8[4] = load y[0]
  b = add a, a
  store b, y[0]
}
"""
    given = np.array([1, 2, 3, 4], np.int8)
    result = tilevm.run(tilevm.parse(text)["k"], y=given, check=True)
    assert given.tolist() == [1, 2, 3, 4] and result["y"].tolist() == [2, 4, 6, 8]
