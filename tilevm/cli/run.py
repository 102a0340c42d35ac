"""``tilevm run``: a kernel in the virtual machine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tilevm.cli.parser import (
    CommandParser,
    Usage,
    add_arrays,
    add_dump,
    add_kernel,
    add_passes,
    add_sizes,
    command,
    kernel_of,
    path,
    sizes_of,
    unique,
)
from tilevm.diagnostics import TileError, error

if TYPE_CHECKING:
    from tilevm.cli.parser import Commands
    from tilevm.ir import Kernel

_ABOUT = """\
Arrays hold values: integers of any NumPy integer type, floats exact in float64.  Without -o the
results are shown in short.  Passes (-p) rewrite the program before it runs."""


def declare(commands: Commands) -> CommandParser:
    """Adds the command to the parser."""
    example = "tilevm run gemv.tile gemv -a w=w.npy -a x=x.npy -o out.npz"
    parser = command(commands, "run", run, "run a kernel on arrays", _ABOUT, example)
    add_kernel(parser)
    add_arrays(parser)
    add_sizes(parser)
    add_check(parser)
    parser.add_argument(
        "--trace",
        metavar="FILE",
        type=path,
        help="write what every op computes, in each thread block: .npz or .jsonl (docs/tools.md)",
    )
    add_output(parser)
    add_passes(parser)
    add_dump(parser)
    return parser


def add_check(parser: CommandParser) -> None:
    """``--check``."""
    parser.add_argument(
        "--check",
        action="store_true",
        help="look for races, undefined elements and overflow (docs/sanitizer.md)",
    )


def add_output(parser: CommandParser) -> None:
    """``-o out.npz``."""
    parser.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        help="the results: .npz by name, or .npy where there is one",
    )


def run(options: CommandParser.Options) -> int:
    """Runs the kernel; writes or shows the buffers that it stores to."""
    check_output_name(options)
    _check_trace(options)
    kernel = kernel_of(options)
    check_output(options.output, kernel)
    arguments = arguments_of(options)

    import tilevm
    from tilevm.cli.dump import dumping
    from tilevm.cli.progress import stage
    from tilevm.passes import steps, transform

    passes = [one for text in options.passes for one in steps(text)]
    with dumping(options, kernel) as watch:
        kernel = transform(kernel, passes, watch)

    with stage(f"running `{kernel.name}` in the virtual machine"):
        if options.trace is None:
            results = tilevm.run(kernel, arguments, check=options.check)
        else:
            results = _traced(kernel, arguments, options)
    deliver(options.output, kernel, results)
    return 0


def _check_trace(options: CommandParser.Options) -> None:
    """`Usage` unless ``--trace`` names a kind of trace; TileError where it cannot be written."""
    from tilevm.cli.output import check_writable

    if options.trace is None:
        return
    if not options.trace.lower().endswith((".jsonl", ".npz")):
        raise Usage(
            options.command, f"--trace must name a .npz or .jsonl file, not `{options.trace}`"
        )
    check_writable(options.trace)


def _traced(kernel: Kernel, arguments: Mapping[str, Any], options: CommandParser.Options) -> Any:
    """Runs the kernel and writes its trace: where it fails, up to the op that does."""
    from tilevm.cli.output import whole_file
    from tilevm.trace import record, writer_for
    from tilevm.vm import bind

    launch = bind(kernel, arguments)
    failure: TileError | None = None
    results: dict[str, Any] = {}
    with whole_file(options.trace) as place, open(place, "wb") as file:
        with writer_for(file, options.trace) as take:
            try:
                results = record(launch, take, check=options.check)
            except TileError as problem:
                failure = problem
    if failure is not None:
        raise failure
    return results


def arguments_of(options: CommandParser.Options) -> dict[str, Any]:
    """The arrays that ``-a`` names, and the sizes that ``--set`` names."""
    from tilevm.cli.arrays import read_array

    sizes = sizes_of(options)
    places = unique(options, "argument", options.arrays)
    for name in sizes.keys() & places.keys():
        raise Usage(options.command, f"`{name}` is given as a size and as an array")
    return {**sizes, **{name: read_array(name, place) for name, place in places.items()}}


def check_output_name(options: CommandParser.Options) -> None:
    """`Usage` unless ``-o`` names a kind of file that results can be written to."""
    path = options.output
    if path is not None and not path.lower().endswith((".npy", ".npz")):
        raise Usage(options.command, f"-o must name a .npz or .npy file, not `{path}`")


def check_output(path: str | None, kernel: Kernel) -> None:
    """TileError unless the results of a kernel can be written there (TV0802, TV0807)."""
    from tilevm.cli.output import check_writable

    if path is None:
        return
    names = [param.name for param in kernel.outputs]
    if path.lower().endswith(".npy") and len(names) != 1:
        raise error(
            "TV0807",
            f"{path} holds one array, and `{kernel.name}` writes {', '.join(names) or 'none'}",
            help="write a .npz file: it holds arrays by name",
        )
    check_writable(path)


def deliver(path: str | None, kernel: Kernel, results: Mapping[str, Any]) -> None:
    """Writes the results to a file, or shows them in short."""
    from tilevm.cli.arrays import print_results, write_arrays

    if path is None:
        print_results({p.name: str(p.dtype) for p in kernel.outputs}, results)
    else:
        write_arrays(path, results)
