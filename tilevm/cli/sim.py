"""``tilevm sim``: the hardware of a kernel, simulated beside the virtual machine."""

from __future__ import annotations

from argparse import ArgumentTypeError
from contextlib import ExitStack
from pathlib import Path
from shutil import copyfile
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from tilevm.cli.build import design_of
from tilevm.cli.parser import (
    SIMULATORS,
    CommandParser,
    Usage,
    add_arrays,
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
from tilevm.cli.run import add_output, arguments_of, check_output, check_output_name, deliver
from tilevm.diagnostics import TileError

if TYPE_CHECKING:
    from hdl import Design, Result
    from tilevm.cli.parser import Commands
    from tilevm.ir import Kernel

# stands still, differs from the VM, comes at another time: the waveform shows why
HARDWARE_FAULTS = {"TV0601", "TV0602", "TV0606", "TV0607"}

_ABOUT = """\
Compares every bit of the results and of all inner streams with the virtual machine, and the
cycles with the predicted ones."""


def declare(commands: Commands) -> CommandParser:
    """Adds the command to the parser."""
    example = "tilevm sim gemv.tile gemv -a w=w.npy -a x=x.npy --stall 0.3 --seed 1 --waves w.vcd"
    parser = command(commands, "sim", sim, "simulate a kernel's hardware", _ABOUT, example)
    add_kernel(parser)
    add_arrays(parser)
    add_sizes(parser)
    add_hardware(parser)
    parser.add_argument(
        "--random", action="store_true", help="random values for buffers without an argument"
    )
    parser.add_argument(
        "--simulator",
        choices=SIMULATORS,
        help="default: the fastest of verilator, icarus (both run the emitted Verilog, and must be "
        "installed) and amaranth; with --waves amaranth, or for .fst icarus or verilator",
    )
    parser.add_argument(
        "--runtime",
        metavar="SYMBOL=MOST",
        type=runtime,
        help="build for sizes of SYMBOL up to MOST, one of which is chosen at each launch: that of "
        "--set, or of the arrays",
    )
    add_stalls(parser, "of the stalls and the random values")
    add_dump(parser)
    parser.add_argument(
        "--waves",
        "--vcd",
        metavar="FILE",
        type=path,
        help="write a waveform, .vcd or (icarus, verilator) .fst: signals grouped by statement",
    )
    add_output(parser)
    return parser


def sim(options: CommandParser.Options) -> int:
    """Builds and simulates; prints whether all is equal, and the cycles."""
    from tilevm.cli.output import check_writable

    check_output_name(options)
    if options.waves is not None:
        _check_waves(options)
    kernel = kernel_of(options)
    if options.simulator is None:
        options.simulator = _fastest(options.waves)
    check_output(options.output, kernel)
    if options.waves is not None:
        check_writable(options.waves)
    design, arguments = _prepared(options, kernel)
    where = f"{options.simulator}, stall {options.stall:g}, seed {options.seed}"
    result = _simulated(options, design, arguments)
    if isinstance(result, TileError):
        print(f"{kernel.name}: NOT equal ({where})")
        raise result
    print(f"{kernel.name}: equal in every bit ({where})")
    beats = f"{result.compared} {'beat' if result.compared == 1 else 'beats'}"
    watched = f", {beats} of inner streams equal" if result.compared else ""
    print(f"cycles: {result.predicted} predicted, {result.cycles} simulated{watched}")
    deliver(options.output, kernel, result.outputs)
    return 0


def runtime(text: str) -> tuple[str, int]:
    """``N=64``: a symbol, and its largest size."""
    symbol, equals, most = text.partition("=")
    if not (symbol and equals and most.isdecimal() and int(most) > 0):
        raise ArgumentTypeError(f"write SYMBOL=MOST, as in N=64, not `{text}`")
    return symbol, int(most)


def _check_waves(options: CommandParser.Options) -> None:
    name, simulator = options.waves.lower(), options.simulator
    if not name.endswith((".vcd", ".fst")):
        raise Usage(
            options.command, f"--waves must name a .vcd or .fst file, not `{options.waves}`"
        )
    if name.endswith(".fst") and simulator == "amaranth":
        raise Usage(options.command, "simulator amaranth writes .vcd files, no .fst (--waves)")


def _fastest(waves: str | None) -> str:
    from hdl.sim.external import fastest

    return fastest(waves)


def _prepared(options: CommandParser.Options, kernel: Kernel) -> tuple[Design, dict[str, Any]]:
    """The design for the shapes of the arguments, and the arguments, checked before it is built."""
    from tilevm.cli.random_inputs import launch_for, random_arrays
    from tilevm.vm import bind, check_memory

    given = arguments_of(options)
    sizes = sizes_of(options)
    if options.random:
        arrays = {name: value for name, value in given.items() if name not in sizes}
        shapes = launch_for(kernel, sizes, arrays)
        check_memory(shapes)
        given = {**random_arrays(shapes, options.seed), **given}
    launch = bind(kernel, given)
    check_memory(launch)
    if options.runtime is None:
        return design_of(options, kernel, launch.symbols), dict(launch.arrays)
    symbol, most = options.runtime
    sizes = {**launch.symbols, symbol: most}
    design = design_of(options, kernel, sizes, control="axi-lite", runtime=symbol)
    return design, dict(launch.arrays)


def _simulated(
    options: CommandParser.Options, design: Design, arguments: dict[str, Any]
) -> Result | TileError:
    """The result, or what is wrong with the hardware; either way the waveform is kept."""
    from tilevm.cli.output import whole_file
    from tilevm.cli.progress import stage

    with ExitStack() as stack:
        made = None
        if options.waves is not None:
            folder = stack.enter_context(TemporaryDirectory(prefix="tilevm-"))
            made = Path(folder, f"waves{Path(options.waves).suffix.lower()}")
        stack.enter_context(stage(f"simulating `{design.name}`, {design.cycles} cycles or more"))
        try:
            return design.simulate(
                arguments,
                simulator=options.simulator,
                stall=options.stall,
                seed=options.seed,
                waves=made,
            )
        except TileError as problem:
            if not HARDWARE_FAULTS.intersection(d.code for d in problem.diagnostics):
                raise
            return problem
        finally:
            if made is not None and made.exists():
                with whole_file(options.waves) as place:
                    copyfile(made, place)
