"""Which element is where and when: place, step and index, by digits."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from tilevm.layouts.modes import Modes


def places_at(modes: Modes, index: Sequence[int]) -> Iterator[int]:
    """The places that hold an element, rising, none made before it is due."""
    choices = [
        range(mode.extent) if mode.dim is None else (index[mode.dim] // mode.stride % mode.extent,)
        for mode in modes
    ]
    return _numbers(choices, [mode.extent for mode in modes])


def step_at(modes: Modes, index: Sequence[int]) -> int:
    """The step at which its places hold an element."""
    step = 0
    for dim, stride, extent in modes:
        assert dim is not None
        step = step * extent + index[dim] // stride % extent
    return step


def index_at(spatial: Modes, local: Modes, place: int, step: int, rank: int) -> tuple[int, ...]:
    """The index of the element that a place holds at a step."""
    index = [0] * rank
    for number, modes in ((place, spatial), (step, local)):
        for dim, stride, extent in reversed(modes):
            number, digit = divmod(number, extent)
            if dim is not None:
                index[dim] += digit * stride
    return tuple(index)


def _numbers(choices: Sequence[Sequence[int]], extents: Sequence[int]) -> Iterator[int]:
    """Each number whose digits are taken from ``choices``, rising."""
    if not choices:
        yield 0
        return
    weight = math.prod(extents[1:])
    for digit in choices[0]:
        for rest in _numbers(choices[1:], extents[1:]):
            yield digit * weight + rest
