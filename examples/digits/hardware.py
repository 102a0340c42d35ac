"""The layers as hardware: built, simulated on real activations, and compared in every bit."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

import hdl
import tilevm
from examples.digits.layers import Layer

STALL = 0.3
"""How often each port is closed in a cycle."""


@dataclass(frozen=True, eq=False)
class Outcome:
    """What became of one layer: its hardware, and its simulation, or why that failed."""

    layer: Layer
    design: hdl.Design
    images: int
    result: hdl.Result | None
    problem: str = ""

    @property
    def equal(self) -> bool:
        """Whether all that was compared is equal."""
        return self.result is not None

    @property
    def lanes(self) -> int:
        """Table look-ups a cycle: at most the lanes asked for, as the tiles of the layer divide."""
        lookups = [a for a in self.design.netlist.actors if a.origin and a.origin.op == "lookup"]
        return max(actor.outputs[0].channel.shape.lanes for actor in lookups)


def build(layer: Layer, images: int, lanes: int) -> hdl.Design:
    """The LUT hardware of a layer, for a launch on this many images."""
    return hdl.build(layer.kernel, dot="lut", lanes=lanes, sizes={"B": images, **layer.sizes})


def rewritten_is_equal(layer: Layer) -> bool:
    """Whether the program with table look-ups gives the same in the VM, on all images."""
    lowered = tilevm.passes.rewrite_dot(layer.kernel, form="lut")
    y = tilevm.run(lowered, layer.arguments(len(layer.x)))["y"]
    return bool(np.array_equal(y, layer.expected))


def simulate(
    layer: Layer, design: hdl.Design, images: int, simulator: str, stall: float, seed: int
) -> Outcome:
    """Simulates a launch with random back-pressure, compared with the VM and with NumPy."""
    arguments = layer.arguments(images)
    try:
        result = design.simulate(arguments, simulator=simulator, stall=stall, seed=seed)
    except tilevm.TileError as error:
        return Outcome(layer, design, images, None, str(error))
    if not np.array_equal(result.outputs["y"], layer.expected[:images]):
        return Outcome(layer, design, images, None, "the outputs differ from reference.py")
    return Outcome(layer, design, images, result)


def record(outcome: Outcome, path: Path) -> None:
    """Writes the waveform of a launch on the first image alone, with ports always ready.

    Hardware that was found wrong is not compared again: its waveform shows how it goes wrong.
    """
    layer = outcome.layer
    design = build(layer, 1, outcome.design.options["lanes"])
    design.simulate(layer.arguments(1), waves=path, check=outcome.equal)
