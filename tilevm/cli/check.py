"""``tilevm check``: what is wrong in programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tilevm.cli.parser import CommandParser, add_file, command
from tilevm.diagnostics import FORMATS, Diagnostic, TileError, render

if TYPE_CHECKING:
    from tilevm.cli.parser import Commands

_ABOUT = """\
Prints every error of every file on the standard output, in a form for people (text) or tools
(json, github, sarif)."""


def declare(commands: Commands) -> CommandParser:
    """Adds the command to the parser."""
    parser = command(
        commands, "check", check, "check programs", _ABOUT, "tilevm check gemv.tile --format json"
    )
    add_file(parser, "+", "files")
    parser.add_argument(
        "--format", choices=tuple(FORMATS), default="text", help="form of the errors"
    )
    return parser


def check(options: CommandParser.Options) -> int:
    """Prints the diagnostics of all files; 1 if there are any."""
    from tilevm.cli.programs import read_program

    found: list[Diagnostic] = []
    for path in options.files:
        try:
            program = read_program(path)
        except TileError as problem:
            found.extend(problem.diagnostics)
        else:
            if options.format == "text":
                print(f"{program.source}: {', '.join(program)}: no errors")
    text = render(found, options.format)
    if text:
        print(text)
    return 1 if found else 0
