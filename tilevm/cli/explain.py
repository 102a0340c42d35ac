"""``tilevm explain``: what a code of a diagnostic means, and what an op does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tilevm.cli.parser import CommandParser, Usage, command
from tilevm.diagnostics import CODES, nearest

if TYPE_CHECKING:
    from tilevm.cli.parser import Commands
    from tilevm.ir import Op

_ABOUT = """\
WHAT is a code such as TV0203, an op such as dot, a form such as for or kernel, a pass such as
unroll, or `ops`, `passes` or `codes` for a list of all."""

_FORMS = {  # of the language, beside the ops
    "call": "y, z = call f(a, b)",
    "for": "r = for k in lo .. hi step s carry (p = init) unroll n pipeline(n) { ... yield v }",
    "function": "function name(a: i8[16], ...) { ... yield v, ... }",
    "if": "r = if condition { ... yield a } else { ... yield b }",
    "kernel": "kernel name(x: global i8[N], ...) where condition, ... grid (n = N / 16) { ... }",
    "while": "r, s = while go carry (x = a, go = b) fuel n { ... yield v, w }",
}


def declare(commands: Commands) -> CommandParser:
    """Adds the command to the parser."""
    summary = "explain an error code, an op or a pass"
    parser = command(commands, "explain", explain, summary, _ABOUT, "tilevm explain TV0203")
    parser.add_argument(
        "what", metavar="WHAT", help="a code, an op, a pass, `ops`, `passes` or `codes`"
    )
    return parser


def explain(options: CommandParser.Options) -> int:
    """Prints the page of a code or op, or a list of them."""
    from tilevm.ir import REGISTRY
    from tilevm.ir.spellings import known_elsewhere
    from tilevm.passes import PASSES

    what = options.what
    if what == "ops":
        width = max(map(len, REGISTRY))
        for name in sorted(REGISTRY):
            print(f"{name:<{width}}  {REGISTRY[name].law().splitlines()[0]}")
    elif what == "passes":
        width = max(map(len, PASSES))
        for name, one in PASSES.items():
            print(f"{name:<{width}}  {one.summary}")
    elif what == "codes":
        for entry in CODES.values():
            print(f"{entry.code}  {entry.title}")
    elif what.upper() in CODES:
        entry = CODES[what.upper()]
        print(f"{entry.code}: {entry.title}\n\n{entry.explanation}")
    elif what in PASSES:
        print(f"{PASSES[what].form}\n\n{PASSES[what].page}")
    elif what in REGISTRY:
        print(_page(REGISTRY[what]))
    elif what in _FORMS:
        print(f"{_FORMS[what]}\n\n{_law(what)}")
    else:
        near = nearest(what, ["ops", "passes", "codes", *REGISTRY, *_FORMS, *PASSES]) or nearest(
            what.upper(), CODES
        )
        hint = f"did you mean `{near}`?" if near else "see `tilevm explain ops`, `passes`, `codes`"
        hint = known_elsewhere(what) or hint  # an op of another system
        raise Usage(options.command, f"there is no code, op or pass `{what[:80]}`; {hint}")
    return 0


def _law(form: str) -> str:
    """What a form of the language means: the docstring of its class."""
    from inspect import cleandoc

    from tilevm import ir

    return cleandoc(getattr(ir, form.capitalize()).__doc__ or "")


def _page(op: type[Op]) -> str:
    """How an op is written, and its documentation."""
    operands, attributes = [], []
    for item in op.fields():
        match item.role:
            case "operand":
                operands.append(item.name)
            case "operands":
                operands.append(f"{item.name}, ...")
            case "access":
                operands.append("buffer[index, ...]")
            case "type":
                operands.append("element_type[extent, ...]")
            case "condition":
                operands.append(item.name)
            case "text":
                operands.append('"text"')
            case "attribute" | "optional":
                needed = "..." if item.required else _shown(item.default)
                attributes.append(f"{item.name} = {needed}")
    head = f"{op.name} {', '.join(operands)}".rstrip()
    if attributes:
        head += f" {{{', '.join(attributes)}}}"
    return f"{head}\n\n{op.law()}"


def _shown(default: object) -> str:
    if isinstance(default, bool):
        return str(default).lower()
    return "(inferred)" if default is None else str(default) or '""'
