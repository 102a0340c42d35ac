"""The pages of docs/ are true: what is written as code there runs as printed.

- ```` ```tile ````: a program without errors, written as the formatter writes it.
- ```` ```python ````: examples with ``>>>`` give what they say; other blocks run.
- Lines ``$ tilevm ...``: the command runs, and prints what follows.  It finds the programs of the
  page whose first line is ``# NAME.tile: ...`` as files of that name, and what blocks of Python
  wrote.  Behind a prompt of the debugger stands what is typed, which only a terminal shows.

Other commands, links and paths are in test_readme.py.
"""

from __future__ import annotations

import doctest
import io
import re
import shlex
from dataclasses import dataclass
from pathlib import Path

import pytest

import tilevm
from tilevm.cli import main
from tilevm.cli.entry import COMMANDS
from tilevm.diagnostics import CODES

ROOT = Path(__file__).parents[2]
DOCS = sorted((ROOT / "docs").rglob("*.md"))
PROMPT = "(tilevm) "
OF_PYTEST = {"--long", "--golden"}
FENCED = re.compile(r"^```(\w*)\n(.*?)^```", re.M | re.S)


@dataclass(frozen=True)
class Transcript:
    """A command of a page and what it prints; `typed`: what it reads meanwhile."""

    command: str
    typed: str
    printed: str


def blocks(page: Path, language: str) -> list[str]:
    return [text for name, text in FENCED.findall(page.read_text("utf-8")) if name == language]


def transcripts(page: Path) -> list[Transcript]:
    """The indented blocks that begin with ``$ tilevm``; one may hold several commands."""
    found = []
    for block in re.findall(r"(?:^    .*\n|^\n(?=    ))+", page.read_text("utf-8"), re.M):
        text = re.sub(r"^    ", "", block.strip("\n") + "\n", flags=re.M)
        for command, shown in re.findall(r"^\$ tilevm (.*)\n((?:(?!\$ ).*\n)*)", text, re.M):
            typed = re.findall(rf"^{re.escape(PROMPT)}(.*)$", shown, re.M)
            printed = re.sub(rf"^{re.escape(PROMPT)}.*\n", "", shown, flags=re.M)
            found.append(Transcript(command, "".join(f"{line}\n" for line in typed), printed))
    return found


def pages(language: str) -> list[pytest.ParameterSet]:
    wanted = [page for page in DOCS if blocks(page, language)]
    return [pytest.param(page, id=str(page.relative_to(ROOT))) for page in wanted]


@pytest.mark.parametrize("page", pages("tile"))
def test_programs_are_written_as_the_formatter_writes_them(page: Path) -> None:
    for text in blocks(page, "tile"):
        assert str(tilevm.parse(text)) == text


@pytest.mark.parametrize("page", pages("python"))
def test_examples_give_what_they_say(page: Path) -> None:
    found = doctest.testfile(
        str(page), module_relative=False, optionflags=doctest.ELLIPSIS, encoding="utf-8"
    )
    wanted = sum(">>>" in block for block in blocks(page, "python"))
    assert found.failed == 0 and found.attempted >= wanted


@pytest.mark.parametrize(
    "page", [pytest.param(page, id=page.name) for page in DOCS if transcripts(page)]
)
def test_commands_print_what_follows_them(
    page: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    for text in blocks(page, "tile"):
        if named := re.match(r"# (\w+\.tile)\b", text):
            Path(named[1]).write_text(text, "utf-8")
    for text in blocks(page, "python"):
        if ">>>" not in text:
            exec(compile(text, page.name, "exec"), {})
    for each in transcripts(page):
        monkeypatch.setattr("sys.stdin", io.StringIO(each.typed))
        main(shlex.split(each.command))
        assert capsys.readouterr().out.rstrip("\n") == each.printed.rstrip("\n"), each.command


@pytest.mark.parametrize("page", [pytest.param(page, id=page.name) for page in DOCS])
def test_codes_exist(page: Path) -> None:
    named = set(re.findall(r"\bTV\d{4}\b", page.read_text("utf-8")))
    assert named <= set(CODES)


def test_options_exist(capsys: pytest.CaptureFixture[str]) -> None:
    known = {}
    for command in COMMANDS:
        main([command, "--help"])
        known[command] = set(re.findall(r"--[a-z][a-z-]*", capsys.readouterr().out))
    every = set().union(OF_PYTEST, *known.values())
    for page in [ROOT / "README.md", ROOT / "CHANGELOG.md", *DOCS]:
        for code in re.findall(r"`([^`\n]+)`", page.read_text("utf-8")):
            named = re.match(r"tilevm ([a-z]+)", code)
            asked = {option for word in code.split() for option in re.findall(r"^--[a-z-]+", word)}
            assert named is None or named[1] in COMMANDS, (page.name, code)
            assert asked <= (known[named[1]] if named else every), (page.name, code)
