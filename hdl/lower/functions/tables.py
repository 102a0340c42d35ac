"""Functions that make look-up tables, and read them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hdl.lower.functions.beats import Lane, beat_shape
from hdl.netlist import BeatShape
from hdl.units import Beats, fit
from tilevm.dtypes import DType


@dataclass(frozen=True, eq=False)
class Subsets:
    """For each of `tables` groups of lanes, all 2**group partial sums.

    Each entry is one adder away from another: 2**group - 1 - group adders a table.
    """

    kind: DType
    group: int
    tables: int

    @property
    def name(self) -> str:
        return f"subset sums of {self.group}"

    @property
    def shape(self) -> BeatShape:
        return beat_shape(self.kind, self.tables << self.group)

    def emit(self, m: Any, operands: Sequence[list[Lane]]) -> list[Lane]:
        from amaranth import Const, Signal

        results: list[Lane] = []
        for table in range(self.tables):
            lanes = operands[0][table * self.group : (table + 1) * self.group]
            sums: list[Lane] = [Const(0, 1)]
            for number, lane in enumerate(lanes):
                for old in list(sums):
                    if len(sums) == 1 << number:
                        sums.append(lane)  # the group's own element: no adder
                        continue
                    total = Signal.like(old + lane, name=f"sum{table}_{len(sums)}")
                    m.d.comb += total.eq(old + lane)
                    sums.append(total)
            results.extend(sums)
        return results

    def model(self, operands: Sequence[Beats]) -> Beats:
        values = operands[0]
        grouped = values.reshape(len(values), self.tables, self.group)
        sums = np.zeros((*grouped.shape[:-1], 1), values.dtype)
        for i in range(self.group):
            sums = np.concatenate([sums, sums + grouped[..., i : i + 1]], axis=-1)
        return fit(sums.reshape(len(values), -1), self.shape)


@dataclass(frozen=True, eq=False)
class Select:
    """``lane i = table[slots[i]][index[i]]``: a multiplexer a lane, over tables of `entries`.

    An index beyond the table gives 0.
    """

    kind: DType
    slots: tuple[int, ...]
    entries: int

    @property
    def name(self) -> str:
        return f"lookup in {max(self.slots) + 1} x {self.entries}"

    @property
    def shape(self) -> BeatShape:
        return beat_shape(self.kind, len(self.slots))

    def emit(self, m: Any, operands: Sequence[list[Lane]]) -> list[Lane]:
        from amaranth import Const, Signal

        from hdl.units.stage import joined, resize

        tables, index = operands
        bits, packed = self.kind.bits, []
        rest = [Const(0, bits)] * (self._places - self.entries)
        for start in range(0, len(tables), self.entries):
            entries = [resize(lane, bits) for lane in tables[start : start + self.entries]] + rest
            packed.append(Signal(self._places * bits, name=f"table{len(packed)}"))
            m.d.comb += packed[-1].eq(joined(entries))
        pairs = zip(self.slots, index, strict=True)
        found = [self._entry(packed[slot], i.as_unsigned()) for slot, i in pairs]
        return [lane.as_signed() for lane in found] if self.kind.signed else found

    def model(self, operands: Sequence[Beats]) -> Beats:
        tables, index = operands
        inside = (index >= 0) & (index < self.entries)
        at = np.array(self.slots)[None] * self.entries + np.where(inside, index, 0).astype(np.int64)
        return np.where(inside, np.take_along_axis(tables, at, axis=1), 0)

    def _entry(self, table: Lane, index: Lane) -> Lane:
        from amaranth import Mux

        few = (self._places - 1).bit_length()
        found = table.word_select(index[:few] if few else 0, self.kind.bits)
        return Mux(index[few:].any(), 0, found) if len(index) > few else found

    @property
    def _places(self) -> int:
        """Entries, filled up to a power of two."""
        return 1 << (self.entries - 1).bit_length()
