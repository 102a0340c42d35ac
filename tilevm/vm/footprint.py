"""How much memory a launch takes: the size of a chunk of blocks, and the check before it starts."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cache
from math import prod
from pathlib import Path
from weakref import WeakKeyDictionary

from tilevm.diagnostics import Label, error
from tilevm.ir import Block, Op, TileType, Value
from tilevm.vm.bind import Launch

_LIMIT = Path("/sys/fs/cgroup/memory.max")
_KNOWN: WeakKeyDictionary[Block, int] = WeakKeyDictionary()  # blocks never change


def chunk_size(launch: Launch, chunk_bytes: int) -> int:
    """Blocks per chunk so that their tiles take about `chunk_bytes`; at least one."""
    if launch.kernel.ordered:
        return 1
    each = max(1, live_bytes(launch.kernel.body))
    return max(1, min(launch.blocks, chunk_bytes // each))


def check_memory(launch: Launch) -> None:
    """TileError TV0414 where the buffers and the tiles of one block exceed the memory there is."""
    each: dict[Value, int] = {}
    for param in launch.kernel.params:
        count = prod(launch.extents[param.name])
        # the values, and who wrote, read and updated each element
        tracked = 24 if param in launch.kernel.outputs else 0
        each[param] = count * (param.dtype.carrier.itemsize + tracked)
    buffers = sum(each.values())
    tiles = live_bytes(launch.kernel.body)
    have = memory()
    if buffers + tiles > have:
        if tiles > buffers:
            each = {value: _bytes(value) for value in _made(launch.kernel.body)}
        largest = max(each, key=each.__getitem__)
        raise error(
            "TV0414",
            f"kernel `{launch.kernel.name}` needs {_gib(buffers)} for its buffers and "
            f"{_gib(tiles)} for the tiles of a thread block; this machine has {_gib(have)}",
            *([Label(largest.span, "this is the largest")] if largest.span else ()),
            help="launch it on smaller buffers, or use smaller tiles",
        )


@cache
def memory() -> int:
    """Bytes of memory that this process may use."""
    physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    try:
        return min(physical, int(_LIMIT.read_text()))
    except (OSError, ValueError):  # no control group, or one without a limit
        return physical


def _gib(count: int) -> str:
    return f"{count / 2**30:.1f} GiB" if count < 1 << 60 else f"{count / 2**60:.3g} EiB"


def live_bytes(block: Block) -> int:
    """The most bytes of tiles that are live at one point of a block, per thread block."""
    found = _KNOWN.get(block)
    if found is None:
        found = _KNOWN[block] = _live_bytes(block)
    return found


def _live_bytes(block: Block) -> int:
    last: dict[Value, int] = {}
    for number, op in enumerate(block.ops):
        for used in _read(op):
            last[used] = number
    for value in block.yields:
        last[value] = len(block.ops)
    live = peak = 0
    ends: dict[int, int] = {}
    for number, op in enumerate(block.ops):
        made = sum(_bytes(value) for value in op.results)
        inside = max((live_bytes(inner) for inner in op.blocks), default=0)
        live += made
        # an op's own temporaries are about as large as what it reads and makes
        peak = max(peak, live + inside + made + sum(_bytes(v) for v in op.operands))
        for value in op.results:
            end = last.get(value, number)
            ends[end] = ends.get(end, 0) + _bytes(value)
        live -= ends.pop(number, 0)
    return peak


def _made(block: Block) -> Iterator[Value]:
    for op in block.ops:
        yield from op.results
        for inner in op.blocks:
            yield from _made(inner)


def _read(op: Op) -> set[Value]:
    found = {*op.operands, *(access.buffer for access in op.accesses)}
    for inner in op.blocks:
        found.update(inner.yields)
        for nested in inner.ops:
            found |= _read(nested)
    return found


def _bytes(value: Value) -> int:
    kind = value.type
    if isinstance(kind, TileType):
        return kind.size * kind.dtype.carrier.itemsize
    return prod(kind.extents) * (kind.dtype.carrier.itemsize + 8)
