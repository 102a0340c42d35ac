"""What a checked run remembers of a buffer: the last access of each kind to each element."""

from __future__ import annotations

import numpy as np

from tilevm.vm.buffer import Array, Buffer

NEVER = 0  # serial numbers of accesses count from 1


class Shadow:
    """Serial numbers of accesses, one per element, in the order of `Buffer.values`."""

    def __init__(self, buffer: Buffer) -> None:
        count = buffer.values.size
        self.wrote: Array = np.zeros(count, np.int32)
        self.read: Array = np.zeros(count, np.int32)
        self.also: Array = np.zeros(count, np.int32)  # another read, not by `read`'s thread
        self.updated: Array = np.zeros(count, np.int32)  # by an atomic
        self.last_write = self.last_read = self.last_also = NEVER  # of any element
        self.previous_write = self.last_update = NEVER

    def of(self, did: str) -> Array:
        """The last accesses that did so: "writes", "reads", "updates"."""
        return {"writes": self.wrote, "reads": self.read, "updates": self.updated}[did]


def distinct(serials: Array) -> list[int]:
    """The numbers that occur, rising; most often it is one."""
    low, high = int(serials.min()), int(serials.max())
    return [low] if low == high else [int(serial) for serial in np.unique(serials)]
