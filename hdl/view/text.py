"""Markdown for the eyes of people at a terminal."""

from __future__ import annotations

from itertools import groupby


def aligned(markdown: str) -> str:
    """The same text, the columns of its tables below each other; numbers stand to the right."""
    lines: list[str] = []
    for is_table, group in groupby(markdown.splitlines(), lambda line: line.startswith("|")):
        found = list(group)
        lines += _table(found) if is_table else found
    return "\n".join(lines)


def _table(lines: list[str]) -> list[str]:
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    head, body = rows[0], rows[2:]
    columns = list(zip(*([head, *body]), strict=True))
    widths = [max(map(len, column)) for column in columns]
    right = [all(_is_number(cell) for cell in column[1:]) for column in columns]
    shown = []
    for row in (head, ["-" * width for width in widths], *body):
        cells = (
            cell.rjust(width) if to_right else cell.ljust(width)
            for cell, width, to_right in zip(row, widths, right, strict=True)
        )
        shown.append("  ".join(cells).rstrip())
    return shown


def _is_number(cell: str) -> bool:
    return not cell or cell[0].isdigit()
