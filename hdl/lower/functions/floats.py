"""Functions of lanes that hold codes of floats: logic in a circuit, tables, the largest code."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hdl.lower.functions.beats import Lane, applied, beat_shape, from_beats, to_beats
from hdl.lower.functions.reduction import tree
from hdl.netlist import BeatShape
from hdl.units import Beats, fit
from tilevm.dtypes import DType, FloatType
from tilevm.ir.ops.compare import larger, smaller


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


@dataclass(frozen=True)
class Extreme:
    """The larger or smaller of codes of a float type; a NaN goes on, or is left out."""

    kind: FloatType
    larger: bool
    nan: str

    @property
    def name(self) -> str:
        return "max" if self.larger else "min"

    @property
    def neutral(self) -> int:
        """The code that changes nothing."""
        f = self.kind.format
        if self.nan == "ignore" and f.nan_code is not None:
            return f.nan_code
        end = f.inf_code or f.max_code
        if self.larger:
            return end | f.sign_code if f.signed else 0
        return end

    def emit(self, m: Any, prefix: str, lanes: Sequence[Lane]) -> Lane:
        from hdl import floats

        c, f = floats.Circuit(m, prefix), self.kind.format
        codes = [lane.as_unsigned() for lane in lanes]
        return tree(
            codes, lambda a, b: floats.smaller(c, f, a, b, larger=self.larger, nan=self.nan)
        )

    def array(self, values: Any) -> Any:
        """The extreme of values along the last axis."""
        choose = larger if self.larger else smaller
        found = values[..., 0]
        for i in range(1, values.shape[-1]):
            found = choose(self.kind, found, values[..., i], self.nan)  # type: ignore[arg-type]
        return found


@dataclass(frozen=True, eq=False)
class ExtremeOf:
    """`lanes` groups of `count` neighbouring lanes, the extreme of each in a tree."""

    extreme: Extreme
    lanes: int
    count: int

    @property
    def name(self) -> str:
        return f"{self.extreme.name} of {self.count}"

    @property
    def shape(self) -> BeatShape:
        return beat_shape(self.extreme.kind, self.lanes)

    def emit(self, m: Any, operands: Sequence[list[Lane]]) -> list[Lane]:
        (lanes,) = operands
        groups = [lanes[i : i + self.count] for i in range(0, len(lanes), self.count)]
        return [
            self.extreme.emit(m, f"group{number}_", group) for number, group in enumerate(groups)
        ]

    def model(self, operands: Sequence[Beats]) -> Beats:
        kind = self.extreme.kind
        values = from_beats(operands[0], kind).reshape(-1, self.lanes, self.count)
        return to_beats(self.extreme.array(values), kind)


@dataclass(frozen=True, eq=False)
class ExtremeStep:
    """``state = extreme(state, value)``, lane by lane."""

    extreme: Extreme
    lanes: int

    @property
    def name(self) -> str:
        return self.extreme.name

    @property
    def shape(self) -> BeatShape:
        return beat_shape(self.extreme.kind, self.lanes)

    @property
    def initial(self) -> int:
        return self.extreme.neutral

    def emit(self, m: Any, state: list[Lane], value: list[Lane]) -> list[Lane]:
        pairs = enumerate(zip(state, value, strict=True))
        return [self.extreme.emit(m, f"lane{number}_", pair) for number, pair in pairs]

    def model(self, state: Beats, value: Beats) -> Beats:
        kind = self.extreme.kind
        pairs = np.stack([from_beats(beats, kind) for beats in (state, value)], axis=-1)
        return to_beats(self.extreme.array(pairs), kind)
