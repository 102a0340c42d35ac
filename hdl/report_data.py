"""The report of a design as plain data; docs/hardware.md says what each part is."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

from hdl.report import tiles
from hdl.stored import KINDS
from hdl.view.layouts import shown, why
from hdl.view.roofline import Roofline, roofline
from hdl.view.usage import UnitTime, lost, unit_times

if TYPE_CHECKING:
    from hdl.design import Design
    from hdl.timing import Timing

VERSION = 1  # of this form: parts may be added to it, none changes its meaning


def report_data(design: Design, timing: Timing, stall: float, seed: int) -> dict[str, Any]:
    """Sizes, cycles, units, streams, bounds, layouts; JSON can hold it as it is."""
    return {
        "version": VERSION,
        "name": design.name,
        "sizes": dict(design.launch.symbols),
        "options": design.options,
        "cycles": timing.cycles,
        "cycles_open": design.cycles,
        "stall": stall,
        "seed": seed,
        "bits": {
            **{kind: design.stored_bits(kind) for kind in KINDS},
            "all": design.stored_bits(),
        },
        "stored": [
            {"kind": part.kind, "name": part.name, "bits": part.bits, "unit": part.actor.name}
            for part in design.stored
        ],
        "units": [_unit(unit) for unit in unit_times(design, timing)],
        "streams": _streams(design, timing),
        "bound": _bound(roofline(design, timing), timing),
        "layouts": [
            {
                "value": value.name,
                "type": str(value.tile.with_shape(*value.tile.shape)),
                "beats": schedule.shape[0],
                "lanes": schedule.shape[1],
                "layout": shown(schedule, value.tile),
                "why": why(design.lowered.choices[value]),
            }
            for value, schedule in tiles(design)
        ],
        "runtime": None if design.runtime is None else design.runtime.data(),
        "notes": list(design.lowered.notes),
        "program": str(design.kernel),
    }


def _unit(unit: UnitTime) -> dict[str, Any]:
    origin = unit.origin
    span = None if origin is None else origin.span
    return {
        **{part.name: getattr(unit, part.name) for part in fields(unit) if part.name != "origin"},
        "op": None if origin is None else origin.op,
        "line": None if span is None else span.line,
        "cycles": unit.cycles,
        "useful": unit.useful,
    }


def _streams(design: Design, timing: Timing) -> list[dict[str, Any]]:
    readers: dict[str, list[str]] = {}
    for actor in design.netlist.actors:
        for taken in actor.inputs:
            readers.setdefault(taken.reader.channel.name, []).append(actor.name)
    return [
        {
            "name": output.channel.name,
            "from": actor.name,
            "to": readers.get(output.channel.name, []),
            "lanes": output.channel.shape.lanes,
            "bits_per_lane": output.channel.shape.bits,
            "beats": actor.moves(output.when, actor.firings),
            "depth": output.channel.depth,
            "full_at_most": timing.peaks[output.channel.name],
            "bits": design.bits(output.channel),
        }
        for actor in design.netlist.actors
        for output in actor.outputs
    ]


def _bound(found: Roofline, timing: Timing) -> dict[str, Any]:
    return {
        "units": [unit.name for unit in found.bound],
        "operations": found.operations,
        "counted": found.counted,
        "operations_a_cycle": found.achieved,
        "operations_a_cycle_at_most": found.peak,
        "roofs": [
            {
                "kind": roof.kind,
                "name": roof.name,
                "beats": roof.beats,
                "bits": roof.bits,
                "used": roof.beats / max(1, timing.cycles),
                "operations_a_byte": found.operations / roof.bytes if roof.bytes else None,
            }
            for roof in found.roofs
        ],
        "lost": [{"what": what, "share": share} for what, share in lost(timing, found.bound[0])],
    }
