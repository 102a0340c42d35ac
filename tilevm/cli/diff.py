"""``tilevm diff``: the first difference of two runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tilevm.cli.parser import (
    CommandParser,
    Usage,
    add_arrays,
    add_passes,
    add_sizes,
    command,
    path,
)
from tilevm.cli.run import arguments_of
from tilevm.diagnostics import error

if TYPE_CHECKING:
    from tilevm.cli.parser import Commands
    from tilevm.trace import Step

_ABOUT = """\
Two trace files of `tilevm run --trace`: the first op, thread block and element that differs.  Or
FILE KERNEL with passes (-p) and arrays: the kernel as written, and as the passes leave it.
Exit status 0 if all that both have is equal, 1 if not."""


def declare(commands: Commands) -> CommandParser:
    """Adds the command to the parser."""
    example = "tilevm diff gemv.tile gemv -p canonicalise -a w=w.npy -a x=x.npy"
    parser = command(commands, "diff", diff, "find where two runs part", _ABOUT, example)
    parser.add_argument("first", metavar="A", type=path, help="a trace, or a tile program")
    parser.add_argument("second", metavar="B", type=path, help="a trace, or a kernel of it")
    add_arrays(parser)
    add_sizes(parser)
    add_passes(parser)
    return parser


def diff(options: CommandParser.Options) -> int:
    """Prints the first difference."""
    from tilevm.trace.diff import first_difference
    from tilevm.trace.files import SUFFIXES, read_trace

    if options.first.lower().endswith(SUFFIXES):
        if options.arrays or options.sizes or options.passes:
            raise Usage(options.command, "-a, --set and -p go with FILE KERNEL, not with traces")
        names = (options.first, options.second)
        first, second = (read_trace(name) for name in names)
    else:
        if not options.passes:
            raise Usage(options.command, "a kernel is compared with what passes make of it: -p")
        names = ("the program", "the program after the passes")
        first, second = _before_and_after(options)
    found = first_difference(first, second)
    if found.difference is not None:
        print(found.difference)
        return 1
    if not found.both:
        raise error(
            "TV0812",
            f"{names[0]} and {names[1]} have no step in common",
            help="traces of one program, or of what passes make of it, can be compared",
        )
    print(f"equal: {found.both} steps of thread blocks")
    for name, count in zip(names, (found.only_first, found.only_second), strict=True):
        if count:
            print(f"only in {name}: {count}")
    return 0


def _before_and_after(options: CommandParser.Options) -> tuple[list[Step], list[Step]]:
    from tilevm.cli.programs import read_program
    from tilevm.passes import steps, transform
    from tilevm.trace.record import record
    from tilevm.vm import bind

    kernel = read_program(options.first)[options.second]
    passes = [one for text in options.passes for one in steps(text)]
    arguments = arguments_of(options)
    runs: tuple[list[Step], list[Step]] = ([], [])
    for made, take in zip((kernel, transform(kernel, passes)), runs, strict=True):
        known = {param.name for param in made.params} | set(made.symbols)
        given = {name: value for name, value in arguments.items() if name in known}
        record(bind(made, given), take.append, output=lambda line: None)
    return runs
