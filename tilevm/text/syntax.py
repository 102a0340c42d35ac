"""From text to a syntax tree, with every syntax error told in the words of the language."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from tilevm.diagnostics import Diagnostic, Label, Source, Span, TileError, error
from tilevm.text.comments import deepest

MAX_DEPTH = 64  # of brackets, and of operators within one expression
MAX_ERRORS = 10  # syntax errors of one file: each costs a new attempt

Node = Tree[Token]

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_SPELLING = {
    "NAME": "a name",
    "INTEGER": "a number",
    "FLOAT": "a number",
    "STRING": "a text in quotes",
    "COMPARE": "a comparison",
    "MUL_DIV": "`*`",
    "PLUS_MINUS": "`+`",
    "_NL": "a new line",
    "$END": "the end of the file",
}


@cache
def lark() -> Lark:
    """The generated parser; making it takes about 50 ms."""
    grammar = files("tilevm.text").joinpath("grammar.lark").read_text("utf-8")
    return Lark(grammar, parser="lalr", lexer="contextual", propagate_positions=True)


def parse_tree(source: Source) -> Node:
    """The syntax tree of a file.

    TileError with all its syntax errors: TV0001, or TV0002 for text that is none, or TV0003 for
    brackets nested too deeply.
    """
    text = source.text
    _check_characters(source)
    too_deep = deepest(text, MAX_DEPTH)
    if too_deep is not None:
        place = Label(
            Span(source, too_deep, too_deep + 1), f"this is bracket number {MAX_DEPTH + 1}"
        )
        raise error("TV0003", f"brackets are nested more than {MAX_DEPTH} deep", place)
    found: list[Diagnostic] = []
    while True:
        try:
            tree = lark().parse(text)
        except UnexpectedInput as problem:
            diagnostic, fault = _explain(problem, source, text)
            found.append(diagnostic)
            rest = None if fault is None else _without_line(text, fault)
            if rest is None or len(found) == MAX_ERRORS:
                raise TileError(*found) from None
            text = rest
            continue
        if found:
            raise TileError(*found)
        return tree


def _check_characters(source: Source) -> None:
    bad = _CONTROL.search(source.text)
    if bad:
        place = Label(Span(source, bad.start(), bad.end()), f"character U+{ord(bad[0]):04X}")
        raise error(
            "TV0002",
            "this is not a tile program: it holds control characters",
            place,
            help="a program is plain UTF-8 text",
        )


def _explain(problem: UnexpectedInput, source: Source, text: str) -> tuple[Diagnostic, int | None]:
    """What is wrong, and an offset in the line at fault (None: the text ends too early)."""
    fault: int | None
    if isinstance(problem, UnexpectedToken) and problem.token.type != "$END":
        token = problem.token
        start, end = token.start_pos or 0, token.end_pos or 0
        if token.type == "_NL":
            start = text.find("\n", start)
            end, got, fault = start + 1, "the line ends here", max(start - 1, 0)
        else:
            got, fault = f"unexpected `{_short(str(token))}`", start
        expected = problem.accepts or problem.expected
    elif isinstance(problem, UnexpectedCharacters):
        start = fault = problem.pos_in_stream or 0
        end, got = start + 1, f"unexpected character `{text[start]}`"
        expected = problem.allowed or set()
    else:
        start = end = len(text.rstrip())
        got, fault = "the file ends here", None
        accepted = problem.accepts if isinstance(problem, UnexpectedToken) else None
        expected = accepted or set()
    place = Label(Span(source, start, end), _expected(expected))
    return Diagnostic("TV0001", got, (place,)), fault


def _expected(names: set[str]) -> str:
    spelled = {t.name: f"`{t.pattern.value}`" for t in lark().terminals if t.pattern.type == "str"}
    shown = sorted({_SPELLING.get(name, spelled.get(name, "")) for name in names} - {""})
    if not shown:
        return ""
    if len(shown) > 6:
        shown = [*shown[:6], "..."]
    if len(shown) == 1:
        return f"expected {shown[0]}"
    return f"expected {', '.join(shown[:-1])} or {shown[-1]}"


def _short(text: str) -> str:
    return text if len(text) <= 30 else text[:27] + "..."


def _without_line(text: str, offset: int) -> str | None:
    """The text with the line at the offset blanked, to look for more errors.

    None where that would only cause new ones: brackets that the line opens or closes.
    """
    start = text.rfind("\n", 0, offset) + 1
    end = text.find("\n", offset)
    end = len(text) if end < 0 else end
    line = text[start:end]
    if not line.strip() or any(line.count(a) != line.count(b) for a, b in ("{}", "()", "[]")):
        return None
    return text[:start] + " " * len(line) + text[end:]
