"""docs/language.md is true: programs canonical, examples running; docs/ops.md is current."""

import doctest
import re
from pathlib import Path

import pytest

import tilevm
from tilevm.ir.reference import reference

DOCS = Path(__file__).parents[2] / "docs"
LANGUAGE = (DOCS / "language.md").read_text("utf-8")
PROGRAMS = re.findall(r"```tile\n(.*?)```", LANGUAGE, re.DOTALL)


@pytest.mark.parametrize("text", PROGRAMS, ids=range(len(PROGRAMS)))
def test_programs_are_written_as_the_formatter_writes_them(text: str) -> None:
    assert str(tilevm.parse(text)) == text


def test_examples_run() -> None:
    found = doctest.testfile(
        str(DOCS / "language.md"), module_relative=False, optionflags=doctest.ELLIPSIS
    )
    assert found.attempted > 5 and found.failed == 0


def test_the_reference_of_ops_is_current() -> None:
    assert (DOCS / "ops.md").read_text("utf-8") == reference(), (
        "write it anew: python -m tilevm.ir.reference > docs/ops.md"
    )
