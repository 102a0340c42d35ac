"""Where an access lies: start indices, and the addresses of a tile in the blocks of a group."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from tilevm.vm.buffer import Array


@dataclass(frozen=True, slots=True)
class Index:
    """A start index: one for all blocks (an int), or one for each (int64 [blocks]).

    `step` is the difference from block to block, None where it varies.
    """

    values: Any
    low: int
    high: int
    first: int
    step: int | None

    @classmethod
    def of(cls, values: Any) -> Index:
        """The index with what an access asks of it."""
        if isinstance(values, int) or np.ndim(values) == 0:
            number = int(values)
            return cls(number, number, number, number, 0)
        first = int(values[0])
        step = int(values[1]) - first if len(values) > 1 else 0
        regular = len(values) < 3 or bool((np.diff(values) == step).all())
        low, high = int(values.min()), int(values.max())
        return cls(values, low, high, first, step if regular else None)


class Regular:
    """A tile whose place moves by a constant from block to block: views, no addresses.

    `count`: blocks, 1 if the place is one for all; `step`, `strides`: in elements; `whole`: the
    shape of all its tiles, [count, *shape].
    """

    shares: ClassVar[bool] = True  # what it gives shows later stores

    def __init__(
        self, count: int, first: int, step: int, shape: tuple[int, ...], strides: tuple[int, ...]
    ) -> None:
        self.count, self.first, self.step = count, first, step
        self.shape, self.strides = shape, strides
        self.whole = (count, *shape)
        self._dense = self._as_slice()
        self._item = 0  # bytes of an element, for which `_bytes` are the strides
        self._bytes: list[int] = []

    def _as_slice(self) -> slice | None:
        """The elements as they lie in a row, if they do."""
        size = 1
        for stride, extent in zip((*self.strides[::-1], self.step), self.whole[::-1], strict=True):
            if extent > 1 and stride != size:
                return None
            size *= extent
        return slice(self.first, self.first + size)

    def view(self, flat: Array) -> Array:
        """The elements [count, *shape] in place."""
        if self._dense is not None:
            return flat[self._dense].reshape(self.whole)
        item = flat.itemsize
        if item != self._item:
            self._item = item
            self._bytes = [stride * item for stride in (self.step, *self.strides)]
        view: Array = np.ndarray(self.whole, flat.dtype, flat, self.first * item, self._bytes)
        return view

    @cached_property
    def apart(self) -> bool:
        """Whether no element lies in two places, of one block or of two."""
        reach = 0
        steps = zip((self.step, *self.strides), self.whole, strict=True)
        for stride, extent in sorted((abs(stride), extent) for stride, extent in steps):
            if extent > 1:
                if stride <= reach:
                    return False
                reach += stride * (extent - 1)
        return True

    def get(self, flat: Array) -> Array:
        """The elements [count, *shape]; a view."""
        return self.view(flat)

    def put(self, flat: Array, values: Array) -> None:
        """Writes values that broadcast to [count, *shape]."""
        self.view(flat)[...] = values

    def start(self, position: Any) -> Any:
        """The first address in a block, by its position."""
        return self.first + position * self.step

    def address(self, where: tuple[int, ...]) -> int:
        """The address of element `where` of [count, *shape]."""
        steps = zip(where, (self.step, *self.strides), strict=True)
        return self.first + sum(int(i) * s for i, s in steps)

    def addresses(self) -> Array:
        """All addresses, [count, *shape]."""
        total: Array = np.asarray(self.first)
        for extent, stride in zip(self.whole, (self.step, *self.strides), strict=True):
            total = np.add.outer(total, np.arange(extent) * stride)
        return total


class Starting:
    """A tile whose place in each block follows no rule: tiles copied whole, not by element.

    `base`: the first address in each block; `strides` in elements, none negative.
    """

    shares: ClassVar[bool] = False

    def __init__(self, base: Array, shape: tuple[int, ...], strides: tuple[int, ...]) -> None:
        self.base, self.shape, self.strides = base, shape, strides
        self.count = len(base)
        self.whole = (self.count, *shape)
        self.reach = 1 + sum((e - 1) * s for e, s in zip(shape, strides, strict=True))

    def _windows(self, flat: Array) -> Array:
        """The tile at every address at which one can start."""
        item = flat.itemsize
        whole = (flat.size - self.reach + 1, *self.shape)
        steps = [item, *(stride * item for stride in self.strides)]
        windows: Array = np.ndarray(whole, flat.dtype, flat, 0, steps)
        return windows

    def get(self, flat: Array) -> Array:
        """The elements [count, *shape]; a copy."""
        copy: Array = self._windows(flat)[self.base]
        return copy

    def put(self, flat: Array, values: Array) -> None:
        """Writes values that broadcast to [count, *shape]."""
        self._windows(flat)[self.base] = values

    def start(self, position: Any) -> Any:
        """The first address in a block, by its position."""
        return self.base[position]

    def address(self, where: tuple[int, ...]) -> int:
        """The address of element `where` of [count, *shape]."""
        block, *inner = where
        return int(self.base[block]) + sum(
            int(i) * s for i, s in zip(inner, self.strides, strict=True)
        )

    def addresses(self) -> Array:
        """All addresses, [count, *shape]."""
        total: Array = self.base
        for extent, stride in zip(self.shape, self.strides, strict=True):
            total = np.add.outer(total, np.arange(extent) * stride)
        return total


@dataclass(frozen=True)
class Scattered:
    """A tile at any addresses, [blocks or 1, *shape]; those that are not `inside` do not count."""

    shares: ClassVar[bool] = False

    at: Array
    inside: Array | None = None

    @property
    def count(self) -> int:
        return len(self.at)

    @property
    def whole(self) -> tuple[int, ...]:
        """The shape of all its tiles, [count, *shape]."""
        return self.at.shape

    def get(self, flat: Array) -> Array:
        """The elements [count, *shape]; a copy."""
        copy: Array = flat[self.at]
        return copy

    def inner(self, values: Array) -> Array:
        """Those of values that broadcast to [count, *shape] that are inside, in a row."""
        whole = np.broadcast_to(values, self.at.shape)
        return whole.reshape(-1) if self.inside is None else whole[self.inside]

    def put(self, flat: Array, values: Array) -> None:
        """Writes values that broadcast to [count, *shape], inside only."""
        if self.inside is None:
            flat[self.at] = values
        else:
            flat[self.at[self.inside]] = np.broadcast_to(values, self.at.shape)[self.inside]

    def address(self, where: tuple[int, ...]) -> int:
        """The address of element `where` of [count, *shape]."""
        return int(self.at[where])

    def addresses(self) -> Array:
        """All addresses, [count, *shape]."""
        return self.at


Places = Regular | Starting | Scattered
Known = dict[object, Places]  # of each access, the places found before


def first(wrong: Array, places: Places) -> tuple[int, ...] | None:
    """Where the first wrong element is, those outside left out."""
    if isinstance(places, Scattered) and places.inside is not None:
        wrong = wrong & places.inside
    if not wrong.any():
        return None
    return tuple(int(i) for i in np.unravel_index(int(np.argmax(wrong)), wrong.shape))
