"""Functions from lanes to lanes: what a Map computes, and what a Fold does at each step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from hdl.netlist import BeatShape
from hdl.units.lanes import Beats


class LaneFunction(Protocol):
    """A pure function of a few operands, each a list of lanes.

    Amaranth lanes are signed or unsigned values of their operand's width; results are truncated or
    extended to `shape`.  NumPy operands are ``[beats, lanes]``.  One that reads constant tables
    says by the attribute `rom_bits` how many bits these have together.
    """

    @property
    def name(self) -> str: ...

    @property
    def shape(self) -> BeatShape: ...

    def emit(self, m: Any, operands: list[list[Any]]) -> list[Any]: ...

    def model(self, operands: list[Beats]) -> Beats: ...


class FoldFunction(Protocol):
    """One step of a fold: the new state from the state and a value; both are lists of lanes."""

    @property
    def name(self) -> str: ...

    @property
    def shape(self) -> BeatShape:
        """Shape of the state, and of the result."""
        ...

    @property
    def initial(self) -> int:
        """The state before the first step, the same in each lane."""
        ...

    def emit(self, m: Any, state: list[Any], value: list[Any]) -> list[Any]: ...

    def model(self, state: Beats, value: Beats) -> Beats: ...


@dataclass(frozen=True)
class Identity:
    """Gives its one operand: with a wiring, a pure rearrangement of bits."""

    shape: BeatShape
    name: str = "identity"

    def emit(self, m: Any, operands: Sequence[list[Any]]) -> list[Any]:
        return operands[0]

    def model(self, operands: Sequence[Beats]) -> Beats:
        return operands[0]
