"""Long statements in several lines: the same program again, at every width."""

from __future__ import annotations

from pathlib import Path
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tilevm
from tilevm.ir import folding
from tilevm.testing import Generated, kernels

PROGRAMS = sorted(Path("tests/programs/run").glob("*.tile")) + sorted(
    Path("examples").glob("*.tile")
)


def narrow(program: object, width: int) -> str:
    """The text of a program or kernel for lines of that many columns."""
    with mock.patch.object(folding, "WIDTH", width):
        return str(program)


@settings(max_examples=40)
@given(kernels(buildable=False), st.integers(1, 60))
def test_random_programs_are_the_same_at_any_width(made: Generated, width: int) -> None:
    text = narrow(made.kernel, width)
    again = tilevm.parse(text)[made.kernel.name]
    assert again == made.kernel, text
    assert narrow(again, width) == text


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_programs_with_their_comments_are_the_same_in_narrow_lines(path: Path) -> None:
    program = tilevm.load(path)
    text = narrow(program, 24)
    again = tilevm.parse(text)
    assert again == program
    assert narrow(again, 24) == text
    assert str(again) == str(program)


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_no_statement_is_longer_than_a_line_if_it_has_somewhere_to_break(path: Path) -> None:
    for line in narrow(tilevm.load(path), 60).splitlines():
        code = line.split("#")[0].strip().removesuffix(",")
        if len(line.split("#")[0].rstrip()) > 60:
            assert len(code.split(", ")) == 1, line
