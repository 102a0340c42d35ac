"""Where elements lie, as a table: for arrangements that no layout of the algebra has."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from typing import Protocol

import numpy as np
import numpy.typing as npt


class Placed(Protocol):
    """What a picture needs to know: of a layout, or of an arrangement."""

    @property
    def shape(self) -> tuple[int, ...]: ...

    @property
    def rank(self) -> int: ...

    @property
    def places(self) -> int: ...

    @property
    def steps(self) -> int: ...

    @property
    def copies(self) -> int: ...

    def each_place_of(self, index: tuple[int, ...]) -> Iterator[int]: ...

    def step_of(self, index: tuple[int, ...]) -> int: ...


@dataclass(frozen=True, eq=False)
class Arrangement:
    """A tile of some shape over ``table`` int64 [places, steps] of row-major element numbers.

    -1 marks a place that holds nothing in a step. Every element must be in the table once.

    >>> Arrangement(np.array([[1, 0], [2, -1]]), (3,)).step_of((0,))
    1
    """

    table: npt.NDArray[np.int64]
    shape: tuple[int, ...]
    copies: int = 1

    def __post_init__(self) -> None:
        held = np.sort(self.table[self.table >= 0])
        if not np.array_equal(held, np.arange(prod(self.shape))):
            raise ValueError(f"the table must hold each element of {list(self.shape)} once")

    @property
    def rank(self) -> int:
        return len(self.shape)

    @property
    def places(self) -> int:
        return int(self.table.shape[0])

    @property
    def steps(self) -> int:
        return int(self.table.shape[1])

    def _find(self, index: tuple[int, ...]) -> tuple[int, int]:
        number = int(np.ravel_multi_index(index, self.shape)) if index else 0
        place, step = np.argwhere(self.table == number)[0]
        return int(place), int(step)

    def each_place_of(self, index: tuple[int, ...]) -> Iterator[int]:
        """The place of an element."""
        yield self._find(index)[0]

    def step_of(self, index: tuple[int, ...]) -> int:
        """The step of an element."""
        return self._find(index)[1]

    def __str__(self) -> str:
        empty = int((self.table < 0).sum())
        return f"table of {self.places} x {self.steps}" + (f", {empty} empty" if empty else "")
