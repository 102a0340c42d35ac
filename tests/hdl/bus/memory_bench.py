"""Run by cocotb inside a simulator: other people's memories answer the buses of the Verilog.

As `cocotb_bench`, by a plan in a file: rounds of images that are put into memory, launches, and
images that are found there.
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
from cocotb.triggers import ReadOnly, RisingEdge
from cocotb_bench import PLAN, WISHBONE, Registers, deposit, pauses
from cocotbext.axi import (
    AxiRamRead,
    AxiRamWrite,
    AxiReadBus,
    AxiStreamBus,
    AxiStreamFrame,
    AxiStreamSink,
    AxiStreamSource,
    AxiWriteBus,
)
from cocotbext.wishbone import monitor as wishbone_monitor
from cocotbext.wishbone.monitor import WishboneSlave

wishbone_monitor.set_immediate = deposit
SIZE = 1 << 22  # bytes of memory; addresses repeat beyond
BAD: set[int] = set(PLAN["bad"])  # byte addresses that answer with an error
BYTES = PLAN["bus_bits"] // 8


def refuse(address: int, length: int) -> None:
    if any(address <= bad < address + length for bad in BAD):
        raise ValueError("a bad address, as planned")


class Reads(AxiRamRead):  # type: ignore[misc]
    async def _read(self, address: int, length: int) -> bytes:
        refuse(address % SIZE, length)
        return await super()._read(address, length)  # type: ignore[no-any-return]


class Writes(AxiRamWrite):  # type: ignore[misc]
    async def _write(self, address: int, data: bytes) -> None:
        refuse(address % SIZE, len(data))
        await super()._write(address, data)


class WishboneMemory:
    """Answers for a WishboneSlave, which knows no addresses: it looks at the bus itself."""

    def __init__(self, dut: Any, name: str, memory: Any, seed: int) -> None:
        self.memory, self.rng = memory, Random(seed)
        self.pins = {part: getattr(dut, f"{name}_{part}") for part in ("adr", "we", "sel", "dat_w")}
        signals = WISHBONE | {"sel": "sel", "err": "err"}
        WishboneSlave(
            dut, name, dut.clk, width=PLAN["bus_bits"], signals_dict=signals,
            datgen=self.data(), ackgen=self.answers(), waitreplygen=self.latencies(),
        )  # fmt: skip

    @property
    def address(self) -> int:
        return int(self.pins["adr"].value) * BYTES % SIZE

    def data(self) -> Iterator[int]:
        while True:
            yield int.from_bytes(self.memory[self.address : self.address + BYTES], "little")

    def answers(self) -> Iterator[int]:
        while True:
            bad = self.address in BAD
            if self.pins["we"].value and not bad:
                data = int(self.pins["dat_w"].value).to_bytes(BYTES, "little")
                for byte in range(BYTES):
                    if int(self.pins["sel"].value) >> byte & 1:
                        self.memory[self.address + byte] = data[byte]
            yield 2 if bad else 1

    def latencies(self) -> Iterator[int]:
        while True:
            yield self.rng.randrange(4) if PLAN["stall"] else 0


async def watch_bursts(dut: Any, name: str, channel: str, port: dict[str, Any]) -> None:
    """Bursts stay in the image and in one page; what was offered stays until it is taken."""
    pins = [getattr(dut, f"{name}_{channel}{part}") for part in ("valid", "ready", "addr", "len")]
    offered = None
    while True:
        await RisingEdge(dut.clk)
        await ReadOnly()
        valid, ready, address, length = (int(pin.value) for pin in pins)
        assert offered is None or (valid, address, length) == (1, *offered), "it was taken back"
        offered = (address, length) if valid and not ready else None
        if valid:
            size = (length + 1) * BYTES
            start = address - port["base"]
            assert 0 <= start and start + size < port["bytes"] + BYTES, "a burst beside the image"
            assert address % 4096 + size <= 4096, "a burst across pages"
            port["longest"] = max(port["longest"], length + 1)


def attach(dut: Any, memory: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """A memory, or a stream, at every port; returns the sources and the sinks of streams."""
    sources: dict[str, Any] = {}
    sinks: dict[str, Any] = {}
    channels = []
    for number, (name, port) in enumerate(PLAN["ports"].items()):
        if port["kind"] == "axi-stream":
            make, ends = (AxiStreamSource, sources) if port["inward"] else (AxiStreamSink, sinks)
            ends[name] = make(AxiStreamBus.from_prefix(dut, name), dut.clk, dut.rst)
            channels.append(ends[name])
        elif port["kind"] == "wishbone":
            WishboneMemory(dut, name, memory, PLAN["seed"] + number)
        elif port["inward"]:
            reads = Reads(AxiReadBus.from_prefix(dut, name), dut.clk, dut.rst, mem=memory,
                          size=SIZE)  # fmt: skip
            channels += [reads.ar_channel, reads.r_channel]
            cocotb.start_soon(watch_bursts(dut, name, "ar", port))
        else:
            writes = Writes(AxiWriteBus.from_prefix(dut, name), dut.clk, dut.rst, mem=memory,
                            size=SIZE)  # fmt: skip
            channels += [writes.aw_channel, writes.w_channel, writes.b_channel]
            cocotb.start_soon(watch_bursts(dut, name, "aw", port))
    for number, channel in enumerate(channels):
        if PLAN["stall"]:
            channel.set_pause_generator(pauses(PLAN["stall"], PLAN["seed"] + number))
    return sources, sinks


@cocotb.test()
async def rounds(dut: Any) -> None:
    """Each round: images into memory, launches, images out of memory."""
    dut.rst.value = 1
    memory, seen = bytearray(b"\xaa" * SIZE), {"rounds": [], "cycles": [], "registers": {}}
    (sources, sinks), registers = attach(dut, memory), Registers(dut)
    cocotb.start_soon(Clock(dut.clk, 10, "ns").start())
    for _ in range(4):
        await RisingEdge(dut.clk)
    dut.rst.value = 0
    await RisingEdge(dut.clk)
    for port in PLAN["ports"].values():
        port["longest"] = 0
        if port["kind"] != "axi-stream":
            for part in range(2):
                await registers.write(
                    port["register"] + 4 * part, port["base"] >> 32 * part & 0xFFFFFFFF
                )
    ended = 0
    for turn, images in enumerate(PLAN["rounds"]):
        if PLAN["steps"]:
            steps = PLAN["steps"][turn]
            for wrong in (0, PLAN["most"] + 1, 1 << 31):  # no launch, but an error bit
                await registers.write(0x24, wrong)
                await registers.write(0x0C, 1)
                assert (await registers.read(0x10))[0] & 0b100001 == 0b100000
                await registers.write(0x10, 0b100000)
            await registers.write(0x24, steps)
        for name, text in images.items():
            data, port = bytes.fromhex(text), PLAN["ports"][name]
            if name in sources:
                for _ in range(PLAN["starts"]):
                    await sources[name].send(AxiStreamFrame(data))
            else:
                start = port["base"] % SIZE
                memory[start : start + len(data)] = data
        for _ in range(PLAN["starts"]):
            await registers.write(0x0C, 1)
        ended += PLAN["starts"]
        while (await registers.read(0x14))[0] != ended:
            pass
        found = {}
        for name, port in PLAN["ports"].items():
            if name in sinks:
                found[name] = bytes((await sinks[name].recv()).tdata).hex()
                assert sinks[name].empty(), "more than one packet"
            elif not port["inward"]:
                start = port["base"] % SIZE
                found[name] = bytes(memory[start : start + port["bytes"] + 64]).hex()
                memory[start : start + port["bytes"]] = b"\xaa" * port["bytes"]
        seen["rounds"].append(found)
        seen["cycles"].append((await registers.read(0x18))[0])
    for offset in PLAN["offsets"]:
        seen["registers"][str(offset)] = (await registers.read(offset))[0]
    seen["longest"] = {name: port["longest"] for name, port in PLAN["ports"].items()}
    Path(os.environ["SEEN"]).write_text(json.dumps(seen))
