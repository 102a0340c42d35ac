"""The reference shares no arithmetic with what it is compared with, and no op lacks a meaning."""

import ast
from pathlib import Path

import pytest

from tilevm.ir import REGISTRY, Call, For, If, While
from tilevm.reference import MEANINGS, STATEMENTS

FILES = sorted((Path(__file__).parents[2] / "tilevm" / "reference").rglob("*.py"))
STANDARD = {"__future__", "collections", "dataclasses", "enum", "fractions", "itertools", "math"}
OURS = {
    "tilevm.diagnostics": {"Label", "TileError", "error"},
    "tilevm.dtypes": {
        "CodebookType",
        "DType",
        "FixedType",
        "FloatFormat",
        "FloatType",
        "IntType",
    },  # their parameters
    "tilevm.ir": None,
    "tilevm.ir.index": {"Binary"},
    "tilevm.ir.ops.access": {"Padded"},  # a name for ops
    "tilevm.layouts": {"Layout"},  # its digits
}
MEANING = {"run", "evaluate", "elements", "element", "places_of", "quantise", "coerce", "wrap"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_only_structures_are_imported(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        assert not isinstance(node, ast.Import), ast.unparse(node)
        if isinstance(node, ast.Attribute):
            assert node.attr not in MEANING, f"{path.name}, line {node.lineno}: .{node.attr}"
        if isinstance(node, ast.ImportFrom):
            module = node.module or ""
            names = {alias.name for alias in node.names}
            if module.split(".")[0] in STANDARD | {"typing"}:
                continue
            if not module.startswith("tilevm.reference"):
                assert module in OURS and names <= (OURS[module] or names), ast.unparse(node)


def test_every_op_has_a_meaning() -> None:
    assert not MEANINGS.keys() & STATEMENTS.keys()
    assert {*MEANINGS, *STATEMENTS} == {*REGISTRY.values(), Call, For, If, While}
