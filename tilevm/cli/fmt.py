"""``tilevm fmt``: programs in their canonical text."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tilevm.cli.output import whole_file
from tilevm.cli.parser import CommandParser, add_file, command
from tilevm.diagnostics import Diagnostic, TileError, error

if TYPE_CHECKING:
    from tilevm.cli.parser import Commands

_ABOUT = """\
Rewrites files in place, comments kept.  Nothing is written if one of them has errors.  With - it
reads the standard input and writes the standard output."""


def declare(commands: Commands) -> CommandParser:
    """Adds the command to the parser."""
    parser = command(
        commands, "fmt", fmt, "format programs", _ABOUT, "tilevm fmt gemv.tile --check"
    )
    add_file(parser, "+", "files")
    parser.add_argument(
        "--check",
        action="store_true",
        help="write nothing; name the files that would change, with exit status 1",
    )
    return parser


def fmt(options: CommandParser.Options) -> int:
    """Formats all files, or with ``--check`` names those that are not formatted."""
    texts: dict[str, tuple[str, bytes]] = {}
    found: list[Diagnostic] = []
    for path in options.files:
        try:
            texts[path] = _formatted(path)
        except TileError as problem:
            found.extend(problem.diagnostics)
    if found:
        raise TileError(*found)
    changed = [path for path, (text, data) in texts.items() if text.encode() != data]
    if options.check:
        for path in changed:
            print("<stdin>" if path == "-" else path)
        return 1 if changed else 0
    if "-" in texts:
        sys.stdout.write(texts["-"][0])
    for path in changed:
        if path != "-":
            with whole_file(path) as place:
                place.write_bytes(texts[path][0].encode())
    return 0


def _formatted(path: str) -> tuple[str, bytes]:
    """The canonical text of a program, and what the file holds."""
    from tilevm.cli.programs import STDIN, read_stdin
    from tilevm.text import load, parse

    if path == STDIN:
        given = read_stdin()
        program, data = parse(given, "<stdin>"), given.encode()
    else:
        program, data = load(path), Path(path).read_bytes()
    text = str(program)
    if parse(text, path) != program:
        raise error(
            "TV0901", f"the formatted text of {path} is another program; nothing is written"
        )
    return text, data
