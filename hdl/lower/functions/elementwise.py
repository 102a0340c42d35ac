"""Functions of lanes that compute each lane from the same lane of the operands."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from hdl.lower.functions.beats import Lane, meant
from hdl.netlist import BeatShape
from hdl.units import Beats
from tilevm.dtypes import DType
from tilevm.ir import Op


@dataclass(frozen=True, eq=False)
class Lanewise:
    """An elementwise op: `logic` on one lane of each operand; the model is the op's own meaning."""

    op: Op
    shape: BeatShape
    logic: Callable[..., Lane]

    @property
    def name(self) -> str:
        return self.op.name

    def emit(self, m: Any, operands: Sequence[list[Lane]]) -> list[Lane]:
        return [self.logic(*lanes) for lanes in zip(*operands, strict=True)]

    def model(self, operands: Sequence[Beats]) -> Beats:
        return meant(self.op, operands)


def clamp(value: Lane, kind: DType) -> Lane:
    """A value at the nearest end of an integer type's range, if it is outside."""
    return between(value, int(kind.min), int(kind.max))


def between(value: Lane, low: int, high: int) -> Lane:
    """A value at the nearest end of a range, if it is outside."""
    from amaranth import Mux

    return Mux(value < low, low, Mux(value > high, high, value))


def absolute(value: Lane) -> Lane:
    """A value without its sign."""
    from amaranth import Mux

    return Mux(value < 0, -value, value)
