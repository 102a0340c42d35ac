"""Turns: the order in which one actor serves several places of a program.

A memory is touched by statements at many places, in loops of different lengths.  Its actor has one
counter of firings; which place has its turn at each follows from a tree of turns and rounds, known
before anything runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Turn:
    """`beats` firings in a row, for the place of this number; a place has one turn."""

    place: int
    beats: int


@dataclass(frozen=True)
class Rounds:
    """What a loop holds, `trips` times."""

    trips: int
    body: tuple[Node, ...]


Node = Turn | Rounds


@dataclass(frozen=True)
class Turns:
    """The turns of one launch, one after the other."""

    body: tuple[Node, ...]

    @cached_property
    def places(self) -> npt.NDArray[np.int32]:
        """The place that each firing of a launch is for."""
        return _places(self.body)

    @property
    def firings(self) -> int:
        return _length(self.body)

    @cached_property
    def leaves(self) -> tuple[tuple[Turn, tuple[int, ...], tuple[int, ...]], ...]:
        """Every turn with the numbers of the rounds that it begins and of those that it ends.

        Both innermost first; rounds are numbered as `loops` lists them.
        """
        return tuple(_leaves(self.body, self.loops))

    @cached_property
    def loops(self) -> tuple[Rounds, ...]:
        """All rounds of the tree, the outer before the inner."""
        return tuple(_loops(self.body))


@dataclass(frozen=True)
class Due:
    """A static mask of a port: the firings at which one place has its turn."""

    turns: Turns
    place: int

    def firings(self) -> npt.NDArray[np.bool_]:
        """By firing of a launch."""
        return self.turns.places == self.place


def _places(body: Sequence[Node]) -> npt.NDArray[np.int32]:
    parts = [
        np.full(node.beats, node.place, np.int32)
        if isinstance(node, Turn)
        else np.tile(_places(node.body), node.trips)
        for node in body
    ]
    return np.concatenate([np.zeros(0, np.int32), *parts])


def _length(body: Sequence[Node]) -> int:
    return sum(
        node.beats if isinstance(node, Turn) else node.trips * _length(node.body) for node in body
    )


def _loops(body: Sequence[Node]) -> list[Rounds]:
    found: list[Rounds] = []
    for node in body:
        if isinstance(node, Rounds):
            found += [node, *_loops(node.body)]
    return found


def _leaves(
    body: Sequence[Node], loops: Sequence[Rounds]
) -> list[tuple[Turn, tuple[int, ...], tuple[int, ...]]]:
    found: list[tuple[Turn, tuple[int, ...], tuple[int, ...]]] = []
    for node in body:
        if isinstance(node, Turn):
            found.append((node, (), ()))
            continue
        number = next(n for n, loop in enumerate(loops) if loop is node)
        inner = _leaves(node.body, loops)
        turn, begins, ends = inner[0]
        inner[0] = (turn, (*begins, number), ends)
        turn, begins, ends = inner[-1]
        inner[-1] = (turn, begins, (*ends, number))
        found += inner
    return found
