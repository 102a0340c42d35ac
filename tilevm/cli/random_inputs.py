"""Arrays of random values for a kernel, over the full range of every type."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from tilevm.ir import BufferType, Kernel, Sym
from tilevm.vm import Launch, bind_symbols

if TYPE_CHECKING:
    from hdl import Design


def launch_for(
    kernel: Kernel, sizes: Mapping[str, int], arrays: Mapping[str, npt.NDArray[Any]]
) -> Launch:
    """The kernel's shapes, from `sizes` and from arrays that fix a symbol by themselves."""
    found = dict(sizes)
    for param in kernel.params:
        assert isinstance(param.type, BufferType)
        if param.name in arrays:
            for extent, length in zip(param.type.shape, arrays[param.name].shape, strict=False):
                if isinstance(extent, Sym):
                    found.setdefault(extent.name, length)
    return bind_symbols(kernel, found)


def random_arrays(launch: Launch, seed: int) -> dict[str, npt.NDArray[Any]]:
    """One array for every buffer, those that are only written included: a part may be kept.

    Equal seeds give equal arrays.
    """
    rng = np.random.default_rng(seed)
    params = launch.kernel.params
    return {p.name: p.dtype.random(rng, launch.extents[p.name]) for p in params}


def random_sizes(design: Design, launches: int, seed: int) -> list[dict[str, int]]:
    """The sizes of some launches: the largest; then, of a runtime size, the smallest, then any."""
    built, size = dict(design.launch.symbols), design.runtime
    if size is None:
        return [built] * launches
    rng = np.random.default_rng(seed)
    steps = [size.most, 1, *(int(each) for each in rng.integers(1, size.most + 1, launches))]
    return [{**built, size.symbol: size.unit * each} for each in steps[:launches]]
