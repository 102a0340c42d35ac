"""The netlist as a picture: units with their source lines, channels with their beats and depths."""

from __future__ import annotations

from itertools import pairwise

from hdl.netlist import Actor, Channel, Netlist
from hdl.units import Sink, Source
from hdl.view.layers import layered
from hdl.view.svg import CHARACTER, INK, PALE, Drawing, point, shortened

_ROW, _MARGIN, _LINE = 86, 24, 15  # pixels
_UNIT, _CHANNEL = 54, 36  # heights
_LONGEST = 44  # characters of a line in a box

_KINDS = {
    "source": "#d6e6f5",
    "sink": "#d6e6f5",
    "map": "#e3f2e1",
    "fold": "#f7ecd0",
    "scan": "#f7ecd0",
    "merge": "#f3dcea",
    "route": "#f3dcea",
    "collect": "#ece3f5",
    "memory": "#d5eeee",
}
_OTHER = "#eeeeee"


def netlist_svg(netlist: Netlist) -> str:
    """Units as boxes, channels as pills between them, beats going down; ways back are dashed."""
    nodes = _ordered(netlist)
    texts = {node: _texts(node) for node in nodes}
    widths = {n: CHARACTER * max(map(len, said)) + 20 for n, said in texts.items()}
    edges: list[tuple[Actor | Channel, Actor | Channel]] = []
    labels: list[str] = []
    for actor in netlist.actors:
        for port in actor.inputs:
            edges.append((port.reader.channel, actor))
            walk = port.reader.walk
            labels.append("" if walk.pops == walk.frame else f"{walk.pops} of {walk.frame}")
        for out in actor.outputs:
            edges.append((actor, out.channel))
            labels.append("")
    placed = layered(widths, edges)
    high = {node: _UNIT if isinstance(node, Actor) else _CHANNEL for node in nodes}
    middle = {n: (_MARGIN + placed.middle[n], 64 + _ROW * placed.row[n] + _UNIT / 2) for n in nodes}
    count = f"{len(netlist.actors)} units, {len(netlist.channels)} streams"
    drawing = Drawing(f"{netlist.name}: {count}")
    drawing.text(_MARGIN, 28, drawing.title, bold=True)
    drawing.text(
        _MARGIN,
        46,
        "boxes are units, pills streams (lanes x bits, depth); n of m: beats taken of a frame",
        fill=PALE,
    )
    for (a, b), passes, label in zip(edges, placed.passes, labels, strict=True):
        back = placed.row[b] < placed.row[a]
        upper, lower = (b, a) if back else (a, b)
        points = [
            (middle[upper][0], middle[upper][1] + high[upper] / 2),
            *((_MARGIN + x, 64 + _ROW * (placed.row[upper] + 1 + n) + _UNIT / 2)
              for n, x in enumerate(passes)),
            (middle[lower][0], middle[lower][1] - high[lower] / 2),
        ]  # fmt: skip
        steps = _curve(points[::-1] if back else points)
        names = {"from": a.name, "to": b.name}
        drawing.path(steps, stroke=PALE, width=1.2, dashed=back, marks=names, arrow=True)
        if label:
            (x0, y0), (x1, y1) = points[-2:]
            drawing.text((x0 + x1) / 2 + 4, (y0 + y1) / 2 + 3, label, size=10, fill=PALE)
    for node in nodes:
        (x, y), width, height = middle[node], widths[node], high[node]
        is_unit = isinstance(node, Actor)
        kind = node.unit.summary.split()[0] if isinstance(node, Actor) else ""
        drawing.box(
            x - width / 2, y - height / 2, width, height,
            _KINDS.get(kind, _OTHER) if is_unit else "#ffffff",
            stroke=INK if is_unit else PALE,
            round=4 if is_unit else height / 2,
            title=_statement(node), name=node.name,
        )  # fmt: skip
        first = y - _LINE * (len(texts[node]) - 1) / 2 + 4
        for number, line in enumerate(texts[node]):
            small = 11 if number or not is_unit else 12
            drawing.text(x, first + number * _LINE, line, anchor="middle",
                         bold=is_unit and number == 0, size=small)  # fmt: skip
    return drawing.document(placed.width + 2 * _MARGIN, 64 + _ROW * placed.rows + _MARGIN)


def _ordered(netlist: Netlist) -> list[Actor | Channel]:
    """Every unit, with what it gives behind it: all edges but ways back go forward."""
    found: list[Actor | Channel] = []
    for actor in netlist.actors:
        found += [actor, *(port.channel for port in actor.outputs)]
    return found


def _texts(node: Actor | Channel) -> list[str]:
    if isinstance(node, Channel):
        shape = f"{node.shape.lanes} x {node.shape.bits}, depth {node.depth}"
        return [shortened(node.name, _LONGEST), shape]
    what = node.unit.summary
    if isinstance(node.unit, Source | Sink):
        what = f"port {node.unit.port}"
    nest = "x".join(map(str, node.trips)) or "1"
    said = [shortened(node.name, _LONGEST), shortened(f"{what} [{nest}]", _LONGEST)]
    if node.origin is not None:
        line = f"line {node.origin.span.line}: " if node.origin.span else ""
        text = node.origin.span.text if node.origin.span else node.origin.op
        said.append(shortened(line + text, _LONGEST))
    return said


def _statement(node: Actor | Channel) -> str:
    if isinstance(node, Channel):
        beats = f"beats of {node.shape.lanes} x {node.shape.bits} bits"
        return f"stream {node.name}: {beats}, {node.depth} at most"
    text = node.origin.span.text if node.origin is not None and node.origin.span else ""
    return f"unit {node.name}: {node.unit.summary}" + (f"; {text}" if text else "")


def _curve(points: list[tuple[float, float]]) -> str:
    """A path through points, upright at each."""
    steps = f"M{point(*points[0])}"
    for (x0, y0), (x1, y1) in pairwise(points):
        half = (y0 + y1) / 2
        steps += f"C{point(x0, half)} {point(x1, half)} {point(x1, y1)}"
    return steps
