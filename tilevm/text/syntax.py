"""From text to a syntax tree, with every syntax error told in the words of the language."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from lark import Lark, Token, Tree, UnexpectedCharacters, UnexpectedEOF, UnexpectedInput, UnexpectedToken

from tilevm.diagnostics import Diagnostic, Label, Source, Span, TileError
from tilevm.text.comments import deepest

MAX_DEPTH = 100
MAX_ERRORS = 10

Node = Tree[Token]

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
def _lark() -> Lark:
    grammar = files("tilevm.text").joinpath("grammar.lark").read_text("utf-8")
    return Lark(grammar, parser="lalr", lexer="contextual", propagate_positions=True)


def parse_tree(source: Source) -> Node:
    """The syntax tree of a file; TileError with all its syntax errors (TV0001, TV0002, TV0003)."""
    text = source.text
    _check_characters(source)
    too_deep = deepest(text, MAX_DEPTH)
    if too_deep is not None:
        label = Label(Span(source, too_deep, too_deep + 1), f"this is bracket number {MAX_DEPTH + 1}")
        raise TileError(
            Diagnostic("TV0003", f"brackets are nested more than {MAX_DEPTH} deep", (label,))
        )
    found: list[Diagnostic] = []
    while True:
        try:
            tree = _lark().parse(text)
        except UnexpectedInput as problem:
            diagnostic, line = _explain(problem, source, text)
            found.append(diagnostic)
            text = _without_line(text, line)
            if text is None or len(found) == MAX_ERRORS:
                raise TileError(*found) from None
            continue
        if found:
            raise TileError(*found)
        return tree


def _check_characters(source: Source) -> None:
    bad = next((i for i, c in enumerate(source.text) if (c < " " and c not in "\t\n\r") or c == "\x7f"), None)
    if bad is not None:
        label = Label(Span(source, bad, bad + 1), f"character U+{ord(source.text[bad]):04X}")
        help = "a program is plain UTF-8 text"
        raise TileError(Diagnostic("TV0002", "this is not a tile program: it holds control characters", (label,), help=help))


def _explain(problem: UnexpectedInput, source: Source, text: str) -> tuple[Diagnostic, int]:
    """The diagnostic, and the offset of the line at fault."""
    if isinstance(problem, UnexpectedToken) and problem.token.type != "$END":
        token = problem.token
        start, end = token.start_pos or 0, token.end_pos or 0
        if token.type == "_NL":
            start = text.find("\n", start)
            end, got = start + 1, "the line ends here"
            start, at_fault = start, max(start - 1, 0)
        else:
            got, at_fault = f"unexpected `{_short(str(token))}`", start
        expected = _expected(problem.accepts or problem.expected)
    elif isinstance(problem, UnexpectedCharacters):
        start = at_fault = problem.pos_in_stream or 0
        end, got = start + 1, f"unexpected character `{text[start]}`"
        expected = _expected(problem.allowed or set())
    else:
        start = at_fault = len(text.rstrip())
        end, got = start, "the file ends here"
        missing = problem.accepts if isinstance(problem, UnexpectedToken) else set()
        if isinstance(problem, UnexpectedEOF):
            missing = set(problem.expected)
        expected = _expected(missing or set())
        return Diagnostic("TV0001", got, (Label(Span(source, start, end), expected),)), -1
    return Diagnostic("TV0001", got, (Label(Span(source, start, end), expected),)), at_fault


def _expected(names: set[str]) -> str:
    spelled = {t.name: f"`{t.pattern.value}`" for t in _lark().terminals if t.pattern.type == "str"}
    shown = sorted({_SPELLING.get(name, spelled.get(name, "")) for name in names} - {""})
    if not shown:
        return ""
    if len(shown) > 6:
        shown = [*shown[:6], "..."]
    return "expected " + (shown[0] if len(shown) == 1 else ", ".join(shown[:-1]) + " or " + shown[-1])


def _short(text: str) -> str:
    return text if len(text) <= 30 else text[:27] + "..."


def _without_line(text: str, offset: int) -> str | None:
    """The text with the line at the offset blanked, to look for more errors; None where that cannot help."""
    if offset < 0:
        return None
    start = text.rfind("\n", 0, offset) + 1
    end = text.find("\n", offset)
    end = len(text) if end < 0 else end
    line = text[start:end]
    if not line.strip() or any(line.count(a) != line.count(b) for a, b in ("{}", "()", "[]")):
        return None
    return text[:start] + " " * len(line) + text[end:]
