"""Where the cycles of every unit go, and what share of its lanes' time is useful."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hdl.lower.schedule import HOLE
from hdl.netlist import Actor, Origin
from hdl.units import Sink, Source

if TYPE_CHECKING:
    from hdl.design import Design
    from hdl.timing import Timing


@dataclass(frozen=True)
class UnitTime:
    """How a unit spends the cycles of a launch: five kinds that together are all of them."""

    name: str
    does: str
    origin: Origin | None
    port: str | None  # the port of a source or sink
    busy: int  # firings: one beat each
    starved: int  # waiting for a beat
    blocked: int  # having its beats, waiting for room
    closed: int  # ready, but its port to the outside was not
    done: int  # behind its last firing
    filled: float  # share of its lanes that carry an element, where it fires

    @property
    def cycles(self) -> int:
        return self.busy + self.starved + self.blocked + self.closed + self.done

    @property
    def useful(self) -> float:
        """Useful lane-cycles over all lane-cycles of the unit."""
        return self.busy * self.filled / max(1, self.cycles)

    @property
    def label(self) -> str:
        """The unit in a sentence."""
        return f"unit `{self.name}`" if self.port is None else f"port `{self.port}`"

    @property
    def place(self) -> str:
        """The op and the line that the unit comes from."""
        if self.origin is None:
            return ""
        return f"`{self.origin.op}`" + (
            f", line {self.origin.span.line}" if self.origin.span else ""
        )


def span_of(timing: Timing) -> int:
    """Cycles to the end of the last unit: those of the launch, but where constants run on."""
    ends = [int(fires[-1]) + 1 for fires in timing.fires.values() if len(fires)]
    return max([timing.cycles, *ends])


def unit_times(design: Design, timing: Timing) -> list[UnitTime]:
    """Every unit, in the order of the netlist."""
    span, filled = span_of(timing), _filled(design)
    found = []
    for actor in design.netlist.actors:
        use = timing.usage[actor.name]
        spent = use.busy + use.starved + use.blocked + use.closed
        unit = actor.unit
        found.append(
            UnitTime(
                actor.name,
                unit.summary,
                actor.origin,
                unit.port if isinstance(unit, Source | Sink) else None,
                use.busy,
                use.starved,
                use.blocked,
                use.closed,
                span - spent,
                _share(actor, filled),
            )
        )
    return found


def _filled(design: Design) -> dict[str, float]:
    """By channel or port the share of lanes that carry an element of the program."""
    found = {
        tap.channel: float((tap.schedule != HOLE).mean())
        for tap in design.lowered.taps
        if tap.schedule.size
    }
    for port in (*design.inputs, *design.outputs):
        found[port.name] = float((port.elements != HOLE).mean())
    return found


def _share(actor: Actor, filled: dict[str, float]) -> float:
    if isinstance(actor.unit, Source | Sink):
        return filled.get(actor.unit.port, 1.0)
    shares = [filled[p.channel.name] for p in actor.outputs if p.channel.name in filled]
    return max(shares, default=1.0)


def busiest(times: list[UnitTime]) -> list[UnitTime]:
    """The units that fire most often: no launch can take fewer cycles than their firings."""
    most = max(unit.busy for unit in times)
    return [unit for unit in times if unit.busy == most]


def first_firing(timing: Timing, unit: UnitTime) -> int:
    """The cycle in which a unit begins."""
    fires = timing.fires[unit.name]
    return int(fires[0]) if len(fires) else 0


def lost(timing: Timing, unit: UnitTime) -> list[tuple[str, float]]:
    """Where the part of a unit's lane-cycles goes that is not useful: (what, share of them)."""
    before = first_firing(timing, unit)
    before_starved = min(before, unit.starved)
    parts = [
        ("before its first beat (the pipeline fills)", float(before_starved)),
        ("waiting for a beat", float(unit.starved - before_starved)),
        ("waiting for room in a buffer", float(unit.blocked)),
        ("waiting for the outside of its port", float(unit.closed)),
        ("after its last beat (the pipeline drains)", float(unit.done)),
        ("firing with lanes that carry no element", unit.busy * (1 - unit.filled)),
    ]
    return [(what, cycles / unit.cycles) for what, cycles in parts if cycles]
