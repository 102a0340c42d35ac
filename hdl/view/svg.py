"""A small writer of SVG documents: the same text for the same drawing."""

from __future__ import annotations

import html

FONT = 12  # pixels
CHARACTER = 7.3  # the width of a monospaced character of that size, rounded up
INK, PALE, PAPER = "#202020", "#8a8a8a", "#ffffff"


class Drawing:
    """Shapes in the order in which they are drawn; sizes are in pixels, y goes down."""

    def __init__(self, title: str) -> None:
        self.title = title
        self._body: list[str] = []

    def text(
        self,
        x: float,
        y: float,
        text: str,
        *,
        anchor: str = "start",
        bold: bool = False,
        fill: str = INK,
        size: int = FONT,
    ) -> None:
        """A line of text whose baseline is at `y`."""
        weight = ' font-weight="bold"' if bold else ""
        self._body.append(
            f'<text x="{_number(x)}" y="{_number(y)}" text-anchor="{anchor}" fill="{fill}"'
            f' font-size="{size}"{weight}>{escaped(text)}</text>'
        )

    def box(
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        fill: str,
        *,
        stroke: str = "none",
        round: float = 0,
        title: str | None = None,
        name: str | None = None,
    ) -> None:
        """A rectangle; `title` shows where a pointer rests on it, `name` marks it for programs."""
        mark = "" if name is None else f' data-name="{escaped(name)}"'
        shape = (
            f'<rect x="{_number(x)}" y="{_number(y)}" width="{_number(width)}"'
            f' height="{_number(height)}" rx="{_number(round)}" fill="{fill}" stroke="{stroke}"'
            f"{mark}"
        )
        said = "/>" if title is None else f"><title>{escaped(title)}</title></rect>"
        self._body.append(shape + said)

    def path(
        self,
        steps: str,
        *,
        fill: str = "none",
        stroke: str = "none",
        width: float = 1,
        dashed: bool = False,
        transform: str | None = None,
        marks: dict[str, str] | None = None,
        arrow: bool = False,
    ) -> None:
        """A path in SVG's own words; `marks` are data-attributes for programs."""
        more = "".join(f' data-{key}="{escaped(value)}"' for key, value in (marks or {}).items())
        more += ' stroke-dasharray="5 4"' if dashed else ""
        more += f' transform="{transform}"' if transform else ""
        more += ' marker-end="url(#arrow)"' if arrow else ""
        self._body.append(
            f'<path d="{steps}" fill="{fill}" stroke="{stroke}"'
            f' stroke-width="{_number(width)}"{more}/>'
        )

    def document(self, width: float, height: float) -> str:
        """The whole, with everything that was drawn."""
        wide, high = _number(width), _number(height)
        return "\n".join(
            [
                f'<svg xmlns="http://www.w3.org/2000/svg" width="{wide}" height="{high}"'
                f' viewBox="0 0 {wide} {high}" role="img" font-family="monospace">',
                f"<title>{escaped(self.title)}</title>",
                '<defs><marker id="arrow" markerWidth="8" markerHeight="8" refX="7" refY="4"'
                f' orient="auto"><path d="M0 0L8 4L0 8z" fill="{PALE}"/></marker></defs>',
                f'<rect width="{wide}" height="{high}" fill="{PAPER}"/>',
                *self._body,
                "</svg>\n",
            ]
        )


def point(x: float, y: float) -> str:
    """A place in a path."""
    return f"{_number(x)} {_number(y)}"


def _number(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")


def escaped(text: str) -> str:
    """Text for XML, which has no way to write control characters."""
    return html.escape("".join(c if c.isprintable() else " " for c in text))


def shortened(text: str, most: int) -> str:
    """At most so many characters of the first line."""
    first, *_ = text.splitlines() or [""]
    first = first.strip()
    return first if len(first) <= most else first[: most - 1] + "…"
