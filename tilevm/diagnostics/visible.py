"""How characters look on a terminal: escapes for those that do not show, and widths in columns."""

from __future__ import annotations

from unicodedata import category, combining, east_asian_width

TAB = 4

_ZERO_WIDTH = frozenset({"Mn", "Me"})
_SHORT = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}


def escape(char: str) -> str:
    """``char`` itself, or a backslash escape if it is not printable in Unicode's terms.

    Those are controls, invisible formatting (bidirectional overrides can make a program look like
    another one), lone surrogates (undecodable bytes), and all spaces but the ASCII one.
    """
    if char.isprintable():
        return char
    if char in _SHORT:
        return _SHORT[char]
    code = ord(char)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def printable(text: str, keep: str = "") -> str:
    """``text`` with every hidden character escaped, save those in ``keep``."""
    return "".join(char if char in keep else escape(char) for char in text)


def width(char: str) -> int:
    """The columns that a printable ``char`` takes: 0 if drawn on the one before, 2 if wide."""
    if " " <= char <= "~":
        return 1
    if combining(char) or category(char) in _ZERO_WIDTH:
        return 0
    return 2 if east_asian_width(char) in "WF" else 1


def draw(text: str) -> tuple[str, list[int]]:
    """One line as it is printed, and the column (from 0) at which each character starts.

    Tabs become spaces up to the next multiple of ``TAB``. The list has one more entry than
    ``text`` has characters: the column after the last one. A combining mark has the column of the
    character that it is drawn on.
    """
    drawn: list[str] = []
    columns: list[int] = []
    column = base = 0
    for char in text:
        if char == "\t":
            shown = " " * (TAB - column % TAB)
        else:
            shown = escape(char)
        taken = len(shown) if len(shown) > 1 else width(shown)
        if taken:
            base = column
        drawn.append(shown)
        columns.append(base)
        column += taken
    columns.append(column)
    return "".join(drawn), columns
