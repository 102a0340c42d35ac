"""Random arguments for a kernel, over the full range of every type."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from tilevm.ir import BufferType, Kernel


def inputs(
    kernel: Kernel, sizes: Mapping[str, int] | None = None, *, seed: int = 0
) -> dict[str, npt.NDArray[Any]]:
    """An array for every buffer, those that are stored to included: these may be written in part.

    `sizes` gives every shape symbol.  Equal seeds give equal arrays; extremes are frequent.
    """
    rng = np.random.default_rng(seed)
    found: dict[str, npt.NDArray[Any]] = {}
    for param in kernel.params:
        assert isinstance(param.type, BufferType)
        shape = tuple(int(extent.evaluate(sizes or {})) for extent in param.type.shape)
        found[param.name] = param.dtype.random(rng, shape)
    return found
