"""Every program of tests/programs, and random kernels, mean the same in both."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

import tilevm
from tests.programs.conftest import calls_in
from tests.reference.agreement import assert_agreement
from tests.vm.test_random_programs import draw
from tilevm.testing import Generated, inputs, kernels, load_case

PROGRAMS = Path(__file__).parents[1] / "programs"
WITH_RUNS = sorted(p for p in PROGRAMS.rglob("*.tile") if "# run: " in p.read_text("utf-8"))
CRASHES = sorted((PROGRAMS / "crash").glob("*.tile"))


@pytest.mark.parametrize("path", WITH_RUNS, ids=lambda path: path.stem)
def test_programs(path: Path) -> None:
    text = path.read_text("utf-8")
    program = tilevm.parse(text, path.name)
    for call in calls_in(text):
        kernel = program[call.name]
        found = assert_agreement(kernel, call.arguments(kernel), call.text)
        assert call.code is None or found == call.code


@pytest.mark.parametrize("path", CRASHES, ids=lambda path: path.stem)
def test_kept_cases(path: Path) -> None:
    assert_agreement(*load_case(path), note=str(path))


@given(kernels(buildable=False), st.integers(0, 99))
def test_random_kernels(made: Generated, seed: int) -> None:
    assert_agreement(made.kernel, inputs(made.kernel, made.sizes, seed=seed), f"seed {seed}")


@given(st.randoms(use_true_random=False))
def test_random_straight_line_programs_of_all_types(random: Random) -> None:
    assert_agreement(*draw(random))
