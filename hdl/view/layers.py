"""Places for the nodes of a directed graph: rows from top to bottom, few crossings, short edges.

After Sugiyama: rows by the longest way from a start, an edge over several rows passes through a
node of no size in each, the order in a row follows the means of the neighbours, and so do the
places.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Generic, TypeVar

N = TypeVar("N", bound=Hashable)

_SWEEPS = 8
_GAP = 24.0  # between two nodes of a row


@dataclass(eq=False)
class _Spot:
    """A node, or where an edge passes a row."""

    row: int
    width: float
    above: list[_Spot] = field(default_factory=list)
    below: list[_Spot] = field(default_factory=list)
    middle: float = 0.0


@dataclass(frozen=True, eq=False)
class Layers(Generic[N]):
    """`middle` and `row` of every node; for each edge the middles where it passes rows between."""

    row: dict[N, int]
    middle: dict[N, float]
    passes: list[list[float]]  # from the row behind the upper end on
    width: float

    @property
    def rows(self) -> int:
        return 1 + max(self.row.values(), default=-1)


def layered(widths: Mapping[N, float], edges: Sequence[tuple[N, N]]) -> Layers[N]:
    """Places for nodes of the given widths; edges go down, those that close a cycle go up.

    The nodes are in an order in which every edge but these goes forward.
    """
    order = {node: number for number, node in enumerate(widths)}
    down = [(a, b) if order[a] <= order[b] else (b, a) for a, b in edges]
    row = _rows(list(widths), down)
    spots = {node: _Spot(row[node], width) for node, width in widths.items()}
    lines = [list[_Spot]() for _ in range(1 + max(row.values(), default=-1))]
    for spot in spots.values():
        lines[spot.row].append(spot)
    chains = []
    for a, b in down:
        chain = [spots[a]]
        for between in range(row[a] + 1, row[b]):
            chain.append(_Spot(between, 0.0))
            lines[between].append(chain[-1])
        chain.append(spots[b])
        for upper, lower in pairwise(chain):
            upper.below.append(lower)
            lower.above.append(upper)
        chains.append(chain)
    _order(lines)
    width = _spread(lines)
    return Layers(
        row,
        {node: spot.middle for node, spot in spots.items()},
        [[spot.middle for spot in chain[1:-1]] for chain in chains],
        width,
    )


def _rows(nodes: Sequence[N], down: Sequence[tuple[N, N]]) -> dict[N, int]:
    """The longest way from a start; a start stands just above the first that follows it."""
    row = dict.fromkeys(nodes, 0)
    for node in nodes:  # in an order in which edges go forward
        row[node] = max([row[node], *(row[a] + 1 for a, b in down if b == node and a != node)])
    fed = {b for a, b in down if a != b}
    for node in reversed(nodes):
        if node not in fed:
            row[node] = min([row[b] - 1 for a, b in down if a == node and b != node] or [row[node]])
    return row


def _order(lines: list[list[_Spot]]) -> None:
    """Sorts the rows by the mean place of their neighbours, down and up again."""
    for sweep in range(_SWEEPS):
        downwards = sweep % 2 == 0
        for line in lines if downwards else reversed(lines):
            rank = {id(spot): n for row in lines for n, spot in enumerate(row)}

            def mean(spot: _Spot, rank: dict[int, int] = rank, down: bool = downwards) -> float:
                near = spot.above if down else spot.below
                own = float(rank[id(spot)])
                return sum(rank[id(s)] for s in near) / len(near) if near else own

            line.sort(key=mean)


def _spread(lines: list[list[_Spot]]) -> float:
    """Gives every spot a place: near its neighbours, never over another; returns the width."""
    for line in lines:
        _settle(line, [0.0] * len(line))
    for sweep in range(_SWEEPS):
        for line in lines if sweep % 2 == 0 else reversed(lines):
            wished = []
            for spot in line:
                near = spot.above + spot.below
                wished.append(sum(s.middle for s in near) / len(near) if near else spot.middle)
            _settle(line, wished)
    every = [spot for line in lines for spot in line]
    left = min((spot.middle - spot.width / 2 for spot in every), default=0.0)
    for spot in every:
        spot.middle -= left
    return max((spot.middle + spot.width / 2 for spot in every), default=0.0)


def _settle(line: list[_Spot], wished: Sequence[float]) -> None:
    """The wished places as nearly as the widths allow: overlapping neighbours share the shift.

    Spots that touch form a group that stands where the mean of its wishes is.
    """
    groups: list[tuple[list[_Spot], list[float], float]] = []  # spots, offsets, place of the first
    for spot, wish in zip(line, wished, strict=True):
        group: tuple[list[_Spot], list[float], float] = ([spot], [0.0], wish)
        while groups:
            spots, offsets, place = groups[-1]
            end = place + offsets[-1] + spots[-1].width / 2
            if end + _GAP <= group[2] - group[0][0].width / 2:
                break
            groups.pop()
            apart = offsets[-1] + spots[-1].width / 2 + _GAP + group[0][0].width / 2
            count, more = len(spots), len(group[0])
            mean = (place * count + (group[2] - apart) * more) / (count + more)
            joined = offsets + [apart + offset for offset in group[1]]
            group = (spots + group[0], joined, mean)
        groups.append(group)
    for spots, offsets, place in groups:
        for spot, offset in zip(spots, offsets, strict=True):
            spot.middle = place + offset
