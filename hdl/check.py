"""Comparison of a simulation with the virtual machine and with the timed model.

What is raised names the first difference.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from hdl.lower import Tap
from hdl.lower.functions import to_beats
from hdl.lower.schedule import HOLE
from hdl.lower.streams import Scope, rounds
from hdl.netlist import Actor, Output
from hdl.timing import Usage
from hdl.units import Memory, Source
from tilevm.diagnostics import Label, TileError, error
from tilevm.ir import Value
from tilevm.vm.machine import Event

if TYPE_CHECKING:
    from hdl.design import Design

Array = npt.NDArray[Any]


def expected_streams(design: Design, events: Sequence[Event]) -> dict[str, Array]:
    """By channel the beats [beats, lanes] that the virtual machine's values make, holes as 0."""
    by_value: dict[Value, dict[int, list[Array]]] = {}
    tapped = {tap.value for tap in design.lowered.taps}
    for event in events:
        if event.value in tapped:
            first, shape = int(event.blocks[0]), (len(event.blocks), *event.value.tile.shape)
            spread = np.broadcast_to(event.data, shape)
            by_value.setdefault(event.value, {}).setdefault(first, []).append(spread)
    found = {}
    for tap in design.lowered.taps:
        chunks = by_value.get(tap.value)
        if chunks is None:
            continue
        parts = []
        for _, seen in sorted(chunks.items()):
            parts.append(np.stack(seen, axis=1).reshape(-1, tap.value.tile.size))
        values = np.concatenate(parts)  # [blocks * rounds, elements]
        beats = to_beats(values, tap.value.dtype)
        picked = beats[:, np.maximum(tap.schedule, 0)]
        picked = np.where(tap.schedule == HOLE, 0, picked)
        found[tap.channel] = picked.reshape(-1, tap.schedule.shape[1])
    return found


