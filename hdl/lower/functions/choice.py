"""Functions that choose or join whole beats, and constants that count."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hdl.lower.functions.beats import Lane
from hdl.lower.functions.reduction import tree
from hdl.netlist import BeatShape
from hdl.units import Beats


@dataclass(frozen=True, eq=False)
class Choose:
    """The second operand where the first, one lane of one bit, is 1; the third where it is 0."""

    shape: BeatShape
    name: str = "choose"

    def emit(self, m: Any, operands: Sequence[list[Lane]]) -> list[Lane]:
        from amaranth import Mux

        (flag,), first, second = operands
        return [Mux(flag, a, b) for a, b in zip(first, second, strict=True)]

    def model(self, operands: Sequence[Beats]) -> Beats:
        flag, first, second = operands
        return np.where(flag[:, :1] != 0, first, second)


@dataclass(frozen=True, eq=False)
class Join:
    """The bits of all operands, each of which is 0 where another holds the bit."""

    shape: BeatShape
    name: str = "join"

    def emit(self, m: Any, operands: Sequence[list[Lane]]) -> list[Lane]:
        return [tree(lanes, lambda a, b: a | b) for lanes in zip(*operands, strict=True)]

    def model(self, operands: Sequence[Beats]) -> Beats:
        return np.bitwise_or.reduce(operands)


@dataclass(frozen=True, eq=False)
class Offset:
    """The first operand, one lane, added to each lane of the second."""

    shape: BeatShape
    name: str = "offset"

    def emit(self, m: Any, operands: Sequence[list[Lane]]) -> list[Lane]:
        (base,), lanes = operands
        return [base + lane for lane in lanes]

    def model(self, operands: Sequence[Beats]) -> Beats:
        base, lanes = operands
        return base[:, :1] + lanes


@dataclass(frozen=True, eq=False)
class Always:
    """One number in each lane, whatever the operands are."""

    shape: BeatShape
    code: int
    name: str = "always"

    def emit(self, m: Any, operands: Sequence[list[Lane]]) -> list[Lane]:
        from amaranth import Const

        return [Const(self.code, self.shape.bits)] * self.shape.lanes

    def model(self, operands: Sequence[Beats]) -> Beats:
        return np.full((len(operands[0]), self.shape.lanes), self.code, object)
