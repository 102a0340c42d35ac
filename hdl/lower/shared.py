"""Shared memory while lowering: which bits its elements hold at each point of the program.

What a block stores and later loads is known here, element by element, so a shared buffer needs no
memory of its own: a load is wired to the tiles that were stored, and their streams reorder.
"""

from __future__ import annotations

import numpy as np

from hdl.lower.schedule import Bits
from hdl.lower.wires import UNKNOWN, constant_bits
from tilevm.ir import Block, Const, Value
from tilevm.ir.ops import AllocShared, Load, Store


class Uncertain(Exception):
    """What a shared buffer holds at a load depends on how the program runs."""

    def __init__(self, buffer: Value) -> None:
        super().__init__(buffer.name)
        self.buffer = buffer


class SharedMemory:
    """What every shared buffer holds: bits [*extents, bits], UNKNOWN where that is not certain."""

    def __init__(self) -> None:
        self.state: dict[Value, Bits] = {}

    def holds(self, buffer: Value) -> bool:
        """Whether a buffer is shared memory."""
        return buffer in self.state

    def allocate(self, op: AllocShared) -> None:
        kind = op.type
        self.state[op.out] = np.full((*kind.shape, kind.dtype.bits), UNKNOWN, np.int64)

    def store(self, op: Store, bits: Bits) -> None:
        """Stores bits [elements, bits] of a tile."""
        state = self.state[op.at.buffer]
        where, inside = self._window(op, op.a.tile.shape)
        shaped = bits.reshape(*op.a.tile.shape, bits.shape[-1])
        if state[where].size:
            state[where] = shaped[inside].reshape(state[where].shape)

    def load(self, op: Load) -> Bits:
        """Bits [elements, bits] of a tile; Uncertain where they are not known here."""
        state = self.state[op.at.buffer]
        kind = op.out.tile
        where, inside = self._window(op, kind.shape)
        fill = op.fill if op.oob == "value" else 0
        found = constant_bits(np.full(kind.shape, fill, kind.dtype.carrier), kind.dtype)
        if state[where].size:
            found[inside] = state[where].reshape(found[inside].shape)
        if (found == UNKNOWN).any():
            raise Uncertain(op.at.buffer)
        return found.reshape(kind.size, kind.dtype.bits)

    def forget(self, block: Block) -> None:
        """Before and after a loop: what its block stores is not certain outside of one round."""
        for op in block.walk():
            if isinstance(op, Store) and op.at.buffer in self.state:
                where, _ = self._window(op, op.a.tile.shape)
                self.state[op.at.buffer][where] = UNKNOWN

    def _window(
        self, op: Load | Store, shape: tuple[int, ...]
    ) -> tuple[tuple[slice, ...], tuple[slice, ...]]:
        """The part of the buffer that an access touches, and the part of the tile inside."""
        extents = op.at.type.extents
        tile = (1,) * (len(extents) - len(shape)) + shape
        where: list[slice] = []
        inside: list[slice] = []
        for dim, (index, extent, size) in enumerate(zip(op.at.indices, extents, tile, strict=True)):
            assert isinstance(index, Const), "else the buffer is a memory"
            low, high = max(index.value, 0), min(index.value + size, extent)
            if op.oob == "trap" and high - low < size:
                raise op.reject(
                    "TV0403",
                    f"index {index.value if index.value < 0 else extent} is outside of dimension "
                    f"{dim} of `{op.at.buffer.name}`, which has extent {extent}",
                    "at",
                    help="make the tile fit, or say `oob = zero` (load) or `oob = skip` (store)",
                )
            where.append(slice(low, max(low, high)))
            if dim >= len(extents) - len(shape):
                inside.append(slice(low - index.value, max(low, high) - index.value))
        return tuple(where), tuple(inside)
