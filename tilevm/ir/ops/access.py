"""What all ops on buffers share: the rules for an access, and what happens outside of a buffer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, Protocol

import numpy as np

from tilevm.diagnostics import TileError
from tilevm.dtypes import DType
from tilevm.ir.op import Op
from tilevm.ir.types import TileType
from tilevm.ir.value import Access, Value


@dataclass(frozen=True)
class Along:
    """An index tile [blocks or 1, *shape] that says where a tile lies in dimension `dim`.

    Its dimensions are the first ones of the tile; an extent of 1 is repeated.
    """

    dim: int
    index: Any


@dataclass(frozen=True)
class Combine:
    """What an atomic puts in place of a value: ``apply(held, *values)``, element by element.

    `ufunc`: the NumPy function that does the same where the order of elements does not matter.
    """

    apply: Callable[..., Any]
    ufunc: Any = None


class Window(Protocol):
    """The part of a buffer that an access touches, as the machine gives it to `run`."""

    def read(self, shape: tuple[int, ...], fill: Any, along: Along | None = None) -> Any: ...

    def write(
        self,
        values: Any,
        shape: tuple[int, ...],
        skip: bool,
        along: Along | None = None,
        duplicate: str = "last",
        overflow: str | None = None,
    ) -> None: ...

    def update(
        self,
        values: tuple[Any, ...],
        shape: tuple[int, ...],
        skip: bool,
        along: Along | None,
        combine: Combine,
        keep: bool,
    ) -> Any: ...


@dataclass(frozen=True, kw_only=True, eq=False)
class Padded(Op, pure=False):
    """An op that reads from a buffer, and says what an element outside of it is."""

    oob: Literal["trap", "zero", "value", "skip"] = "trap"
    value: int | float | None = None

    def check_fill(self, kind: DType) -> None:
        """TileError TV0207 unless a value is given where one is meant, and the type holds it."""
        if (self.value is not None) != (self.oob == "value"):
            if self.value is None:
                message, mark = "`oob = value` needs the value", "oob"
            else:
                message, mark = f"`oob = {self.oob}` takes no value", "value"
            raise self.reject("TV0207", message, mark, help="write `{oob = value, value = -1}`")
        if self.oob in ("trap", "skip"):
            return
        given = 0 if self.value is None else self.value
        reason = f"{kind} holds integers, not {given}"
        if not kind.is_int or isinstance(given, int):
            try:
                kind.coerce([given])
                return
            except TileError as problem:
                reason = problem.diagnostics[0].message.replace(" at index [0]", "")
        if self.oob == "zero":
            reason = f"{kind} has no zero to read outside of the buffer"
        raise self.reject("TV0207", reason, "value" if self.oob == "value" else "oob")

    @cached_property
    def fill(self) -> Any:
        """What an element outside of the buffer is; None where it is nothing."""
        if self.oob in ("trap", "skip"):
            return None
        (at,) = self.touched("reads")
        return at.type.dtype.coerce([0 if self.value is None else self.value])[0]


def check_access(op: Op, at: Access, kind: TileType, field: str = "at") -> None:
    """TileError unless a tile of that type can lie in the buffer from that element on."""
    buffer = at.type
    if len(at.indices) != len(buffer.shape):
        raise op.reject(
            "TV0302",
            f"`{at.buffer.name}` has rank {len(buffer.shape)}, not {len(at.indices)}, the number "
            "of indices",
            field,
            **{field: f"this is {buffer}"},
            help="give one index for each dimension of the buffer",
        )
    if kind.rank > len(buffer.shape):
        raise op.reject(
            "TV0302",
            f"a tile of rank {kind.rank} does not fit a buffer of rank {len(buffer.shape)}",
            field,
            **{field: f"this is {buffer}"},
            help="the tile's dimensions are the last ones of the buffer",
        )
    if kind.dtype != buffer.dtype:
        raise op.reject(
            "TV0203",
            f"`{op.name}` moves {kind.dtype} elements, but `{at.buffer.name}` holds {buffer.dtype}",
            field,
            **{field: f"this is {buffer}"},
            help="`cast` changes the element type, `view` reads the bits anew",
        )


def check_index(op: Op, index: Value, kind: TileType, dim: int, rank: int) -> None:
    """TileError unless an index tile goes with a tile of that type, along a dimension of `rank`."""
    tile = index.tile
    if not tile.dtype.is_int:
        raise op.reject(
            "TV0210",
            f"indices are integers, not {tile.dtype}",
            "index",
            index=f"this is {tile}",
            help="cast them first",
        )
    if not 0 <= dim < rank:
        raise op.reject(
            "TV0211", f"there is no dimension {dim} of {rank}", "dim", help="they count from 0"
        )
    pairs = zip(tile.shape, kind.shape, strict=False)
    if tile.rank > kind.rank or any(own not in (1, extent) for own, extent in pairs):
        raise op.reject(
            "TV0303",
            f"indices of shape {list(tile.shape)} do not go with a tile of {list(kind.shape)}",
            "index",
            index=f"this is {tile}",
            help="the dimensions of an index tile are the first ones of the tile, or 1: `reshape`",
        )


def check_combine(op: Op, name: str, kind: DType) -> None:
    """TileError TV0210 unless the type has that operation of two values."""
    none = np.zeros(0, kind.carrier)
    try:
        getattr(kind, name)(none, none)
    except TileError as problem:
        raise op.reject("TV0210", problem.diagnostics[0].message, help="cast it first") from None
