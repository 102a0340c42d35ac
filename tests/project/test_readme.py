"""README.md is true: its program is the example's, its code runs, its links and commands exist."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from tilevm.cli.entry import _parse

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
PAGES = [
    ROOT / "README.md",
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / "examples").rglob("*.md")),
]
CODE = dict(re.findall(r"^```(\w*)\n(.*?)^```", README, re.M | re.S))  # by language


def test_its_program_is_that_of_the_examples() -> None:
    assert CODE[""] == (ROOT / "examples/gemv.tile").read_text("utf-8")


def test_its_python_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    monkeypatch.chdir(tmp_path)
    exec(compile(CODE["python"], "README.md", "exec"), {})
    assert re.fullmatch(r"\d+ cycles with ports always ready\n", capsys.readouterr().out)
    assert "module" in (tmp_path / "gemv.v").read_text("utf-8")


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_commands_are_understood_and_links_lead_somewhere(page: Path) -> None:
    text = page.read_text("utf-8")
    for line in re.findall(r"^(?: {4})?tilevm (.*)$", text, re.M):
        _parse(shlex.split(line, comments=True))
    links = re.findall(r"\]\((?!https?:)([^)#]+)", text)
    assert [link for link in links if not (page.parent / link).exists()] == []
    paths = re.findall(r"`((?:tilevm|hdl|tests|docs|examples|benchmarks)/[\w/.]+)`", text)
    named = [path for path in paths if "NAME" not in path]
    assert [path for path in named if not (ROOT / path).exists()] == []
