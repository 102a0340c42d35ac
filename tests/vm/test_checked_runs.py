"""Checked runs of random programs: silent where they must be, and equal to other runs."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import tilevm
from tilevm import TileError
from tilevm.ir import Kernel
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