def compare_streams(
    design: Design,
    expected: Mapping[str, Array],
    seen: Mapping[str, Array],
    fires: Mapping[str, Array],
) -> int:
    """Compares every watched stream; returns how many beats, TV0606 at the first wrong one.

    `fires`, by actor the cycle of each firing, says how far the launch goes, and what came first.
    """
    pushed = {
        output.channel.name: fires[actor.name][_due(actor, output, len(fires[actor.name]))]
        for actor in design.netlist.actors
        for output in actor.outputs
    }
    first: tuple[int, Tap, int, int] | None = None
    count = 0
    right: dict[str, bool] = {}
    for tap in design.lowered.taps:
        if tap.channel not in expected:
            continue
        got = seen[tap.channel]
        want = expected[tap.channel][: len(pushed[tap.channel])]
        holes = np.tile(tap.schedule == HOLE, (-(-len(want) // len(tap.schedule)), 1))[: len(want)]
        count += len(want)
        if got.shape != want.shape:
            raise error("TV0606", f"stream `{tap.channel}` has {len(got)} beats, not {len(want)}")
        wrong = np.argwhere((want != got) & ~holes)
        right[tap.channel] = not len(wrong)
        if len(wrong):
            beat, lane = (int(at) for at in wrong[0])
            cycle = int(pushed[tap.channel][beat])
            if first is None or cycle < first[0]:
                first = (cycle, tap, beat, lane)
    if first is not None:
        _, tap, beat, lane = first
        want, got = expected[tap.channel], seen[tap.channel]
        raise _mismatch(design, tap, beat, lane, want, got, right)
    return count


def _mismatch(
    design: Design,
    tap: Tap,
    beat: int,
    lane: int,
    want: Array,
    got: Array,
    right: Mapping[str, bool],
) -> TileError:
    frame = len(tap.schedule)
    number, local = divmod(beat, frame)
    where = _iteration(tap.scope, number)
    expected, seen = int(want[beat, lane]), int(got[beat, lane])
    element = np.unravel_index(int(tap.schedule[local, lane]), tap.value.tile.shape)
    actor = _writer(design, tap.channel)
    span = tap.origin.span
    label = [Label(span, f"computed by unit `{actor.name}`")] if span else []
    place = f"element {[int(i) for i in element]}" if tap.value.tile.shape else "its one element"
    notes = [
        f"{where}beat {local}, lane {lane}, "
        f"lowest wrong bit {_lowest_bit(expected ^ seen)}: {place}",
        f"expected {expected}, got {seen}",
    ]
    operands = [port.reader.channel.name for port in actor.inputs]
    for name in dict.fromkeys(operands):
        if name in right:
            notes.append(f"its operand `{name}` is {'right' if right[name] else 'wrong, too'}")
        elif name.endswith("_memory"):
            notes.append(f"its operand `{name}` comes from a port in")
    return error(
        "TV0606",
        f"`{tap.value.name}` of `{tap.origin.op}` differs from the virtual machine",
        *label,
        notes=notes,
    )


def _writer(design: Design, channel: str) -> Actor:
    """The unit that pushes into a channel."""
    found = (a for a in design.netlist.actors for p in a.outputs if p.channel.name == channel)
    return next(found)


def _due(actor: Actor, output: Output, firings: int) -> Array:
    """At which of so many firings an actor pushes into a channel."""
    return np.resize(actor.due(output.when), firings)


def _iteration(scope: Scope, number: int) -> str:
    """Block ids and loop variables in an iteration of a scope, for the start of a note."""
    if not scope:
        return ""
    steps = np.unravel_index(number, [loop.trips for loop in scope])
    values = (
        f"{loop.name} = {loop.first + int(at) * loop.step}"
        for loop, at in zip(scope, steps, strict=True)
    )
    return f"iteration {', '.join(values)}: "


def _lowest_bit(differs: int) -> int:
    return (differs & -differs).bit_length() - 1


def compare_outputs(
    design: Design, expected: Mapping[str, Array], seen: Mapping[str, Array]
) -> None:
    """Compares the output buffers bit by bit; TV0606 at the first wrong element."""
    for name, want in expected.items():
        kind = design.kernel.param(name).dtype
        codes, came = to_beats(want, kind), to_beats(seen[name], kind)
        wrong = np.argwhere(codes != came)
        if len(wrong):
            at = tuple(int(i) for i in wrong[0])
            element = int(np.ravel_multi_index(at, want.shape)) if at else 0
            label, notes = _store_of(design, name, element, int(codes[at]) ^ int(came[at]))
            notes.append(f"expected {want[at]}, got {seen[name][at]}")
            count = f"{len(wrong)} of {want.size} do"
            message = f"`{name}{list(at)}` differs from the virtual machine ({count})"
            raise error("TV0606", message, *label, notes=notes)


def compare_source(
    design: Design,
    built: Mapping[str, Array],
    written: Mapping[str, Array],
    initial: Mapping[str, Array],
) -> None:
    """Compares what the program that was built computes with the one as it is written: TV0606.

    Both in the virtual machine; what `built` has no store for is `initial`, or zero.
    """
    for name, want in written.items():
        kind = design.source.param(name).dtype
        got = built.get(name, initial.get(name, np.zeros_like(want)))
        wrong = np.argwhere(to_beats(want, kind) != to_beats(got, kind))
        if len(wrong):
            at = tuple(int(i) for i in wrong[0])
            what = f"`{name}{list(at)}` of `{design.name}` as it was built differs from"
            count = f"{len(wrong)} of {want.size} do"
            span = design.source.loc.span
            raise error(
                "TV0606",
                f"{what} `{design.name}` as it is written ({count})",
                *([Label(span)] if span else []),
                notes=[
                    f"expected {want[at]}, got {got[at]}",
                    "both in the virtual machine: what rewrote the program has changed it",
                ],
                help="`design.kernel` is the program that was built",
            )


def _store_of(
    design: Design, name: str, element: int, differs: int
) -> tuple[list[Label], list[str]]:
    """Where an element of an output buffer comes out: the store, and the beat of its port."""
    for port in design.outputs:
        if port.buffer != name or element not in port.elements:
            continue
        beat, lane = (int(i) for i in np.argwhere(port.elements == element)[0])
        number, local = divmod(beat, len(port.elements) // rounds(port.scope))
        span = port.origin.span
        label = [Label(span, f"comes out of port `{port.name}`")] if span else []
        where = _iteration(port.scope, number)
        bit = _lowest_bit(differs)
        notes = [f"{where}beat {local}, lane {lane}, lowest wrong bit {bit}"]
        return label, [*notes, *_touched(design, name)]
    return [], ["the design does not store this element"]


def _touched(design: Design, buffer: str) -> list[str]:
    """For a buffer that is a memory, the statements that read and change it."""
    memory = f"{buffer}_memory"
    units = [a for a in design.netlist.actors if a.name == memory and isinstance(a.unit, Memory)]
    writers = [_writer(design, p.reader.channel.name) for unit in units for p in unit.inputs]
    places = dict.fromkeys(
        f"`{writer.origin.op}` in line {writer.origin.span.line}"
        for writer in writers
        if writer.origin and writer.origin.span and not isinstance(writer.unit, Source)
    )
    return [f"it is a memory; what touches it: {', '.join(places)}"] if places else []


def compare_firings(
    design: Design, predicted: Mapping[str, Array], seen: Mapping[str, Array]
) -> None:
    """Compares every firing time of every actor; TV0607 at the first that differs."""
    for actor in design.netlist.actors:
        want, got = predicted[actor.name], seen[actor.name]
        if np.array_equal(want, got):
            continue
        count = min(len(want), len(got))
        wrong = np.flatnonzero(want[:count] != got[:count])
        at = int(wrong[0]) if len(wrong) else count
        due, came = (str(int(t[at])) if at < len(t) else "never" for t in (want, got))
        message = f"firing {at} of `{actor.name}` was predicted for cycle {due}, it came at {came}"
        raise error("TV0607", message, *actor.labels)


def compare_usage(
    design: Design, predicted: Mapping[str, Usage], seen: Mapping[str, Usage]
) -> None:
    """Compares how every actor spent its cycles; TV0607 at the first that differs."""
    for actor in design.netlist.actors:
        want, got = predicted[actor.name], seen[actor.name]
        if want != got:
            message = f"`{actor.name}` was predicted to spend its cycles as {want}, it was {got}"
            raise error("TV0607", message, *actor.labels)
