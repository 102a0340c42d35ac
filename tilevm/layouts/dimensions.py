"""The digits of a layout whose tile is reduced, or gets other dimensions."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from tilevm.layouts import modes as digits
from tilevm.layouts.division import Digits
from tilevm.layouts.modes import Modes, Shape, replica


def reduced(of: Digits, gone: Collection[int]) -> Digits:
    """After a reduction over dimensions, which are left with extent 1."""
    return Digits(
        tuple(1 if dim in gone else extent for dim, extent in enumerate(of.shape)),
        tuple(replica(mode.extent) if mode.dim in gone else mode for mode in of.spatial),
        tuple(mode for mode in of.local if mode.dim not in gone),
    )


def renamed(of: Digits, shape: Shape, names: Mapping[int, int]) -> Digits:
    """With the dimensions of `shape`; `names`: what each that stays is called there."""

    def rename(group: Modes) -> Modes:
        return tuple(
            mode if mode.dim is None else mode._replace(dim=names[mode.dim])
            for mode in group
            if mode.dim is None or mode.dim in names
        )

    return Digits(shape, rename(of.spatial), rename(of.local))


def reshaped(of: Digits, shape: Shape) -> Digits | None:
    """The same elements in row-major order; None where a digit straddles two new dimensions."""
    spatial, local = (
        digits.unflattened(digits.flattened(group, of.shape), shape)
        for group in (of.spatial, of.local)
    )
    return None if spatial is None or local is None else Digits(shape, spatial, local)
