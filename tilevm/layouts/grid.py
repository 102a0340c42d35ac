"""A layout as a grid of labels, ``place:step``, and that grid as text."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass

from tilevm.layouts.arrangement import Placed

MAX_TEXT_LINES = 16
MAX_MATRICES = 8
MAX_COPIES = 3
"""More rows or columns, matrices or copies than so many are elided."""


@dataclass(frozen=True)
class Cell:
    """One element of the tile, or a gap for those that are elided: then ``place`` is None."""

    label: str
    place: int | None  # the first that holds it


@dataclass(frozen=True)
class Matrix:
    """The last two dimensions of a tile: headings and cells, row by row."""

    caption: str  # the index of the matrix in a tile of rank 3 or more, else empty
    columns: list[str]
    rows: list[tuple[str, list[Cell]]]


GAP = Cell("...", None)


def summary(layout: Placed) -> str:
    """The extents and sizes of a layout in one line."""
    extents = " x ".join(map(str, layout.shape)) or "one element"
    copies = f", {layout.copies} copies of each element" if layout.copies > 1 else ""
    places = "1 place" if layout.places == 1 else f"{layout.places} places"
    steps = "1 step" if layout.steps == 1 else f"{layout.steps} steps"
    return f"{extents} on {places} in {steps}{copies}"


def matrices(layout: Placed, limit: int) -> Iterator[Matrix]:
    """The matrices of a tile, at most `MAX_MATRICES`, each of at most ``limit`` lines both ways."""
    leading = layout.shape[:-2]
    height, width = (1, 1, *layout.shape)[-2:]
    columns = _ends(width, limit)
    for number in range(min(MAX_MATRICES, math.prod(leading))):
        index = _digits(number, leading)
        yield Matrix(
            f"[{', '.join(map(str, index))}, :, :]" if index else "",
            [_heading(column) for column in columns],
            [
                (_heading(row), [_cell(layout, index, row, column) for column in columns])
                for row in _ends(height, limit)
            ],
        )


def elided_matrices(layout: Placed) -> int:
    """How many matrices of the tile `matrices` leaves out."""
    return max(0, math.prod(layout.shape[:-2]) - MAX_MATRICES)


def picture(layout: Placed) -> str:
    """The layout as text: its text form, its sizes, then a grid of ``place:step``.

    Of a replicated element the first few places are named. A tile of rank 1 is one row; one of
    rank 3 or more is drawn matrix by matrix. Large tiles are shown by their corners.

    >>> from tilevm.layouts import picture, spatial
    >>> print(picture(spatial(1, 3).local(2, 1)))
    spatial(1, 3).local(2, 1)
    2 x 3 on 3 places in 2 steps (place:step)
         0    1    2
    0  0:0  1:0  2:0
    1  0:1  1:1  2:1
    """
    lines = [str(layout), f"{summary(layout)} (place:step)"]
    for matrix in matrices(layout, MAX_TEXT_LINES):
        if matrix.caption:
            lines.append(matrix.caption)
        table = [["", *matrix.columns]]
        table += [[heading, *(cell.label for cell in cells)] for heading, cells in matrix.rows]
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        for row in table:
            lines.append("  ".join(map(str.rjust, row, widths)))
    if elided_matrices(layout):
        lines.append(f"... {elided_matrices(layout)} more matrices")
    return "\n".join(lines)


def _ends(extent: int, limit: int) -> list[int | None]:
    """The numbers below ``extent``, with a gap (None) before the last if there are too many."""
    if extent <= limit:
        return list(range(extent))
    return [*range(limit - 2), None, extent - 1]


def _digits(number: int, extents: tuple[int, ...]) -> tuple[int, ...]:
    """The row-major index of element ``number``."""
    index: list[int] = []
    for extent in reversed(extents):
        number, digit = divmod(number, extent)
        index.append(digit)
    return tuple(index[::-1])


def _heading(number: int | None) -> str:
    return GAP.label if number is None else str(number)


def _cell(layout: Placed, leading: tuple[int, ...], row: int | None, column: int | None) -> Cell:
    if row is None or column is None:
        return GAP
    position = (*leading, row, column)
    index = position[len(position) - layout.rank :]  # a grid has two dimensions at least
    places = list(itertools.islice(layout.each_place_of(index), MAX_COPIES + 1))
    names = [*map(str, places[:MAX_COPIES]), *([".."] if len(places) > MAX_COPIES else [])]
    return Cell(f"{','.join(names)}:{layout.step_of(index)}", places[0])
