"""From the words of a command line to an exit status, with every failure told in one place."""

from __future__ import annotations

import errno
import io
import os
import shlex
import signal
import sys
import threading
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

from tilevm.cli import (
    build,
    check,
    debug,
    diff,
    explain,
    fmt,
    fuzz,
    opt,
    report,
    run,
    sim,
    stats,
    verify,
)
from tilevm.cli.parser import CommandParser, Usage
from tilevm.diagnostics import Diagnostic, TileError, error, nearest, render

COMMANDS = {
    "check": check,
    "fmt": fmt,
    "opt": opt,
    "run": run,
    "build": build,
    "sim": sim,
    "report": report,
    "stats": stats,
    "diff": diff,
    "debug": debug,
    "verify": verify,
    "fuzz": fuzz,
    "explain": explain,
}
DONE, FAULT, USAGE, INTERRUPTED, PIPE_CLOSED = 0, 1, 2, 130, 141

_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS}


def main(words: Sequence[str] | None = None) -> int:
    """Runs the command that `words` (by default the process's arguments) spell.

    Returns the exit status: 0, 1 where a program or data is at fault, 2 for wrong usage, 130 after
    an interrupt, 141 where nobody reads the output any more, 128 + n after signal n.  Failures are
    told on stderr.
    """
    words = sys.argv[1:] if words is None else list(words)
    _open_closed_streams()
    if isinstance(sys.stdout, io.TextIOWrapper):  # file names may hold what the terminal cannot
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        with _unwinding():
            status = _status(words)
        sys.stdout.flush()
    except BrokenPipeError:
        _drop_output()
        return PIPE_CLOSED
    except OSError as problem:
        _drop_output()
        reason = problem.strerror or str(problem)
        return _tell(error("TV0802", f"cannot write to the standard output: {reason}"))
    return status


def _status(words: Sequence[str]) -> int:
    try:
        options = _parse(words)
        return int(options.run(options))
    except SystemExit as stop:  # argparse, after --help and --version; a signal
        return int(stop.code or DONE)
    except Usage as wrong:
        print(f"{wrong.command}: {wrong}\nsee `{wrong.command} --help`", file=sys.stderr)
        return USAGE
    except TileError as problem:
        return _tell(_with_options(problem))
    except KeyboardInterrupt:
        return INTERRUPTED
    except MemoryError:
        return _tell(error("TV0414", "this machine's memory does not suffice for the command"))
    except BrokenPipeError:
        raise
    except Exception as bug:
        if isinstance(bug, OSError) and bug.errno in _NO_ROOM:
            place = bug.filename or "the output"
            return _tell(error("TV0802", f"cannot write {place}: {bug.strerror}"))
        if "--traceback" in words:
            traceback.print_exc()
        return _tell(_internal(bug, words))


def _parse(words: Sequence[str]) -> CommandParser.Options:
    parser = CommandParser.top()
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    parsers = {name: module.declare(commands) for name, module in COMMANDS.items()}
    first = next((word for word in words if not word.startswith("-")), None)
    if first is not None and first not in parsers:
        near = nearest(first, parsers)
        hint = f"did you mean `{near}`?" if near else f"commands: {', '.join(parsers)}"
        raise Usage(parser.prog, f"there is no command `{first}`; {hint}")
    options, unknown = parser.parse_known_args(words, CommandParser.Options())
    if unknown:
        asked = parsers[first] if first else parser
        raise Usage(asked.prog, asked.about_unknown(unknown[0]))
    return options


def _tell(problem: TileError) -> int:
    sys.stdout.flush()  # what came before stays before
    print(render(problem.diagnostics), file=sys.stderr)
    return FAULT


def _with_options(problem: TileError) -> TileError:
    """The error, with how a missing argument is given on a command line."""
    told = []
    for one in problem.diagnostics:
        if one.code == "TV0410":
            symbol = one.message.startswith("shape symbol")
            option = "--set NAME=NUMBER" if symbol else "-a NAME=FILE"
            notes = (*one.notes, f"on the command line: `{option}`")
            one = Diagnostic(one.code, one.message, one.labels, notes, one.help, one.severity)
        told.append(one)
    return TileError(*told)


def _internal(bug: Exception, words: Sequence[str]) -> TileError:
    kind = type(bug).__name__
    return error(
        "TV0901",
        f"tilevm itself failed: {kind}: {str(bug)[:500] or 'no message'}",
        notes=[f"the command was `tilevm {shlex.join(words)}`"],
        help="please report it, with the program and the output of the command with `--traceback`",
    )


@contextmanager
def _unwinding() -> Iterator[None]:
    """A request to end (SIGTERM, SIGHUP) unwinds as an interrupt does: no half a file stays."""

    def stop(number: int, _frame: FrameType | None) -> None:
        signal.signal(number, signal.SIG_IGN)  # once is enough
        raise SystemExit(128 + number)

    ours = []
    if threading.current_thread() is threading.main_thread():
        asked = [getattr(signal, name, None) for name in ("SIGTERM", "SIGHUP")]  # Windows has one
        ours = [n for n in asked if n is not None and signal.getsignal(n) == signal.SIG_DFL]
    for number in ours:
        signal.signal(number, stop)
    try:
        yield
    finally:
        for number in ours:
            signal.signal(number, signal.SIG_DFL)


def _open_closed_streams() -> None:
    """Where a process starts without an output, as after `>&-`, what it says goes nowhere."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))


def _drop_output() -> None:
    """Points stdout to nowhere, so that the interpreter's last flush does not fail again."""
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
    except (OSError, ValueError):
        pass  # stdout is no file: there is nothing to flush
