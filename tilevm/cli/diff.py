"""``tilevm diff``: the first difference of two runs, or of two tiers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tilevm.cli.parser import (
    SIMULATORS,
    CommandParser,
    Usage,
    add_arrays,
    add_dump,
    add_hardware,
    add_passes,
    add_sizes,
    add_stalls,
    command,
    path,
)
from tilevm.cli.run import arguments_of
from tilevm.diagnostics import error

if TYPE_CHECKING:
    from hdl import Design
    from tilevm.cli.parser import Commands
    from tilevm.trace import Step

    Steps = list[Step]

TIERS = ("hardware", "reference")

_ABOUT = """\
Two trace files of `tilevm run --trace`: the first op, thread block and element that differs.  Or
FILE KERNEL with passes (-p) and arrays: the kernel as written, and as the passes leave it.  Or
FILE KERNEL with --tier: the virtual machine beside the simulated hardware, which is built as
`tilevm sim` builds it, or beside the reference, which computes one element at a time.
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
    parser.add_argument("--tier", choices=TIERS, help="what the virtual machine is compared with")
    add_hardware(parser)
    parser.add_argument(
        "--simulator", choices=SIMULATORS, help="of the hardware (default: the fastest there is)"
    )
    add_stalls(parser)
    add_dump(parser)
    return parser


def diff(options: CommandParser.Options) -> int:
    """Prints the first difference."""
    from tilevm.trace.diff import first_difference
    from tilevm.trace.files import SUFFIXES, read_trace

    if options.tier != "hardware" and (word := _of_hardware(options)):
        raise Usage(options.command, f"{word} goes with --tier hardware")
    if options.first.lower().endswith(SUFFIXES):
        if options.arrays or options.sizes or options.passes or options.tier:
            message = "-a, --set, -p and --tier go with FILE KERNEL, not with traces"
            raise Usage(options.command, message)
        names = (options.first, options.second)
        first, second = (read_trace(name) for name in names)
    elif options.tier is None:
        if not options.passes:
            message = "a kernel is compared with what passes make of it (-p), or with a --tier"
            raise Usage(options.command, message)
        names = ("the program", "the program after the passes")
        first, second = _before_and_after(options)
    else:
        if options.passes:
            raise Usage(options.command, "-p and --tier are two comparisons: take one of them")
        names = ("the virtual machine", f"the {options.tier}")
        first, second = _tiers(options)
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


def _of_hardware(options: CommandParser.Options) -> str:
    """An option that is given, and says something of hardware; "" if there is none."""
    defaults = CommandParser()
    add_hardware(defaults)
    known = {**vars(defaults.parse_args([])), "simulator": None, "stall": 0.0, "seed": 0}
    known["dump_ir"] = None
    given = (name for name, value in known.items() if getattr(options, name, value) != value)
    name = next((name for name in given if name != "traceback"), "")
    return f"--{name.replace('_', '-')}" if name else ""


def _tiers(options: CommandParser.Options) -> tuple[Steps, Steps]:
    """What the virtual machine computes, and what another tier does."""
    from tilevm.cli.programs import read_program
    from tilevm.trace.record import record
    from tilevm.trace.reference import record_reference
    from tilevm.vm import bind, check_memory

    kernel = read_program(options.first)[options.second]
    launch = bind(kernel, arguments_of(options))
    check_memory(launch)
    given = {**launch.symbols, **launch.arrays}
    first: Steps = []
    second: Steps = []
    if options.tier == "reference":
        record_reference(launch.kernel, given, second.append)
    else:
        from tilevm.cli.build import design_of

        design = design_of(options, kernel, launch.symbols)
        second = _simulated(options, design, dict(launch.arrays))
        launch = bind(design.kernel, launch.arrays)  # the program as built: its names and rounds
    record(launch, first.append, output=lambda line: None)
    return first, second


def _simulated(options: CommandParser.Options, design: Design, arrays: dict[str, Any]) -> Steps:
    """What the hardware computes, right or wrong."""
    from hdl.options import FASTEST
    from hdl.steps import hardware_steps
    from tilevm.cli.progress import stage

    with stage(f"simulating `{design.name}`, {design.cycles} cycles or more"):
        result = design.simulate(
            arrays,
            simulator=options.simulator or FASTEST,
            stall=options.stall,
            seed=options.seed,
            record=True,
        )
    return list(hardware_steps(design, result))


def _before_and_after(options: CommandParser.Options) -> tuple[Steps, Steps]:
    from tilevm.cli.programs import read_program
    from tilevm.passes import steps, transform
    from tilevm.trace.record import record
    from tilevm.vm import bind

    kernel = read_program(options.first)[options.second]
    passes = [one for text in options.passes for one in steps(text)]
    arguments = arguments_of(options)
    runs: tuple[Steps, Steps] = ([], [])
    for made, take in zip((kernel, transform(kernel, passes)), runs, strict=True):
        known = {param.name for param in made.params} | set(made.symbols)
        given = {name: value for name, value in arguments.items() if name in known}
        record(bind(made, given), take.append, output=lambda line: None)
    return runs
