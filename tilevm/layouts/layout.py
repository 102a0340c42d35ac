"""Layouts: where each element of a tile is, and when.

>>> a = local(2, 2).spatial(8, 4)
>>> a.shape, a.places, a.steps
((16, 8), 32, 4)
>>> a.places_of([15, 7]), a.step_of([15, 7])
((31,), 3)
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tilevm.diagnostics import error
from tilevm.layouts import modes as digits
from tilevm.layouts.chain import chain
from tilevm.layouts.checks import (
    checked_dims,
    checked_extents,
    checked_index,
    checked_shape,
    listed,
)
from tilevm.layouts.dimensions import reduced, renamed, reshaped
from tilevm.layouts.division import Digits, inner_quotient, outer_quotient
from tilevm.layouts.lookup import index_at, places_at, step_at
from tilevm.layouts.modes import Mode, Modes, Shape, replica
from tilevm.layouts.recognise import recognised

CELL_LIMIT = 2**27
"""The most cells (places times steps) that `elements` and `table` write out: 1 GiB of int64."""


@dataclass(frozen=True, repr=False)
class Layout:
    """A map from each element of a tile of ``shape`` to a step and to one or more places.

    A place is a thread in the virtual machine and a lane in hardware; a step is a register or a
    beat. Each place holds exactly one element at each step. The place number is written in the
    digits ``spatial_modes``, the step number in ``local_modes``, most significant first; a digit
    of no dimension counts copies.

    Digits are kept in canonical form, so ``==`` and ``hash`` compare meanings: two layouts are
    equal exactly when their shapes and their tables are. No operation but `elements`, `table` and
    `from_table` takes time or memory that grows with the tile.

    Raises TileError: TV0331 for extents that are not positive integers, digits that do not write
    each element once, or more than 2**63 - 1 cells.
    """

    shape: Shape
    spatial_modes: Modes
    local_modes: Modes

    def __post_init__(self) -> None:
        object.__setattr__(self, "shape", checked_shape(self.shape))
        every = (*self.spatial_modes, *self.local_modes)
        replicated_steps = any(mode.dim is None for mode in self.local_modes)
        if replicated_steps or not digits.covers(every, self.shape):
            raise error(
                "TV0331",
                f"the digits {list(every)} do not write each element of a tile of shape "
                f"{list(self.shape)} once",
            )
        object.__setattr__(self, "spatial_modes", digits.canonical(self.spatial_modes))
        object.__setattr__(self, "local_modes", digits.canonical(self.local_modes))
        if self.places * self.steps >= 2**63:
            raise error(
                "TV0331",
                f"a layout of {self.places} places and {self.steps} steps is too large: "
                "places times steps must be below 2**63",
            )

    @property
    def rank(self) -> int:
        """How many dimensions the tile has."""
        return len(self.shape)

    @property
    def places(self) -> int:
        """How many places hold elements."""
        return digits.count(self.spatial_modes)

    @property
    def steps(self) -> int:
        """How many elements each place holds."""
        return digits.count(self.local_modes)

    @property
    def size(self) -> int:
        """How many elements the tile has; ``places * steps`` is that times `copies`."""
        return math.prod(self.shape)

    @property
    def copies(self) -> int:
        """How many places hold each element."""
        return digits.count(mode for mode in self.spatial_modes if mode.dim is None)

    def canonical(self) -> Layout:
        """This layout: every layout is kept in the shortest digits, which are unique."""
        return self

    def __str__(self) -> str:
        """The text form, a chain of calls that `parse` and Python read back."""
        return chain(self.shape, self.spatial_modes, self.local_modes)

    __repr__ = __str__

    # Products

    def __mul__(self, inner: Layout) -> Layout:
        """Each element of this layout becomes a tile of ``inner``.

        Element ``(ia * n + ib)`` per dimension, n the extent of ``inner``, is at place
        ``pa * inner.places + pb`` and step ``sa * inner.steps + sb``. A factor of rank 0 fits any
        rank. Raises TileError TV0332 if the ranks differ otherwise.
        """
        if not isinstance(inner, Layout):
            return NotImplemented
        outer, inner = _of_one_rank(self, inner, "multiply")
        return Layout(
            tuple(a * b for a, b in zip(outer.shape, inner.shape, strict=True)),
            digits.scaled(outer.spatial_modes, inner.shape) + inner.spatial_modes,
            digits.scaled(outer.local_modes, inner.shape) + inner.local_modes,
        )

    def local(self, *shape: int) -> Layout:
        """``self * local(*shape)``."""
        return self * local(*shape)

    def spatial(self, *shape: int) -> Layout:
        """``self * spatial(*shape)``."""
        return self * spatial(*shape)

    def column_local(self, *shape: int) -> Layout:
        """``self * column_local(*shape)``."""
        return self * column_local(*shape)

    def column_spatial(self, *shape: int) -> Layout:
        """``self * column_spatial(*shape)``."""
        return self * column_spatial(*shape)

    def replicated(self, copies: int) -> Layout:
        """``self * replicated(copies)``."""
        return self * replicated(copies)

    def __truediv__(self, inner: Layout) -> Layout:
        """Right division: the layout ``outer`` for which ``outer * inner == self``.

        It is the only one of its rank. Raises TileError TV0333 if there is none.
        """
        if not isinstance(inner, Layout):
            return NotImplemented
        whole, inner = _of_one_rank(self, inner, "divide")
        quotient = outer_quotient(whole._digits, inner._digits)
        if isinstance(quotient, str):
            raise error("TV0333", f"cannot divide {whole} by {inner}: {quotient}")
        return Layout(*quotient)

    def left_divide(self, outer: Layout) -> Layout:
        """Left division: the layout ``inner`` for which ``outer * inner == self``.

        It is the only one of its rank. Raises TileError TV0333 if there is none.
        """
        whole, outer = _of_one_rank(self, outer, "divide")
        quotient = inner_quotient(whole._digits, outer._digits)
        if isinstance(quotient, str):
            raise error("TV0333", f"cannot divide {whole} by {outer} from the left: {quotient}")
        return Layout(*quotient)

    @property
    def _digits(self) -> Digits:
        return Digits(self.shape, self.spatial_modes, self.local_modes)

    # Dimensions

    def reduce(self, dims: Sequence[int] | int, *, keepdims: bool = False) -> Layout:
        """The layout of the tile after a reduction over ``dims``.

        Element e is at each place that held an element reduced into e. The steps of reduced
        elements go; the dimensions go too, or have extent 1 if ``keepdims``.
        Raises TileError TV0334 if ``dims`` names a dimension twice or one that is not there.
        """
        gone = set(checked_dims(dims, self.rank, f"dimensions of {self}"))
        kept = Layout(*reduced(self._digits, gone))
        return kept if keepdims else kept.squeeze(dims)

    def permute(self, dims: Sequence[int] | int) -> Layout:
        """The layout of the transposed tile: its dimension d is dimension ``dims[d]`` of this one.

        Raises TileError TV0334 if ``dims`` is not a permutation of the dimensions.
        """
        order = checked_dims(dims, self.rank, f"dimensions of {self}")
        if len(order) != self.rank:
            raise error(
                "TV0334", f"permute needs all {self.rank} dimensions of {self}, not {list(order)}"
            )
        names = {dim: place for place, dim in enumerate(order)}
        return Layout(*renamed(self._digits, tuple(self.shape[dim] for dim in order), names))

    def squeeze(self, dims: Sequence[int] | int) -> Layout:
        """The layout without ``dims``, all of extent 1.

        Raises TileError TV0334 if ``dims`` holds another dimension, or one twice.
        """
        gone = checked_dims(dims, self.rank, f"dimensions of {self}")
        for dim in gone:
            if self.shape[dim] != 1:
                raise error(
                    "TV0334",
                    f"squeeze needs dimensions of extent 1, but dimension {dim} of {self} has "
                    f"extent {self.shape[dim]}",
                )
        kept = [dim for dim in range(self.rank) if dim not in set(gone)]
        names = {dim: new for new, dim in enumerate(kept)}
        return Layout(*renamed(self._digits, tuple(self.shape[dim] for dim in kept), names))

    def unsqueeze(self, dims: Sequence[int] | int) -> Layout:
        """The layout with new dimensions of extent 1, which are numbers ``dims`` of the result.

        Raises TileError TV0334 if a number is given twice or is past the rank of the result.
        """
        rank = self.rank + len(listed(dims))
        added = set(checked_dims(dims, rank, f"new dimensions of {self} at rank {rank}"))
        kept = [dim for dim in range(rank) if dim not in added]
        shape = [1] * rank
        for old, dim in enumerate(kept):
            shape[dim] = self.shape[old]
        return Layout(*renamed(self._digits, tuple(shape), dict(enumerate(kept))))

    def reshape(self, shape: Sequence[int] | int) -> Layout:
        """The layout of the same elements, in row-major order, as a tile of another shape.

        Raises TileError TV0335 if the shapes differ in size, or if a digit of this layout would
        straddle two dimensions of the new shape (`local(2).spatial(3)` as 3 x 2 would).
        """
        target = checked_shape(shape)
        if math.prod(target) != self.size:
            raise error(
                "TV0335",
                f"{self} has {self.size} elements and shape {list(target)} has {math.prod(target)}",
            )
        found = reshaped(self._digits, target)
        if found is None:
            raise error(
                "TV0335",
                f"{self} cannot be reshaped to {list(target)}: the run of elements along one of "
                "its factors is cut unevenly by the new dimensions",
            )
        return Layout(*found)

    # Lookup

    def places_of(self, index: Sequence[int] | int) -> tuple[int, ...]:
        """The places that hold the element, rising. Raises TileError TV0336 if out of range."""
        return tuple(self.each_place_of(index))

    def each_place_of(self, index: Sequence[int] | int) -> Iterator[int]:
        """The places of `places_of` one by one, for when there may be very many."""
        at = checked_index(index, self.shape, self)
        return places_at(self.spatial_modes, at)

    def step_of(self, index: Sequence[int] | int) -> int:
        """The step at which its places hold the element. Raises TileError TV0336."""
        at = checked_index(index, self.shape, self)
        return step_at(self.local_modes, at)

    def element(self, place: int, step: int) -> tuple[int, ...]:
        """The index of the element that ``place`` holds at ``step``. Raises TileError TV0336."""
        checked_index((place, step), (self.places, self.steps), self, "(place, step)")
        return index_at(self.spatial_modes, self.local_modes, place, step, self.rank)

    def elements(self) -> NDArray[np.int64]:
        """The row-major number of the element at each place and step: int64 [places, steps].

        Raises TileError TV0337 if that is more than `CELL_LIMIT` cells.
        """
        if self.places * self.steps > CELL_LIMIT:
            raise error(
                "TV0337",
                f"the table of {self} has {self.places} places x {self.steps} steps, and tables "
                f"end at {CELL_LIMIT} cells",
            )
        rows = digits.offsets(digits.flattened(self.spatial_modes, self.shape))
        columns = digits.offsets(digits.flattened(self.local_modes, self.shape))
        table: NDArray[np.int64] = rows[:, None] + columns
        return table

    def table(self) -> NDArray[np.int64]:
        """The index of the element at each place and step: int64 [places, steps, rank]."""
        flat = self.elements()
        table = np.empty((*flat.shape, self.rank), np.int64)
        for dim in reversed(range(self.rank)):
            flat, table[..., dim] = np.divmod(flat, self.shape[dim])
        return table

    @staticmethod
    def from_table(table: NDArray[np.integer], shape: Sequence[int]) -> Layout | None:
        """The layout of ``shape`` whose `elements`, or whose `table`, this is, or None.

        None means that no layout has this table: it is not a product of factors, or it leaves an
        element out, or an element is in it at two steps.
        """
        target = checked_shape(shape)
        found = recognised(np.asarray(table), target)
        return None if found is None else Layout(target, *found)


def local(*shape: int) -> Layout:
    """The whole tile in one place, one step after another in row-major order."""
    extents = checked_extents("local", shape)
    return Layout(extents, (), _row_major(extents))


def spatial(*shape: int) -> Layout:
    """Each element in a place of its own, in row-major order, at one step."""
    extents = checked_extents("spatial", shape)
    return Layout(extents, _row_major(extents), ())


def column_local(*shape: int) -> Layout:
    """As `local`, in column-major order: the first dimension varies fastest."""
    extents = checked_extents("column_local", shape)
    return Layout(extents, (), _row_major(extents)[::-1])


def column_spatial(*shape: int) -> Layout:
    """As `spatial`, in column-major order: the first dimension varies fastest."""
    extents = checked_extents("column_spatial", shape)
    return Layout(extents, _row_major(extents)[::-1], ())


def replicated(copies: int) -> Layout:
    """One element (rank 0) with a copy in each of ``copies`` places; a factor for any rank.

    >>> replicated(2).local(3).places_of([1])
    (0, 1)
    """
    return Layout((), (replica(*checked_extents("replicated", (copies,))),), ())


def _row_major(shape: Shape) -> Modes:
    return tuple(Mode(dim, 1, extent) for dim, extent in enumerate(shape))


def _of_one_rank(a: Layout, b: Layout, verb: str) -> tuple[Layout, Layout]:
    if a.rank == b.rank:
        return a, b
    if a.rank == 0:
        return a.unsqueeze(range(b.rank)), b
    if b.rank == 0:
        return a, b.unsqueeze(range(a.rank))
    raise error(
        "TV0332",
        f"cannot {verb} layouts of different rank: {a} has rank {a.rank} and {b} has rank {b.rank}",
        help="write an extent of 1 for each dimension that a factor does not split",
    )
