"""Division: taking the digits of one factor off the digits of a product.

The digits of ``outer * inner`` are those of ``outer``, strides multiplied, then those of
``inner``, so a quotient is what remains when a factor's digits are taken off one end. Where the
product merged the last digit of ``outer`` with the first of ``inner``, a digit is split again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from tilevm.layouts.modes import Mode, Modes, Shape, scaled, unscaled


class Digits(NamedTuple):
    """All that a layout consists of."""

    shape: Shape
    spatial: Modes
    local: Modes


def outer_quotient(whole: Digits, inner: Digits) -> Digits | str:
    """The only ``outer`` with ``outer * inner == whole``, or why there is none."""
    shape = _quotient_shape(whole, inner)
    spatial = _without_low(whole.spatial, inner.spatial)
    local = _without_low(whole.local, inner.local)
    if shape is None:
        return f"its shape {list(whole.shape)} is not a multiple of {list(inner.shape)}"
    if spatial is None or local is None:
        return f"its {'places' if spatial is None else 'steps'} do not end in those of the divisor"
    return Digits(shape, unscaled(spatial, inner.shape), unscaled(local, inner.shape))


def inner_quotient(whole: Digits, outer: Digits) -> Digits | str:
    """The only ``inner`` with ``outer * inner == whole``, or why there is none."""
    shape = _quotient_shape(whole, outer)
    if shape is None:
        return f"its shape {list(whole.shape)} is not a multiple of {list(outer.shape)}"
    spatial = _without_high(whole.spatial, scaled(outer.spatial, shape))
    local = _without_high(whole.local, scaled(outer.local, shape))
    if spatial is None or local is None:
        what = "places" if spatial is None else "steps"
        return f"its {what} do not start with those of the divisor"
    return Digits(shape, spatial, local)


def _quotient_shape(whole: Digits, part: Digits) -> Shape | None:
    pairs = list(zip(whole.shape, part.shape, strict=True))
    return None if any(a % b for a, b in pairs) else tuple(a // b for a, b in pairs)


def _without_low(modes: Sequence[Mode], low: Sequence[Mode]) -> Modes | None:
    """What is left when ``low`` is taken off the least significant end; None if it is not there."""
    rest = list(modes)
    for mode in reversed(low):
        last = rest.pop() if rest else None
        if not last or last[:2] != mode[:2] or last.extent % mode.extent:
            return None
        left = last.extent // mode.extent
        if left > 1:
            rest.append(Mode(last.dim, last.stride * mode.extent, left))
    return tuple(rest)


def _without_high(modes: Sequence[Mode], high: Sequence[Mode]) -> Modes | None:
    """What is left when ``high`` is taken off the most significant end; None if it is not there."""
    rest = list(modes)[::-1]
    for mode in high:
        first = rest.pop() if rest else None
        if not first or first.dim != mode.dim or first.extent % mode.extent:
            return None
        left = first.extent // mode.extent
        if first.stride * left != mode.stride:
            return None
        if left > 1:
            rest.append(first._replace(extent=left))
    return tuple(rest[::-1])
