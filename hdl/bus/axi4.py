"""AXI4: a port's image in memory, read and written by bursts, asked for ahead of their data."""

from __future__ import annotations

from typing import Any

from amaranth import Const, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

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
from hdl.bus.slots import Bursts, Slots

_INCREMENT, _PLAIN_MEMORY = 1, 0b0011  # burst; normal, not cacheable, bufferable


def _request(channel: str) -> dict[str, Any]:
    """The signals of an address channel, ``ar`` or ``aw``, of a manager."""
    widths = {"id": 1, "addr": ADDRESS_BITS, "len": 8, "size": 3, "burst": 2, "cache": 4, "prot": 3}
    members: dict[str, Any] = {f"{channel}{part}": Out(width) for part, width in widths.items()}
    return {**members, f"{channel}valid": Out(1), f"{channel}ready": In(1)}


def axi4_read(word_bits: int) -> wiring.Signature:
    """The read channels of a manager."""
    answer = {"rid": 1, "rdata": word_bits, "rresp": 2, "rlast": 1, "rvalid": 1}
    return wiring.Signature(
        {**_request("ar"), **{part: In(width) for part, width in answer.items()}, "rready": Out(1)}
    )


def axi4_write(word_bits: int) -> wiring.Signature:
    """The write channels of a manager."""
    data = {"wdata": word_bits, "wstrb": word_bits // 8, "wlast": 1, "wvalid": 1}
    answer = {"bid": 1, "bresp": 2, "bvalid": 1}
    return wiring.Signature(
        {
            **_request("aw"),
            **{part: Out(width) for part, width in data.items()},
            "wready": In(1),
            **{part: In(width) for part, width in answer.items()},
            "bready": Out(1),
        }
    )


class _Requests:
    """The address channel of a bus: bursts of a launch, one after the other.

    `issue`, to be driven, puts the next burst on the channel: only where `free`.  It has `length`
    words; `last` marks that of a launch.
    """

    def __init__(self, m: Module, bus: Any, channel: str, extent: Extent, bursts: Bursts) -> None:
        self.issue, self.free = Signal(name=f"{channel}_issue"), Signal(name=f"{channel}_free")
        valid, ready = getattr(bus, f"{channel}valid"), getattr(bus, f"{channel}ready")
        slots, end = extent.slots, extent.last_burst(bursts)
        number, self.last = counted(m, f"{channel}_burst", bursts.count, self.issue, end)
        self.length = extent.length(bursts, self.last)
        self._bus, self._channel, self._slots, self._number = bus, channel, slots, number
        self._bytes = bursts.length * slots.word_bytes
        m.d.comb += [
            self.free.eq(~valid | ready),
            getattr(bus, f"{channel}size").eq((slots.word_bytes - 1).bit_length()),
            getattr(bus, f"{channel}burst").eq(_INCREMENT),
            getattr(bus, f"{channel}cache").eq(_PLAIN_MEMORY),
        ]
        with m.If(ready):
            m.d.sync += valid.eq(0)

    def drive(self, m: Module, condition: Value, base: Value) -> None:
        """A burst wherever the condition holds and the channel is free."""
        bus, channel = self._bus, self._channel
        m.d.comb += self.issue.eq(self.free & condition)
        with m.If(self.issue):
            m.d.sync += [
                getattr(bus, f"{channel}valid").eq(1),
                getattr(bus, f"{channel}addr").eq(address_of(base, self._number, self._bytes)),
                getattr(bus, f"{channel}len").eq(self.length - 1),
            ]


class Axi4Reader(wiring.Component):
    """The image of a port, once for each start, as words.

    A burst is asked for where the queue has room for all of it beside all that was asked for
    before, so that data never waits on the bus.  The queue holds two bursts: one is on its way
    while another is taken.
    """

    def __init__(self, slots: Slots, longest: int, *, sized: bool = False) -> None:
        self.slots, self.bursts, self.sized = slots, Bursts.of(slots, longest), sized
        super().__init__({"bus": Out(axi4_read(slots.word_bits)), **reader_side(slots.word_bits)})

    def elaborate(self, platform: Any) -> Module:
        m, bus, places = Module(), self.bus, 2 * self.bursts.length
        # two more than are ever promised: a word is on its way to the queue's output for a cycle
        queue = queue_to(m, self.words, places + 2)
        extent = Extent(self.slots, self.beats if self.sized else None)
        requests = _Requests(m, bus, "ar", extent, self.bursts)
        owed = owed_launches(m, self.start, requests.issue & requests.last)
        taken, credit = Signal(), Signal(range(places + 1), init=places)
        m.d.sync += credit.eq(credit + taken - Mux(requests.issue, requests.length, 0))
        requests.drive(m, (owed != 0) & (credit >= requests.length), self.address)
        m.d.comb += [
            bus.rready.eq(queue.w_rdy),
            queue.w_en.eq(bus.rvalid),
            queue.w_data.eq(bus.rdata),
            self.failed.eq(bus.rvalid & bus.rready & (bus.rresp != 0)),
            taken.eq(queue.r_rdy & queue.r_en),
        ]
        return m


class Axi4Writer(wiring.Component):
    """Words to the image of a port.

    A burst is announced where the queue holds all its words, so that data never waits for the
    design; several may be unanswered.  A launch has `finished` with the answer to its last burst:
    answers come in order, as all bursts have one identity.
    """

    def __init__(self, slots: Slots, longest: int, *, sized: bool = False) -> None:
        self.slots, self.bursts, self.sized = slots, Bursts.of(slots, longest), sized
        super().__init__({"bus": Out(axi4_write(slots.word_bits)), **writer_side(slots.word_bits)})

    def elaborate(self, platform: Any) -> Module:
        m, bus, slots, bursts = Module(), self.bus, self.slots, self.bursts
        places = 2 * bursts.length + 2
        queue = queue_from(m, self.words, places)
        extent = Extent(slots, self.beats if self.sized else None)
        requests = _Requests(m, bus, "aw", extent, bursts)
        pushed, sent, answered = Signal(), Signal(), Signal()
        announced = Mux(requests.issue, requests.length, 0)
        waiting, due = Signal(range(places + 1)), Signal(range(places + 1))
        m.d.sync += [
            waiting.eq(waiting + pushed - announced),  # in the queue, of no burst yet
            due.eq(due + announced - sent),  # of a burst, not yet sent
        ]
        requests.drive(m, waiting >= requests.length, self.address)
        word, last_word = counted(m, "word", slots.words, sent, extent.last_word)
        last_of_burst = last_word
        if bursts.count > 1:
            bits = (bursts.length - 1).bit_length()
            last_of_burst = last_word | word[:bits].all() if bits else Const(1)
        every = (1 << slots.word_bytes) - 1
        m.d.comb += [
            pushed.eq(queue.w_en & queue.w_rdy),
            bus.wdata.eq(queue.r_data),
            bus.wstrb.eq(Mux(last_word, extent.last_strobe, every)),
            bus.wlast.eq(last_of_burst),
            bus.wvalid.eq(queue.r_rdy & (due != 0)),
            sent.eq(bus.wvalid & bus.wready),
            queue.r_en.eq(sent),
            bus.bready.eq(1),
            answered.eq(bus.bvalid),
            self.failed.eq(answered & (bus.bresp != 0)),
        ]
        _, last_answer = counted(m, "answer", bursts.count, answered, extent.last_burst(bursts))
        m.d.comb += self.finished.eq(answered & last_answer)
        return m
