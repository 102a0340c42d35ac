"""``tilevm opt``: the program that passes make of a program."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from tilevm.cli.dump import dumping
from tilevm.cli.parser import (
    CommandParser,
    Usage,
    add_dump,
    add_file,
    add_passes,
    add_sizes,
    command,
    path,
    sizes_of,
)
from tilevm.diagnostics import nearest

if TYPE_CHECKING:
    from tilevm.cli.parser import Commands
    from tilevm.ir import Kernel, Program

_ABOUT = """\
Applies the passes in the order in which they are given, and prints the program after them.  Every
pass gives a program with the same results.  `tilevm explain passes` lists them; `tilevm explain
unroll` shows one, with its options and an example.  Sizes (--set) go to `canonicalise`."""


def declare(commands: Commands) -> CommandParser:
    """Adds the command to the parser."""
    example = 'tilevm opt gemv.tile -p canonicalise -p "rewrite_dot(form = bitserial)"'
    parser = command(commands, "opt", opt, "rewrite a program by passes", _ABOUT, example)
    add_file(parser)
    parser.add_argument(
        "kernel", metavar="KERNEL", nargs="?", help="one kernel of it (default: all)"
    )
    add_passes(parser)
    add_sizes(parser)
    parser.add_argument(
        "-o", "--output", metavar="FILE", type=path, help="write the program to a file"
    )
    add_dump(parser)
    return parser


def opt(options: CommandParser.Options) -> int:
    """Rewrites the program; prints it, or writes it to a file."""
    from tilevm.cli.output import check_writable, whole_file
    from tilevm.cli.programs import read_program
    from tilevm.ir import Kernel
    from tilevm.passes import Step, steps, transform

    passes = [one for text in options.passes for one in steps(text)]
    sizes = sizes_of(options)
    program = read_program(options.file)
    source: Kernel | Program = program if options.kernel is None else program[options.kernel]
    if sizes:
        _check_sizes(options, sizes, source)
        if not any(one.of.name == "canonicalise" for one in passes):
            raise Usage(options.command, "--set needs the pass `canonicalise`: it takes the sizes")
        passes = [
            Step(one.of, {"symbols": sizes}) if one.of.name == "canonicalise" else one
            for one in passes
        ]
    if options.output is not None:
        check_writable(options.output)
    made: Kernel | Program
    with dumping(options, source) as watch:
        if isinstance(source, Kernel):
            made = transform(source, passes, watch)
        else:
            made = transform(source, passes, watch)
    if options.output is None:
        if options.dump_ir != "-":  # there it was shown already
            sys.stdout.write(str(made))
    else:
        with whole_file(options.output) as place:
            place.write_text(str(made), "utf-8")
    return 0


def _check_sizes(
    options: CommandParser.Options, sizes: dict[str, int], source: Kernel | Program
) -> None:
    from tilevm.ir import Kernel

    kernels = [source] if isinstance(source, Kernel) else list(source.kernels.values())
    symbols = dict.fromkeys(name for kernel in kernels for name in kernel.symbols)
    for name, size in sizes.items():
        if name not in symbols:
            near = nearest(name, symbols)
            hint = f"; did you mean `{near}`?" if near else ""
            raise Usage(options.command, f"there is no shape symbol `{name}`{hint}")
        if size < 1:
            raise Usage(options.command, f"`{name}` is a size from 1 up, not {size}")
