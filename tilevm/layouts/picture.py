"""Pictures of a layout: the tile as a grid whose cells say ``place:step``."""

from __future__ import annotations

import colorsys
import html
import itertools
import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tilevm.layouts.layout import Layout

MAX_TEXT_LINES = 16
MAX_IMAGE_LINES = 32
MAX_SLICES = 8
MAX_COPIES = 3
"""More rows or columns, matrices or copies than so many are elided."""

CELL_HEIGHT = 26
CHARACTER = 8  # width of a monospaced character of 13 px, rounded up
MARGIN = 16


class _Slice(NamedTuple):
    """A matrix of a tile of higher rank: its caption, and the numbers of rows and columns shown.

    None stands for a gap.
    """

    caption: str
    leading: tuple[int, ...]
    rows: list[int | None]
    columns: list[int | None]


def picture(layout: Layout) -> str:
    """The layout as text: a line about it, then a grid with a row for each row of the tile.

    A cell is ``place:step``, with several places if it is replicated. A tile of rank 1 is one
    row; one of rank 3 or more is drawn matrix by matrix. Large tiles are shown by their corners.

    >>> from tilevm.layouts import local, picture
    >>> print(picture(local(2, 1).spatial(1, 3)))
    local(2, 1).spatial(1, 3)
    2 x 3 on 3 places in 2 steps (place:step)
         0    1    2
    0  0:0  1:0  2:0
    1  0:1  1:1  2:1
    """
    blocks = [f"{layout}\n{_summary(layout)} (place:step)"]
    for matrix in _slices(layout, MAX_TEXT_LINES):
        header = ["", *("..." if column is None else str(column) for column in matrix.columns)]
        body = [
            [
                "..." if row is None else str(row),
                *(_label(layout, matrix, row, column) for column in matrix.columns),
            ]
            for row in matrix.rows
        ]
        widths = [max(map(len, column)) for column in zip(header, *body, strict=True)]
        lines = [
            "  ".join(text.rjust(width) for text, width in zip(line, widths, strict=True))
            for line in [header, *body]
        ]
        blocks.append("\n".join([*([matrix.caption] if matrix.caption else []), *lines]))
    hidden = _hidden_slices(layout)
    return "\n".join([*blocks, *([f"... {hidden} more matrices"] if hidden else [])])


