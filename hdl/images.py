"""Images of memories: what a buffer's ports in are fed, word by word."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hdl.sim.ports import pack
from tilevm.vm import bind

if TYPE_CHECKING:
    from hdl.design import Design


def image(design: Design, buffer: str, values: Any) -> dict[str, list[int]]:
    """By port in that reads the buffer its image: a word a beat, lane 0 in the lowest bits."""
    param = design.kernel.param(buffer)
    others = {
        read.name: np.zeros(design.launch.extents[read.name], np.int64)
        for read in design.kernel.inputs
        if read is not param
    }
    held = bind(design.kernel, {**others, buffer: values}).arrays[buffer]
    beats = design.feed({buffer: held})
    return {
        port.name: pack(beats[port.name], port.shape)
        for port in design.inputs
        if port.buffer == buffer
    }
