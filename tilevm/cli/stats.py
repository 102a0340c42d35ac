"""``tilevm stats``: what a kernel does, counted."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tilevm.cli.parser import (
    CommandParser,
    add_arrays,
    add_kernel,
    add_sizes,
    command,
    kernel_of,
)
from tilevm.cli.run import arguments_of

if TYPE_CHECKING:
    from tilevm.cli.parser import Commands

_ABOUT = """\
For each op: runs (blocks x rounds), elements, operations, bytes per memory.  For each load and
store: the widest access its layout allows, and how often shared memory is asked (docs/tools.md).
Counts follow from the sizes (--set) where loop bounds do; else from a run on arrays (-a)."""


def declare(commands: Commands) -> CommandParser:
    """Adds the command to the parser."""
    example = "tilevm stats gemv.tile gemv --set N=4096 --set K=4096"
    parser = command(commands, "stats", stats, "count what a kernel does", _ABOUT, example)
    add_kernel(parser)
    add_arrays(parser)
    add_sizes(parser)
    parser.add_argument("--json", action="store_true", help="as JSON")
    parser.add_argument(
        "--layouts", action="store_true", help="the layout of each tile, and why it has it"
    )
    return parser


def stats(options: CommandParser.Options) -> int:
    """Prints the counts."""
    kernel = kernel_of(options)
    arguments = arguments_of(options)

    from tilevm.cli.progress import stage
    from tilevm.measure import layouts
    from tilevm.measure import stats as count
    from tilevm.measure.table import layout_table

    if options.layouts and not options.json:
        print(layout_table(tuple(layouts(kernel).values())))
        return 0
    sizes = {name: value for name, value in arguments.items() if isinstance(value, int)}
    arrays = {name: value for name, value in arguments.items() if name not in sizes}
    with stage(f"counting what `{kernel.name}` does"):
        found = count(kernel, sizes, arrays)
    print(json.dumps(found.as_dict(), indent=2) if options.json else found)
    return 0
