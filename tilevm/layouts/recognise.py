"""From a table back to digits."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tilevm.layouts.modes import Mode, Modes, Shape, covers, replica, unflattened


def recognised(table: NDArray[Any], shape: Shape) -> tuple[Modes, Modes] | None:
    """The spatial and local digits of a table [places, steps] of row-major element numbers.

    A table [places, steps, rank] holds indices.
    None if it has none: it is not the sum of a digit expansion of the place and one of the step,
    leaves an element out, or holds an element at two steps.
    """
    if table.ndim == 3 and table.shape[2] == len(shape) and table.dtype.kind in "iu":
        if (table < 0).any() or (table >= np.array(shape, np.int64)).any():
            return None
        strides = [math.prod(shape[dim + 1 :]) for dim in range(len(shape))]
        table = table.astype(np.int64) @ np.array(strides, np.int64)
    if table.ndim != 2 or table.dtype.kind not in "iu" or table.size < max(1, math.prod(shape)):
        return None
    if table.min() != 0 or table.max() >= math.prod(shape):
        return None
    cells = table.astype(np.int64)
    rows, columns = cells[:, 0], cells[0, :]
    if not np.array_equal(cells, rows[:, None] + columns):
        return None
    spatial, local = _digits(rows, shape), _digits(columns, shape)
    if spatial is None or local is None or any(mode.dim is None for mode in local):
        return None
    return (spatial, local) if covers(spatial + local, shape) else None


def _digits(values: NDArray[np.int64], shape: Shape) -> Modes | None:
    """The digits over ``shape`` whose offsets are ``values``; read from the least significant."""
    found: list[Mode] = []
    while len(values) > 1:
        stride = int(values[1])
        breaks = np.flatnonzero(np.diff(values) != stride)
        extent = int(breaks[0]) + 1 if len(breaks) else len(values)
        if len(values) % extent:
            return None
        high = values[::extent]
        digit = np.arange(extent, dtype=np.int64) * stride
        if not np.array_equal(values.reshape(-1, extent), high[:, None] + digit):
            return None
        found.append(replica(extent) if stride == 0 else Mode(0, stride, extent))
        values = high
    return unflattened(found[::-1], shape)
