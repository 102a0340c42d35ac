"""Ops on buffers: `load`, `store`, shared memory and its barrier."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, Protocol

from tilevm.diagnostics import TileError
from tilevm.ir.index import Const
from tilevm.ir.op import Access, Op, Value
from tilevm.ir.types import BufferType, TileType


class Window(Protocol):
    """The part of a buffer that an access touches, as the machine gives it to `run`."""

    def read(self, shape: tuple[int, ...], oob: str) -> Any: ...

    def write(self, values: Any, shape: tuple[int, ...], oob: str) -> None: ...


def _check_access(op: Load | Store, kind: TileType) -> None:
    buffer = op.at.type
    if len(op.at.indices) != len(buffer.shape):
        raise op.reject(
            "TV0302",
            f"`{op.at.buffer.name}` has {len(buffer.shape)} dimensions, "
            f"but {len(op.at.indices)} indices are given",
            "at",
            at=f"this is {buffer}",
            help="give one index for each dimension of the buffer",
        )
    if kind.rank > len(buffer.shape):
        raise op.reject(
            "TV0302",
            f"a tile of rank {kind.rank} does not fit a buffer of rank {len(buffer.shape)}",
            "at",
            at=f"this is {buffer}",
            help="the tile's dimensions are the last ones of the buffer",
        )
    if kind.dtype != buffer.dtype:
        raise op.reject(
            "TV0203",
            f"`{op.name}` moves {kind.dtype} elements, "
            f"but `{op.at.buffer.name}` holds {buffer.dtype}",
            "at",
            at=f"this is {buffer}",
            help="`cast` changes the element type, `view` reads the bits anew",
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Load(Op, name="load", pure=False, needs_type=True):
    """``r[i, j] = buffer[x + i, y + j]``: a tile of the written type, from the index on.

    A tile of lower rank than the buffer lies along the buffer's last dimensions.  An element
    outside of the buffer stops with an error (``oob = trap``) or is 0 (``oob = zero``).

    Outside is said of each dimension: with ``trap`` the index is at least 0, and index plus extent
    at most the buffer's extent.  That holds for a tile without elements too, which reads nothing.
    """

    at: Access
    oob: Literal["trap", "zero"] = "trap"

    def result(self) -> TileType:
        if self.written is None:
            kind = self.at.type
            raise self.reject(
                "TV0214",
                "`load` needs the type of its tile",
                help=f"write `t: {kind.dtype}[16] = load ...`",
            )
        _check_access(self, self.written)
        if self.oob == "zero":
            try:
                self.written.dtype.coerce([0])
            except TileError:
                message = f"{self.written.dtype} has no zero to read outside of the buffer"
                raise self.reject("TV0207", message, "oob") from None
        return self.written

    def run(self, at: Window) -> Any:
        return at.read(self.out.tile.shape, self.oob)


@dataclass(frozen=True, kw_only=True, eq=False)
class Store(Op, name="store", pure=False):
    """``buffer[x + i, y + j] = a[i, j]``: writes a tile, from the index on.

    A tile of lower rank than the buffer lies along the buffer's last dimensions.  An element
    outside of the buffer stops with an error (``oob = trap``) or is left out (``oob = skip``).  A
    tile without elements writes nothing, but with ``trap`` its index must be as that of `load`.
    """

    a: Value
    at: Access
    oob: Literal["trap", "skip"] = "trap"

    def result(self) -> None:
        _check_access(self, self.a.tile)

    def run(self, a: Any, at: Window) -> None:
        at.write(a, self.a.tile.shape, self.oob)


@dataclass(frozen=True, kw_only=True, eq=False)
class AllocShared(Op, name="alloc_shared", pure=False):
    """A buffer in shared memory, one for each thread block.

    An element is undefined until it is stored; to load it before that stops with an error.
    """

    type: TileType

    def result(self) -> BufferType:
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
class Barrier(Op, name="barrier", pure=False):
    """Waits until all threads of the block are here, with their stores to shared memory done."""

    def result(self) -> None:
        return None

    def run(self) -> None:
        return None
