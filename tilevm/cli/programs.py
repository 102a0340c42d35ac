"""Programs from files or the standard input."""

from __future__ import annotations

import sys

from tilevm.diagnostics import error
from tilevm.ir import Program
from tilevm.text import load, parse

STDIN = "-"


def read_program(path: str) -> Program:
    """The checked program of a file, or of the standard input for ``-``; raises as `load` does."""
    if path != STDIN:
        return load(path)
    return parse(read_stdin(), "<stdin>")


def read_stdin() -> str:
    """The text on the standard input; TileError TV0002 where it is not UTF-8."""
    data = sys.stdin.buffer.read()
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as reason:
        message = f"<stdin> is not a tile program: byte {reason.start} is not UTF-8"
        raise error("TV0002", message, help="a program is plain UTF-8 text") from None
