"""``tilevm fuzz``: random programs, computed in every way, and what differs made small."""

from __future__ import annotations

import os
import secrets
import shlex
import sys
from importlib.util import find_spec
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

from tilevm.cli.parser import CommandParser, Usage, command, path, whole
from tilevm.diagnostics import error

if TYPE_CHECKING:
    from tilevm.cli.parser import Commands
    from tilevm.testing.fuzz import Difference

EVERY = 10.0  # seconds between two lines of progress, where these cannot be overwritten
DAY = 24 * 60 * 60

_ABOUT = """\
Draws well-typed programs and arguments, and compares the virtual machine with itself at other
chunk sizes and in a checked run, with the reference, with the program printed and parsed, and with
the program after each pass.  A program that differs is made small and kept as two files, and the
command that replays it is printed.  Programs are drawn by Hypothesis: pip install hypothesis."""


def declare(commands: Commands) -> CommandParser:
    """Adds the command to the parser."""
    example = "tilevm fuzz --seconds 2 --seed 7 -o failures"
    summary = "look for random programs that two ways compute differently"
    parser = command(commands, "fuzz", fuzz, summary, _ABOUT, example)
    parser.add_argument(
        "--seconds",
        metavar="N",
        type=whole(1, 30 * DAY),
        help="how long to look (default: 60); to make a program small may take half a minute more",
    )
    parser.add_argument(
        "--seed", metavar="S", type=whole(0), help="of the first ten programs (default: a new one)"
    )
    parser.add_argument("--jobs", metavar="J", type=whole(1, 256), help="processes (default: 1)")
    parser.add_argument(
        "--stop-after",
        metavar="D",
        type=whole(1),
        help="end at so many differences (default: 10)",
    )
    parser.add_argument(
        "-o",
        "--output",
        metavar="DIR",
        type=path,
        help="where programs that differ are kept (default: fuzz-cases)",
    )
    parser.add_argument(
        "--hardware", action="store_true", help="simulate the hardware of each program, too"
    )
    parser.add_argument(
        "--replay", metavar="FILE", type=path, help="compare one kept program, and no others"
    )
    return parser


def fuzz(options: CommandParser.Options) -> int:
    """Draws and compares, or replays; 1 where something differs."""
    if find_spec("hypothesis") is None:
        raise error(
            "TV0830",
            "`tilevm fuzz` draws its programs with Hypothesis, which is not installed",
            help='pip install hypothesis, or all that tests need: pip install "tilevm[test]"',
        )
    drawing = ("seconds", "seed", "jobs", "stop_after", "output")
    if options.replay is None:
        return _draw(options)
    for name in drawing:
        if getattr(options, name) is not None:
            option = "--" + name.replace("_", "-")
            raise Usage(
                options.command, f"`--replay` draws no programs, so `{option}` says nothing"
            )
    return _replay(options)


def _draw(options: CommandParser.Options) -> int:
    from tilevm.testing.fuzz import NAMES, fuzz

    seed = secrets.randbelow(10**6) if options.seed is None else options.seed
    most = options.stop_after or 10
    programs, ops, found = 0, set[str](), dict[str, int]()

    def summary() -> str:
        many = "1 difference" if len(found) == 1 else f"{len(found)} differences"
        return f"{programs} programs, {len(ops)} of {len(NAMES)} ops, {many}"

    progress = Progress()
    seconds, jobs = options.seconds or 60, options.jobs or 1
    drawn = fuzz(seed, seconds, jobs=jobs, hardware=options.hardware)
    try:
        for batch in drawn:
            programs += batch.programs
            ops |= batch.ops
            if batch.difference is not None:
                again = found.setdefault(str(batch.difference.kernel), batch.seed)
                if again == batch.seed:
                    progress.clear()
                    _keep(batch.difference, batch.seed, options)
            progress.show(f"tilevm fuzz: {summary()}")
            if len(found) >= most:
                break
    finally:
        drawn.close()
        progress.clear()
    print(f"fuzz: {summary()}, from seed {seed}")
    return 1 if found else 0


def _keep(difference: Difference, seed: int, options: CommandParser.Options) -> None:
    """Writes the program and its arguments, and says so."""
    from tilevm.testing import save_case

    base = Path(options.output or "fuzz-cases") / f"seed{seed}"
    try:
        kept = save_case(base, difference.kernel, difference.arguments, note=difference.reason)
    except OSError as problem:
        reason = problem.strerror or str(problem)
        raise error("TV0802", f"cannot write {base}: {reason}") from None
    words = ["tilevm", "fuzz", "--replay", str(kept), *["--hardware"] * options.hardware]
    print(f"DIFFERS  {difference.reason}")
    print("".join(f"    {line}".rstrip() + "\n" for line in str(difference.kernel).splitlines()))
    print(f"  kept: {kept} and {kept.with_suffix('.npz').name}, {difference.size[0]} statements")
    print(f"  replay: {shlex.join(words)}", flush=True)


def _replay(options: CommandParser.Options) -> int:
    from tilevm.cli.arrays import read_array
    from tilevm.cli.programs import read_program
    from tilevm.testing.fuzz import differences, usable_forms

    program = read_program(options.replay)
    kernel = program[next(iter(program))]
    arrays = str(Path(options.replay).with_suffix(".npz"))
    if not os.path.exists(arrays):
        raise error(
            "TV0831",
            f"{options.replay} is no kept program: its arguments are not beside it, in {arrays}",
            help="`tilevm fuzz` writes both files; `tilevm verify` takes a program alone",
        )
    arguments = {p.name: read_array(p.name, f"{arrays}:{p.name}") for p in kernel.params}
    forms = usable_forms() if options.hardware else ()
    number = failed = 0
    for found in differences(kernel, arguments, forms):
        number += 1
        if found is not None:
            failed += 1
            print(f"DIFFERS  {found.reason}")
    print(f"{kernel.name}: computed in {number} ways, {failed} differ")
    return 1 if failed else 0


class Progress:
    """A line on stderr: written over in a terminal, else a new one now and then."""

    def __init__(self) -> None:
        self.terminal = sys.stderr.isatty()
        self.next = monotonic() + EVERY

    def show(self, line: str) -> None:
        """Shows the state of things."""
        if self.terminal:
            print(f"\r{line}\x1b[K", end="", file=sys.stderr, flush=True)
        elif monotonic() >= self.next:
            self.next = monotonic() + EVERY
            print(line, file=sys.stderr, flush=True)

    def clear(self) -> None:
        """Leaves an empty line for what follows."""
        if self.terminal:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
