"""AXI4-Stream: a port's beats as `tdata`, padded to bytes, a launch as one packet."""

from __future__ import annotations

from typing import Any

from amaranth import Cat, Const, Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.netlist import BeatShape
from hdl.units.stage import stream_of


def data_bytes(shape: BeatShape) -> int:
    """Bytes of `tdata` that hold a beat."""
    return -(-shape.width // 8)


def axi_stream(shape: BeatShape) -> wiring.Signature:
    """The signals of a transmitter of such beats."""
    size = data_bytes(shape)
    members: dict[str, Any] = {
        "tdata": Out(8 * size),
        "tkeep": Out(size),
        "tlast": Out(1),
        "tvalid": Out(1),
        "tready": In(1),
    }
    return wiring.Signature(members)


class FromAxiStream(wiring.Component):
    """A receiver: the beats of `bus` as a stream.

    The design counts the beats of a launch itself.  `misframed` is 1 where a beat is taken whose
    `tlast` disagrees with `last`, or that has a byte without `tkeep`.
    """

    def __init__(self, shape: BeatShape) -> None:
        super().__init__(
            {
                "bus": In(axi_stream(shape)),
                "result": Out(stream_of(shape)),
                "last": In(1),
                "misframed": Out(1),
            }
        )

    def elaborate(self, platform: Any) -> Module:
        m, bus = Module(), self.bus
        wrong = (bus.tlast != self.last) | ~bus.tkeep.all()
        payload = self.result.payload.as_value()
        m.d.comb += [
            payload.eq(bus.tdata[: len(payload)]),
            self.result.valid.eq(bus.tvalid),
            bus.tready.eq(self.result.ready),
            self.misframed.eq(bus.tvalid & bus.tready & wrong),
        ]
        return m


class ToAxiStream(wiring.Component):
    """A transmitter: the beats of a stream on `bus`, all bytes kept, the padding 0."""

    def __init__(self, shape: BeatShape) -> None:
        super().__init__(
            {"source": In(stream_of(shape)), "last": In(1), "bus": Out(axi_stream(shape))}
        )

    def elaborate(self, platform: Any) -> Module:
        m, bus = Module(), self.bus
        payload = self.source.payload.as_value()
        padding = len(bus.tdata) - len(payload)
        m.d.comb += [
            bus.tdata.eq(Cat(payload, Const(0, padding)) if padding else payload),
            bus.tkeep.eq(~Const(0, len(bus.tkeep))),
            bus.tlast.eq(self.last),
            bus.tvalid.eq(self.source.valid),
            self.source.ready.eq(bus.tready),
        ]
        return m
