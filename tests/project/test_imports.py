"""Import rules that import-linter cannot tell: what is loaded when."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HEAVY = {"hdl", "amaranth"}  # only inside the function that needs them


def imported_at_load(body: list[ast.stmt]) -> Iterator[str]:
    """Top-level names that the statements import when they run, functions left out."""
    for statement in body:
        match statement:
            case ast.Import(names=names):
                yield from (alias.name.partition(".")[0] for alias in names)
            case ast.ImportFrom(module=str(module), level=0):
                yield module.partition(".")[0]
            case ast.If(test=ast.Name(id="TYPE_CHECKING"), orelse=orelse):
                yield from imported_at_load(orelse)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                pass
            case _:
                inner = ast.iter_child_nodes(statement)
                yield from imported_at_load([node for node in inner if isinstance(node, ast.stmt)])


def test_the_search_sees_what_runs_at_load_and_only_that() -> None:
    source = """
import hdl.sim
if TYPE_CHECKING:
    import a
else:
    from b.c import d
try:
    import e
finally:
    class C:
        import f
def function():
    import g
from . import h
"""
    assert list(imported_at_load(ast.parse(source).body)) == ["hdl", "b", "e", "f"]


@pytest.mark.parametrize(
    "path", sorted((ROOT / "tilevm").rglob("*.py")), ids=lambda path: str(path.relative_to(ROOT))
)
def test_tilevm_does_not_load_hdl(path: Path) -> None:
    loaded = HEAVY & set(imported_at_load(ast.parse(path.read_text("utf-8")).body))
    assert not loaded, f"{path} imports {', '.join(sorted(loaded))} outside a function"


def test_importing_tilevm_does_not_load_amaranth() -> None:
    code = "import sys, tilevm; print(*sorted({'amaranth', 'hdl'} & set(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert (run.returncode, run.stdout.strip()) == (0, ""), run.stderr
