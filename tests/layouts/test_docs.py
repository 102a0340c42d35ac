"""Every example in the guide and in the docstrings runs, and prints what it says."""

import doctest
import importlib
import pkgutil
from pathlib import Path

import pytest

import tilevm.layouts

GUIDE = Path(__file__).parents[2] / "docs" / "layouts.md"
MODULES = ["tilevm.layouts"] + [
    f"tilevm.layouts.{module.name}" for module in pkgutil.iter_modules(tilevm.layouts.__path__)
]


def test_guide() -> None:
    result = doctest.testfile(str(GUIDE), module_relative=False, encoding="utf-8")
    assert result.failed == 0 and result.attempted > 20


@pytest.mark.parametrize("name", MODULES)
def test_docstrings(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0
