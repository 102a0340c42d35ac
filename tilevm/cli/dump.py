"""``--dump-ir``: the program after each pass, in order, shown or written to a folder."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tilevm.cli.output import check_folder, write_folder

if TYPE_CHECKING:
    from tilevm.cli.parser import CommandParser

STDOUT = "-"


@contextmanager
def dumping(
    options: CommandParser.Options, source: Any
) -> Iterator[Callable[[str, Any], None] | None]:
    """What the passes call with the program after each of them; None unless it is asked for.

    `source`: the kernel or program before them, number 0.  What there is by then is written also
    where one of the passes fails.  TileError TV0802 or TV0806 for a folder that cannot be written.
    """
    place = options.dump_ir
    if place is None:
        yield None
        return
    if place == STDOUT:
        _show("source", source)
        yield _show
        return
    check_folder(place, False)
    files = {"00-source.tile": str(source)}
    told = ["source"]

    def keep(name: str, program: Any) -> None:
        files[f"{len(files):02}-{_slug(name)}.tile"] = str(program)
        told.append(name)

    try:
        yield keep
    finally:
        write_folder(place, files, {"programs": told}, False)


def _show(name: str, program: Any) -> None:
    print(f"# --- {name}\n{program}")


def _slug(name: str) -> str:
    """A name as part of a file name: the pass, with its options if it has any."""
    return re.sub(r"[^a-z0-9_]+", "-", name.lower().replace(" = ", "-")).strip("-")
