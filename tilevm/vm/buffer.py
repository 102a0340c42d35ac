"""Buffers of the machine: values, and for each element who wrote it and who read it.

Who did what is recorded until a run has shown that no access is in conflict with another, where
that follows from shapes alone (`Plan.settled`).
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from tilevm.dtypes import DType

if TYPE_CHECKING:
    from tilevm.vm.places import Places

Array = npt.NDArray[Any]

UNDEFINED, INITIAL = -2, -1  # states of an element, beside the number of the block that wrote it
UNREAD, SHARED = -1, -2  # read by no block; read by several


class Conflict(Exception):
    """An access that has no one right meaning: its code, the block that makes it, and why.

    `address`: the element, where there is one; `did`: what another block did to it before;
    `other`: that block, where it is known.
    """

    def __init__(
        self,
        code: str,
        block: int,
        message: str,
        help: str,
        address: int | None = None,
        did: str = "",
        other: int | None = None,
    ) -> None:
        super().__init__(message)
        self.code, self.block, self.message, self.help = code, block, message, help
        self.address, self.did, self.other = address, did, other


class Form(NamedTuple):
    """What a buffer is, whatever it holds.

    `strides`: elements from one index to the next, in every dimension; `shared`: whether each block
    of a chunk has its own; `stored`: whether the kernel stores to it.
    """

    name: str
    kind: DType
    extents: tuple[int, ...]
    size: int
    strides: tuple[int, ...]
    shared: bool
    stored: bool

    @classmethod
    def of(
        cls,
        name: str,
        kind: DType,
        extents: tuple[int, ...],
        *,
        shared: bool = False,
        stored: bool = True,
    ) -> Form:
        """The form of a row-major buffer."""
        strides = tuple(prod(extents[d + 1 :]) for d in range(len(extents)))
        return cls(name, kind, extents, prod(extents), strides, shared, stored)

    def zeros(self, copies: int = 1) -> Array:
        """Zeros for so many buffers, flat."""
        return np.zeros(copies * self.size, self.kind.carrier)


class Buffer:
    """A buffer's elements, flat, row-major.

    A global buffer has them once; a shared one once for each block of a chunk.
    """

    fresh = True  # until the first store to it, or atomic on it
    writer: Array | None = None  # only where it is recorded
    reader: Array | None = None  # only where the kernel also loads from it
    updater: Array | None = None  # only where it has atomics on it
    arriving: Array | None = None  # the group of copies that brings each element
    leaving: Array | None = None  # the group of copies that takes it

    def __init__(self, form: Form, values: Array) -> None:
        """`values`: contiguous; what nobody stores to cannot be changed through a tile."""
        (
            self.name,
            self.kind,
            self.extents,
            self.size,
            self.strides,
            self.shared,
            self.stored,
        ) = form
        self.values = flat = values.ravel()
        if not self.stored:
            flat.setflags(write=False)

    def taken(self, places: Places) -> Array:
        """The elements at some places; what is stored there later does not show in them."""
        values = places.get(self.values)
        return values.copy() if self.stored and places.shares else values

    def track(self, initial: int, blocks: int, reads: bool = False, updates: bool = False) -> None:
        """Starts to record writers (and readers and updaters, if the kernel does that too)."""
        number = np.int32 if blocks < 1 << 31 else np.int64
        self.writer = np.full(self.values.size, initial, number)
        self.reader = np.full(self.values.size, UNREAD, number) if reads else None
        self.updater = np.full(self.values.size, UNREAD, number) if updates else None

    def follow(self, arrives: bool, leaves: bool) -> None:
        """Starts to record asynchronous copies to and from it."""
        self.arriving = np.zeros(self.values.size, np.int32) if arrives else None
        self.leaving = np.zeros(self.values.size, np.int32) if leaves else None

    @property
    def zeros(self) -> str:
        """How zeros for all of it are written in Python."""
        kind = "" if self.kind.carrier.kind == "f" else ", int"
        return f"{self.name}=numpy.zeros({list(self.extents)}{kind})"

    def element(self, address: int) -> str:
        """The element at an address, as people write it: ``x[1, 2]``."""
        at = np.unravel_index(address % self.size, self.extents)
        return f"{self.name}{[int(i) for i in at]}"
