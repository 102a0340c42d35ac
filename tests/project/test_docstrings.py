"""Every example in a docstring runs."""

import doctest
import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# __main__ is the command itself: importing it would run it.
MODULES = [
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    for package in ("tilevm", "hdl")
    for path in sorted((ROOT / package).rglob("*.py"))
    if path.name != "__main__.py"
]


def test_the_modules_are_found() -> None:
    assert "tilevm" in MODULES and "tilevm.diagnostics.span" in MODULES


@pytest.mark.parametrize("name", MODULES)
def test_docstring_examples(name: str) -> None:
    module = importlib.import_module(name)
    assert doctest.testmod(module, optionflags=doctest.ELLIPSIS).failed == 0
