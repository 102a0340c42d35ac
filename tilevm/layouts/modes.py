"""Modes: the digits that a place number and a step number are written in.

A layout splits every dimension of a tile into factors, and writes the place number and the step
number as mixed-radix numbers whose digits are those factors, most significant first. One such
digit is a :class:`Mode`. All arithmetic of layouts is done on modes, so its cost does not depend
on how many elements a tile has.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Mode(NamedTuple):
    """A digit: counting it up by one moves the index along ``dim`` by ``stride``.

    A digit with ``dim`` None and stride 0 moves nothing: its places hold copies of one another.
    """

    dim: int | None
    stride: int
    extent: int


Modes = tuple[Mode, ...]
Shape = tuple[int, ...]


def replica(extent: int) -> Mode:
    """The digit of ``extent`` copies."""
    return Mode(None, 0, extent)


def count(modes: Iterable[Mode]) -> int:
    """How many numbers the digits can write."""
    return math.prod(mode.extent for mode in modes)


def canonical(modes: Iterable[Mode]) -> Modes:
    """The shortest list of digits with the same meaning; it is unique.

    Digits of extent 1 go; neighbours that count on from one another become one digit.
    """
    merged: list[Mode] = []
    for mode in modes:
        if mode.extent == 1:
            continue
        high = merged[-1] if merged else None
        if high and high.dim == mode.dim and high.stride == mode.stride * mode.extent:
            merged[-1] = mode._replace(extent=high.extent * mode.extent)
        else:
            merged.append(mode)
    return tuple(merged)


def covers(modes: Iterable[Mode], shape: Shape) -> bool:
    """Whether the digits write every index of ``shape`` exactly once, copies aside."""
    reached = [1] * len(shape)
    for dim, stride, extent in sorted(modes, key=lambda mode: mode.stride):
        if extent < 1 or (dim is None and stride != 0):
            return False
        if dim is None or extent == 1:
            continue
        if not 0 <= dim < len(shape) or stride != reached[dim]:
            return False
        reached[dim] *= extent
    return tuple(reached) == shape


def scaled(modes: Iterable[Mode], factors: Shape) -> Modes:
    """The digits when each step along dimension d becomes ``factors[d]`` steps."""
    return tuple(
        mode if mode.dim is None else mode._replace(stride=mode.stride * factors[mode.dim])
        for mode in modes
    )


def unscaled(modes: Iterable[Mode], factors: Shape) -> Modes:
    """The inverse of :func:`scaled`."""
    return tuple(
        mode if mode.dim is None else mode._replace(stride=mode.stride // factors[mode.dim])
        for mode in modes
    )


def flattened(modes: Iterable[Mode], shape: Shape) -> Modes:
    """The digits over the one dimension of row-major element numbers, in canonical form."""
    row_strides = [math.prod(shape[dim + 1 :]) for dim in range(len(shape))]
    return canonical(
        mode if mode.dim is None else Mode(0, mode.stride * row_strides[mode.dim], mode.extent)
        for mode in modes
    )


def unflattened(modes: Iterable[Mode], shape: Shape) -> Modes | None:
    """The inverse of :func:`flattened`; None when a digit straddles a dimension of ``shape``."""
    result: list[Mode] = []
    for mode in modes:
        pieces = _cut(mode, shape)
        if pieces is None:
            return None
        result.extend(pieces)
    return tuple(result)


def _cut(mode: Mode, shape: Shape) -> list[Mode] | None:
    """One digit over row-major element numbers, cut where it passes from dimension to dimension."""
    if mode.dim is None:
        return [mode]
    _, stride, extent = mode
    pieces: list[Mode] = []
    for dim in reversed(range(len(shape))):
        if extent == 1:
            break
        if stride % shape[dim] == 0:  # the digit starts above this dimension
            stride //= shape[dim]
            continue
        if shape[dim] % stride:
            return None
        room = shape[dim] // stride
        piece = math.gcd(room, extent)
        if piece not in (room, extent):
            return None
        pieces.append(Mode(dim, stride, piece))
        stride = 1
        extent //= piece
    return pieces[::-1] if extent == 1 else None


def offsets(modes: Iterable[Mode]) -> NDArray[np.int64]:
    """The sum of digit times stride for every number that the digits can write, in order."""
    result = np.zeros(1, np.int64)
    for mode in modes:
        digits = np.arange(mode.extent, dtype=np.int64) * mode.stride
        result = (result[:, None] + digits).reshape(-1)
    return result
