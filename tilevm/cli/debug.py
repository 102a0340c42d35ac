"""``tilevm debug``: a kernel, op by op."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

from tilevm.cli.parser import (
    CommandParser,
    Usage,
    add_arrays,
    add_kernel,
    add_passes,
    add_sizes,
    command,
    kernel_of,
)
from tilevm.cli.run import add_check, arguments_of

if TYPE_CHECKING:
    from tilevm.cli.parser import Commands

_ABOUT = """\
Stops before the first op and reads commands from the standard input, one a line: step, next,
continue, break LINE, print NAME, where, blocks, quit; `help` shows all.  An empty line repeats the
last command.  At the end of the input the kernel runs on."""


def declare(commands: Commands) -> CommandParser:
    """Adds the command to the parser."""
    example = "tilevm debug gemv.tile gemv -a w=w.npy -a x=x.npy"
    parser = command(commands, "debug", debug, "run a kernel step by step", _ABOUT, example)
    add_kernel(parser)
    add_arrays(parser)
    add_sizes(parser)
    add_check(parser)
    add_passes(parser)
    return parser


def debug(options: CommandParser.Options) -> int:
    """Runs the kernel under the debugger; shows the results."""
    from tilevm.cli.programs import STDIN

    if options.file == STDIN:
        raise Usage(options.command, "the standard input holds the commands: name a program file")
    kernel = kernel_of(options)
    arguments = arguments_of(options)

    from tilevm.cli.run import deliver
    from tilevm.passes import steps, transform
    from tilevm.trace.debugger import Debugger, Quit
    from tilevm.vm import bind, execute

    text = kernel.loc.span.source.text if kernel.loc.span is not None else ""
    kernel = transform(kernel, [one for word in options.passes for one in steps(word)])
    launch = bind(kernel, arguments)
    debugger = Debugger(launch.kernel, _lines(), print, text, launch.grid)
    try:
        results = execute(launch, check=options.check, watch=debugger)
    except Quit:
        return 0
    print("the kernel has ended")
    deliver(None, kernel, results)
    return 0


def _lines() -> Iterator[str]:
    """The lines of the standard input, asked for where a person types them."""
    while True:
        if sys.stdin.isatty():
            print("(tilevm) ", end="")
        sys.stdout.flush()
        try:
            line = sys.stdin.readline()
        except OSError:  # there is nothing to read commands from
            line = ""
        if not line:
            return
        yield line
