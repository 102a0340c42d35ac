"""Statements of more than `WIDTH` columns, in several lines.

A line is broken inside its longest bracket, or else behind commas and `and`: where a statement
goes on in the next line (docs/language.md).  Lists of words, and of short lists of them, fill
lines; of all others each item has its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

INDENT = "  "
WIDTH = 100

# behind `=` stands the op `and`, elsewhere the word between conditions
_TOKEN = re.compile(r'"(?:[^"\\\n]|\\.)*"|[\[({]|[\])}]|, |(?<!=) and ')
_PLAIN = re.compile(r"[\w.+-]*|\[[\w.+\-, ]{,40}\]")  # a word, or a short list of them


def fold(text: str, indent: str) -> Iterator[str]:
    """A statement, or a part of one, as lines."""
    start, end = _bracket(text)
    if len(indent) + len(text) <= WIDTH:
        yield indent + text
    elif start < end and len(indent) + len(text) - (end - start) <= WIDTH:
        items = [piece.removesuffix(", ") for piece in _pieces(text[start:end])]
        yield from listed(text[:start], items, text[end:], indent)
    else:
        yield from _filled(_pieces(text), indent, indent + 2 * INDENT)


def listed(start: str, items: Sequence[str], end: str, indent: str) -> Iterator[str]:
    """A list in one line or, where that is too long, in lines between its `start` and `end`."""
    line = f"{indent}{start}{', '.join(items)}{end}"
    if len(line) <= WIDTH or not items:
        yield line
        return
    yield f"{indent}{start}".rstrip()
    inner = indent + INDENT
    pieces = [*(f"{item}, " for item in items[:-1]), items[-1]]
    if all(_PLAIN.fullmatch(item) for item in items):
        yield from _filled(pieces, inner, inner)
    else:
        for piece in pieces:
            yield from fold(piece.rstrip(), inner)
    if end:
        yield f"{indent}{end}"


def _filled(pieces: Sequence[str], first: str, later: str) -> Iterator[str]:
    """As many pieces in each line as it holds; those behind the first line have another indent."""
    line = first
    for piece in pieces:
        if line.strip() and len(line) + len(piece.rstrip()) > WIDTH:
            yield line.rstrip()
            line = later
        line += piece
    yield line.rstrip()


def _bracket(text: str) -> tuple[int, int]:
    """Where the inside of the longest outer bracket lies; (0, 0) if there is none.

    A bracket with one item, which ends in a bracket of its own, gives way to that one:
    ``{values = [`` then begins the list.
    """
    opened: list[int] = []
    best = (0, 0)
    for token in _TOKEN.finditer(text):
        if token[0] in "[({":
            opened.append(token.end())
        elif token[0] in "])}" and opened:
            inside = (opened.pop(), token.start())
            if not opened and inside[1] - inside[0] > best[1] - best[0]:
                best = inside
    start, end = best
    inner = _bracket(text[start:end]) if start < end else (0, 0)
    alone = len(_pieces(text[start:end])) == 1 and inner[0] < inner[1]
    if alone and start + inner[1] + 1 == end:
        return start + inner[0], start + inner[1]
    return best


def _pieces(text: str) -> list[str]:
    """The text cut behind each comma and `and` outside of brackets and quotes."""
    depth, begin = 0, 0
    pieces: list[str] = []
    for token in _TOKEN.finditer(text):
        if token[0] in "[({":
            depth += 1
        elif token[0] in "])}":
            depth -= 1
        elif token[0] in (", ", " and ") and depth == 0:
            pieces.append(text[begin : token.end()])
            begin = token.end()
    return [*pieces, text[begin:]]
