"""Wishbone B4, classic cycles: a port's image in memory, read and written word by word."""

from __future__ import annotations

from typing import Any

from amaranth import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import Out

from hdl.bus.extent import Extent
from hdl.bus.memory_port import (
    ADDRESS_BITS,
    address_of,
    counted,
    owed_launches,
    queue_from,
    queue_to,
    reader_side,
    writer_side,
)
from hdl.bus.register_bus import wishbone
from hdl.bus.slots import Slots

_PLACES = 4  # words in the queue


class WishboneReader(wiring.Component):
    """The image of a port, once for each start, as words: a cycle where the queue has a place."""

    def __init__(self, slots: Slots, *, sized: bool = False) -> None:
        self.slots, self.sized = slots, sized
        bits = slots.word_bits
        super().__init__({"bus": Out(wishbone(ADDRESS_BITS, bits)), **reader_side(bits)})

    def elaborate(self, platform: Any) -> Module:
        m, bus, slots = Module(), self.bus, self.slots
        queue = queue_to(m, self.words, _PLACES)
        answered = Signal()
        extent = Extent(slots, self.beats if self.sized else None)
        word, last = counted(m, "word", slots.words, answered, extent.last_word)
        owed = owed_launches(m, self.start, answered & last)
        address = address_of(self.address, word, slots.word_bytes)
        m.d.comb += [
            # a place that is free stays free until it is written, and so a cycle lasts to its end
            bus.cyc.eq((owed != 0) & queue.w_rdy),
            bus.stb.eq(bus.cyc),
            bus.sel.eq((1 << slots.word_bytes) - 1),
            bus.adr.eq(address[(slots.word_bytes - 1).bit_length() :]),
            answered.eq(bus.cyc & (bus.ack | bus.err)),
            queue.w_data.eq(bus.dat_r),
            queue.w_en.eq(answered),
            self.failed.eq(bus.cyc & bus.err),
        ]
        return m


class WishboneWriter(wiring.Component):
    """Words to the image of a port: a cycle for each word in the queue."""

    def __init__(self, slots: Slots, *, sized: bool = False) -> None:
        self.slots, self.sized = slots, sized
        bits = slots.word_bits
        super().__init__({"bus": Out(wishbone(ADDRESS_BITS, bits)), **writer_side(bits)})

    def elaborate(self, platform: Any) -> Module:
        m, bus, slots = Module(), self.bus, self.slots
        queue = queue_from(m, self.words, _PLACES)
        answered = Signal()
        extent = Extent(slots, self.beats if self.sized else None)
        word, last = counted(m, "word", slots.words, answered, extent.last_word)
        address = address_of(self.address, word, slots.word_bytes)
        every = (1 << slots.word_bytes) - 1
        m.d.comb += [
            bus.cyc.eq(queue.r_rdy),
            bus.stb.eq(bus.cyc),
            bus.we.eq(1),
            bus.sel.eq(Mux(last, extent.last_strobe, every)),
            bus.adr.eq(address[(slots.word_bytes - 1).bit_length() :]),
            bus.dat_w.eq(queue.r_data),
            answered.eq(bus.cyc & (bus.ack | bus.err)),
            queue.r_en.eq(answered),
            self.failed.eq(bus.cyc & bus.err),
            self.finished.eq(answered & last),
        ]
        return m
