"""The timeline of a launch as a picture: a row for each unit, a colour for what it does."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from hdl.timing import Moments, moments
from hdl.view.svg import CHARACTER, PALE, Drawing, shortened
from hdl.view.usage import span_of, unit_times

if TYPE_CHECKING:
    from hdl.design import Design
    from hdl.timing import Timing

STATES = ("busy", "starved", "blocked", "closed", "done")
COLOURS = {
    "busy": "#2f7d4f",
    "starved": "#e3b341",
    "blocked": "#cf5a4a",
    "closed": "#8f6bb3",
    "done": "#e6e6e6",
}
COLUMNS = 500  # most columns of a row; a longer launch has several cycles in each
ROW, BAR, MARGIN = 20, 14, 16  # pixels
_PLOT = 1000  # pixels of a row

Runs = list[tuple[int, int, int]]  # (first cycle, cycles, state)


def timeline_svg(design: Design, timing: Timing) -> str:
    """One row for each unit, over all cycles of a launch.

    A row is a strip for each state, whose widths sum to the cycles that the unit spends in it.  In
    a long launch a column stands for several cycles, and shows their states one after the other.
    """
    span = span_of(timing)
    step = -(-span // COLUMNS)
    waits, units = moments(design.netlist, timing), unit_times(design, timing)
    labels = [f"{unit.name}  {unit.place.replace('`', '')}" for unit in units]
    left = MARGIN + CHARACTER * max(len(shortened(label, 48)) for label in labels) + MARGIN
    scale = _PLOT / span
    drawing = Drawing(f"{design.name}: {timing.cycles} cycles of a launch, by unit")
    drawing.text(MARGIN, 24, drawing.title, bold=True)
    x: float = MARGIN
    for state in STATES:
        drawing.box(x, 36, 12, 12, COLOURS[state])
        drawing.text(x + 18, 46, state)
        x += 18 + CHARACTER * (len(state) + 2)
    if step > 1:
        drawing.text(x, 46, f"(a column is {step} cycles)", fill=PALE)
    top = 62
    for number, (unit, label) in enumerate(zip(units, labels, strict=True)):
        y = top + number * ROW
        drawing.text(MARGIN, y + 11, shortened(label, 48))
        runs = runs_of(states_of(waits[unit.name], span), step)
        for state, name in enumerate(STATES):
            mine = [(at, width) for at, width, which in runs if which == state]
            if mine:
                steps = "".join(f"M{at} 0h{width}v1h-{width}z" for at, width in mine)
                place = f"translate({left:.2f} {y}) scale({scale:.6f} {BAR})"
                marks = {"unit": unit.name, "state": name}
                drawing.path(steps, fill=COLOURS[name], transform=place, marks=marks)
    bottom = top + len(units) * ROW
    for cycle in _ticks(span):
        at = left + cycle * scale
        drawing.path(f"M{at:.2f} {top - 2}V{bottom + 4}", stroke=PALE, width=0.5)
        drawing.text(at, bottom + 18, str(cycle), anchor="middle", fill=PALE)
    return drawing.document(left + _PLOT + 3 * MARGIN, bottom + 30)


def states_of(at: Moments, span: int) -> npt.NDArray[np.int8]:
    """What a unit does in each of `span` cycles, as places in `STATES`."""
    found = np.full(span, STATES.index("done"), np.int8)
    # each wait overwrites the end of the one before it: what is left of that is what it lasted
    for name, start in (("starved", at.able), ("blocked", at.fed), ("closed", at.roomy)):
        lengths = at.fires - start
        offsets = np.cumsum(lengths) - lengths
        within = np.arange(int(lengths.sum())) - np.repeat(offsets, lengths)
        found[np.repeat(start, lengths) + within] = STATES.index(name)
    found[at.fires] = STATES.index("busy")
    return found


def runs_of(states: npt.NDArray[np.int8], step: int) -> Runs:
    """The states as runs; in every column of `step` cycles equal states are brought together."""
    found: Runs = []
    for start in range(0, len(states), step):
        counts = np.bincount(states[start : start + step], minlength=len(STATES))
        at = start
        for state in np.flatnonzero(counts):
            width = int(counts[state])
            if found and found[-1][2] == state:
                first, before, _ = found.pop()
                found.append((first, before + width, int(state)))
            else:
                found.append((at, width, int(state)))
            at += width
    return found


def _ticks(span: int) -> range:
    """Round numbers of cycles, at most eleven."""
    steps = (digit * 10**power for power in count() for digit in (1, 2, 5))
    return range(0, span + 1, next(step for step in steps if span <= 10 * step))
