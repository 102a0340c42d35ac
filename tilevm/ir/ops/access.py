"""What all ops on buffers share: the rules for an access, and what happens outside of a buffer."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, Protocol

from tilevm.diagnostics import TileError
from tilevm.dtypes import DType
from tilevm.ir.op import Access, Op
from tilevm.ir.types import TileType


class Window(Protocol):
    """The part of a buffer that an access touches, as the machine gives it to `run`."""

    def read(self, shape: tuple[int, ...], fill: Any) -> Any: ...

    def write(self, values: Any, shape: tuple[int, ...], skip: bool) -> None: ...


@dataclass(frozen=True, kw_only=True, eq=False)
class Padded(Op, pure=False):
    """An op that reads from a buffer, and says what an element outside of it is."""

    oob: Literal["trap", "zero", "value"] = "trap"
    value: int | float | None = None

    def check_fill(self, kind: DType) -> None:
        """TileError TV0207 unless a value is given where one is meant, and the type holds it."""
        if (self.value is not None) != (self.oob == "value"):
            if self.value is None:
                message, mark = "`oob = value` needs the value", "oob"
            else:
                message, mark = f"`oob = {self.oob}` takes no value", "value"
            raise self.reject("TV0207", message, mark, help="write `{oob = value, value = -1}`")
        if self.oob == "trap":
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
        """What an element outside of the buffer is; None where that is an error."""
        if self.oob == "trap":
            return None
        (at,) = self.touched("reads")
        return at.type.dtype.coerce([0 if self.value is None else self.value])[0]


def check_access(op: Op, at: Access, kind: TileType, field: str = "at") -> None:
    """TileError unless a tile of that type can lie in the buffer from that element on."""
    buffer = at.type
    if len(at.indices) != len(buffer.shape):
        raise op.reject(
            "TV0302",
            f"`{at.buffer.name}` has {len(buffer.shape)} dimensions, "
            f"but {len(at.indices)} indices are given",
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