def svg(layout: Layout, title: str = "") -> str:
    """The layout as an SVG image: the grid of `picture`, each place in a colour of its own.

    Copies have the colour of the first place that holds them; colours are far apart for places
    with neighbouring numbers. The text is a whole document, readable without scripts or fonts.
    """
    caption = [*([title] if title else []), str(layout), _summary(layout)]
    matrices = list(_slices(layout, MAX_IMAGE_LINES))
    labels = {
        (at, row, column): _label(layout, matrix, row, column)
        for at, matrix in enumerate(matrices)
        for row in matrix.rows
        for column in matrix.columns
    }
    heads = [
        str(n) for matrix in matrices for n in (*matrix.rows, *matrix.columns) if n is not None
    ]
    cell = CHARACTER * (2 + max(map(len, [*labels.values(), *heads])))
    body: list[str] = []
    y = MARGIN
    for line in caption:
        body.append(_text(MARGIN, y + CELL_HEIGHT // 2, line, "start", bold=line is caption[0]))
        y += CELL_HEIGHT - 4
    for at, matrix in enumerate(matrices):
        if matrix.caption:
            body.append(_text(MARGIN, y + CELL_HEIGHT // 2, matrix.caption, "start"))
            y += CELL_HEIGHT
        for number, row in enumerate([None, *matrix.rows]):
            middle = y + CELL_HEIGHT // 2
            if number:
                body.append(_text(MARGIN + cell // 2, middle, "..." if row is None else str(row)))
            for spot, column in enumerate(matrix.columns, start=1):
                x = MARGIN + cell * spot
                if number == 0:
                    head = "..." if column is None else str(column)
                    body.append(_text(x + cell // 2, middle, head))
                    continue
                if row is not None and column is not None:
                    body.append(_box(x, y, cell, _colour(layout, (*matrix.leading, row, column))))
                body.append(_text(x + cell // 2, middle, labels[at, row, column]))
            y += CELL_HEIGHT
        y += MARGIN // 2
    hidden = _hidden_slices(layout)
    if hidden:
        body.append(_text(MARGIN, y + CELL_HEIGHT // 2, f"... {hidden} more matrices", "start"))
        y += CELL_HEIGHT
    across = max(cell * (1 + len(matrix.columns)) for matrix in matrices)
    width = 2 * MARGIN + max(across, *(CHARACTER * len(line) for line in caption))
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{y + MARGIN}" '
            f'viewBox="0 0 {width} {y + MARGIN}" role="img" font-family="monospace" '
            'font-size="13" dominant-baseline="central">',
            f"<title>{_escaped(': '.join(caption[:2]))}</title>",
            '<rect width="100%" height="100%" fill="#ffffff"/>',
            *body,
            "</svg>\n",
        ]
    )


def _summary(layout: Layout) -> str:
    extents = " x ".join(map(str, layout.shape)) or "one element"
    copies = f", {layout.copies} copies of each element" if layout.copies > 1 else ""
    places = "1 place" if layout.places == 1 else f"{layout.places} places"
    steps = "1 step" if layout.steps == 1 else f"{layout.steps} steps"
    return f"{extents} on {places} in {steps}{copies}"


def _slices(layout: Layout, limit: int) -> Iterator[_Slice]:
    rows, columns = (1, 1, *layout.shape)[-2:]
    leading = layout.shape[:-2]
    every = itertools.product(*map(range, leading))
    for index in itertools.islice(every, MAX_SLICES):
        caption = f"[{', '.join(map(str, index))}, :, :]" if index else ""
        yield _Slice(caption, index, _ends(rows, limit), _ends(columns, limit))


def _hidden_slices(layout: Layout) -> int:
    return max(0, math.prod(layout.shape[:-2]) - MAX_SLICES)


def _ends(extent: int, limit: int) -> list[int | None]:
    """The numbers below ``extent``, with a gap (None) before the last if there are too many."""
    if extent <= limit:
        return list(range(extent))
    return [*range(limit - 2), None, extent - 1]


def _label(layout: Layout, matrix: _Slice, row: int | None, column: int | None) -> str:
    if row is None or column is None:
        return "..."
    index = _index(layout, (*matrix.leading, row, column))
    places = list(itertools.islice(layout.each_place_of(index), MAX_COPIES + 1))
    shown = [*map(str, places[:MAX_COPIES]), *([".."] if len(places) > MAX_COPIES else [])]
    return f"{','.join(shown)}:{layout.step_of(index)}"


def _index(layout: Layout, position: Sequence[int]) -> Sequence[int]:
    """The element at a position of the grid, which has at least two dimensions."""
    return position[len(position) - layout.rank :]


def _colour(layout: Layout, position: Sequence[int]) -> str:
    place = next(layout.each_place_of(_index(layout, position)))
    hue = place * 0.618034 % 1  # golden section: neighbours far apart, no two alike for long
    red, green, blue = colorsys.hls_to_rgb(hue, (0.82, 0.74, 0.88)[place % 3], 0.65)
    return f"#{round(red * 255):02x}{round(green * 255):02x}{round(blue * 255):02x}"


def _box(x: int, y: int, width: int, colour: str) -> str:
    return (
        f'<rect x="{x}" y="{y}" width="{width}" height="{CELL_HEIGHT}" '
        f'fill="{colour}" stroke="#ffffff"/>'
    )


def _text(x: int, y: int, text: str, anchor: str = "middle", bold: bool = False) -> str:
    weight = ' font-weight="bold"' if bold else ""
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}"{weight}>{_escaped(text)}</text>'


def _escaped(text: str) -> str:
    """Text for XML, which has no way to write control characters."""
    return html.escape("".join(c if c.isprintable() else " " for c in text))
