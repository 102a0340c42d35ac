"""Engines: the statements of a thread block several times side by side.

Block n of the outermost dimension of the grid is block ``n // engines`` of engine ``n % engines``:
each engine runs every so-manieth block.  A port stays one port, with its beats in their order: a
load that depends on the block is dealt out, block by block, to a memory of each engine; one that
does not is one memory that all engines read; stores are merged block by block.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from hdl.lower.schedule import Schedule
from hdl.lower.streams import Loop, Scope, Streams
from hdl.netlist import Channel, Origin, Reader
from hdl.units import merge_actor, route_actor
from tilevm.diagnostics import Label, error
from tilevm.ir import Block, Const, Kernel, Op, Sym
from tilevm.passes.rewrite import Walk, kept, names

MAX_ENGINES = 256


@dataclass(frozen=True, eq=False)
class Engines:
    """How a kernel was spread: over `count` engines, by the blocks of the dimension `symbol`."""

    count: int = 1
    symbol: str = ""
    siblings: Mapping[Op, tuple[Op, ...]] = field(default_factory=dict)  # of each engine

    def of(self, op: Op) -> tuple[Op, ...]:
        """The same statement in each engine."""
        return self.siblings.get(op, (op,))

    def whole(self, scope: Scope) -> Scope:
        """The loops around a port: all blocks."""
        return tuple(
            replace(loop, trips=loop.trips * self.count) if self.spreads(loop) else loop
            for loop in scope
        )

    def spreads(self, loop: Loop) -> bool:
        """Whether a loop counts the blocks of an engine."""
        return self.count > 1 and loop.name == self.symbol and loop.block

    def chunk(self, scope: Scope) -> int:
        """The blocks of one engine."""
        return next(loop.trips for loop in scope if self.spreads(loop))

    def together(self, parts: Sequence[Schedule], chunk: int) -> Schedule:
        """The beats of all engines, block by block."""
        lanes = parts[0].shape[1]
        return np.stack([part.reshape(chunk, -1, lanes) for part in parts], 1).reshape(-1, lanes)

    def apart(self, whole: Schedule, count: int, chunk: int) -> list[Schedule]:
        """The inverse of `together`."""
        lanes = whole.shape[1]
        split = whole.reshape(chunk, count, -1, lanes)
        return [split[:, number].reshape(-1, lanes) for number in range(count)]


def spread(kernel: Kernel, count: int) -> tuple[Kernel, Engines]:
    """The kernel with its statements once for each engine, and fewer blocks.

    TileError TV0506 where the engines do not divide the blocks.
    """
    if count == 1:
        return kernel, Engines()
    sizes = [extent.value if isinstance(extent, Const) else 1 for _, extent in kernel.grid]
    at = next((number for number, size in enumerate(sizes) if size > 1), None)
    labels = [Label(kernel.loc.span)] if kernel.loc.span else []
    if at is None:
        message = f"`{kernel.name}` has one thread block, which {count} engines cannot share"
        raise error("TV0506", message, *labels, help="use one engine, or split the work by a grid")
    if sizes[at] % count:
        fit = ", ".join(str(n) for n in range(1, MAX_ENGINES + 1) if sizes[at] % n == 0)
        message = f"{count} engines do not divide the {sizes[at]} blocks `{kernel.grid[at][0]}`"
        raise error("TV0506", message, *labels, help=f"numbers of engines that do: {fit}")
    symbol = kernel.grid[at][0]
    known = names(kernel)
    walk = Walk(kept, known, renames=True)
    copies = []
    for number in range(count):
        at_block = Sym(symbol) * count + number if number else Sym(symbol) * count
        copies.append(walk.block(kernel.body, {}, {symbol: at_block}))
        if number == 0:  # it keeps its names, and no other copy may take them
            known.update(value.name for op in copies[0].walk() for value in op.results)
    grid = tuple(
        (name, Const(sizes[at] // count) if number == at else extent)
        for number, (name, extent) in enumerate(kernel.grid)
    )
    ops = [tuple(copy.walk()) for copy in copies]
    siblings = {op: each for each in zip(*ops, strict=True) for op in each}
    body = Block(tuple(op for copy in copies for op in copy.ops))
    return replace(kernel, grid=grid, body=body), Engines(count, symbol, siblings)


def check_order(kernel: Kernel, engines: Engines, touched: Collection[Op]) -> None:
    """TileError TV0506 where engines would touch memories in another order than one does.

    They take turns by the blocks of one dimension, so what runs inside of it changes its order.
    """
    inner = [name for name, extent in kernel.grid if name != engines.symbol and extent != Const(1)]
    if engines.count == 1 or not touched or not inner:
        return
    message = f"engines would change the order in which the blocks `{inner[-1]}` touch a memory"
    help = f"use one engine, or put the blocks `{inner[-1]}` into a loop"
    raise next(iter(touched)).reject("TV0506", message, help=help)


def dealt(
    streams: Streams, source: Channel, label: str, chunk: int, count: int, origin: Origin
) -> list[Channel]:
    """Channels with the beats of `source`, block by block in turn."""
    if count == 1:
        return [source]
    block = source.frame // (chunk * count)
    names = [streams.name(f"{label}_memory") for _ in range(count)]
    memories = [Channel(name, source.shape, chunk * block) for name in names]
    rest = source
    for left in range(count, 1, -1):
        others = memories[0]
        if left > 2:
            others = Channel(
                streams.name(f"{label}_rest"), source.shape, chunk * block * (left - 1)
            )
        name, trips = streams.name(f"{label}_deal"), (chunk, left, block)
        streams.actors.append(
            route_actor(name, trips, 1, rest.read(), others, memories[left - 1], origin=origin)
        )
        rest = others
    return memories


def merged(
    streams: Streams, readers: Sequence[Reader], label: str, chunk: int, block: int, origin: Origin
) -> Reader:
    """One stream of `block` beats of each reader in turn."""
    rest = readers[-1]
    for number in reversed(range(len(readers) - 1)):
        count = len(readers) - number
        shape = readers[number].channel.shape
        output = Channel(streams.name(f"{label}_merged"), shape, chunk * count * block)
        streams.actors.append(
            merge_actor(
                output.name, (chunk, count, block), 1, readers[number], rest, output, origin=origin
            )
        )
        rest = output.read()
    return rest
