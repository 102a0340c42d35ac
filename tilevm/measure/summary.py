"""`tilevm.stats`: what a launch does, counted from the program, without running it where it can."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from math import gcd
from typing import Any

from tilevm.ir import Access, For, Kernel, Op, ops
from tilevm.measure.access import (
    Banks,
    Storage,
    banks,
    offsets,
    start,
    storages,
    tile_of,
    vector_bits,
)
from tilevm.measure.conversion import ConversionStats, conversions
from tilevm.measure.counts import DataDecides, counts_of_run, static_counts
from tilevm.measure.layouts import Placed, layouts, line_of
from tilevm.measure.residue import ANY, Residue, residue
from tilevm.measure.work import elements, operations, traffic
from tilevm.passes import accumulators, canonicalise
from tilevm.vm import Launch, bind, bind_symbols

SPACES = ("global", "shared")


@dataclass(frozen=True)
class OpStats:
    """One op, over the whole launch: how often it runs (once for each block), what it does."""

    line: int | None
    op: str
    result: str
    runs: int
    elements: int
    operations: int
    global_bytes: int
    shared_bytes: int


@dataclass(frozen=True)
class AccessStats:
    """One load or store: its layout, the bytes each thread moves at once, the banks it meets.

    `vector_bytes` is 0 where a thread holds parts of bytes, None where the layout does not say.
    """

    line: int | None
    op: str
    at: str
    space: str
    layout: str | None
    origin: str
    vector_bytes: int | None
    banks: Banks | None


@dataclass(frozen=True)
class Stats:
    """All that is counted of a launch; `str` is a table, `as_dict` plain data for JSON."""

    kernel: str
    sizes: Mapping[str, int]
    blocks: int
    counted: str  # "from the program" or "by a run"
    ops: tuple[OpStats, ...]
    accesses: tuple[AccessStats, ...]
    accumulators: tuple[str, ...]
    layouts: tuple[Placed, ...]
    shared_bytes_per_block: int
    conversions: tuple[ConversionStats, ...] = ()

    @property
    def operations(self) -> int:
        """Arithmetic operations of the launch."""
        return sum(op.operations for op in self.ops)

    @property
    def global_bytes(self) -> int:
        """Bytes that loads and stores move from and to global memory."""
        return sum(op.global_bytes for op in self.ops)

    @property
    def shared_bytes(self) -> int:
        """Bytes that loads and stores move from and to shared memory."""
        return sum(op.shared_bytes for op in self.ops)

    @property
    def intensity(self) -> float | None:
        """Operations per byte of global memory; None where nothing is moved."""
        return self.operations / self.global_bytes if self.global_bytes else None

    def __str__(self) -> str:
        from tilevm.measure.table import shown

        return shown(self)

    def as_dict(self) -> dict[str, Any]:
        """Plain data: numbers, texts, lists, dicts."""
        return {
            "kernel": self.kernel,
            "sizes": dict(self.sizes),
            "blocks": self.blocks,
            "counted": self.counted,
            "operations": self.operations,
            "global_bytes": self.global_bytes,
            "shared_bytes": self.shared_bytes,
            "operations_per_global_byte": self.intensity,
            "shared_bytes_per_block": self.shared_bytes_per_block,
            "ops": [asdict(op) for op in self.ops],
            "accesses": [asdict(access) for access in self.accesses],
            "conversions": [asdict(conversion) for conversion in self.conversions],
            "accumulators": list(self.accumulators),
            "layouts": [
                {
                    "value": placed.value.name,
                    "type": str(placed.value.dtype),
                    "layout": None if placed.layout is None else str(placed.layout),
                    "origin": placed.origin,
                    "why": placed.why,
                }
                for placed in self.layouts
            ],
        }


def stats(
    kernel: Kernel,
    sizes: Mapping[str, int] | None = None,
    arguments: Mapping[str, Any] | None = None,
) -> Stats:
    """Counts what a launch of these sizes does.

    `sizes` gives the shape symbols; `arguments` arrays, which are needed only where tiles decide
    what runs (`if` on a tile): then the kernel is run.  TileError TV0810 where they are missing.
    """
    if arguments:
        launch = bind(kernel, {**(sizes or {}), **arguments})
    else:
        launch = bind_symbols(kernel, sizes or {})
    counted = "from the program"
    try:
        counts = static_counts(launch)
    except DataDecides as problem:
        if not arguments and kernel.inputs:
            raise problem.op.reject(
                "TV0810",
                f"how often ops run depends on data, by this `{problem.op.name}`",
                help="give the arrays: the kernel is then run to count",
            ) from None
        counts = counts_of_run(bind(kernel, {**(sizes or {}), **(arguments or {})}))
        counted = "by a run"
    kernel = launch.kernel
    placed = layouts(kernel)
    listed = list(kernel.body.walk())
    shared = storages(listed)
    known = _Known(launch)
    plain = canonicalise(kernel, symbols=launch.symbols)
    return Stats(
        kernel.name,
        dict(launch.symbols),
        launch.blocks,
        counted,
        tuple(_counted(op, counts[op]) for op in listed if not isinstance(op, ops.StaticAssert)),
        tuple(
            _access(op, access, launch, shared, placed, known)
            for op in listed
            for access in op.accesses
        ),
        tuple(str(sums) for sums in accumulators(plain)),
        tuple(placed.values()),
        sum(storage.bytes for storage in shared.values()),
        tuple(conversions(kernel, placed)),
    )


def _counted(op: Op, runs: int) -> OpStats:
    moved = traffic(op)
    return OpStats(
        line_of(op.loc),
        op.name,
        ", ".join(f"{value.name}: {_plain(value.type)}" for value in op.results),
        runs,
        runs * elements(op),
        runs * operations(op),
        *(-(-runs * moved[space] // 8) for space in SPACES),
    )


def _plain(kind: Any) -> str:
    return str(kind).partition(" @")[0]


class _Known:
    """What is known of index symbols: in all blocks and rounds, and in the first of them."""

    def __init__(self, launch: Launch) -> None:
        self.always = {name: Residue(0, value) for name, value in launch.symbols.items()}
        self.first: dict[str, int] = dict(launch.symbols)
        for (name, _), extent in zip(launch.kernel.grid, launch.grid, strict=True):
            self.always[name] = ANY if extent > 1 else Residue(0, 0)
            self.first[name] = 0
        self.scopes: dict[Op, tuple[dict[str, Residue], dict[str, int]]] = {}
        self._block(launch.kernel.body.ops, self.always, self.first)

    def _block(
        self, inside: tuple[Op, ...], always: dict[str, Residue], first: dict[str, int]
    ) -> None:
        for op in inside:
            self.scopes[op] = (always, first)
            inner, begin = always, first
            if isinstance(op, For):
                lo, step = residue(op.lo, always), residue(op.step, always)
                both = _joined(lo, step)
                inner = {**always, op.var: both}
                begin = {**first, op.var: int(op.lo.evaluate(first))}
            elif getattr(op, "var", ""):
                var = str(getattr(op, "var", ""))
                inner, begin = {**always, var: ANY}, {**first, var: 0}
            for block in op.blocks:
                self._block(block.ops, inner, begin)


def _joined(lo: Residue, step: Residue) -> Residue:
    """lo + step * t for any t."""
    modulus = gcd(lo.modulus, step.divisor)
    return Residue(modulus, lo.rest % modulus if modulus else lo.rest)


def _access(
    op: Op,
    access: Access,
    launch: Launch,
    shared: Mapping[Any, Storage],
    placed: Mapping[Any, Placed],
    known: _Known,
) -> AccessStats:
    space = access.type.space
    storage = shared.get(access.buffer)
    if storage is None:
        storage = Storage(launch.extents[access.buffer.name], access.type.dtype.bits)
    line, at = line_of(op.loc), str(access)
    tile = tile_of(op)
    value = op.out if isinstance(op, ops.Load) else op.a if isinstance(op, ops.Store) else None
    there = placed[value] if value is not None else None
    if there is None or there.layout is None or tile is None:
        return AccessStats(line, op.name, at, space, None, "", None, None)
    table = offsets(tile, there.layout, storage)
    layout = str(there.layout)
    if table is None:
        return AccessStats(line, op.name, at, space, layout, there.origin, None, None)
    always, first = known.scopes[op]
    guarded = getattr(op, "oob", "trap") != "trap"
    bits = vector_bits(start(access, storage, always), table, storage, guarded)
    met = None
    if space == "shared":
        indices = [int(index.evaluate(first)) for index in access.indices]
        begin = sum(i * s for i, s in zip(indices, storage.strides, strict=True)) * storage.bits
        met = banks(begin, table, storage, max(bits, 8))
    return AccessStats(line, op.name, at, space, layout, there.origin, bits // 8, met)
