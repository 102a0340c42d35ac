"""Memory: elements at addresses known only while it runs, read and changed one a firing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import gcd
from typing import TYPE_CHECKING, Any

import numpy as np

from hdl.netlist import Actor, BeatShape, Channel, Input, Origin, Output, Reader
from hdl.turns import Due, Turns
from hdl.units.function import LaneFunction
from hdl.units.lanes import Beats, beats_dtype, fit, launches_of

if TYPE_CHECKING:
    from hdl.units.stage import Stage


@dataclass(frozen=True, eq=False)
class Access:
    """What one place of a program does to an element: reads it, and maybe changes it.

    Each firing takes an address, then `values` elements of the operands.  It gives the element as
    it was before (`gives`).  The new element is `update` of the one held and the operands, or the
    first operand itself (None); without `writes` it stays.  The address `size` is no element:
    nothing is written there, and `otherwise` is read.
    """

    values: int = 0
    update: LaneFunction | None = None
    writes: bool = False
    gives: bool = False
    otherwise: int = 0


@dataclass(frozen=True)
class Fill:
    """The whole content comes in, in order."""


@dataclass(frozen=True)
class Drain:
    """The whole content goes out, in order."""


Place = Access | Fill | Drain


@dataclass(frozen=True, eq=False)
class Memory:
    """`size` elements of `shape`, one lane, touched by `places` in the order of their turns.

    A `Fill` takes, a `Drain` gives `lanes` elements a firing; all else is one element a firing, and
    sees what the firing before has written.
    """

    shape: BeatShape
    size: int
    lanes: int
    places: tuple[Place, ...]
    turns: Turns

    @property
    def summary(self) -> str:
        return f"memory of {self.size} x {self.shape.bits} bits"

    @property
    def bits(self) -> int:
        """Bits that it stores."""
        return self.size * self.shape.bits

    @property
    def address(self) -> BeatShape:
        """The shape of an address: an element, or `size` for none."""
        return address_shape(self.size)

    @property
    def image(self) -> BeatShape:
        """A beat of the content."""
        return BeatShape(self.lanes, self.shape.bits, self.shape.signed)

    def model(self, inputs: Sequence[Beats], actor: Actor) -> list[Beats]:
        ports = _input_places(self.places)
        due = self.turns.places
        per_launch = int((due == ports[0]).sum())
        launches = launches_of(len(inputs[0]), per_launch, actor)
        held = np.zeros((self.size, 1), beats_dtype(self.shape))
        taken = [0] * len(inputs)
        first = {place: ports.index(place) for place in set(ports)}
        given: dict[int, list[Any]] = {n: [] for n in _output_places(self.places)}
        filled = drained = 0
        for number in np.tile(due, launches).tolist():
            place = self.places[number]
            if isinstance(place, Drain):
                at = drained * self.lanes % self.size
                given[number].append(held[at : at + self.lanes, 0].copy())
                drained += 1
                continue
            port = first[number]
            beat, taken[port] = inputs[port][taken[port]], taken[port] + 1
            if isinstance(place, Fill):
                at = filled * self.lanes % self.size
                held[at : at + self.lanes, 0] = beat
                filled += 1
                continue
            operands = []
            for operand in range(port + 1, port + 1 + place.values):
                operands.append(inputs[operand][taken[operand]][None])
                taken[operand] += 1
            address = int(beat[0])
            inside = address < self.size
            old = (
                held[address : address + 1]
                if inside
                else fit(np.full((1, 1), place.otherwise, object), self.shape)
            )
            if place.gives:
                given[number].append(old[0].copy())
            if place.writes and inside:
                new = operands[0]
                if place.update is not None:
                    new = place.update.model([old, *operands])
                held[address] = fit(new, self.shape)[0]
        return [
            np.array(beats, beats_dtype(self.shape)).reshape(len(beats), -1)
            for beats in given.values()
        ]

    def emit(self, m: Any, stage: Stage, actor: Actor) -> list[list[Any]]:
        from hdl.units.storage import memory_state

        return memory_state(m, stage, self)


def address_shape(size: int) -> BeatShape:
    """The shape of an address into `size` elements; `size` itself is none of them."""
    return BeatShape(1, size.bit_length())


def image_lanes(size: int, most: int) -> int:
    """Elements of a beat of the content: a power of two, at most `most`, that divides the size."""
    return gcd(size, 1 << (most.bit_length() - 1))


def _input_places(places: Sequence[Place]) -> list[int]:
    """The place of each input port."""
    found: list[int] = []
    for number, place in enumerate(places):
        if isinstance(place, Access):
            found += [number] * (1 + place.values)
        elif isinstance(place, Fill):
            found.append(number)
    return found


def _output_places(places: Sequence[Place]) -> list[int]:
    """The place of each output port."""
    return [
        number
        for number, place in enumerate(places)
        if isinstance(place, Drain) or (isinstance(place, Access) and place.gives)
    ]


def memory_actor(
    name: str,
    memory: Memory,
    inputs: Sequence[Reader],
    outputs: Sequence[Channel],
    *,
    origin: Origin | None = None,
) -> Actor:
    """An actor around a memory.

    `inputs` are, place by place, the address and the operands of an access, or the beats of a fill;
    `outputs` what each access that gives something gives, and the beats of a drain.
    """
    takes, gives = _input_places(memory.places), _output_places(memory.places)
    before = -1
    for place, reader in zip(takes, inputs, strict=True):
        shape = memory.shape if place == before else memory.address
        if isinstance(memory.places[place], Fill):
            shape = memory.image
        assert reader.channel.shape == shape, f"`{name}`: {reader.channel.shape} for {shape}"
        before = place
    for place, channel in zip(gives, outputs, strict=True):
        shape = memory.image if isinstance(memory.places[place], Drain) else memory.shape
        assert channel.shape == shape, f"`{name}`: {shape} into {channel.shape}"
    return Actor(
        name,
        (memory.turns.firings,),
        memory,
        tuple(
            Input(reader, Due(memory.turns, place))
            for place, reader in zip(takes, inputs, strict=True)
        ),
        tuple(
            Output(channel, Due(memory.turns, place))
            for place, channel in zip(gives, outputs, strict=True)
        ),
        origin,
    )
