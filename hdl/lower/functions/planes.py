"""Functions of bit-planes: shifted and added in a tree, or one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hdl.lower.functions.beats import Lane, beat_shape
from hdl.lower.functions.reduction import tree
from hdl.netlist import BeatShape
from hdl.units import Beats, fit
from tilevm.dtypes import DType


@dataclass(frozen=True, eq=False)
class HornerStep:
    """``state = 2 * state + value``: bit-planes shifted and added, the most significant first."""

    kind: DType
    lanes: int
    name: str = "shift_add"
    initial: int = 0

    @property
    def shape(self) -> BeatShape:
        return beat_shape(self.kind, self.lanes)

    def emit(self, m: Any, state: list[Lane], value: list[Lane]) -> list[Lane]:
        return [(s << 1) + v for s, v in zip(state, value, strict=True)]

    def model(self, state: Beats, value: Beats) -> Beats:
        return np.asarray(state * 2 + value)


@dataclass(frozen=True, eq=False)
class Weigh:
    """`lanes` groups of `count` neighbouring lanes as bit-planes, shifted and added.

    With `flagged`, a second operand of one lane says whether the last of them is the sign plane.
    """

    kind: DType
    lanes: int
    count: int
    signed: bool
    flagged: bool

    @property
    def name(self) -> str:
        return f"weigh {self.count} planes"

    @property
    def shape(self) -> BeatShape:
        return beat_shape(self.kind, self.lanes)

    def emit(self, m: Any, operands: Sequence[list[Lane]]) -> list[Lane]:
        from amaranth import Mux

        lanes = operands[0]
        results = []
        for i in range(0, len(lanes), self.count):
            *low, top = lanes[i : i + self.count]
            if self.signed:
                top = Mux(operands[1][0], -top, top) if self.flagged else -top
            terms = [plane << p if p else plane for p, plane in enumerate([*low, top])]
            results.append(tree(terms, lambda a, b: a + b))
        return results

    def model(self, operands: Sequence[Beats]) -> Beats:
        planes = operands[0].astype(object).reshape(-1, self.lanes, self.count)
        weights = np.array([1 << p for p in range(self.count)], object)
        result = (planes * weights).sum(axis=-1)
        if self.signed:
            top = planes[..., -1] * weights[-1]
            negative = operands[1][:, :1].astype(object) if self.flagged else 1
            result = result - 2 * top * negative
        return fit(result, self.shape)
