"""Images in memory: what stands at the address of a port in, and comes to that of a port out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from hdl.bus.edges import MEMORIES
from hdl.bus.slots import Slots
from hdl.lower.functions import to_beats
from hdl.sim.ports import pack, unpack
from tilevm.diagnostics import error

if TYPE_CHECKING:
    from hdl.design import Design


def slots_by_port(design: Design) -> dict[str, Slots]:
    """How the beats of each port with a memory bus lie in memory."""
    return {
        port.name: design.edges.slots(port.shape, len(port.elements))
        for port in (*design.inputs, *design.outputs)
        if design.edges.kinds[port.name] in MEMORIES
    }


def images_in(design: Design, arrays: Mapping[str, npt.NDArray[Any]]) -> dict[str, bytes]:
    """The image of each port in, for carrier values of the buffers."""
    beats, shapes = design.feed(arrays), {port.name: port.shape for port in design.inputs}
    return {
        name: slots.image(pack(beats[name], shapes[name]))
        for name, slots in slots_by_port(design).items()
        if name in shapes
    }


def values_out(
    design: Design, images: Mapping[str, bytes], initial: Mapping[str, npt.NDArray[Any]]
) -> dict[str, npt.NDArray[Any]]:
    """The output buffers, of a design whose ports out all have memory buses, from their images.

    TileError TV0603 for an image that is missing, or too short for the smallest launch.
    """
    slots, beats = slots_by_port(design), {}
    for port in design.outputs:
        least = len(port.elements)
        if design.runtime is not None:
            least = design.runtime.rates[port.name].beats(1)
        least *= slots[port.name].slot_bytes
        given = images.get(port.name)
        if given is None or len(given) < least:
            has = "is missing" if given is None else f"has {len(given)}"
            raise error("TV0603", f"image of port `{port.name}` must have {least} bytes, but {has}")
        beats[port.name] = unpack(slots[port.name].payloads(given), port.shape)
    return design.collect(beats, initial)


def image_files(design: Design, arrays: Mapping[str, Any]) -> dict[str, str]:
    """By name the images of one launch as text: a word of the bus a line, in hexadecimal.

    ``images/PORT.hex`` is what a port reads, or writes; where ``images/PORT_mask.hex`` of a port
    out has a 0, what is written means nothing.  `$readmemh` of Verilog reads them.
    """
    from tilevm.vm import bind, execute

    launch = bind(design.kernel, dict(arrays))
    wanted = execute(launch)
    images = images_in(design, launch.arrays)
    slots = slots_by_port(design)
    for port in design.outputs:
        if port.name not in slots:
            continue
        kind, shape = design.kernel.param(port.buffer).dtype, port.shape
        beats = port.beats(to_beats(np.asarray(wanted[port.buffer]), kind).reshape(-1))
        images[port.name] = slots[port.name].image(pack(beats, shape))
        images[f"{port.name}_mask"] = slots[port.name].image(port.used_bits())
    size = design.edges.bus_bits // 8
    return {f"images/{name}.hex": _words(image, size) for name, image in images.items()}


def _words(image: bytes, size: int) -> str:
    """Words of `size` bytes, lowest byte first, as lines of hexadecimal."""
    whole = image + bytes(-len(image) % size)
    return "".join(whole[at : at + size][::-1].hex() + "\n" for at in range(0, len(whole), size))
