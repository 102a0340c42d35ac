"""The order of the beats at a port, for testbenches that know nothing of tilevm: words, data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from hdl.lower import Port
from hdl.lower.schedule import nest_of

if TYPE_CHECKING:
    from hdl.design import Design


def port_order(port: Port) -> str:
    """Which element of the flattened buffer lane l of beat b is.

    Written with digits of b and l where the order is a nest.
    """
    elements = port.elements
    first = int(elements[0, 0])
    lanes = elements[0] - first
    regular = (elements >= 0).all() and (elements - elements[:, :1] == lanes).all()
    beat_nest = nest_of(elements[:, 0] - first) if regular else None
    lane_nest = nest_of(lanes) if regular else None
    if beat_nest is None or lane_nest is None:
        return "in an irregular order (ports.json lists it)"
    terms = [*_terms("b", beat_nest), *_terms("l", lane_nest)]
    if first:
        terms.insert(0, str(first))
    return f"lane l of beat b is element {' + '.join(terms) or '0'}, counted row by row"


def _terms(counter: str, levels: list[tuple[int, int]]) -> list[str]:
    """Each level of a nest as ``stride * digit of the counter``, outermost first."""
    found = []
    below = int(np.prod([trips for trips, _ in levels], dtype=np.int64))
    for number, (trips, stride) in enumerate(levels):
        below //= trips
        digit = f"{counter} / {below}" if below > 1 else counter
        if number:
            digit = f"{digit} % {trips}"
        if stride:
            digit = f"({digit})" if " " in digit else digit
            found.append(digit if stride == 1 else f"{stride} * {digit}")
    return found


def ports_data(design: Design) -> list[dict[str, Any]]:
    """Every port as plain data: signals, type, and the element in each lane of each beat.

    Where a lane holds no element it is -1: it takes `fill` on the way in.  Of a port with a memory
    bus also the bytes from one beat to the next, and of the whole image.
    """
    found: list[dict[str, Any]] = []
    pins, slots = _signals(design), design.slots
    for direction, ports in (("in", design.inputs), ("out", design.outputs)):
        for port in ports:
            kind = design.kernel.param(port.buffer).dtype
            found.append(
                {
                    "port": port.name,
                    "direction": direction,
                    "bus": design.edges.kinds[port.name],
                    "signals": pins[port.name],
                    "buffer": port.buffer,
                    "shape": list(design.launch.extents[port.buffer]),
                    "type": kind.name,
                    "bits_per_lane": kind.bits,
                    "lanes": port.shape.lanes,
                    "beats": len(port.elements),
                    "fill": port.fill,
                    "order": port_order(port),
                    "elements": _rows(port.elements),
                }
            )
            if port.name in slots:
                found[-1]["slot_bytes"] = slots[port.name].slot_bytes
                found[-1]["image_bytes"] = slots[port.name].bytes
    return found


def _signals(design: Design) -> dict[str, list[str]]:
    """The pins of each port in the Verilog."""
    from hdl.bus.wrapper import pins_in

    return pins_in(design.netlist, design.edges)


def _rows(elements: npt.NDArray[np.int64]) -> list[list[int]]:
    return [[int(e) for e in row] for row in elements]
