"""Ops on buffers: `load`, `store`, shared memory and its barrier."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from tilevm.ir.fields import Reads, Writes
from tilevm.ir.index import Const
from tilevm.ir.op import Op
from tilevm.ir.ops.access import Padded, Window, check_access
from tilevm.ir.ops.asynchronous import Flight
from tilevm.ir.types import BufferType, TileType
from tilevm.ir.value import Value


@dataclass(frozen=True, kw_only=True, eq=False)
class Load(Padded, name="load", pure=False, needs_type=True, codes=True):
    """``r[i, j] = buffer[x + i, y + j]``: a tile of the written type, from the index on.

    A tile of lower rank than the buffer lies along the buffer's last dimensions.  An element
    outside of the buffer stops with an error (``oob = trap``), is 0 (``oob = zero``) or is `value`
    (``oob = value``), which the element type must be able to hold exactly.

    Outside is said of each dimension: with ``trap`` the index is at least 0, and index plus extent
    at most the buffer's extent.  That holds for a tile without elements too, which reads nothing.
    """

    at: Reads
    oob: Literal["trap", "zero", "value"] = "trap"

    def result(self) -> TileType:
        if self.written is None:
            kind = self.at.type
            raise self.reject(
                "TV0214",
                "`load` needs the type of its tile",
                help=f"write `t: {kind.dtype}[16] = load ...`",
            )
        check_access(self, self.at, self.written)
        self.check_fill(self.written.dtype)
        return self.written

    def run(self, at: Window) -> Any:
        return at.read(self.out.tile.shape, self.fill)


@dataclass(frozen=True, kw_only=True, eq=False)
class Store(Op, name="store", pure=False, codes=True):
    """``buffer[x + i, y + j] = a[i, j]``: writes a tile, from the index on.

    A tile of lower rank than the buffer lies along the buffer's last dimensions.  An element
    outside of the buffer stops with an error (``oob = trap``) or is left out (``oob = skip``).  A
    tile without elements writes nothing, but with ``trap`` its index must be as that of `load`.
    """

    a: Value
    at: Writes
    oob: Literal["trap", "skip"] = "trap"

    def result(self) -> None:
        check_access(self, self.at, self.a.tile)

    def run(self, a: Any, at: Window) -> None:
        at.write(a, self.a.tile.shape, self.oob == "skip")


@dataclass(frozen=True, kw_only=True, eq=False)
class AllocShared(Op, name="alloc_shared", pure=False):
    """A buffer in shared memory, one for each thread block.

    An element is undefined until it is stored; to load it before that stops with an error.

    `pad` and `swizzle` say where elements lie, and never change a value.  Each row of the last
    dimension is followed by `pad` elements that nobody uses.  With `swizzle` = s from 1 to 3, bits
    4 .. 3 + s of a byte address are xored with bits 7 .. 6 + s: pieces of 16 bytes change place
    within lines of 128, as on a GPU, so that columns spread over the banks (`tilevm stats`).
    """

    type: TileType
    pad: int = 0
    swizzle: int = 0

    def result(self) -> BufferType:
        if self.pad < 0 or not 0 <= self.swizzle <= 3:
            wrong = "pad" if self.pad < 0 else "swizzle"
            raise self.reject(
                "TV0310",
                f"`{wrong} = {getattr(self, wrong)}` is no way to lay out a shared buffer",
                wrong,
                help="`pad` counts elements, from 0 up; `swizzle` is 0, 1, 2 or 3",
            )
        if self.type.size == 0 or self.type.layout is not None:
            raise self.reject(
                "TV0302", "a shared buffer has extents of at least 1, and no layout", "type"
            )
        return BufferType(
            "shared", self.type.dtype, tuple(Const(extent) for extent in self.type.shape)
        )

    def run(self) -> Any:
        raise AssertionError("the machine makes the buffer")


@dataclass(frozen=True, kw_only=True, eq=False)
class Barrier(Op, name="barrier", pure=False, synchronises=True):
    """Waits until all threads of the block are here, with their stores to shared memory done.

    So are the asynchronous copies that a `wait` before it covers.
    """

    def result(self) -> None:
        return None

    def run(self, flight: Flight | None) -> None:
        if flight is not None:
            flight.barrier()
