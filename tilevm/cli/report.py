"""``tilevm report``: where the cycles of a kernel's hardware go, by the timed model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tilevm.cli.build import design_of, facts_of
from tilevm.cli.parser import (
    CommandParser,
    Usage,
    add_dump,
    add_hardware,
    add_kernel,
    add_sizes,
    add_stalls,
    command,
    kernel_of,
    path,
    sizes_of,
)

if TYPE_CHECKING:
    from tilevm.cli.parser import Commands

_ABOUT = """\
Nothing is simulated: the timed model tells every firing of every unit.  Prints for each unit its
beats and how it spends its cycles, what bounds the design, and how full each stream gets.  With
-o DIR also writes, all or nothing: report.md, report.json (the same as data), timeline.svg,
roofline.svg, netlist.svg (units, streams, lines of the program), netlist.txt, manifest.json."""


def declare(commands: Commands) -> CommandParser:
    """Adds the command to the parser."""
    example = "tilevm report gemv.tile gemv --set N=1024 --set K=1024 --stall 0.1 -o report"
    parser = command(commands, "report", report, "tell where the cycles go", _ABOUT, example)
    add_kernel(parser)
    add_sizes(parser)
    add_hardware(parser)
    add_stalls(parser)
    parser.add_argument("--netlist", action="store_true", help="print the netlist as text instead")
    parser.add_argument(
        "--json", action="store_true", help="print the report as data instead (docs/hardware.md)"
    )
    add_dump(parser)
    parser.add_argument("-o", "--output", metavar="DIR", type=path, help="a folder to write")
    parser.add_argument(
        "--force", action="store_true", help="write into DIR even if it holds other files"
    )
    return parser


def report(options: CommandParser.Options) -> int:
    """Prints the report, and writes its folder if one is named."""
    import json

    from hdl.report import report as told
    from hdl.report_data import report_data
    from hdl.view import pictures
    from hdl.view.text import aligned
    from tilevm.cli.output import check_folder, write_folder

    if options.json and options.netlist:
        raise Usage(options.command, "--json and --netlist print different things: leave one out")
    sizes = sizes_of(options)
    kernel = kernel_of(options)
    if options.output is not None:
        check_folder(options.output, options.force)
    design = design_of(options, kernel, sizes)
    timing, _ = design.timed(options.stall, options.seed)
    text = told(design, timing)
    data = json.dumps(report_data(design, timing, options.stall, options.seed), indent=1)
    if options.json:
        print(data)
    else:
        print(design.netlist if options.netlist else aligned(text.partition("\n## Layouts\n")[0]))
    if options.output is not None:
        files = {"report.md": text, "report.json": data + "\n", "netlist.txt": str(design.netlist)}
        files |= pictures(design, timing)
        facts = facts_of(design) | {"stall": options.stall, "seed": options.seed}
        write_folder(options.output, files, facts, options.force)
        if not options.json:
            print(f"{options.output}: {', '.join(files)}")
    return 0
