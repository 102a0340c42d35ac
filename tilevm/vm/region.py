"""The elements of a buffer that an access touches, and what happens outside of it."""

from __future__ import annotations

import numpy as np

from tilevm.vm.buffer import Array, Buffer, Conflict
from tilevm.vm.places import Index, Known, Places, Regular, Scattered


class Region:
    """The elements that one access touches, in the blocks that make it.

    `starts`: an index per dimension; `blocks`: the numbers of the blocks; `rows`: their copies of a
    shared buffer (None for a global one); `known`: places that `access` had before, if they are
    always the same.
    """

    def __init__(
        self,
        buffer: Buffer,
        starts: list[Index],
        blocks: Array,
        rows: Index | None,
        access: object = None,
        known: Known | None = None,
    ) -> None:
        self.buffer, self.starts, self.blocks, self.rows = buffer, starts, blocks, rows
        self.access, self.known = access, known

    def places(self, shape: tuple[int, ...], trap: bool) -> Places:
        """Where a tile of that shape lies; Conflict TV0403 outside of the buffer, if that traps."""
        if self.known is None:
            return self.found(shape, trap)
        key = (id(self.access), shape, trap)
        places = self.known.get(key)
        if places is None:
            places = self.known[key] = self.found(shape, trap)
        return places

    def found(self, shape: tuple[int, ...], trap: bool) -> Places:
        """As `places`, worked out anew."""
        buffer = self.buffer
        lead = len(buffer.extents) - len(shape)
        tile = (1,) * lead + shape
        outside = False
        for dim, (start, extent) in enumerate(zip(self.starts, buffer.extents, strict=True)):
            if start.low < 0 or start.high + tile[dim] > extent:
                outside = True
                if trap:
                    raise self.beyond(dim, start, tile[dim])
        if outside:
            return self.clipped(shape)
        scaled = list(zip(self.starts, buffer.strides, strict=True))
        if self.rows is not None:
            scaled.append((self.rows, buffer.size))
        first, step, count, regular = 0, 0, 1, True
        for index, stride in scaled:
            first += index.first * stride
            if not isinstance(index.values, int):
                count = len(self.blocks)
                regular = regular and index.step is not None
                step += (index.step or 0) * stride
        if regular:
            return Regular(count, first, step, shape, buffer.strides[lead:])
        base = sum(index.values * stride for index, stride in scaled)
        offsets = Regular(1, 0, 0, shape, buffer.strides[lead:]).addresses()
        return Scattered(base.reshape(-1, *[1] * len(shape)) + offsets)

    def clipped(self, shape: tuple[int, ...]) -> Scattered:
        """Where a tile lies of which a part is outside of the buffer."""
        extents, rank = self.buffer.extents, len(shape)
        lead = len(extents) - rank
        column = (-1, *[1] * rank)
        total: Array = np.zeros((1,) * (rank + 1), np.int64)
        inside: Array = np.ones((1,) * (rank + 1), bool)
        if self.rows is not None:
            total = total + (np.asarray(self.rows.values) * self.buffer.size).reshape(column)
        for dim, start in enumerate(self.starts):
            index = np.asarray(start.values, np.int64).reshape(column)
            if dim >= lead:
                along = [1] * (rank + 1)
                along[dim - lead + 1] = shape[dim - lead]
                # a start so far out that adding would wrap is just as far out without
                steps = np.arange(shape[dim - lead]).reshape(along)
                index = np.clip(index, -shape[dim - lead], extents[dim]) + steps
            inside = inside & (index >= 0) & (index < extents[dim])
            total = total + np.clip(index, 0, extents[dim] - 1) * self.buffer.strides[dim]
        whole = (len(total), *shape)
        return Scattered(np.broadcast_to(total, whole), np.broadcast_to(inside, whole))

    def beyond(self, dim: int, start: Index, size: int) -> Conflict:
        """The error for the first block whose tile leaves the buffer."""
        starts = np.atleast_1d(start.values)
        extent = self.buffer.extents[dim]
        number = next(i for i, s in enumerate(starts) if s < 0 or int(s) + size > extent)
        at = int(starts[number])
        index = at if not 0 <= at < extent else extent
        return Conflict(
            "TV0403",
            int(self.blocks[number]),
            f"index {index} is outside of dimension {dim} of `{self.buffer.name}`, "
            f"which has extent {extent}",
            "make the tile fit, or say with `oob` what is to happen outside",
        )
