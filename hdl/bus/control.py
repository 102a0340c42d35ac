"""The control registers as hardware: starts, what runs, what went wrong, counters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from amaranth import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.bus.gate import LAUNCHES
from hdl.bus.register_bus import register_bus
from hdl.bus.registers import IDENTITY, STEPS, VERSION, RegisterMap
from hdl.units.nest import all_of, any_of


@dataclass(frozen=True)
class Facts:
    """What a design says about itself in its registers."""

    design: int  # 32 bits of its hash
    predicted: int  # cycles of a launch


class Control(wiring.Component):
    """Launches by way of registers.

    `start` is 1 in a cycle in which a launch begins.  Each port says by `finished<n>` that its part
    of a launch is done: a launch ends with its last port, launches in their order.  With a size
    that is chosen at each launch, `steps` is that of the launch under way, of which there is one
    at most; after it `restart` is 1 for a cycle.  A port with a
    memory bus reads its `address<n>` here, and says by `failed<n>` that memory answered with an
    error.
    """

    def __init__(self, registers: RegisterMap, facts: Facts) -> None:
        self.map, self.facts = registers, facts
        members: dict[str, Any] = {
            "bus": In(register_bus(registers.address_bits)),
            "start": Out(1),
            "misframed": In(1),
        }
        if registers.size is not None:
            members["steps"] = Out(range(registers.size.most + 1))
            members["restart"] = Out(1)
        for number, port in enumerate(registers.ports):
            members[f"finished{number}"] = In(1)
            members[f"waiting{number}"] = In(1)
            if port.has_address:
                members[f"address{number}"] = Out(64)
                members[f"failed{number}"] = In(1)
        super().__init__(members)

    def elaborate(self, platform: Any) -> Module:
        m, facts = Module(), self.facts
        busy, ended, accepted = Signal(), Signal(), Signal()
        running = Signal(range(LAUNCHES + 1))
        mask = Cat(bit.replicate(8) for bit in self.bus.strobe)
        written = Signal(32)
        m.d.comb += [busy.eq(running != 0), written.eq(self.bus.value & mask)]

        def writes(offset: int) -> Value:
            return self.bus.write & (self.bus.word == offset >> 2)

        asked, size = Signal(), self.map.size
        steps, fits = Signal(32, init=size.most if size else 0), Signal(init=1)
        m.d.comb += [
            fits.eq((steps != 0) & (steps <= size.most) if size else 1),
            asked.eq(writes(0x0C) & written[0]),
            accepted.eq(asked & fits & (running != (1 if size else LAUNCHES))),
            self.start.eq(accepted),
        ]
        m.d.sync += running.eq(running + accepted - ended)
        m.d.comb += ended.eq(self._ended(m))

        def counter(name: str, event: Value, bits: int = 32) -> Signal:
            """Of the cycles in which the design is busy since it was last idle, those with it."""
            count = Signal(bits, name=name)
            with m.If(accepted & ~busy):
                m.d.sync += count.eq(0)
            with m.Elif(busy):
                m.d.sync += count.eq(count + event)
            return count

        launches, cycles = Signal(32), counter("cycles", Const(1), 64)
        sticky = Signal(5)
        m.d.sync += launches.eq(launches + ended)
        cleared = Mux(writes(0x10), written[1:6], 0)
        failures = [
            getattr(self, f"failed{number}")
            for number, port in enumerate(self.map.ports)
            if port.has_address
        ]
        dropped = asked & fits & ~accepted
        events = Cat(ended, dropped, self.misframed, any_of(failures), asked & ~fits)
        m.d.sync += sticky.eq((sticky & ~cleared) | events)

        values: dict[int, Value] = {
            0x00: Const(IDENTITY, 32),
            0x04: Const(VERSION, 32),
            0x08: Const(facts.design, 32),
            0x0C: Const(0, 32),
            0x10: Cat(busy, sticky),
            0x14: launches,
            0x18: cycles[:32],
            0x1C: cycles[32:],
            0x20: Const(facts.predicted, 32),
        }

        if size is not None:
            values[STEPS] = steps
            with m.If(writes(STEPS)):
                m.d.sync += steps.eq((steps & ~mask) | written)
            with m.If(accepted):
                m.d.sync += self.steps.eq(steps)
            m.d.sync += self.restart.eq(ended)

        for number, port in enumerate(self.map.ports):
            values[port.base] = counter(f"waits{number}", getattr(self, f"waiting{number}"))
            if port.has_address:
                failed = getattr(self, f"failed{number}")
                values[port.base + 4] = counter(f"errors{number}", failed)
                address = getattr(self, f"address{number}")
                for part in range(2):
                    word, offset = address[32 * part :][:32], port.base + 8 + 4 * part
                    with m.If(writes(offset)):
                        m.d.sync += word.eq((word & ~mask) | written)
                    values[offset] = word
        with m.Switch(self.bus.word):
            for offset, value in values.items():
                with m.Case(offset >> 2):
                    m.d.comb += [self.bus.data.eq(value), self.bus.known.eq(1)]
        return m

    def _ended(self, m: Module) -> Value:
        """Whether the oldest launch ends: every port has finished its part of it."""
        ended, done = Signal(name="launch_ended"), []
        for number in range(len(self.map.ports)):
            finished = getattr(self, f"finished{number}")
            ahead = Signal(range(LAUNCHES + 1), name=f"ahead{number}")
            m.d.sync += ahead.eq(ahead + finished - ended)
            done.append((ahead != 0) | finished)
        m.d.comb += ended.eq(all_of(done))
        return ended
