"""The quantised classifier as tile programs: each layer a launch of a kernel of digits.tile."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

import tilevm
from examples.digits import reference
from tilevm.ir import Kernel

PROGRAM = reference.FOLDER / "digits.tile"

Integers = NDArray[np.integer[Any]]


@dataclass(frozen=True, eq=False)
class Layer:
    """One layer with what goes in, and what the virtual machine and NumPy make of it.

    `x` [B, K], `y` and `expected` [B, N] for all B test images; `parameters` are the other buffers.
    """

    number: int
    kernel: Kernel
    x: Integers
    parameters: dict[str, Integers]
    y: Integers
    expected: Integers

    @property
    def exact(self) -> bool:
        """Whether the virtual machine equals NumPy in every element."""
        return bool(np.array_equal(self.y, self.expected))

    @property
    def sizes(self) -> dict[str, int]:
        """The shape symbols of the kernel, but for the number of images."""
        return {"K": self.x.shape[1], "N": self.y.shape[1]}

    def arguments(self, images: int) -> dict[str, Integers]:
        """The buffers of a launch on the first images."""
        return {"x": self.x[:images], **self.parameters}


def run_layers(images: Integers) -> Iterator[Layer]:
    """Runs layer by layer in the virtual machine, each on what the one before it gave.

    `images` [B, 64] are pixels from 0 to 16.
    """
    program = tilevm.load(PROGRAM)
    x: Integers = reference.encode(images)
    for number in reference.LAYERS:
        kernel = program["logits" if number == reference.LAYERS[-1] else "hidden"]
        given = parameters(number)
        y = tilevm.run(kernel, {"x": x, **given})["y"]
        yield Layer(number, kernel, x, given, y, reference.layer(number, x))
        x = y


def parameters(number: int) -> dict[str, Integers]:
    """The buffers of a layer that training made, by the names they have in digits.tile."""
    model = reference.model()
    found = {name: model[f"{name}{number}"] for name in ("w", "bias", "mult", "shift")}
    return {name: np.atleast_1d(values.astype(np.int64)) for name, values in found.items()}
