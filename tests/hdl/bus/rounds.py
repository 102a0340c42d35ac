"""Rounds of launches of a design at other people's memories and streams: what came is compared.

Each round has values of its own, and a size of its own where one is chosen at each launch; nothing
is reset between them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import hdl
import tilevm
from hdl.launches import DesignLaunch, launch_of
from hdl.netlist import BeatShape
from hdl.sim.ports import pack, unpack
from tests.hdl.bus.cocotb_run import drive

UNTOUCHED = 0xAA  # what memory holds where nobody has written


def run_rounds(
    design: hdl.Design,
    runs: Sequence[Mapping[str, Any]],
    folder: Path,
    *,
    stall: float,
    starts: int = 1,
    bad: Sequence[int] = (),
    seed: int = 5,
) -> dict[str, Any]:
    """What was seen, registers by name in `values`; outputs equal the machine's on the program.

    Each run is started `starts` times in a row.  At the byte addresses `bad` memory answers with
    errors, and values are not compared.
    """
    assert design.registers is not None
    launches = [launch_of(design, run) for run in runs]
    registers = {port.port: port.base + 8 for port in design.registers.ports}
    ports, slots = {}, design.slots
    for number, port in enumerate((*design.inputs, *design.outputs)):
        ports[port.name] = {
            "kind": design.edges.kinds[port.name],
            "inward": port in design.inputs,
            "register": registers[port.name],
            "base": (1 + number) * 0x1_0002_3000,
            "bytes": slots[port.name].bytes if port.name in slots else 0,
        }
    plan = {
        "control": design.edges.control,
        "bus_bits": design.edges.bus_bits,
        "stall": stall,
        "seed": seed,
        "ports": ports,
        "rounds": [images(launch) for launch in launches],
        "starts": starts,
        "bad": bad,
        "steps": [launch.steps for launch in launches if launch.steps is not None],
        "most": design.runtime.most if design.runtime is not None else 0,
        "offsets": [register.offset for register in design.registers.registers],
    }
    seen = drive(design, folder, plan, "memory_bench")
    for run, launch, found in zip(runs, launches, seen["rounds"], strict=True):
        outputs = launch.collect(
            {port.name: beats_of(launch, port.name, found[port.name]) for port in design.outputs}
        )
        if not bad:
            for name, wanted in tilevm.run(design.source, run).items():
                kind = design.source.param(name).dtype
                assert np.array_equal(kind.encode(outputs[name]), kind.encode(wanted)), name
    exact = not stall and starts == 1 and not design.edges.reaches_memory
    for launch, cycles in zip(launches, seen["cycles"], strict=True):
        least = launch.timed(design.timing).cycles
        assert cycles == least if exact else cycles >= least
    names = {register.offset: register.name for register in design.registers.registers}
    values = {names[int(offset)]: value for offset, value in seen["registers"].items()}
    assert values["launches"] == len(runs) * starts
    return {**seen, "values": values}


def images(launch: DesignLaunch) -> dict[str, str]:
    """What each port in is fed, as bytes: its image in memory, or its packet."""
    design, found = launch.design, {}
    for port in design.inputs:
        words = pack(launch.feed()[port.name], port.shape)
        size = bytes_of(design, port.name, port.shape)
        found[port.name] = b"".join(word.to_bytes(size, "little") for word in words).hex()
    return found


def beats_of(launch: DesignLaunch, port: str, text: str) -> Any:
    """The beats of a port out; what lies behind them must be untouched."""
    shape = next(each.shape for each in launch.design.outputs if each.name == port)
    image, size = bytes.fromhex(text), bytes_of(launch.design, port, shape)
    end = launch.beats(port) * size
    assert len(image) >= end and set(image[end:]) <= {UNTOUCHED}, f"{port}: written beyond the end"
    mask = (1 << shape.width) - 1
    words = [int.from_bytes(image[at : at + size], "little") & mask for at in range(0, end, size)]
    return unpack(words, shape)


def bytes_of(design: hdl.Design, port: str, shape: BeatShape) -> int:
    """Bytes from one beat to the next, in memory or in a packet."""
    return design.slots[port].slot_bytes if port in design.slots else -(-shape.width // 8)
