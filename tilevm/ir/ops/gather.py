"""Ops that find elements by a tile of indices: `gather` and `scatter` on buffers, `take` on tiles.

The dimensions of an index tile are the first ones of the tile that it goes with; it may have fewer,
and an extent of 1 is repeated.  So `i32[64]` names 64 whole rows of an `f16[64, 16]`, and
`i32[64, 16]` an element of its own for each.  Its elements are integers of any type.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from tilevm import dtypes
from tilevm.ir.fields import Reads, Writes
from tilevm.ir.op import Op
from tilevm.ir.ops.access import (
    Along,
    Padded,
    Window,
    check_access,
    check_combine,
    check_index,
)
from tilevm.ir.ops.overflow import IntegerOverflow, check_update_overflow
from tilevm.ir.types import TileType
from tilevm.ir.value import Value


@dataclass(frozen=True, kw_only=True, eq=False)
class Gather(Padded, name="gather", pure=False, needs_type=True, codes=True):
    """``r[i, j] = buffer[x + index[i, j], y + j]``: elements found by an index tile.

    So for ``dim = 0``; in general the index tile says where in dimension `dim` of the buffer, and
    in the others the tile lies as with `load`, along the last ones.  An element outside of the
    buffer stops with an error (``oob = trap``), is 0 (``oob = zero``) or is `value`
    (``oob = value``).
    """

    at: Reads
    index: Value
    dim: int = 0
    oob: Literal["trap", "zero", "value"] = "trap"

    def result(self) -> TileType:
        if self.written is None:
            kind = self.at.type
            raise self.reject(
                "TV0214",
                "`gather` needs the type of its tile",
                help=f"write `t: {kind.dtype}[16] = gather ...`",
            )
        check_access(self, self.at, self.written)
        check_index(self, self.index, self.written, self.dim, len(self.at.indices))
        self.check_fill(self.written.dtype)
        return self.written

    def run(self, at: Window, index: Any) -> Any:
        return at.read(self.out.tile.shape, self.fill, Along(self.dim, index))


@dataclass(frozen=True, kw_only=True, eq=False)
class Scatter(Op, name="scatter", pure=False, codes=True):
    """``buffer[x + index[i, j], y + j] = a[i, j]`` for ``dim = 0``: the inverse of `gather`.

    Elements of one tile that meet in one element of the buffer stop with an error
    (``duplicate = trap``); or the last of them in row-major order is stored (``last``); or their
    sum, each addition rounded or wrapped, in row-major order (``add``): what the buffer held before
    does not count, as it does in `atomic`.  An element outside of the buffer stops with an error
    (``oob = trap``) or is left out (``oob = skip``).

    `overflow` says what becomes of an integer sum of two that does not fit: ``wrap``, ``sat``,
    ``trap``; where it is left out it wraps, and a checked run reports it.
    """

    a: Value
    at: Writes
    index: Value
    dim: int = 0
    duplicate: Literal["trap", "last", "add"] = "trap"
    oob: Literal["trap", "skip"] = "trap"
    overflow: IntegerOverflow | None = None

    def result(self) -> None:
        check_access(self, self.at, self.a.tile)
        check_index(self, self.index, self.a.tile, self.dim, len(self.at.indices))
        if self.duplicate == "add":
            check_combine(self, "add", self.a.dtype)
        check_update_overflow(self, self.duplicate == "add", self.a.dtype, self.overflow)

    @property
    def reports_overflow(self) -> bool:
        adds = self.duplicate == "add" and self.overflow is None
        return adds and self.a.dtype.wraps

    def run(self, a: Any, at: Window, index: Any) -> None:
        shape, skip = self.a.tile.shape, self.oob == "skip"
        along = Along(self.dim, index)
        at.write(a, shape, skip, along, self.duplicate, self.overflow)


@dataclass(frozen=True, kw_only=True, eq=False)
class Take(Op, name="take", codes=True):
    """``r[i, j] = a[index[i, j], j]`` for ``dim = 0``: elements of a tile by a tile of indices.

    In dimension `dim` the result is as long as `index`, in the others as `a`.  An index that is
    negative, or beyond the tile, stops with an error.
    """

    a: Value
    index: Value
    dim: int = 0

    def result(self) -> TileType:
        kind, index = self.a.tile, self.index.tile
        if not 0 <= self.dim < kind.rank:
            raise self.reject(
                "TV0211",
                f"{kind} has no dimension {self.dim}",
                "dim",
                a=f"this is {kind}",
                help="dimensions count from 0",
            )
        long = index.shape[self.dim] if self.dim < index.rank else 1
        found = kind.with_shape(*kind.shape[: self.dim], long, *kind.shape[self.dim + 1 :])
        check_index(self, self.index, found, self.dim, kind.rank)
        return found

    @property
    def may_stop(self) -> bool:
        extent, kind = self.a.tile.shape[self.dim], self.index.dtype
        return kind.min < 0 or kind.max >= extent

    def run(self, a: Any, index: Any) -> Any:
        extent = self.a.tile.shape[self.dim]
        wrong = (index < 0) | (index >= extent)
        if self.may_stop and wrong.any():
            where = tuple(int(i) for i in np.argwhere(wrong)[0])
            beyond = f"dimension {self.dim} of `{self.a.name}`, which has extent {extent}"
            raise dtypes.Trap(where, f"index {int(index[where])} is outside of {beyond}")
        shape = self.out.tile.shape
        blocks = max(len(a), len(index))
        lead = (*index.shape, *[1] * (len(shape) + 1 - index.ndim))
        places = np.broadcast_to(index.astype(np.intp).reshape(lead), (blocks, *shape))
        whole = np.broadcast_to(a, (blocks, *a.shape[1:]))
        return np.take_along_axis(whole, places, axis=self.dim + 1)
