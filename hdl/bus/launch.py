"""Launch tokens: units that act like sources start when told to, so that a design can run again.

A unit without inputs (a stored constant, an `iota`) has nothing to wait for: it would run ahead
into launches that nobody asked for.  With a token at its first firing it waits for the start.
"""

from __future__ import annotations

from dataclasses import replace

from hdl.netlist import Actor, BeatShape, Channel, Input, Netlist, When
from hdl.units import Source, source_actor

TOKEN = BeatShape(1, 1)


def with_launch(netlist: Netlist, name: str = "launch") -> tuple[Netlist, str | None]:
    """The netlist with a port that takes one beat a launch, and the name of the port.

    Each unit without inputs takes that beat at its first firing.  The netlist as it is, and None,
    where all that starts by itself is a port.
    """
    alone = [a for a in netlist.actors if not a.inputs and not isinstance(a.unit, Source)]
    if not alone:
        return netlist, None
    taken = {actor.name for actor in netlist.actors} | {c.name for c in netlist.channels}
    taken |= {a.unit.port for a in netlist.actors if hasattr(a.unit, "port")}
    port, number = name, 1
    while any(f"{port}{end}" in taken for end in ("", "_token", "_start")):
        number += 1
        port = f"{name}_{number}"
    token = Channel(f"{port}_token", TOKEN, 1)
    actors = [source_actor(f"{port}_start", port, token, 1)]
    for actor in netlist.actors:
        actors.append(_started(actor, token) if actor in alone else actor)
    return Netlist(netlist.name, actors), port


def _started(actor: Actor, token: Channel) -> Actor:
    first = When(tuple((level, "first") for level in range(len(actor.trips))))
    return replace(actor, inputs=(Input(token.read(), first),))
