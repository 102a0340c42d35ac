"""``tilevm build``: a kernel as hardware."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tilevm.cli.parser import (
    CommandParser,
    Usage,
    add_buses,
    add_dump,
    add_hardware,
    add_kernel,
    add_seed,
    add_sizes,
    buses_of,
    command,
    kernel_of,
    path,
    sizes_of,
    whole,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hdl import Design
    from tilevm.cli.parser import Commands
    from tilevm.ir import Kernel

_ABOUT = """\
Writes into DIR, all or nothing: KERNEL.v (Verilog), ports.json (the element in each lane of each
beat of each port), report.md (cycles, bits, units, streams), timeline.svg, roofline.svg and
netlist.svg, layouts/*.svg (a picture of each tile), layouts.txt (why it has it, and the cost),
program.tile (the program as built),
description.md and description.json (the whole, each module, each statement), KERNEL.core (for
FuseSoC), manifest.json; with --control also registers.md and registers.json, with --images also
images/, with --runtime also sizes.json."""


def declare(commands: Commands) -> CommandParser:
    """Adds the command to the parser."""
    example = (
        "tilevm build gemv.tile gemv --set N=64 --set K=256 --dot lut --lanes 16 -o build/gemv"
    )
    parser = command(commands, "build", build, "build a kernel as hardware", _ABOUT, example)
    add_kernel(parser)
    add_sizes(parser)
    add_hardware(parser)
    add_buses(parser)
    parser.add_argument("-o", "--output", metavar="DIR", type=path, help="the folder to write")
    parser.add_argument(
        "--explain-layout",
        action="store_true",
        help="print for each value which layout it has, why, and what it costs; writes nothing "
        "where no -o is given",
    )
    parser.add_argument(
        "--memories",
        choices=("inline", "files"),
        default="inline",
        help="contents of memories in the Verilog (inline), or in memories/*.hex ($readmemh)",
    )
    parser.add_argument("--rtlil", action="store_true", help="also KERNEL.il, for Yosys (RTLIL)")
    parser.add_argument(
        "--testbench",
        action="store_true",
        help="also KERNEL_tb.v and vectors/: random values and what the virtual machine makes of "
        "them, driven through the buses of the design; in any simulator of Verilog it prints PASS, "
        "or the first wrong beat",
    )
    parser.add_argument(
        "--launches",
        metavar="L",
        type=whole(1, 64),
        help="how many launches, with other values each, the testbench makes (default: 1); with "
        "--runtime the second has the smallest size, others any",
    )
    parser.add_argument(
        "--images",
        action="store_true",
        help="also images/PORT.hex for each port with a memory bus: random values as they lie in "
        "memory, and what the virtual machine makes of them; a word of the bus a line",
    )
    add_seed(parser, "of the values of the testbench and the images")
    add_dump(parser)
    parser.add_argument(
        "--force", action="store_true", help="write into DIR even if it holds other files"
    )
    return parser


def build(options: CommandParser.Options) -> int:
    """Builds the hardware and writes its folder."""
    import json

    from hdl.emit.describe import core_file, described
    from hdl.ports import ports_data
    from hdl.stored import KINDS
    from tilevm.cli.output import check_folder, write_folder
    from tilevm.cli.progress import stage

    if options.output is None and not options.explain_layout:
        raise Usage(options.command, "the following arguments are required: -o/--output")
    ports = buses_of(options)
    buses = set(ports.values())
    if options.launches is not None and not options.testbench:
        raise Usage(options.command, "--launches are those of the testbench: add --testbench")
    if options.images and buses.isdisjoint({"axi4", "wishbone"}):
        raise Usage(
            options.command, "--images is for ports with a memory bus: --ports axi4 or wishbone"
        )
    sizes = sizes_of(options)
    kernel = kernel_of(options)
    if options.output is not None:
        check_folder(options.output, options.force)
    design = design_of(
        options,
        kernel,
        sizes,
        ports=ports or "stream",
        control=options.control,
        bus_bits=options.bus_bits,
        burst=options.burst,
        runtime=options.runtime,
    )
    if options.explain_layout:
        print(design.explain_layout(), end="")
    if options.output is None:
        return 0
    with stage("writing Verilog (its tool, Yosys, compiles itself on first use: up to a minute)"):
        files = {f"{kernel.name}.v": design.verilog()}
        if options.memories == "files":
            files = design.verilog_files()
    memories = sorted(file for file in files if "/" in file)
    if options.rtlil:
        files[f"{kernel.name}.il"] = design.rtlil()
    bench = _testbench(design, options.launches or 1, options.seed) if options.testbench else {}
    files |= bench
    if options.images:
        files |= _images(design, options.seed)
    files[f"{kernel.name}.core"] = core_file(design, sorted(bench), memories)
    files["description.md"] = described(design)
    files["description.json"] = json.dumps(design.description(), indent=1) + "\n"
    files["ports.json"] = json.dumps(ports_data(design)) + "\n"
    files["report.md"] = design.report()
    files["layouts.txt"] = design.explain_layout()
    if (registers := design.registers) is not None:
        files["registers.md"] = registers.markdown(kernel.name)
        files["registers.json"] = json.dumps(registers.data()) + "\n"
    if design.runtime is not None:
        files["sizes.json"] = json.dumps(design.runtime.data()) + "\n"
    files["program.tile"] = str(design.kernel)
    files |= design.pictures()
    files |= {f"layouts/{name}.svg": picture for name, picture in design.layouts().items()}
    write_folder(options.output, files, facts_of(design), options.force)
    print(f"{options.output}: {', '.join(f for f in files if '/' not in f)}, layouts/")
    print(
        f"{kernel.name}: {design.cycles} cycles a launch, {design.stored_bits():,} bits stored "
        f"({', '.join(f'{design.stored_bits(kind):,} of {text}' for kind, text in KINDS.items())})"
    )
    return 0


def _testbench(design: Design, launches: int, seed: int) -> dict[str, str]:
    from tilevm.cli.random_inputs import random_arrays, random_sizes
    from tilevm.vm import bind_symbols

    sizes = random_sizes(design, launches, seed)
    shapes = [bind_symbols(design.source, each) for each in sizes]
    return design.testbench(*(random_arrays(each, seed + n) for n, each in enumerate(shapes)))


def _images(design: Design, seed: int) -> dict[str, str]:
    from hdl.bus.images import image_files
    from tilevm.cli.random_inputs import random_arrays

    return image_files(design, random_arrays(design.launch, seed))


def design_of(
    options: CommandParser.Options, kernel: Kernel, sizes: Mapping[str, int], **edges: Any
) -> Design:
    """The hardware that the options ask for; `edges`: what `hdl.build` takes for its ports."""
    import hdl
    from tilevm.cli.dump import dumping
    from tilevm.cli.progress import stage

    with dumping(options, kernel) as watch, stage(f"building `{kernel.name}`"):
        return hdl.build(
            kernel,
            dot=options.dot,
            table=options.table,
            group=options.group,
            lanes=options.lanes,
            engines=options.engines,
            max_accumulator=options.max_accumulator,
            max_table=options.max_table,
            **edges,
            sizes=sizes,
            max_bits=options.max_bits,
            watch=watch,
        )


def facts_of(design: Design) -> dict[str, object]:
    """What the manifest tells to tools."""
    from tilevm import __version__

    return {"version": __version__, "kernel": design.name, **design.facts}
