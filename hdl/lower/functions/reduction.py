"""Functions that bring lanes, and then beats, together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hdl.lower.functions.beats import Lane, beat_shape
from hdl.netlist import BeatShape
from hdl.units import Beats, fit
from tilevm.dtypes import DType


def tree(values: Sequence[Lane], combine: Callable[[Lane, Lane], Lane]) -> Lane:
    """A balanced tree of one combining operation."""
    level = list(values)
    while len(level) > 1:
        pairs = [combine(a, b) for a, b in zip(level[::2], level[1::2], strict=False)]
        level = pairs + level[len(pairs) * 2 :]
    return level[0]


@dataclass(frozen=True, eq=False)
class Combine:
    """How elements of a reduction come together: ``sum``, ``product``, ``max``, ``min``, or bit by
    bit."""

    name: str
    kind: DType  # of the state and the result

    def logic(self, a: Lane, b: Lane) -> Lane:
        from amaranth import Mux

        match self.name:
            case "sum":
                return a + b
            case "product":
                return a * b
            case "max":
                return Mux(a > b, a, b)
            case "min":
                return Mux(a < b, a, b)
            case "and":
                return a & b
            case "or":
                return a | b
            case _:
                return a ^ b

    @property
    def initial(self) -> int:
        """The element that changes nothing."""
        return {
            "sum": 0,
            "product": 1,
            "max": int(self.kind.min),
            "min": int(self.kind.max),
            "and": -1 if self.kind.signed else int(self.kind.max),
            "or": 0,
            "xor": 0,
        }[self.name]

    def shape(self, lanes: int) -> BeatShape:
        return beat_shape(self.kind, lanes)

    def join(self, c: Any, a: Lane, b: Lane) -> Lane:
        """The low bits of both together, in a signal of its own."""
        low = c.keep("joined", self.logic(a, b), self.kind.bits)
        return low.as_signed() if self.kind.signed else low

    def array(self, a: Any, b: Any) -> Any:
        operations: dict[str, Any] = {
            "sum": np.add,
            "product": np.multiply,
            "max": np.maximum,
            "min": np.minimum,
            "and": np.bitwise_and,
            "or": np.bitwise_or,
            "xor": np.bitwise_xor,
        }
        return operations[self.name](a, b)


@dataclass(frozen=True, eq=False)
class FoldStep:
    """``state = combine(state, value)``, lane by lane; from `start`, if there is one."""

    combine: Combine
    lanes: int
    start: int | None = None

    @property
    def name(self) -> str:
        return self.combine.name

    @property
    def shape(self) -> BeatShape:
        return beat_shape(self.combine.kind, self.lanes)

    @property
    def initial(self) -> int:
        return self.combine.initial if self.start is None else self.start

    def emit(self, m: Any, state: list[Lane], value: list[Lane]) -> list[Lane]:
        return [self.combine.logic(s, v) for s, v in zip(state, value, strict=True)]

    def model(self, state: Beats, value: Beats) -> Beats:
        return np.asarray(self.combine.array(state, value))


@dataclass(frozen=True, eq=False)
class Reduce:
    """`lanes` groups of `count` neighbouring lanes, each combined in a tree.

    With `products`, of the lanes of two operands multiplied.
    """

    combine: Combine
    lanes: int
    count: int
    products: bool = False

    @property
    def name(self) -> str:
        return f"{'products ' if self.products else ''}{self.combine.name} of {self.count}"

    @property
    def shape(self) -> BeatShape:
        return beat_shape(self.combine.kind, self.lanes)

    def emit(self, m: Any, operands: Sequence[list[Lane]]) -> list[Lane]:
        lanes = operands[0]
        if self.products:
            lanes = [a * b for a, b in zip(*operands, strict=True)]
        groups = [lanes[i : i + self.count] for i in range(0, len(lanes), self.count)]
        return [tree(group, self.combine.logic) for group in groups]

    def model(self, operands: Sequence[Beats]) -> Beats:
        values = operands[0]
        if self.products:
            values = np.multiply(operands[0].astype(object), operands[1].astype(object))
        if self.combine.name in ("sum", "product"):
            values = values.astype(object)
        grouped = values.reshape(len(values), self.lanes, self.count)
        result = grouped[..., 0]
        for i in range(1, self.count):
            result = self.combine.array(result, grouped[..., i])
        return fit(result, self.shape)
