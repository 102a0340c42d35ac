"""Front ends of the control registers: AXI4-Lite and Wishbone, over one plain register bus."""

from __future__ import annotations

from typing import Any

from amaranth import Cat, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

OKAY, SLAVE_ERROR = 0, 2  # AXI responses


def register_bus(address_bits: int) -> wiring.Signature:
    """Word addresses; `read` and `write` act in the cycle in which they are 1.

    `data` and `known` answer to `word` in the same cycle.
    """
    return wiring.Signature(
        {
            "word": Out(address_bits - 2),
            "write": Out(1),
            "value": Out(32),
            "strobe": Out(4),
            "data": In(32),
            "known": In(1),
        }
    )


def axi_lite(address_bits: int) -> wiring.Signature:
    """The signals of an AXI4-Lite manager, data of 32 bits."""
    return wiring.Signature(
        {
            "awaddr": Out(address_bits),
            "awprot": Out(3),
            "awvalid": Out(1),
            "awready": In(1),
            "wdata": Out(32),
            "wstrb": Out(4),
            "wvalid": Out(1),
            "wready": In(1),
            "bresp": In(2),
            "bvalid": In(1),
            "bready": Out(1),
            "araddr": Out(address_bits),
            "arprot": Out(3),
            "arvalid": Out(1),
            "arready": In(1),
            "rdata": In(32),
            "rresp": In(2),
            "rvalid": In(1),
            "rready": Out(1),
        }
    )


def wishbone(address_bits: int, data_bits: int = 32) -> wiring.Signature:
    """The signals of a Wishbone B4 classic master; addresses are of words."""
    word_bytes = data_bits // 8
    return wiring.Signature(
        {
            "cyc": Out(1),
            "stb": Out(1),
            "we": Out(1),
            "adr": Out(address_bits - (word_bytes - 1).bit_length()),
            "sel": Out(word_bytes),
            "dat_w": Out(data_bits),
            "dat_r": In(data_bits),
            "ack": In(1),
            "err": In(1),
        }
    )


class FromAxiLite(wiring.Component):
    """One access after the other; a write waits for its address and its data, in any order.

    A write goes first where both wait.  All answers come from registers.
    """

    def __init__(self, address_bits: int) -> None:
        super().__init__(
            {"bus": In(axi_lite(address_bits)), "registers": Out(register_bus(address_bits))}
        )

    def elaborate(self, platform: Any) -> Module:
        m, bus, registers = Module(), self.bus, self.registers
        write, read = Signal(), Signal()
        m.d.comb += [
            write.eq(bus.awvalid & bus.wvalid & (~bus.bvalid | bus.bready)),
            read.eq(bus.arvalid & ~write & (~bus.rvalid | bus.rready)),
            bus.awready.eq(write),
            bus.wready.eq(write),
            bus.arready.eq(read),
            registers.word.eq(Mux(write, bus.awaddr[2:], bus.araddr[2:])),
            registers.write.eq(write),
            registers.value.eq(bus.wdata),
            registers.strobe.eq(bus.wstrb),
        ]
        response = Mux(registers.known, OKAY, SLAVE_ERROR)
        with m.If(bus.bready):
            m.d.sync += bus.bvalid.eq(0)
        with m.If(write):
            m.d.sync += [bus.bvalid.eq(1), bus.bresp.eq(response)]
        with m.If(bus.rready):
            m.d.sync += bus.rvalid.eq(0)
        with m.If(read):
            m.d.sync += [bus.rvalid.eq(1), bus.rresp.eq(response), bus.rdata.eq(registers.data)]
        return m


class FromWishbone(wiring.Component):
    """Classic cycles, each answered in the cycle after it began; an unknown address by `err`."""

    def __init__(self, address_bits: int) -> None:
        super().__init__(
            {"bus": In(wishbone(address_bits)), "registers": Out(register_bus(address_bits))}
        )

    def elaborate(self, platform: Any) -> Module:
        m, bus, registers = Module(), self.bus, self.registers
        access = Signal()
        m.d.comb += [
            access.eq(bus.cyc & bus.stb & ~bus.ack & ~bus.err),
            registers.word.eq(bus.adr),
            registers.write.eq(access & bus.we),
            registers.value.eq(bus.dat_w),
            registers.strobe.eq(bus.sel),
        ]
        m.d.sync += Cat(bus.ack, bus.err).eq(
            Cat(access & registers.known, access & ~registers.known)
        )
        with m.If(access):
            m.d.sync += bus.dat_r.eq(registers.data)
        return m
