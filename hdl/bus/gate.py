"""A port's gate: it lets the beats of a launch through once the launch has been started."""

from __future__ import annotations

from typing import Any

from amaranth import Const, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.netlist import BeatShape
from hdl.units.stage import stream_of

LAUNCHES = 15  # that may be started and not yet done


class Gate(wiring.Component):
    """The stream `source` to the stream `result`, `beats` beats for each `start`.

    It has no register on the way: payload and handshake pass in the same cycle while a launch is
    `open`, which ends with a transfer, so a beat that was offered stays.  `last` marks the last
    beat of a launch, `finished` is 1 in the cycle in which it moves.  A gate that is not `gated`
    is always open, and only counts.  To one that is `sized` a launch has `count` beats, at most
    `beats`.
    """

    def __init__(self, shape: BeatShape, beats: int, *, gated: bool, sized: bool = False) -> None:
        self.beats, self.gated, self.sized = beats, gated, sized
        members: dict[str, Any] = {
            "source": In(stream_of(shape)),
            "result": Out(stream_of(shape)),
            "start": In(1),
            "count": In(range(beats + 1)),
            "open": Out(1),
            "last": Out(1),
            "finished": Out(1),
        }
        super().__init__(members)

    def elaborate(self, platform: Any) -> Module:
        m = Module()
        moved = Signal()
        m.d.comb += moved.eq(self.result.valid & self.result.ready)
        last: Value = Const(1)
        if self.beats > 1:
            at = Signal(range(self.beats))
            last = at == (self.count if self.sized else self.beats) - 1
            with m.If(moved):
                m.d.sync += at.eq(Mux(last, 0, at + 1))
        m.d.comb += [self.last.eq(last), self.finished.eq(moved & last)]
        if self.gated:
            owed = Signal(range(LAUNCHES + 1))
            m.d.sync += owed.eq(owed + self.start - self.finished)
            m.d.comb += self.open.eq(owed != 0)
        else:
            m.d.comb += self.open.eq(1)
        m.d.comb += [
            self.result.payload.eq(self.source.payload),
            self.result.valid.eq(self.source.valid & self.open),
            self.source.ready.eq(self.result.ready & self.open),
        ]
        return m
