"""What an access to memory asks of it: how wide its moves may be, and which banks they meet in.

A thread moves the elements that its layout gives it, consecutive steps from consecutive addresses
at once.  Packed elements count in bits, so that bytes come together from several of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import gcd, prod
from typing import Any

import numpy as np

from tilevm.ir import Access, Op, TileType, ops
from tilevm.layouts import Layout
from tilevm.measure.layouts import WARP, WIDEST
from tilevm.measure.residue import Residue, residue

BANKS, WORD = 32, 32  # of shared memory: their number, and bits of a word
CELLS = 1 << 20  # a larger table of a layout is not looked at


@dataclass(frozen=True)
class Storage:
    """Where the elements of a buffer lie: its extents, bits of an element, gaps, swizzle."""

    extents: tuple[int, ...]
    bits: int
    pad: int = 0
    swizzle: int = 0

    @property
    def strides(self) -> tuple[int, ...]:
        """Elements from one index to the next in each dimension; a row is followed by its pad."""
        row = self.extents[-1] + self.pad
        return tuple(
            1 if dim == len(self.extents) - 1 else row * prod(self.extents[dim + 1 : -1])
            for dim in range(len(self.extents))
        )

    @property
    def bytes(self) -> int:
        """Its size: all rows, the pad of each included."""
        rows = prod(self.extents[:-1])
        return -(-rows * (self.extents[-1] + self.pad) * self.bits // 8)

    def swizzled(self, addresses: Any) -> Any:
        """Byte addresses after the swizzle: pieces of 16 bytes change place in lines of 128."""
        return addresses ^ ((addresses >> 7 & (1 << self.swizzle) - 1) << 4)


@dataclass(frozen=True)
class Banks:
    """How often shared memory is asked for one access, and how often it would be at best."""

    passes: int
    best: int


def tile_of(op: Op) -> TileType | None:
    """The tile that an op moves from or to memory, if it moves one."""
    if isinstance(op, ops.CopyAsync):
        return TileType(op.at.type.dtype, op.shape)
    if not op.accesses:
        return None
    return op.out.tile if op.needs_type else op.operands[0].tile


def offsets(kind: TileType, layout: Layout, storage: Storage) -> Any:
    """The address of each element from that of the first, in elements: [places, steps], or None."""
    if layout.places * layout.steps > CELLS:
        return None
    table = layout.table()
    strides = storage.strides[len(storage.extents) - kind.rank :]
    return (table * np.asarray(strides, np.int64)).sum(axis=-1)


def start(at: Access, storage: Storage, known: Mapping[str, Residue]) -> Residue:
    """What is known of the address of the first element, in bits."""
    modulus, rest = 0, 0
    for index, stride in zip(at.indices, storage.strides, strict=True):
        found = residue(index, known)
        modulus = gcd(modulus, found.modulus * stride * storage.bits)
        rest += found.rest * stride * storage.bits
    return Residue(modulus, rest % modulus if modulus else rest)


def vector_bits(first: Residue, table: Any, storage: Storage, whole_rows: bool) -> int:
    """The most bits, a power of two up to 128, that every thread moves as one aligned access.

    `whole_rows`: no such access may reach over the end of a row, as a part may be left out.
    """
    common = gcd(WIDEST, first.divisor)
    if whole_rows:
        common = gcd(common, (storage.extents[-1] + storage.pad) * storage.bits)
        common = gcd(common, storage.extents[-1] * storage.bits)
    breaks = np.diff(table, axis=1) != 1
    begins = np.concatenate([np.ones((len(table), 1), bool), breaks], axis=1)
    for addresses, begin in ((table, begins), (table + 1, np.roll(begins, -1, axis=1))):
        common = gcd(common, int(np.gcd.reduce(addresses[begin] * storage.bits)))
    return common


def banks(first: int, table: Any, storage: Storage, bits: int) -> Banks:
    """How groups of 32 threads meet in the banks, for moves of `bits` bits.

    8 bytes are moved for half of the threads at a time, 16 bytes for a quarter.
    """
    each = max(1, bits // storage.bits) if bits % storage.bits == 0 else 1
    wide = each * storage.bits
    begins = table[:, ::each] * storage.bits + first  # [threads, moves]
    together = WARP * WORD // max(wide, WORD)
    threads, moves = begins.shape
    team = np.arange(threads)[:, None] // together * moves + np.arange(moves)
    count = -(-wide // WORD) + (1 if wide % WORD else 0)
    touched = begins // WORD + np.arange(count)[:, None, None]
    used = touched * WORD < begins + wide
    words = storage.swizzled(touched * (WORD // 8)) // (WORD // 8)
    pairs = np.unique(np.stack([np.broadcast_to(team, used.shape)[used], words[used]]), axis=1)
    teams = int(team.max()) + 1
    met = np.bincount(pairs[0] * BANKS + pairs[1] % BANKS, minlength=teams * BANKS)
    each_team = met.reshape(teams, BANKS)
    best = -(-each_team.sum(axis=1) // BANKS)
    return Banks(int(each_team.max(axis=1).sum()), int(best.sum()))


def storages(kernel_ops: Sequence[Op]) -> dict[Any, Storage]:
    """The shared buffers of a kernel."""
    found: dict[Any, Storage] = {}
    for op in kernel_ops:
        if isinstance(op, ops.AllocShared):
            kind = op.type
            found[op.out] = Storage(kind.shape, kind.dtype.bits, op.pad, op.swizzle)
    return found
