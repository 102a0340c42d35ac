"""The contract of streams, watched at every stream inside a design while it is simulated.

What is offered stays until it is taken: valid does not fall, and the payload does not change.
"""

from __future__ import annotations

from typing import Any

from amaranth import Const, Elaboratable, Fragment, Module, Signal, Value

from hdl.sim.ports import broken_stream
from hdl.top import Top
from hdl.units.stage import joined


class Watched(Elaboratable):
    """A design and a watcher at each stream that an actor pushes into a channel or takes from one.

    Once elaborated, bit n of `broken` says that stream n of `names` offers something else in this
    cycle than in the one before, when nobody took it.
    """

    def __init__(self, top: Top) -> None:
        self.top = top
        self.names: list[str] = []
        self.broken: Value = Const(0)

    def check(self, ctx: Any, cycle: int) -> None:
        """TV0617 for the first stream that takes back or changes what it offered."""
        broken: int = ctx.get(self.broken)
        if broken:
            name = self.names[(broken & -broken).bit_length() - 1]
            raise broken_stream(f"stream `{name}`", cycle)

    def elaborate(self, platform: Any) -> Module:
        m = Module()
        m.submodules.design = Fragment.get(self.top, platform)  # now, so that its actors are there
        broken = []
        for name, stream in _streams(self.top):
            m.submodules[f"watch{len(broken)}"] = inner = Module()
            payload = stream.payload.as_value()
            kept, last, wrong = Signal(), Signal(len(payload)), Signal()
            inner.d.sync += [kept.eq(stream.valid & ~stream.ready), last.eq(payload)]
            inner.d.comb += wrong.eq(kept & (~stream.valid | (payload != last)))
            self.names.append(name)
            broken.append(wrong)
        self.broken = joined(broken)
        return m


def _streams(top: Top) -> list[tuple[str, Any]]:
    """Streams inside of a design, by name: those of ports are watched where they are driven."""
    found = []
    for name, component in top.actors.items():
        actor = component.actor
        for port, stream in zip(actor.inputs, component.inputs, strict=False):
            found.append((f"{port.reader.channel.name}` to `{name}", stream))
        for port, stream in zip(actor.outputs, component.outputs, strict=False):
            found.append((f"{name}` to `{port.channel.name}", stream))
    return found
