"""What a layout asks of the numbers that it is given."""

from __future__ import annotations

import operator
from collections.abc import Sequence

from tilevm.diagnostics import error
from tilevm.layouts.modes import Shape

MAX_RANK = 64  # NumPy's own limit: a tile of higher rank could not be an array


def _integer(value: object) -> int | None:
    if isinstance(value, bool):
        return None
    try:
        return operator.index(value)  # type: ignore[arg-type]  # the TypeError is the answer
    except TypeError:
        return None


def listed(numbers: Sequence[int] | int) -> Sequence[int]:
    """One number as a list of it: `reduce(0)` means `reduce([0])`."""
    return (numbers,) if isinstance(numbers, int) else numbers


def checked_extents(name: str, extents: Sequence[int]) -> Shape:
    """The extents as a tuple of int. Raises TileError TV0331 if one is not a positive integer."""
    found = tuple(_integer(extent) for extent in extents)
    if any(extent is None or extent < 1 for extent in found):
        written = ", ".join(map(repr, extents[:MAX_RANK]))
        raise error("TV0331", f"extents must be positive integers, not {name}({written})")
    return tuple(extent for extent in found if extent is not None)


def checked_shape(shape: Sequence[int] | int) -> Shape:
    """As `checked_extents`, of a whole shape, which has at most `MAX_RANK` dimensions."""
    shape = listed(shape)
    if len(shape) > MAX_RANK:
        raise error("TV0331", f"a layout has at most {MAX_RANK} dimensions, not {len(shape)}")
    return checked_extents("shape", shape)


def checked_dims(dims: Sequence[int] | int, rank: int, whose: str) -> tuple[int, ...]:
    """The dimension numbers as a tuple of int. Raises TileError TV0334."""
    dims = listed(dims)
    found = tuple(_integer(dim) for dim in dims)
    good = tuple(dim for dim in found if dim is not None and 0 <= dim < rank)
    if len(good) != len(found) or len(set(good)) != len(good):
        allowed = f"different numbers from 0 to {rank - 1}" if rank else "none, as it has rank 0"
        raise error("TV0334", f"{whose} must be {allowed}, not {list(dims)}")
    return good


def checked_index(
    index: Sequence[int] | int, extents: Sequence[int], layout: object, what: str = "index"
) -> tuple[int, ...]:
    """The index as a tuple of int. Raises TileError TV0336 if it is not inside ``extents``."""
    index = listed(index)
    found = tuple(_integer(position) for position in index)
    good = tuple(
        position
        for position, extent in zip(found, extents, strict=False)
        if position is not None and 0 <= position < extent
    )
    if not len(good) == len(found) == len(extents):
        raise error(
            "TV0336", f"{what} {list(index)} is outside the extents {list(extents)} of {layout}"
        )
    return good
