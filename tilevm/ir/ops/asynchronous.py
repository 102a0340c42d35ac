"""Asynchronous copies between global and shared memory.

`copy_async` starts a copy, which goes on while the block computes.  `commit` closes a group: all
copies since the last `commit`.  ``wait {pending = n}`` waits until only the last n groups may still
be under way; behind it a `barrier` makes what they copied visible to all threads.  Until then, to
touch an element that is copied to, or to write one that is copied from, stops with an error: so no
program can tell when a copy takes place.  A block that ends with a copy that no `wait` covers stops
with an error too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from tilevm.ir.fields import Arrives, Leaves
from tilevm.ir.op import Op
from tilevm.ir.ops.access import Padded, check_access
from tilevm.ir.types import TileType


class Target(Protocol):
    """The part of a buffer that is copied to, as the machine gives it to `run`."""

    def copy(self, source: Any, shape: tuple[int, ...], fill: Any, skip: bool) -> None: ...


class Flight(Protocol):
    """The copies of the thread blocks that run an op; None where the kernel copies nothing."""

    def commit(self) -> None: ...

    def wait(self, pending: int) -> None: ...

    def barrier(self) -> None: ...


@dataclass(frozen=True, kw_only=True, eq=False)
class CopyAsync(Padded, name="copy_async", pure=False):
    """``to[x + i, y + j] = at[u + i, v + j]``, started here, done when it is waited for.

    One of the buffers is in global memory, the other in shared memory.  `shape` gives the extents
    of the tile that is copied; it lies along the last dimensions of both.

    An element outside of its buffer stops with an error (``oob = trap``); where it is copied from,
    it may be 0 (``oob = zero``) or `value` (``oob = value``); or it is left out on both sides
    (``oob = skip``).
    """

    to: Arrives
    at: Leaves
    shape: tuple[int, ...]

    def result(self) -> None:
        spaces = {self.to.type.space, self.at.type.space}
        if len(spaces) == 1:
            raise self.reject(
                "TV0304",
                f"`copy_async` copies between global and shared memory, not within {spaces.pop()}",
                "to",
                to=f"this is {self.to.type}",
                at=f"this is {self.at.type}",
                help="`load` a tile and `store` it",
            )
        kind = TileType(self.at.type.dtype, self.shape)
        check_access(self, self.at, kind, "at")
        check_access(self, self.to, kind, "to")
        self.check_fill(kind.dtype)

    def run(self, to: Target, at: Any) -> None:
        to.copy(at, self.shape, self.fill, self.oob == "skip")


@dataclass(frozen=True, kw_only=True, eq=False)
class Commit(Op, name="commit", pure=False, synchronises=True):
    """Closes a group of asynchronous copies: those since the last `commit`; it may be empty."""

    def result(self) -> None:
        return None

    def run(self, flight: Flight | None) -> None:
        if flight is not None:
            flight.commit()


@dataclass(frozen=True, kw_only=True, eq=False)
class Wait(Op, name="wait", pure=False, synchronises=True):
    """Waits until at most the last `pending` groups of asynchronous copies are under way.

    Copies that no `commit` has closed are not waited for.
    """

    pending: int = 0

    def result(self) -> None:
        if self.pending < 0:
            raise self.reject(
                "TV0207",
                f"{self.pending} groups cannot be under way",
                "pending",
                help="`pending = 0` waits for all of them",
            )

    def run(self, flight: Flight | None) -> None:
        if flight is not None:
            flight.wait(self.pending)
