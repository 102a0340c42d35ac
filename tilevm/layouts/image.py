"""A layout as an SVG image."""

from __future__ import annotations

import colorsys
import html

from tilevm.layouts.arrangement import Placed
from tilevm.layouts.grid import Matrix, elided_matrices, matrices, summary

MAX_LINES = 32
"""Tiles of more rows or columns are shown by their corners."""

ROW = 26  # all sizes in pixels
CHARACTER = 8  # the width of a monospaced character of font size 13, rounded up
MARGIN = 16


def svg(layout: Placed, title: str = "") -> str:
    """The layout as an SVG document: the grid of `picture`, each place in a colour of its own.

    Copies have the colour of the first place that holds them. Places with neighbouring numbers
    have colours that differ much. The same arguments give the same text.
    """
    caption = [*([title] if title else []), str(layout), summary(layout)]
    grids = list(matrices(layout, MAX_LINES))
    cell = CHARACTER * (2 + max(len(text) for grid in grids for text in _texts(grid)))
    body: list[str] = []
    y = MARGIN
    for number, line in enumerate(caption):
        body.append(_text(MARGIN, y, line, anchor="start", bold=number == 0))
        y += ROW
    for grid in grids:
        if grid.caption:
            body.append(_text(MARGIN, y, grid.caption, anchor="start"))
            y += ROW
        body += _matrix(grid, y, cell)
        y += ROW * (1 + len(grid.rows)) + MARGIN // 2
    if elided_matrices(layout):
        body.append(_text(MARGIN, y, f"... {elided_matrices(layout)} more matrices", "start"))
        y += ROW
    inside = max(cell * (1 + len(grids[0].columns)), *(CHARACTER * len(line) for line in caption))
    width, height = inside + 2 * MARGIN, y + MARGIN
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
            f'viewBox="0 0 {width} {height}" role="img" font-family="monospace" font-size="13">',
            f"<title>{_escaped(': '.join(caption[:2]))}</title>",
            f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
            *body,
            "</svg>\n",
        ]
    )


def _texts(grid: Matrix) -> list[str]:
    labels = [cell.label for _, cells in grid.rows for cell in cells]
    return [*grid.columns, *(heading for heading, _ in grid.rows), *labels]


def _matrix(grid: Matrix, y: int, width: int) -> list[str]:
    """Headings and boxes, the upper left corner at (MARGIN, y), each cell ``width`` wide."""
    body = []
    middles = [MARGIN + width * column + width // 2 for column in range(1 + len(grid.columns))]
    for x, heading in zip(middles[1:], grid.columns, strict=True):
        body.append(_text(x, y, heading))
    for row, cells in grid.rows:
        y += ROW
        body.append(_text(middles[0], y, row))
        for x, cell in zip(middles[1:], cells, strict=True):
            if cell.place is not None:
                body.append(
                    f'<rect x="{x - width // 2}" y="{y}" width="{width}" height="{ROW}" '
                    f'fill="{_colour(cell.place)}" stroke="#ffffff"/>'
                )
            body.append(_text(x, y, cell.label))
    return body


def _colour(place: int) -> str:
    hue = place * 0.618034 % 1  # golden section: neighbours far apart, and long without repeats
    lightness = (0.82, 0.74, 0.88)[place % 3]
    return "#" + "".join(
        f"{round(255 * part):02x}" for part in colorsys.hls_to_rgb(hue, lightness, 0.65)
    )


def _text(x: int, y: int, text: str, anchor: str = "middle", bold: bool = False) -> str:
    """A text on the row whose upper edge is ``y``."""
    weight = ' font-weight="bold"' if bold else ""
    baseline = y + ROW // 2 + 5
    return f'<text x="{x}" y="{baseline}" text-anchor="{anchor}"{weight}>{_escaped(text)}</text>'


def _escaped(text: str) -> str:
    """Text for XML, which has no way to write control characters."""
    return html.escape("".join(c if c.isprintable() else " " for c in text))
