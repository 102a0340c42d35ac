"""A layout for every tile of a kernel, and why: written, inferred from written ones, or a default.

Inference goes forward: an elementwise op leaves elements where they are, ops on dimensions move
them as the layout algebra says, a carried value lies where it lay at first.  All else has a default
layout: threads in row-major order, each with up to 16 bytes of a row.  This is a report: it changes
no program.  In the language a tile without a written layout lies in one place, which is what `view`
goes by.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import gcd

from tilevm.diagnostics import TileError
from tilevm.ir import Block, Kernel, Op, TileType, Value, ops
from tilevm.ir.loc import Loc
from tilevm.ir.ops.elementwise import Elementwise
from tilevm.ir.ops.reduce import Reduction
from tilevm.ir.region import RegionOp
from tilevm.layouts import Layout, local, spatial
from tilevm.passes.calls import without_calls

WARP = 32  # threads that move together
WIDEST = 128  # bits that one thread moves at once

WRITTEN, INFERRED, DEFAULT = "written", "inferred", "default"


@dataclass(frozen=True)
class Placed:
    """The layout of a tile, where it comes from and why; None for a tile without elements."""

    value: Value
    layout: Layout | None
    origin: str
    why: str


def line_of(loc: Loc) -> int | None:
    """The line of a statement, if it was written in a file."""
    return loc.span.line if loc.span is not None else None


def layouts(kernel: Kernel) -> dict[Value, Placed]:
    """The layout of every tile of a kernel, in the order of its statements."""
    kernel = without_calls(kernel)
    walk = _Walk(kernel)
    walk.block(kernel.body)
    return walk.found


def default_layout(kind: TileType, threads: int) -> Layout:
    """Threads in row-major order, each with up to 16 bytes of a row; more elements in turn."""
    if not kind.shape:
        return local()
    bits = kind.dtype.bits
    run = 1
    while run * 2 * bits <= WIDEST and kind.shape[-1] % (run * 2) == 0:
        run *= 2
    inner = (*[1] * (kind.rank - 1), run)
    rest = [extent // own for extent, own in zip(kind.shape, inner, strict=True)]
    spread = [1] * kind.rank
    for dim in reversed(range(kind.rank)):
        spread[dim] = gcd(rest[dim], threads)
        threads //= spread[dim]
        if spread[dim] < rest[dim]:
            break
    turns = [extent // own for extent, own in zip(rest, spread, strict=True)]
    return local(*turns) * spatial(*spread) * local(*inner)


class _Walk:
    def __init__(self, kernel: Kernel) -> None:
        self.found: dict[Value, Placed] = {}
        written = [op.written for op in kernel.body.walk() if op.written is not None]
        places = [kind.layout.places for kind in written if kind.layout is not None]
        self.threads = max(places, default=WARP)

    def block(self, block: Block) -> None:
        for op in block.ops:
            if isinstance(op, RegionOp):
                for param, init in zip(op.params, op.inits, strict=True):
                    self.follow(param, init, f"carried from `{init.name}`")
                for inner in op.blocks:
                    self.block(inner)
                yields = [inner.yields for inner in op.blocks if inner.yields][:1]
                for result, last in zip(op.results, yields[0] if yields else (), strict=False):
                    self.follow(result, last, f"`{last.name}` is yielded")
                continue
            for value in op.results:
                if isinstance(value.type, TileType):
                    self.found[value] = self.placed(op, value, value.type)

    def follow(self, value: Value, source: Value, why: str) -> None:
        there = self.found[source]
        if there.origin == DEFAULT or there.layout is None:
            self.found[value] = Placed(value, there.layout, DEFAULT, there.why)
        else:
            self.found[value] = Placed(value, there.layout, INFERRED, why)

    def placed(self, op: Op, value: Value, kind: TileType) -> Placed:
        if kind.size == 0:
            return Placed(value, None, DEFAULT, "it has no element")
        if op.written is not None and op.written.layout is not None:
            line = line_of(op.loc)
            where = f" in line {line}" if line is not None else ""
            return Placed(value, op.written.layout, WRITTEN, f"written{where}")
        try:
            inferred = self.inferred(op, kind)
        except TileError as problem:
            inferred = None
            why = f"`{op.name}` leaves no layout: {problem.diagnostics[0].message}"
        else:
            why = f"nothing is written: {self.threads} threads in row-major order"
        if inferred is not None:
            return Placed(value, inferred[0], INFERRED, inferred[1])
        try:
            return Placed(value, default_layout(kind, self.threads), DEFAULT, why)
        except TileError as problem:  # a tile of more elements than a layout can count
            raise op.placed(problem) from None

    def known(self, values: Sequence[Value]) -> list[tuple[Value, Layout]]:
        """Those of the values whose layout follows from written ones."""
        placed = [(value, self.found[value]) for value in values]
        return [
            (value, there.layout)
            for value, there in placed
            if there.origin != DEFAULT and there.layout is not None
        ]

    def inferred(self, op: Op, kind: TileType) -> tuple[Layout, str] | None:
        known = self.known(op.operands)
        if not known:
            return None
        source, layout = known[0]
        moved = f"as `{op.name}` moves the elements of `{source.name}`"
        if isinstance(op, ops.Transpose):
            return layout.permute(op.order), moved
        if isinstance(op, ops.Reshape):
            return layout.reshape(kind.shape), moved
        if isinstance(op, ops.Broadcast):
            lead = kind.rank - layout.rank
            whole = layout.unsqueeze(range(lead)) if lead else layout
            pairs = zip(kind.shape, whole.shape, strict=True)
            times = [new if new != old else 1 for new, old in pairs]
            return whole * local(*times), f"copies lie where the elements of `{source.name}` do"
        if isinstance(op, Reduction):
            why = f"where the elements of `{source.name}` lie that it is made of"
            return layout.reduce(op.over, keepdims=op.keepdims), why
        if isinstance(op, Elementwise | ops.Dequantize):
            for value, there in known:
                if there.shape == kind.shape:
                    return there, f"`{op.name}` works in the places of `{value.name}`"
        return None
