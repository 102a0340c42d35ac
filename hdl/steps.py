"""What hardware computed, as the steps of a trace: beats back to tiles, thread blocks and rounds.

The inverse of `hdl.check.expected_streams`, for what is not known to be right.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from hdl.lower.functions import from_beats
from hdl.lower.schedule import HOLE
from hdl.lower.streams import counts, rounds
from tilevm.trace.record import Step, result_step, typed

if TYPE_CHECKING:
    from hdl.design import Design
    from hdl.lower import Tap
    from hdl.simulation import Result


def hardware_steps(design: Design, result: Result) -> Iterator[Step]:
    """A step for each stream with a named value, and for each result, of a recorded simulation."""
    order = {actor.name: number for number, actor in enumerate(design.netlist.actors)}
    for tap in sorted(design.lowered.taps, key=lambda tap: order.get(tap.channel, 0)):
        yield _step(design, result, tap)
    for param in design.kernel.outputs:
        yield result_step(param, result.outputs[param.name])


def _step(design: Design, result: Result, tap: Tap) -> Step:
    """All that one stream carried: a tile for each thread block and round."""
    tile = tap.value.tile
    frames = rounds(tap.scope)
    beats = result.taps[tap.channel].reshape(frames, *tap.schedule.shape)
    kept = tap.schedule != HOLE
    codes = np.zeros((frames, tile.size), beats.dtype)
    codes[:, tap.schedule[kept]] = beats[:, kept]
    data = from_beats(codes, tap.value.dtype).reshape(frames, *tile.shape)
    at = counts(tap.scope)
    ids = [at.pop(name, np.zeros(1, np.int64)) for name, _ in design.kernel.grid]
    blocks = np.zeros(1, np.int64)
    if ids:
        blocks = np.ravel_multi_index(np.broadcast_arrays(*ids), design.launch.grid)
    line = tap.value.span.line if tap.value.span else None
    kind, blocks = typed(tap.value, tile.shape), np.broadcast_to(blocks, frames)
    return Step(tap.origin.op, tap.value.name, kind, line, blocks, at, {}, data)
