"""What bounds a design: its busiest unit, and the ports and memories that feed it.

A roofline has operations per cycle over operations per byte.  Each port and each memory that is
read again and again is a sloping roof, a beat in every cycle; the unit that fires most often is the
flat one.  The design is one point under each sloping roof.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, log10
from typing import TYPE_CHECKING

from hdl.lower.schedule import HOLE
from hdl.netlist import Netlist
from hdl.units import Memory, Sink, Source
from hdl.view.svg import INK, PALE, Drawing
from hdl.view.usage import UnitTime, busiest, unit_times
from tilevm.diagnostics import TileError

if TYPE_CHECKING:
    from hdl.design import Design
    from hdl.timing import Timing


@dataclass(frozen=True)
class Roof:
    """A port or a memory: `beats` of `bits` bits move in a launch, at most one in a cycle."""

    kind: str  # "port in", "port out" or "memory"
    name: str
    beats: int
    bits: int

    @property
    def bytes(self) -> float:
        """Bytes that move in a launch."""
        return self.beats * self.bits / 8


@dataclass(frozen=True)
class Roofline:
    """The counts behind the picture; `counted` says what an operation is here."""

    operations: int
    counted: str
    cycles: int
    bound: tuple[UnitTime, ...]  # the units that fire most often
    inner: UnitTime | None  # the busiest one that is no port
    roofs: tuple[Roof, ...]

    @property
    def achieved(self) -> float:
        """Operations per cycle."""
        return self.operations / max(1, self.cycles)

    @property
    def peak(self) -> float:
        """Operations per cycle, if the busiest inner unit fired in every one."""
        return self.operations / (self.inner.busy if self.inner is not None else 1)

    def sentence(self) -> str:
        """What bounds the design, in words."""
        names = [unit.label for unit in self.bound[:4]]
        more = f" and {len(self.bound) - 4} more" if len(self.bound) > 4 else ""
        busy = self.bound[0].busy
        share = f"{busy / max(1, self.cycles):.1%}"
        return f"Bound by {', '.join(names)}{more}: {busy} beats in {self.cycles} cycles, {share}."


def roofline(design: Design, timing: Timing) -> Roofline:
    """The roofline of a launch that took as long as `timing` says."""
    times = unit_times(design, timing)
    inner = [unit for unit in times if unit.port is None]
    operations, counted = design.operations
    return Roofline(
        operations,
        counted,
        timing.cycles,
        tuple(busiest(times)),
        busiest(inner)[0] if inner else None,
        tuple(_roofs(design.netlist)),
    )


def operations(design: Design) -> tuple[int, str]:
    """What the program does, as it was before it was rewritten."""
    from tilevm.measure import stats

    try:
        found = stats(design.source, design.launch.symbols).operations
    except TileError:  # data decides what runs
        found = 0
    if found:
        return found, "operations of the program (a multiply-add is two)"
    stored = sum(int((port.elements != HOLE).sum()) for port in design.outputs)
    return max(1, stored), "elements stored"


def _roofs(netlist: Netlist) -> list[Roof]:
    """Ports, and the memories behind ports in of which beats are read more than once."""
    found = []
    for actor in netlist.actors:
        unit = actor.unit
        if isinstance(unit, Sink):
            shape = actor.inputs[0].reader.channel.shape
            found.append(Roof("port out", unit.port, actor.firings, shape.width))
        elif isinstance(unit, Memory):
            found.append(Roof("memory", actor.name, actor.firings, unit.shape.bits))
        elif isinstance(unit, Source):
            channel = actor.outputs[0].channel
            found.append(Roof("port in", unit.port, actor.firings, channel.shape.width))
            reads = [a.firings for a in netlist.actors for p in a.inputs
                     if p.reader.channel is channel]  # fmt: skip
            if max(reads, default=0) > actor.firings:
                found.append(Roof("memory", channel.name, max(reads), channel.shape.width))
    return found


_COLOURS = ("#1f6fb2", "#c0553f", "#2f7d4f", "#8f6bb3", "#b07d1a", "#3c8d93", "#b04a7f", "#6b6b2a")
_WIDTH, _HEIGHT, _LEFT, _TOP = 640, 400, 70, 84  # pixels


def roofline_svg(design: Design, timing: Timing) -> str:
    """The roofline on logarithmic axes: sloping roofs, the flat one, a point under each slope."""
    found = roofline(design, timing)
    drawing = Drawing(f"{design.name}: roofline")
    points = [(found.operations / roof.bytes, roof) for roof in found.roofs if roof.bytes]
    across = _decades([x for x, _ in points])
    # the first corner of every roof, and the highest point of all
    up = _decades([found.achieved, found.peak, *(min(found.peak, x * r.bits / 8)
                                                for x, r in points)])  # fmt: skip

    def place(x: float, y: float) -> tuple[float, float]:
        right = (log10(x) - across[0]) / (across[1] - across[0])
        high = (log10(y) - up[0]) / (up[1] - up[0])
        return _LEFT + _WIDTH * right, _TOP + _HEIGHT * (1 - high)

    drawing.text(16, 24, drawing.title, bold=True)
    drawing.text(16, 42, found.sentence())
    _axes(drawing, across, up)
    low = 10.0 ** up[0]
    y = place(10.0 ** across[0], found.peak)[1]
    drawing.path(f"M{_LEFT} {y:.2f}H{_LEFT + _WIDTH}", stroke=INK, width=1.5,
                 marks={"roof": "unit"})  # fmt: skip
    inner = "" if found.inner is None else f": {found.inner.label}"
    drawing.text(_LEFT + _WIDTH - 4, y - 6, f"{found.peak:.4g} operations a cycle{inner}",
                 anchor="end")  # fmt: skip
    legend = _TOP + 14
    for number, (x, roof) in enumerate(points):
        colour, slope = _COLOURS[number % len(_COLOURS)], roof.bits / 8
        # from the lower or left edge to the flat roof
        start = max(10.0 ** across[0], low / slope)
        end = min(10.0 ** across[1], found.peak / slope)
        if start < end:
            (x0, y0), (x1, y1) = place(start, start * slope), place(end, end * slope)
            drawing.path(f"M{x0:.2f} {y0:.2f}L{x1:.2f} {y1:.2f}", stroke=colour, width=1.5,
                         marks={"roof": roof.name})  # fmt: skip
        at, up_at = place(x, found.achieved)
        drawing.box(at - 4, up_at - 4, 8, 8, colour, round=4, name=roof.name,
                    title=f"{roof.kind} {roof.name}: {x:.4g} operations a byte")  # fmt: skip
        drawing.box(_LEFT + _WIDTH + 16, legend - 9, 10, 10, colour)
        drawing.text(_LEFT + _WIDTH + 32, legend,
                     f"{roof.kind} {roof.name}: {slope:.4g} bytes a cycle, "
                     f"used {roof.beats / max(1, found.cycles):.1%}")  # fmt: skip
        legend += 20
    drawing.text(_LEFT, _TOP + _HEIGHT + 54, f"{found.operations} {found.counted}", fill=PALE)
    return drawing.document(_LEFT + _WIDTH + 420, _TOP + _HEIGHT + 70)


def _decades(values: Sequence[float]) -> tuple[int, int]:
    """The powers of ten around some numbers."""
    logs = [log10(value) for value in values if value > 0] or [0.0]
    low, high = floor(min(logs)), ceil(max(logs))
    return low, max(high, low + 1)


def _axes(drawing: Drawing, across: tuple[int, int], up: tuple[int, int]) -> None:
    bottom, right = _TOP + _HEIGHT, _LEFT + _WIDTH
    drawing.path(f"M{_LEFT} {_TOP}V{bottom}H{right}", stroke=INK)
    for power in range(across[0], across[1] + 1):
        x = _LEFT + _WIDTH * (power - across[0]) / (across[1] - across[0])
        drawing.path(f"M{x:.2f} {_TOP}V{bottom}", stroke=PALE, width=0.3)
        drawing.text(x, bottom + 18, f"{10.0**power:g}", anchor="middle")
    for power in range(up[0], up[1] + 1):
        y = bottom - _HEIGHT * (power - up[0]) / (up[1] - up[0])
        drawing.path(f"M{_LEFT} {y:.2f}H{right}", stroke=PALE, width=0.3)
        drawing.text(_LEFT - 8, y + 4, f"{10.0**power:g}", anchor="end")
    drawing.text(_LEFT + _WIDTH / 2, bottom + 36, "operations a byte", anchor="middle")
    drawing.text(_LEFT - 50, _TOP - 6, "operations a cycle")
