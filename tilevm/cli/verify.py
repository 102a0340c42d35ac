"""``tilevm verify``: every way to compute a kernel against the others, on random inputs."""

from __future__ import annotations

import secrets
import shlex
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tilevm.cli.parser import (
    MAX_LANES,
    TABLES,
    CommandParser,
    add_dump,
    add_kernel,
    add_sizes,
    command,
    kernel_of,
    sizes_of,
    whole,
)
from tilevm.cli.run import add_check
from tilevm.diagnostics import TileError, render

if TYPE_CHECKING:
    from tilevm.cli.parser import Commands
    from tilevm.ir import Kernel
    from tilevm.vm import Launch

STALL = 0.3
CHUNKS = {"one thread block at a time": 1, "all thread blocks at once": 2**62}  # bytes

_ABOUT = """\
Compares the virtual machine with itself at other chunk sizes, with the program after each pass
and in each form of `dot`, and with the simulated hardware of each form under random stalls.  The
inputs cover the full range of every type.  Each comparison is one line; a failure is followed by
the command that replays it."""


def declare(commands: Commands) -> CommandParser:
    """Adds the command to the parser."""
    example = "tilevm verify gemv.tile gemv --set N=64 --set K=32 --seed 7 --rounds 1"
    summary = "compare the machine, rewritten forms and hardware"
    parser = command(commands, "verify", verify, summary, _ABOUT, example)
    add_kernel(parser)
    add_sizes(parser)
    parser.add_argument(
        "--seed", metavar="S", type=whole(0), help="of the first round (default: a new one)"
    )
    parser.add_argument(
        "--rounds", metavar="R", type=whole(1), default=2, help="sets of inputs (default: 2)"
    )
    parser.add_argument(
        "--lanes",
        metavar="L",
        type=whole(1, MAX_LANES),
        default=16,
        help="elements per beat of the hardware, at most (default: 16)",
    )
    add_check(parser)
    add_dump(parser)
    parser.add_argument("--no-hardware", action="store_true", help="compare programs only")
    return parser


@dataclass(frozen=True)
class Way:
    """One way to compute the kernel: from arguments and a seed (of stalls) to its buffers."""

    name: str
    compute: Callable[[Mapping[str, Any], int], Mapping[str, Any]]


def verify(options: CommandParser.Options) -> int:
    """Compares; prints one line each, and how to replay what differs."""
    from tilevm.cli.progress import stage
    from tilevm.cli.random_inputs import random_arrays
    from tilevm.vm import bind, bind_symbols, check_memory, execute

    sizes = sizes_of(options)
    kernel = kernel_of(options)
    launch = bind_symbols(kernel, sizes)
    check_memory(launch)
    first = secrets.randbelow(10**6) if options.seed is None else options.seed
    ways, refused = _ways(options, kernel, launch)
    compared = failed = 0
    for seed in range(first, first + options.rounds):
        print(f"{kernel.name}, inputs of seed {seed}:")
        arguments = {**random_arrays(launch, seed), **sizes}
        with stage(f"running `{kernel.name}` in the virtual machine"):
            launched = bind(kernel, arguments)
            expected = execute(launched, check=options.check, output=_ignored)
        wrong = 0
        for way in ways:
            with stage(way.name):
                difference = _difference(kernel, expected, way, arguments, seed)
            print(f"  {'equal  ' if difference is None else 'DIFFERS'}  {way.name}")
            if difference is not None:
                print(_indented(difference))
                wrong += 1
        if wrong:
            print(f"  replay: {_replay(options, seed)}")
        compared, failed = compared + len(ways), failed + wrong
    for name, problem in refused.items():
        print(f"  refused  {name}")
        print(_indented(render(problem.diagnostics)))
    if refused:
        print("  with --no-hardware the programs alone are compared")
    print(f"{kernel.name}: {compared} comparisons, {failed} differ, {len(refused)} refused")
    return 1 if failed or refused else 0


