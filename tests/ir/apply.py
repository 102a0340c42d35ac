"""Runs a single op through a kernel: what the tests of the ops' meaning share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

import tilevm
from tilevm.dtypes import DType, dtype
from tilevm.ir import Builder, TileType

Array = npt.NDArray[Any]
Tile = tuple[str, Array]  # element type, and values [blocks, *shape]


def apply(name: str, *tiles: Tile, written: str | None = None, **attributes: Any) -> Array:
    """The result of the op on these tiles, [blocks, *shape]; one thread block for each entry."""
    build = Builder("f")
    blocks = len(tiles[0][1])
    buffers = [
        build.buffer(f"x{i}", element, values.shape) for i, (element, values) in enumerate(tiles)
    ]
    n = build.grid("n", blocks)
    operands = [
        build.load(buffer[n, *[0] * (values.ndim - 1)], type=TileType(dtype(e), values.shape[1:]))
        for buffer, (e, values) in zip(buffers, tiles, strict=True)
    ]
    result = getattr(build, name)(*operands, type=written, **attributes)
    kind = result.type
    # the output follows the inputs in the list of parameters
    out = build.buffer("y", kind.dtype, (blocks, *kind.shape))
    build.store(result, out[n, *[0] * kind.rank])
    arguments: Mapping[str, Array] = {f"x{i}": values for i, (_, values) in enumerate(tiles)}
    return tilevm.run(build.kernel(), arguments)["y"]


def values(kind: str, shape: tuple[int, ...], seed: int) -> Array:
    """Random values of a type, extremes more often than by chance."""
    return dtype(kind).random(np.random.default_rng(seed), shape)


def wrap(value: int, kind: str | DType) -> int:
    """An integer modulo 2**bits of the type."""
    t = dtype(kind)
    value %= 1 << t.bits
    return value - (1 << t.bits) if t.signed and value >= 1 << (t.bits - 1) else value
