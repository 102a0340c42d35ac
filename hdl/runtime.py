"""A size that is chosen at each launch: how many steps of the grid's first dimension it makes.

Blocks follow one another in time, the first dimension of the grid outermost.  So a launch of fewer
steps is the beginning of a launch of all: the same firings in the same cycles, fewer beats at the
ports.  What each port moves is read off the netlist, from what the firings need of each other.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from hdl.lower import Lowered, Port
from hdl.netlist import Netlist
from hdl.options import meant
from hdl.timing import Timing, event_graph
from hdl.traffic import traffic_of
from hdl.units.edge import Sink, Source
from hdl.units.memory import Drain, Memory
from tilevm.diagnostics import Label, TileError, error
from tilevm.ir import Kernel
from tilevm.vm import Launch, bind_symbols

MOST = 65536  # steps of a grid that may be chosen from

Counts = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Rate:
    """Beats of a port in a launch of n steps: ``each * n + once``."""

    each: int
    once: int

    def beats(self, steps: int) -> int:
        return self.each * steps + self.once


@dataclass(frozen=True, eq=False)
class RuntimeSize:
    """A launch makes 1 to `most` steps, for sizes `unit`, ``2 * unit``, ... of `symbol`."""

    symbol: str
    unit: int
    most: int
    rates: Mapping[str, Rate]  # by port
    firings: Mapping[str, Counts]  # by actor, of launches of 1, 2, ... steps
    cycles: Sequence[int]  # of launches of 1, 2, ... steps, with ports always ready

    def steps(self, size: int) -> int:
        """What to write into the register for a size of the symbol."""
        steps, rest = divmod(size, self.unit)
        if rest or not 1 <= steps <= self.most:
            raise error(
                "TV0412",
                f"`{self.symbol}` is a multiple of {self.unit} from {self.unit} to "
                f"{self.unit * self.most}, not {size}",
            )
        return steps

    def data(self) -> dict[str, Any]:
        """As plain data, for other tools."""
        rates = {name: {"each": r.each, "once": r.once} for name, r in self.rates.items()}
        return {
            "symbol": self.symbol,
            "unit": self.unit,
            "most": self.most,
            "beats": rates,
            "cycles": list(self.cycles),
        }


def runtime_size(symbol: str, launch: Launch, lowered: Lowered, timing: Timing) -> RuntimeSize:
    """The size as it can be chosen at each launch; TileError TV0623 where it cannot, and why."""
    known = list(launch.symbols)
    if symbol not in known:
        said = f"the runtime size is one of the symbols {', '.join(known)}, not {symbol!r}"
        raise error("TV0623", said, help=meant(symbol, known))
    for actor in lowered.netlist.actors:
        if isinstance(actor.unit, Memory) and any(isinstance(p, Drain) for p in actor.unit.places):
            said = "steps of the grid share a buffer that they change"
            raise _refused(symbol, said, actor.labels)
    unit, most = _steps(symbol, launch)
    sinks = {port.name: _whole_steps(symbol, port, launch, most) for port in lowered.outputs}
    rates, firings = dict(sinks), _needed(lowered.netlist, sinks, most)
    ports = {port.name: port for port in lowered.inputs}
    for actor in lowered.netlist.actors:
        if isinstance(actor.unit, Source):
            name, needed = actor.unit.port, firings[actor.name]
            origin = ports[name].origin if name in ports else None
            rates[name] = _rate(symbol, name, needed, origin.labels if origin else [])
            if name in ports:
                _inside(symbol, ports[name], launch, needed)
    ends = [_times(lowered.netlist, timing, name)[rate.each - 1 :: rate.each]
            for name, rate in sinks.items()]  # fmt: skip
    cycles = np.max(ends, axis=0) + 1
    return RuntimeSize(symbol, unit, most, rates, firings, [int(count) for count in cycles])


def _refused(symbol: str, reason: str, labels: Sequence[Label]) -> TileError:
    return error(
        "TV0623",
        f"`{symbol}` cannot be chosen at each launch: {reason}",
        *labels,
        help="leave `runtime` out and build for one size, or let the symbol be only the first "
        "extent of buffers and of the grid",
    )


def _steps(symbol: str, launch: Launch) -> tuple[int, int]:
    """Size of one step of the grid's first dimension, and their number."""
    kernel, size = launch.kernel, launch.symbols[symbol]
    head = [Label(kernel.loc.span)] if kernel.loc.span else []
    if not launch.grid:
        raise _refused(symbol, "the kernel has no grid", head)
    most = launch.grid[0]
    _, _, body = str(kernel).partition("\n{\n")
    if re.search(rf"\b{symbol}\b", body):
        raise _refused(symbol, "statements of the kernel name it", _naming(symbol, kernel) or head)
    if most > MOST:
        raise _refused(symbol, f"the grid has {most} steps, and at most {MOST} are built", head)
    if size % most:
        raise _refused(symbol, f"{most} steps of the grid do not divide {size}", head)
    unit = size // most
    for steps in range(1, most):
        sizes = {**launch.symbols, symbol: steps * unit}
        try:
            smaller = bind_symbols(kernel, sizes)
        except TileError as refusal:
            said = refusal.diagnostics[0].message
            no_size = f"{symbol} = {steps * unit} is no size ({said})"
            raise _refused(symbol, no_size, refusal.diagnostics[0].labels) from refusal
        if smaller.grid != (steps, *launch.grid[1:]):
            said = f"with {symbol} = {steps * unit} the grid is {smaller.grid}"
            raise _refused(symbol, said, head)
        for buffer, extents in launch.extents.items():
            at = smaller.extents[buffer]
            first = extents[0] * steps if extents else 0
            scaled = (first // most, *extents[1:]) if first % most == 0 else extents
            if at not in {extents, scaled}:
                said, span = f"it is not the first extent of `{buffer}`", kernel.param(buffer).span
                raise _refused(symbol, said, [Label(span)] if span else head)
    return unit, most


def _naming(symbol: str, kernel: Kernel) -> list[Label]:
    """The first statement that names a symbol, the innermost."""
    found: list[Label] = []
    for op in kernel.body.walk():
        span = op.loc.span
        if span is not None and re.search(rf"\b{symbol}\b", span.text):
            if not found or span.text in found[0].span.text:
                found = [Label(span)]
    return found


def _step_extent(symbol: str, port: Port, launch: Launch, most: int) -> int | None:
    """Elements of the port's buffer in one step; None where the buffer has one size only."""
    extents = launch.extents[port.buffer]
    if most == 1:
        return prod(extents)
    unit = launch.symbols[symbol] // most
    smaller = bind_symbols(launch.kernel, {**launch.symbols, symbol: unit}).extents[port.buffer]
    return prod(smaller) if smaller != extents else None


def _whole_steps(symbol: str, port: Port, launch: Launch, most: int) -> Rate:
    """The beats of a port out for each step: all that a step writes, and nothing else."""
    size, beats = _step_extent(symbol, port, launch, most), len(port.elements)
    if size is None:
        said = f"`{port.buffer}` is written, and its size does not depend on it"
        raise _refused(symbol, said, port.origin.labels)
    if beats % most:
        said = f"port `{port.name}` has {beats} beats in {most} steps"
        raise _refused(symbol, said, port.origin.labels)
    each = beats // most
    first = (np.arange(beats) // each * size)[:, None]
    used = port.elements >= 0
    if (((port.elements < first) | (port.elements >= first + size)) & used).any():
        said = f"a step of the grid writes beside its part of `{port.buffer}`"
        raise _refused(symbol, said, port.origin.labels)
    return Rate(each, 0)


def _inside(symbol: str, port: Port, launch: Launch, needed: Counts) -> None:
    """A port in takes nothing from beyond the buffer's extent in a launch of few steps."""
    size = _step_extent(symbol, port, launch, len(needed))
    if size is None:
        return
    largest = np.maximum.accumulate(port.elements.max(axis=1))
    ends = np.where(needed > 0, largest[np.maximum(needed - 1, 0)], -1)
    if (ends >= size * (1 + np.arange(len(needed)))).any():
        said = f"a step of the grid reads beyond its part of `{port.buffer}`"
        raise _refused(symbol, said, port.origin.labels)


def _rate(symbol: str, port: str, needed: Counts, labels: Sequence[Label]) -> Rate:
    each = int(needed[1] - needed[0]) if len(needed) > 1 else 0
    found = Rate(each, int(needed[0]) - each)
    if not np.array_equal(needed, each * np.arange(1, len(needed) + 1) + found.once):
        said = f"port `{port}` takes another number of beats in each step"
        raise _refused(symbol, said, labels)
    if needed[0] < 1:
        raise _refused(symbol, f"port `{port}` takes nothing in the first step", labels)
    return found


def _needed(netlist: Netlist, sinks: Mapping[str, Rate], most: int) -> dict[str, Counts]:
    """By actor the firings that launches of 1, 2, ... `most` steps need, for beats and for room."""
    counts = [actor.firings for actor in netlist.actors]
    fired = [np.zeros(most, np.int64) for _ in counts]
    for number, actor in enumerate(netlist.actors):
        if isinstance(actor.unit, Sink):
            fired[number] = sinks[actor.unit.port].each * np.arange(1, most + 1)
    arcs = sorted(event_graph(netlist, traffic_of(netlist)).arcs, key=lambda arc: -arc.target)
    changed = True
    while changed:  # a few times: actors come before their readers, but for feedback and room
        changed = False
        for arc in arcs:
            at = fired[arc.target]
            needed = np.where(at > 0, arc.need[np.maximum(at - 1, 0)] + 1, 0)
            if (needed > fired[arc.source]).any():
                fired[arc.source] = np.maximum(fired[arc.source], needed)
                changed = True
    return {actor.name: fired[number] for number, actor in enumerate(netlist.actors)}


def _times(netlist: Netlist, timing: Timing, port: str) -> Counts:
    """The cycles in which a port out moves its beats."""
    sink = next(a for a in netlist.actors if isinstance(a.unit, Sink) and a.unit.port == port)
    return timing.fires[sink.name]
