"""One access of one op, as it was made: what was touched, by which threads of which blocks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from tilevm.ir import Value
from tilevm.vm.buffer import Array
from tilevm.vm.check.reports import Site
from tilevm.vm.places import Places, Scattered

Kind = Literal["read", "write", "atomic"]


@dataclass(frozen=True, slots=True)
class Touch:
    """An access of an op, in the blocks that make it together.

    `tile`: the tile whose elements are moved, and whose layout says which thread does it; None for
    a copy that no thread makes.
    """

    serial: int
    site: Site
    kind: Kind
    tile: Value | None
    places: Places
    blocks: Array  # their numbers, rising

    def elements(self, addresses: Array, blocks: Array) -> Array:
        """The number in the tile of the element at each address, for the block beside it."""
        places = self.places
        if isinstance(places, Scattered):
            return self._searched(places, addresses)
        position = self._position(blocks) if places.count > 1 else 0
        rest: Array = addresses - places.start(position)
        number = np.zeros_like(rest)
        for extent, stride in zip(places.shape, places.strides, strict=True):
            steps = rest if stride == 1 else rest // stride
            number = number * extent + steps
            rest = rest - steps * stride
        return number

    def _position(self, blocks: Array) -> Array:
        """Where blocks stand among those of this access."""
        first, last = self.blocks[0], self.blocks[-1]
        if last - first + 1 == len(self.blocks):  # one after the other, as mostly
            return np.asarray(blocks - first)
        return np.searchsorted(self.blocks, blocks)

    def _searched(self, places: Scattered, addresses: Array) -> Array:
        flat = places.at.reshape(-1)
        if places.inside is not None:
            flat = np.where(places.inside.reshape(-1), flat, -1)
        order = np.argsort(flat, kind="stable")
        found = order[np.searchsorted(flat, addresses, sorter=order)]
        return np.asarray(found % max(1, places.at[0].size))
