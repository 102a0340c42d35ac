"""The elements of a buffer that an access touches, and what happens outside of it."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from tilevm.diagnostics import TileError
from tilevm.ir import Access, Op
from tilevm.ir.ops import Atomic, AtomicCas, Gather, Scatter
from tilevm.ir.ops.access import Along
from tilevm.vm.buffer import Array, Buffer, Conflict
from tilevm.vm.group import Group
from tilevm.vm.places import Index, Places, Regular, Scattered, Starting

_FEW = 1 << 14  # addresses of an access that are kept from run to run


class Region:
    """The elements that one access of an op touches, in the blocks of a group."""

    def __init__(self, op: Op, access: Access, group: Group) -> None:
        self.op, self.access, self.group = op, access, group
        self.buffer: Buffer = group.known[access.buffer]
        self.blocks = group.blocks

    @cached_property
    def starts(self) -> list[Index]:
        """An index for each dimension; an error without a place gets the op's."""
        try:
            return [self.group.index(index) for index in self.access.indices]
        except TileError as problem:
            raise self.op.placed(problem) from None

    @property
    def rows(self) -> Index | None:
        """The copies of a shared buffer that the blocks have, None for a global one."""
        return self.group.copies if self.buffer.shared else None

    def places(self, shape: tuple[int, ...], trap: bool, along: Along | None = None) -> Places:
        """Where a tile of that shape lies; Conflict TV0403 outside of the buffer, if that traps.

        What is the same in every run of these blocks is worked out once: an access has one shape.
        """
        if along is not None:
            return self.spread(shape, trap, along)
        known = self.group.home(self.access.names).places
        if known is None:
            return self.found(shape, trap)
        places = known.get(self.access)
        if places is None:
            places = self.found(shape, trap)
            if not isinstance(places, Scattered) or places.at.size <= _FEW:
                known[self.access] = places
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
            return self.spread(shape, trap)
        scaled = list(zip(self.starts, buffer.strides, strict=True))
        rows = self.rows
        if rows is not None:
            scaled.append((rows, buffer.size))
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
        return Starting(base, shape, buffer.strides[lead:])

    def spread(self, shape: tuple[int, ...], trap: bool, along: Along | None = None) -> Scattered:
        """Where a tile lies that an index tile spreads, or of which a part is outside."""
        buffer, rank = self.buffer, len(shape)
        lead = len(buffer.extents) - rank
        column = (-1, *[1] * rank)
        total: Array = np.zeros((1,) * (rank + 1), np.int64)
        inside: Array | None = None
        rows = self.rows
        if rows is not None:
            total = total + (np.asarray(rows.values) * buffer.size).reshape(column)
        for dim, (start, extent) in enumerate(zip(self.starts, buffer.extents, strict=True)):
            index = np.asarray(start.values, np.int64).reshape(column)
            size = shape[dim - lead] if dim >= lead else 1
            if along is not None and along.dim == dim:
                tile = along.index
                given = tile.reshape(*tile.shape, *[1] * (rank + 1 - tile.ndim))
                found, exact = _sum(index, given)
                ok = exact & (found >= 0) & (found < extent)
                if trap and 0 not in shape and not ok.all():
                    raise self.astray(dim, index, given, ok)
                index = found
            else:
                if trap and (start.low < 0 or start.high + size > extent):
                    raise self.beyond(dim, start, size)
                if dim >= lead:
                    steps = [1] * (rank + 1)
                    steps[dim - lead + 1] = size
                    # a start so far out that adding would wrap is just as far out without
                    index = np.clip(index, -size, extent) + np.arange(size).reshape(steps)
                ok = (index >= 0) & (index < extent)
            if not ok.all():
                inside = ok if inside is None else inside & ok
                index = np.clip(index, 0, extent - 1)
            total = total + index * buffer.strides[dim]
        whole = (len(total), *shape)
        inside = None if inside is None else np.broadcast_to(inside, whole)
        return Scattered(np.broadcast_to(total, whole), inside)

    def astray(self, dim: int, start: Array, given: Array, ok: Array) -> Conflict:
        """The error for the first element whose index is outside."""
        at = tuple(int(i) for i in np.argwhere(~ok)[0])
        first, index = (int(np.broadcast_to(part, ok.shape)[at]) for part in (start, given))
        block = int(self.blocks[at[0] if len(ok) > 1 else 0])
        assert isinstance(self.op, Gather | Scatter | Atomic | AtomicCas) and self.op.index
        name, shape = self.op.index.name, self.op.index.tile.shape
        element = [i if extent > 1 else 0 for i, extent in zip(at[1:], shape, strict=False)]
        why = f"`{name}{element or ''}` is {index}: "
        return self.outside(first + index, dim, block, why)

    def beyond(self, dim: int, start: Index, size: int) -> Conflict:
        """The error for the first block whose tile leaves the buffer."""
        starts = np.atleast_1d(start.values)
        extent = self.buffer.extents[dim]
        number = next(i for i, s in enumerate(starts) if s < 0 or int(s) + size > extent)
        at = int(starts[number])
        index = at if not 0 <= at < extent else extent
        return self.outside(index, dim, int(self.blocks[number]))

    def outside(self, index: int, dim: int, block: int, why: str = "") -> Conflict:
        """The error for an index that a dimension does not have; `why`: where it comes from."""
        return Conflict(
            "TV0403",
            block,
            f"{why}index {index} is outside of dimension {dim} of `{self.buffer.name}`, "
            f"which has extent {self.buffer.extents[dim]}",
            f"make the {'indices' if why else 'tile'} fit, or say with `oob` "
            "what is to happen outside",
        )


def _sum(start: Array, given: Array) -> tuple[Array, Array]:
    """start + given in int64, and where that is the exact sum."""
    found: Array = start + given.astype(np.int64)  # wraps: told by the direction
    if given.itemsize < 8 and (np.abs(start) >> 62 == 0).all():
        return found, np.ones((1,) * found.ndim, bool)
    return found, np.where(given >= 0, found >= start, found < start)
