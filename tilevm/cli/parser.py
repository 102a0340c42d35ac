"""The argument parser of all commands, and the options that several of them share."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, NoReturn, TypeVar

from tilevm.diagnostics import nearest

if TYPE_CHECKING:
    from tilevm.ir import Kernel

T = TypeVar("T")

DOT_FORMS = ("lut", "mac", "bitserial", "ternary")
TABLES = ("activations", "weights")
SIMULATORS = ("amaranth", "verilator", "icarus")
PORTS, CONTROLS = ("stream", "axi-stream", "axi4", "wishbone"), ("axi-lite", "wishbone")
MAX_LANES, MAX_GROUP = 4096, 8
DEFAULT_ACCUMULATOR, MAX_ACCUMULATOR = 640, 65536

_EPILOG = """\
exit status: 0, or 1 where a program or data is at fault, or 2 for wrong usage

example:
  tilevm run gemv.tile gemv -a w=w.npy -a x=x.npy -o y.npy"""


class Usage(Exception):
    """The command line is wrong; `command` is the (sub)command that it was meant for."""

    def __init__(self, command: str, message: str) -> None:
        super().__init__(message)
        self.command = command


class CommandParser(argparse.ArgumentParser):
    """A parser whose errors are one sentence, raised as `Usage`."""

    class Options(argparse.Namespace):
        """What a command line says, typed where all commands agree."""

        run: Callable[[CommandParser.Options], int]
        command: str

    @classmethod
    def top(cls) -> CommandParser:
        """The parser of `tilevm` itself, without its commands."""
        from tilevm import __version__

        parser = cls(
            prog="tilevm",
            description="Tile programs: check, format, run, build as hardware, simulate, verify.",
            epilog=_EPILOG,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        parser.add_argument("--version", action="version", version=f"tilevm {__version__}")
        _traceback(parser, False)
        return parser

    def error(self, message: str) -> NoReturn:
        raise Usage(self.prog, message)

    def about_unknown(self, word: str) -> str:
        """What to say of a word that the parser does not take."""
        if not word.startswith("-"):
            return f"one argument too many: `{word}`"
        option = word.partition("=")[0]
        near = nearest(option, re.findall(r"--[a-z-]+", self.format_usage()))
        return f"there is no option `{option}`" + (f"; did you mean `{near}`?" if near else "")


if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[CommandParser]


def command(
    commands: Commands,
    name: str,
    run: Callable[[CommandParser.Options], int],
    summary: str,
    about: str,
    example: str,
) -> CommandParser:
    """Adds the command `name`; `about` follows the summary in its help, then the example."""
    parser = commands.add_parser(
        name,
        help=summary,
        description=f"{summary[0].upper()}{summary[1:]}.\n\n{about}",
        epilog=f"example:\n  {example}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.set_defaults(run=run, command=parser.prog)
    _traceback(parser, argparse.SUPPRESS)
    return parser


def _traceback(parser: CommandParser, default: object) -> None:
    parser.add_argument(
        "--traceback",
        action="store_true",
        default=default,
        help="after an internal error (TV0901), also show where in tilevm it happened",
    )


# --- values of options


def whole(low: int, high: int | None = None) -> Callable[[str], int]:
    """Reads a whole number from `low` to `high`."""
    wanted = f"a whole number from {low}" + (f" to {high}" if high is not None else " up")

    def read(text: str) -> int:
        if not re.fullmatch(r"[+-]?[0-9]{1,18}", text):
            raise argparse.ArgumentTypeError(f"`{text[:40]}` is not {wanted}")
        number = int(text)
        if number < low or (high is not None and number > high):
            raise argparse.ArgumentTypeError(f"{number} is not {wanted}")
        return number

    return read


def path(text: str) -> str:
    """Reads the name of a file or folder: any text, but not none."""
    if not text:
        raise argparse.ArgumentTypeError("an empty name leads to no file")
    return text


def stall(text: str) -> float:
    """Reads a fraction from 0 to below 1."""
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number < 1:
        raise argparse.ArgumentTypeError(f"`{text[:40]}` is not a fraction from 0 to below 1")
    return number


def size(text: str) -> tuple[str, int]:
    """Reads `N=64`."""
    match = re.fullmatch(r"(\w+)=([+-]?[0-9]{1,18})", text)
    if not match:
        raise argparse.ArgumentTypeError(f"`{text[:40]}` is not a size such as N=64")
    return match[1], int(match[2])


def array_place(text: str) -> tuple[str, str]:
    """Reads `x=x.npy` or `x=file.npz:name`."""
    name, given, place = text.partition("=")
    if not given or not name or not place:
        raise argparse.ArgumentTypeError(f"`{text[:40]}` is not an argument such as x=x.npy")
    return name, place


# --- options that several commands have


def add_file(parser: CommandParser, nargs: str | None = None, dest: str = "file") -> None:
    """FILE, or FILE ..."""
    help = "a tile program, or - for the standard input"
    parser.add_argument(dest, metavar="FILE", type=path, nargs=nargs, help=help)


def add_kernel(parser: CommandParser) -> None:
    """FILE KERNEL."""
    add_file(parser)
    parser.add_argument("kernel", metavar="KERNEL", help="the name of a kernel in it")


def add_sizes(parser: CommandParser) -> None:
    """``--set N=64``."""
    parser.add_argument(
        "--set",
        dest="sizes",
        metavar="NAME=NUMBER",
        type=size,
        action="append",
        default=[],
        help="a shape symbol that no array fixes, as in --set N=64; may be repeated",
    )


def add_arrays(parser: CommandParser) -> None:
    """``-a x=x.npy``."""
    parser.add_argument(
        "-a",
        "--argument",
        dest="arrays",
        metavar="NAME=FILE",
        type=array_place,
        action="append",
        default=[],
        help="an array for a buffer: a .npy file, or one of a .npz file (x=data.npz:x); "
        "may be repeated",
    )


def add_hardware(parser: CommandParser) -> None:
    """How hardware is built: the parameters of `hdl.build`."""
    parser.add_argument(
        "--dot",
        choices=DOT_FORMS,
        default="lut",
        help="how products are computed: look-up tables (default), multiply-accumulate, bit by "
        "bit, or by additions alone where one operand is ternary",
    )
    parser.add_argument(
        "--table",
        choices=TABLES,
        default="activations",
        help="the operand that look-up tables are made of (default: activations)",
    )
    parser.add_argument(
        "--group",
        metavar="G",
        type=whole(1, MAX_GROUP),
        default=4,
        help="elements per look-up table, 1 to 8 (default: 4)",
    )
    parser.add_argument(
        "--lanes",
        metavar="L",
        type=whole(1, MAX_LANES),
        default=16,
        help="elements per beat, at most (default: 16)",
    )
    parser.add_argument(
        "--engines",
        metavar="E",
        type=whole(1),
        default=1,
        help="copies of the hardware, side by side, that share the thread blocks (default: 1)",
    )
    parser.add_argument(
        "--max-accumulator",
        metavar="BITS",
        type=whole(1, MAX_ACCUMULATOR),
        default=DEFAULT_ACCUMULATOR,
        help=f"bits of an exact sum of floats, at most (default: {DEFAULT_ACCUMULATOR})",
    )
    parser.add_argument(
        "--max-table",
        metavar="BITS",
        type=whole(1, 16),
        default=12,
        help="bits of the codes of which a function's table has all, at most 16 (default: 12)",
    )
    parser.add_argument(
        "--max-bits",
        metavar="B",
        type=whole(0),
        help="refuse a design whose tables, memories and buffers have more bits together",
    )


def add_stalls(parser: CommandParser, seeds: str = "of the stalls") -> None:
    """``--stall P --seed S``; `seeds`: what the seed is of."""
    parser.add_argument(
        "--stall",
        metavar="P",
        type=stall,
        default=0.0,
        help="how often each port is closed in a cycle, from 0 (default) to below 1",
    )
    add_seed(parser, seeds)


def add_seed(parser: CommandParser, seeds: str) -> None:
    """``--seed S``."""
    help = f"{seeds} (default: 0)"
    parser.add_argument("--seed", metavar="S", type=whole(0), default=0, help=help)


def add_buses(parser: CommandParser) -> None:
    """What stands at the edges of a design."""
    parser.add_argument(
        "--ports",
        metavar="[BUFFER=]BUS",
        action="append",
        default=[],
        help=f"the bus of a buffer's ports, or of all others: {', '.join(PORTS)} (default: "
        "stream); may be repeated, as in --ports w=axi4 --ports axi-stream",
    )
    parser.add_argument(
        "--control",
        choices=CONTROLS,
        help="registers that start launches and count cycles, by this bus (default: none)",
    )
    parser.add_argument(
        "--bus-bits",
        metavar="B",
        type=whole(8, 1024),
        default=64,
        help="bits of a word of the memory buses, axi4 and wishbone (default: 64)",
    )
    parser.add_argument(
        "--burst",
        metavar="WORDS",
        type=whole(1, 256),
        default=64,
        help="words of the longest burst of an axi4 port, a power of two (default: 64)",
    )
    parser.add_argument(
        "--runtime",
        metavar="SYMBOL",
        help="choose this symbol's size at each launch, in a register, up to that of --set",
    )


def buses_of(options: CommandParser.Options) -> dict[str, str]:
    """Buses by buffer, ``*`` for all others, as `hdl.build` takes them."""
    found: dict[str, str] = {}
    for text in options.ports:
        buffer, equals, bus = text.rpartition("=")
        if equals and not buffer:
            raise Usage(options.command, f"--ports {text}: write BUFFER=BUS, or only BUS")
        buffer = buffer if equals else "*"
        if buffer in found:
            whose = f"of `{buffer}`" if equals else "of all other buffers"
            raise Usage(options.command, f"--ports gives the bus {whose} twice")
        found[buffer] = bus
    return found


def add_passes(parser: CommandParser) -> None:
    """``-p canonicalise``."""
    parser.add_argument(
        "-p",
        "--pass",
        dest="passes",
        metavar="PASS",
        action="append",
        default=[],
        help='a rewrite of the program, as in -p "rewrite_dot(form = lut)"; may be repeated',
    )


def add_dump(parser: CommandParser) -> None:
    """``--dump-ir DIR``."""
    parser.add_argument(
        "--dump-ir",
        metavar="DIR",
        nargs="?",
        const="-",
        help="the program before and after each pass, as files in DIR, or shown if none is named",
    )


# --- what they say


def unique(options: CommandParser.Options, what: str, pairs: list[tuple[str, T]]) -> dict[str, T]:
    """The pairs as a dict; `Usage` where one name is given twice."""
    found: dict[str, T] = {}
    for name, value in pairs:
        if name in found:
            raise Usage(options.command, f"{what} `{name}` is given twice")
        found[name] = value
    return found


def sizes_of(options: CommandParser.Options) -> dict[str, int]:
    """The shape symbols that ``--set`` names."""
    return unique(options, "size", options.sizes)


def kernel_of(options: CommandParser.Options) -> Kernel:
    """The kernel that FILE KERNEL names; TileError where the program is wrong."""
    from tilevm.cli.programs import read_program

    return read_program(options.file)[options.kernel]
