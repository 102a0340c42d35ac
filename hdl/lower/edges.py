"""The edges of a design: which element of a buffer is in each lane of each beat of a port."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hdl.lower.schedule import HOLE, Schedule
from hdl.lower.streams import Scope, counts, rounds
from hdl.netlist import BeatShape, Origin
from hdl.units import Beats
from tilevm.ir import TileType
from tilevm.ir.ops import Load, Store


@dataclass(frozen=True, eq=False)
class Port:
    """An edge of a design: the beats of one load or store of a buffer.

    `elements` [beats, lanes] says which element of the flattened buffer each lane of each beat is,
    or -1 where it is none: `fill` on the way in, ignored on the way out.  No two beats of the
    outputs write one element: the order in which ports are served does not matter.  The beats are
    those of every iteration of `scope`, one after the other.
    """

    name: str
    buffer: str
    shape: BeatShape
    elements: Schedule
    origin: Origin
    scope: Scope
    fill: int = 0  # as an element of a beat

    def beats(self, values: Beats) -> Beats:
        """The beats [beats, lanes] that carry the elements of a flattened buffer."""
        inside = values[np.maximum(self.elements, 0)] if len(values) else 0
        return np.where(self.elements != HOLE, inside, values.dtype.type(self.fill))

    def used_bits(self) -> list[int]:
        """For each beat, as a payload, ones where a lane holds an element."""
        ones, bits = (1 << self.shape.bits) - 1, self.shape.bits
        return [
            sum(ones << int(lane) * bits for lane in np.flatnonzero(row))
            for row in self.elements != HOLE
        ]


def port_elements(
    op: Load | Store,
    kind: TileType,
    schedule: Schedule,
    scope: Scope,
    *,
    guarded: bool = False,
    runs: npt.NDArray[np.bool_] | None = None,
) -> Schedule:
    """Elements of the flattened buffer [beats, lanes] in the order of the loops of `scope`.

    TileError TV0403 for one outside of the buffer, unless the op says what happens there, or is
    `guarded`: in a branch the machine has the last word, since an iteration may go the other way.
    Where the op does not run in an iteration (`runs`), there are no elements.
    """
    extents = op.at.type.extents
    lead = len(extents) - kind.rank
    env = counts(scope)
    count = rounds(scope)
    inner = np.unravel_index(np.maximum(schedule, 0), kind.shape) if kind.rank else ()
    flat = np.zeros((count, *schedule.shape), np.int64)
    inside = np.broadcast_to(schedule != HOLE, flat.shape).copy()
    if runs is not None:
        inside &= runs[:, None, None]
    for dim, (index, extent) in enumerate(zip(op.at.indices, extents, strict=True)):
        start = np.broadcast_to(np.asarray(index.evaluate(env), np.int64), (count,))
        where = start[:, None, None] + (inner[dim - lead] if dim >= lead else 0)
        ok = (where >= 0) & (where < extent)
        bad = inside & ~ok
        if op.oob == "trap" and bad.any() and not guarded:
            value = int(np.broadcast_to(where, flat.shape)[tuple(np.argwhere(bad)[0])])
            raise op.reject(
                "TV0403",
                f"index {value} is outside of dimension {dim} of `{op.at.buffer.name}`, "
                f"which has extent {extent}",
                "at",
                help="make the tile fit, or say `oob = zero` (load) or `oob = skip` (store)",
            )
        inside &= ok
        flat = flat * extent + np.clip(where, 0, extent - 1)
    return np.where(inside, flat, HOLE).reshape(-1, schedule.shape[1])
