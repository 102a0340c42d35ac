"""Run by cocotb inside a simulator: other people's bus models drive the emitted Verilog.

The plan comes from the file that PLAN names; what was seen goes into the one that SEEN names.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import RisingEdge
from cocotbext.axi import (
    AxiLiteBus,
    AxiLiteMaster,
    AxiStreamBus,
    AxiStreamFrame,
    AxiStreamSink,
    AxiStreamSource,
)
from cocotbext.wishbone import driver as wishbone_driver
from cocotbext.wishbone.driver import WBOp, WishboneMaster

PLAN = json.loads(Path(os.environ["PLAN"]).read_text())
WISHBONE = {"cyc": "cyc", "stb": "stb", "we": "we", "adr": "adr", "ack": "ack"} | {
    "datwr": "dat_w",
    "datrd": "dat_r",
}


def deposit(signal: Any, value: int) -> None:
    signal.value = value


# Icarus 11 keeps what is set immediately at time 0, but does not pass it on
wishbone_driver.set_immediate = deposit


def pauses(chance: float, seed: int) -> Iterator[bool]:
    rng = Random(seed)
    while True:
        yield rng.random() < chance


class Registers:
    """Reads and writes of 32-bit words, whatever the bus is."""

    def __init__(self, dut: Any) -> None:
        if PLAN["control"] == "axi-lite":
            self.lite = AxiLiteMaster(AxiLiteBus.from_prefix(dut, "control"), dut.clk, dut.rst)
            channels = (
                self.lite.write_if.aw_channel,
                self.lite.write_if.w_channel,
                self.lite.write_if.b_channel,
                self.lite.read_if.ar_channel,
                self.lite.read_if.r_channel,
            )
            for number, channel in enumerate(channels):
                if PLAN["stall"]:
                    channel.set_pause_generator(pauses(PLAN["stall"], number))
        else:
            self.lite = None
            self.bus = WishboneMaster(
                dut, "control", dut.clk, timeout=50, width=32, signals_dict=WISHBONE
            )

    async def read(self, offset: int) -> tuple[int, bool]:
        """The word, and whether the address is known."""
        if self.lite is not None:
            found = await self.lite.read(offset, 4)
            return int.from_bytes(found.data, "little"), int(found.resp) == 0
        (result,) = await self.bus.send_cycle([WBOp(offset >> 2)])
        return int(result.datrd), result.ack == 1

    async def write(self, offset: int, word: int) -> None:
        if self.lite is not None:
            await self.lite.write(offset, word.to_bytes(4, "little"))
        else:
            await self.bus.send_cycle([WBOp(offset >> 2, dat=word)])


@cocotb.test()
async def launches(dut: Any) -> None:
    """Starts all launches, feeds them, and takes what comes out."""
    dut.rst.value = 1
    sources = {n: AxiStreamSource(AxiStreamBus.from_prefix(dut, n), dut.clk, dut.rst)
               for n in PLAN["feeds"]}  # fmt: skip
    sinks = {n: AxiStreamSink(AxiStreamBus.from_prefix(dut, n), dut.clk, dut.rst)
             for n in PLAN["results"]}  # fmt: skip
    registers = Registers(dut) if PLAN["control"] else None
    if PLAN["stall"]:
        for number, stream in enumerate([*sources.values(), *sinks.values()]):
            stream.set_pause_generator(pauses(PLAN["stall"], PLAN["seed"] + number))
    cocotb.start_soon(Clock(dut.clk, 10, "ns").start())
    for _ in range(4):
        await RisingEdge(dut.clk)
    dut.rst.value = 0
    await RisingEdge(dut.clk)
    seen: dict[str, Any] = {"frames": {}, "registers": {}}
    for name, frames in PLAN["feeds"].items():
        for frame in frames:
            await sources[name].send(AxiStreamFrame(bytes.fromhex(frame)))
    if registers is not None:
        for _ in range(30):
            await RisingEdge(dut.clk)
        assert all(sink.empty() for sink in sinks.values()), "it began before it was started"
        for _ in range(PLAN["launches"]):
            await registers.write(0x0C, 1)
    for name, sink in sinks.items():
        frames = [bytes((await sink.recv()).tdata).hex() for _ in range(PLAN["launches"])]
        seen["frames"][name] = frames
    for _ in range(30):
        await RisingEdge(dut.clk)
    assert all(sink.empty() for sink in sinks.values()), "it gave more than was asked for"
    if registers is not None:
        for offset in (*PLAN["offsets"], 0x7C):
            seen["registers"][str(offset)] = await registers.read(offset)
        await registers.write(0x10, 0x1F)
        seen["cleared"] = (await registers.read(0x10))[0]
    Path(os.environ["SEEN"]).write_text(json.dumps(seen))
