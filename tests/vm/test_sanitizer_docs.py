"""docs/sanitizer.md is true: its reports are what checked runs say."""

import doctest
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "sanitizer.md"


def test_reports_are_as_shown() -> None:
    found = doctest.testfile(str(PAGE), module_relative=False)
    assert found.attempted > 5 and found.failed == 0
