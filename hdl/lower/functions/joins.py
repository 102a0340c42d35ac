"""Partial results that come together pairwise, in any order: what reductions and scans keep."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from hdl.lower.functions.beats import Lane
from hdl.lower.functions.reduction import tree
from hdl.netlist import BeatShape
from hdl.units import Beats

if TYPE_CHECKING:
    from hdl.floats import Circuit


class Joining(Protocol):
    """A way to keep a partial result in a lane, and to join two of them (associative)."""

    @property
    def name(self) -> str: ...

    @property
    def initial(self) -> int:
        """The lane that changes nothing."""
        ...

    def shape(self, lanes: int) -> BeatShape: ...

    def join(self, c: Circuit, a: Lane, b: Lane) -> Lane: ...

    def array(self, a: Beats, b: Beats) -> Any:
        """Lanes joined in NumPy; more bits than a lane has do not count."""
        ...


@dataclass(frozen=True, eq=False)
class JoinStep:
    """``state = state and value joined``, lane by lane."""

    joining: Joining
    lanes: int

    @property
    def name(self) -> str:
        return self.joining.name

    @property
    def shape(self) -> BeatShape:
        return self.joining.shape(self.lanes)

    @property
    def initial(self) -> int:
        return self.joining.initial

    def emit(self, m: Any, state: list[Lane], value: list[Lane]) -> list[Lane]:
        pairs = enumerate(zip(state, value, strict=True))
        return [joined(m, self.joining, f"lane{number}_", pair) for number, pair in pairs]

    def model(self, state: Beats, value: Beats) -> Beats:
        return self.joining.array(state, value)  # type: ignore[no-any-return]


def joined(m: Any, joining: Joining, prefix: str, lanes: Sequence[Lane]) -> Lane:
    """Lanes joined in a balanced tree."""
    from hdl.floats import Circuit

    c = Circuit(m, prefix)
    return tree(lanes, lambda a, b: joining.join(c, a, b))


def joined_groups(m: Any, joining: Joining, lanes: Sequence[Lane], count: int) -> list[Lane]:
    """Groups of `count` neighbouring lanes, each joined."""
    groups = [lanes[at : at + count] for at in range(0, len(lanes), count)]
    return [joined(m, joining, f"group{n}_", group) for n, group in enumerate(groups)]


def groups_joined(joining: Joining, beats: Beats, lanes: int, count: int) -> Beats:
    """The same in NumPy, of beats [beats, lanes * count]."""
    grouped = beats.reshape(len(beats), lanes, count)
    found = grouped[..., 0]
    for number in range(1, count):
        found = joining.array(found, grouped[..., number])
    return found
