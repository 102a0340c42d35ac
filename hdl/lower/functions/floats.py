"""Functions of lanes that hold codes of floats: logic in a circuit, tables."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hdl.lower.functions.beats import Lane, applied, beat_shape
from hdl.netlist import BeatShape
from hdl.units import Beats, fit
from tilevm.dtypes import DType


@dataclass(frozen=True, eq=False)
class Circuits:
    """A function of the values of one lane of each operand: `logic` on codes, in a circuit.

    The model is `mean`, on arrays of values.
    """

    name: str
    kinds: tuple[DType, ...]
    to: DType
    lanes: int
    logic: Callable[..., Lane]
    mean: Callable[..., Any]

    @property
    def shape(self) -> BeatShape:
        return beat_shape(self.to, self.lanes)

    def emit(self, m: Any, operands: Sequence[list[Lane]]) -> list[Lane]:
        from hdl.floats import Circuit

        tables: dict[Any, Any] = {}
        return [
            self.logic(Circuit(m, f"lane{number}_", tables), *lanes)
            for number, lanes in enumerate(zip(*operands, strict=True))
        ]

    def model(self, operands: Sequence[Beats]) -> Beats:
        return applied(self.mean, self.kinds, self.to, operands)


@dataclass(frozen=True, eq=False)
class TabledCircuits(Circuits):
    """Circuits that read constant tables; all lanes share them."""

    @property
    def rom_bits(self) -> int:
        from amaranth import Signal

        from hdl.floats import Unbuilt

        circuit = Unbuilt()
        self.logic(circuit, *(Signal(kind.bits) for kind in self.kinds))
        return sum(len(words) * bits for _, words, bits in circuit.tables)


@dataclass(frozen=True, eq=False)
class Table:
    """A function of the code of one lane by its table, ``results[code]``, in a small memory."""

    name: str
    to: DType
    lanes: int
    results: tuple[int, ...]

    @property
    def shape(self) -> BeatShape:
        return beat_shape(self.to, self.lanes)

    @property
    def rom_bits(self) -> int:
        return table_bits(self.results, self.shape.bits)

    def emit(self, m: Any, operands: Sequence[list[Lane]]) -> list[Lane]:
        return read_table(m, "entries", self.results, self.shape.bits, operands[0])

    def model(self, operands: Sequence[Beats]) -> Beats:
        index = operands[0].astype(np.int64) % len(self.results)
        return fit(np.array(self.results, np.uint64)[index], self.shape)


@dataclass(frozen=True, eq=False)
class VectorTable:
    """The numbers of the vector that each code of `codes` lanes stands for, side by side."""

    kind: DType  # of the numbers
    codes: int
    vectors: tuple[tuple[int, ...], ...]  # codes of the numbers

    @property
    def name(self) -> str:
        return f"vectors of {self._length}"

    @property
    def _length(self) -> int:
        return len(self.vectors[0])

    @property
    def shape(self) -> BeatShape:
        return beat_shape(self.kind, self.codes * self._length)

    @property
    def _width(self) -> int:
        return self.kind.bits * self._length

    @property
    def _words(self) -> list[int]:
        places = range(0, self._width, self.kind.bits)
        return [
            sum(code << at for code, at in zip(vector, places, strict=True))
            for vector in self.vectors
        ]

    @property
    def rom_bits(self) -> int:
        return table_bits(self._words, self._width)

    def emit(self, m: Any, operands: Sequence[list[Lane]]) -> list[Lane]:
        bits = self.kind.bits
        found = read_table(m, "vectors", self._words, self._width, operands[0])
        return [word[at : at + bits] for word in found for at in range(0, self._width, bits)]

    def model(self, operands: Sequence[Beats]) -> Beats:
        table = np.array(self.vectors, np.uint64)
        found = table[operands[0].astype(np.int64) % len(table)]
        return fit(found.reshape(len(found), -1), self.shape)


def table_bits(results: Sequence[int], bits: int) -> int:
    """Bits of the memory of a table: none where all its words are equal."""
    return len(results) * bits if len(set(results)) > 1 else 0


def read_table(
    m: Any, name: str, results: Sequence[int], bits: int, codes: Sequence[Lane]
) -> list[Lane]:
    """The words of a table at these codes, unsigned."""
    from amaranth import Const

    from hdl.units.words import Words

    if not table_bits(results, bits):
        return [Const(results[0], bits) for _ in codes]
    table = Words(m, name, len(results), bits, results)
    return [table.read(code.as_unsigned()) for code in codes]
