"""Prefixes: what a scan does with one beat after the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hdl.lower.functions.beats import Lane, beat_shape
from hdl.lower.functions.elementwise import clamp
from hdl.lower.functions.joins import Joining
from hdl.netlist import BeatShape
from hdl.units import Beats, fit
from tilevm.dtypes import DType, IntType


@dataclass(frozen=True, eq=False)
class ScanStep:
    """One step of a scan: `rows` running results, each brought on by `wide` neighbouring lanes.

    A state is wide enough for what a result is clamped to (`clamped`) or rounded to later.  Within
    a beat the prefixes are made in a logarithmic number of steps.
    """

    joining: Joining
    rows: int
    wide: int
    exclusive: bool
    clamped: IntType | None = None

    @property
    def name(self) -> str:
        return f"{self.joining.name} of {self.rows} x {self.wide}"

    @property
    def state_shape(self) -> BeatShape:
        return self.joining.shape(self.rows)

    @property
    def shape(self) -> BeatShape:
        lanes = self.rows * self.wide
        return (
            self.joining.shape(lanes) if self.clamped is None else beat_shape(self.clamped, lanes)
        )

    @property
    def initial(self) -> int:
        return self.joining.initial

    def emit(self, m: Any, state: list[Lane], value: list[Lane]) -> tuple[list[Lane], list[Lane]]:
        from hdl.floats import Circuit

        after: list[Lane] = []
        results: list[Lane] = []
        for row, start in enumerate(state):
            c = Circuit(m, f"row{row}_")
            prefixes = value[row * self.wide : (row + 1) * self.wide]
            reach = 1
            while reach < self.wide:
                prefixes = [
                    self.joining.join(c, prefixes[i - reach], each) if i >= reach else each
                    for i, each in enumerate(prefixes)
                ]
                reach *= 2
            whole = [self.joining.join(c, start, each) for each in prefixes]
            after.append(whole[-1])
            results += [start, *whole[:-1]] if self.exclusive else whole
        if self.clamped is not None:
            results = [clamp(each, self.clamped) for each in results]
        return after, results

    def model(self, state: Beats, value: Beats) -> tuple[Beats, Beats]:
        columns = value.reshape(len(value), self.rows, self.wide)
        if self.state_shape.bits > 64:
            columns = columns.astype(object)
        results = []
        for number in range(self.wide):
            before = state
            state = fit(self.joining.array(state, columns[..., number]), self.state_shape)
            results.append(before if self.exclusive else state)
        found = np.stack(results, axis=-1).reshape(len(value), -1)
        if self.clamped is not None:
            found = np.clip(found.astype(object), int(self.clamped.min), int(self.clamped.max))
        return state, fit(found, self.shape)


@dataclass(frozen=True, eq=False)
class Entries:
    """``lane i = line[slots[i]][index[i]]``, for an index that is known to lie in the line.

    Only as many bits of it count as name an entry.
    """

    kind: DType
    slots: tuple[int, ...]
    entries: int

    @property
    def name(self) -> str:
        return f"take from {max(self.slots) + 1} x {self.entries}"

    @property
    def shape(self) -> BeatShape:
        return beat_shape(self.kind, len(self.slots))

    @property
    def _bits(self) -> int:
        return max(1, (self.entries - 1).bit_length())

    def emit(self, m: Any, operands: Sequence[list[Lane]]) -> list[Lane]:
        from amaranth.hdl import Array

        lines, index = operands
        parts = [lines[i : i + self.entries] for i in range(0, len(lines), self.entries)]
        pairs = zip(self.slots, index, strict=True)
        return [Array(parts[slot])[i.as_unsigned()[: self._bits]] for slot, i in pairs]

    def model(self, operands: Sequence[Beats]) -> Beats:
        lines, index = operands
        low = index.astype(object) & ((1 << self._bits) - 1)
        inside = np.minimum(low, self.entries - 1).astype(np.int64)
        return np.take_along_axis(lines, np.array(self.slots)[None] * self.entries + inside, axis=1)