def _ways(
    options: CommandParser.Options, kernel: Kernel, launch: Launch
) -> tuple[list[Way], dict[str, TileError]]:
    """All ways to compute the kernel, and the hardware that cannot be built, with the reason."""
    from tilevm.cli.dump import dumping
    from tilevm.passes import step, transform

    with dumping(options, kernel) as watch:
        ways = list(_programs(kernel, watch or (lambda name, program: None)))
    refused: dict[str, TileError] = {}
    if options.no_hardware:
        return ways, refused
    forms = {"hardware": {"dot": "mac"}}
    if has_dot(kernel):
        forms = {"hardware, dot as mac": {"dot": "mac"}}
        for table in TABLES:
            forms[f"hardware, dot as lut, table of {table}"] = {"dot": "lut", "table": table}
        for dot in ("bitserial", "ternary"):
            if transform(kernel, [step("rewrite_dot", form=dot)]) != kernel:
                forms[f"hardware, dot as {dot}"] = {"dot": dot}
    for name, form in forms.items():
        try:
            ways.append(Way(f"{name}, stall {STALL}", _hardware(options, kernel, launch, form)))
        except TileError as problem:
            refused[name] = problem
    return ways, refused


def has_dot(kernel: Kernel) -> bool:
    """Whether the forms of `dot` make a difference."""
    return any(op.name == "dot" for op in kernel.body.walk())


def _programs(kernel: Kernel, watch: Callable[[str, Kernel], None]) -> Iterator[Way]:
    from tilevm.passes import SAMPLES, transform
    from tilevm.text import parse
    from tilevm.vm import CHUNK_BYTES, bind, execute

    def machine(program: Kernel, chunk: int = CHUNK_BYTES) -> Callable[..., Mapping[str, Any]]:
        return lambda arguments, _seed: execute(
            bind(program, arguments), chunk_bytes=chunk, output=_ignored
        )

    for name, size in CHUNKS.items():
        yield Way(name, machine(kernel, size))
    yield Way("printed and parsed again", machine(parse(str(kernel))[kernel.name]))
    for text in SAMPLES:
        program = transform(kernel, text)
        if program != kernel:
            watch(text, program)
            yield Way(f"after {text}", machine(program))


def _hardware(
    options: CommandParser.Options, kernel: Kernel, launch: Launch, form: Mapping[str, Any]
) -> Callable[[Mapping[str, Any], int], Mapping[str, Any]]:
    import hdl
    from tilevm.cli.progress import stage

    with stage(f"building `{kernel.name}`"):
        design = hdl.build(kernel, lanes=options.lanes, sizes=launch.symbols, **form)

    def compute(arguments: Mapping[str, Any], seed: int) -> Mapping[str, Any]:
        arrays = {n: v for n, v in arguments.items() if n not in launch.symbols}
        return design.simulate(arrays, stall=STALL, seed=seed).outputs

    return compute


def _difference(
    kernel: Kernel,
    expected: Mapping[str, Any],
    way: Way,
    arguments: Mapping[str, Any],
    seed: int,
) -> str | None:
    """What differs, or None: equality is that of bits."""
    import numpy as np

    try:
        found = way.compute(arguments, seed)
    except TileError as problem:
        return render(problem.diagnostics)
    for name, want in expected.items():
        kind = kernel.param(name).dtype
        got = found[name]
        wrong = np.argwhere(kind.encode(want) != kind.encode(got))
        if len(wrong):
            at = tuple(int(i) for i in wrong[0])
            return (
                f"{name}{list(at)} is {got[at]}, expected {want[at]} "
                f"({len(wrong)} of {want.size} elements differ)"
            )
    return None


def _replay(options: CommandParser.Options, seed: int) -> str:
    words = ["tilevm", "verify", options.file, options.kernel]
    for name, value in options.sizes:
        words += ["--set", f"{name}={value}"]
    words += ["--seed", str(seed), "--rounds", "1", "--lanes", str(options.lanes)]
    if options.check:
        words.append("--check")
    if options.no_hardware:
        words.append("--no-hardware")
    return shlex.join(words)


def _indented(text: str) -> str:
    return "\n".join(f"    {line}".rstrip() for line in text.splitlines())


def _ignored(_line: str) -> None:
    """Takes a line of `print`: every way would print it again."""
