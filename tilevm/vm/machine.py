"""The virtual machine: all thread blocks of a chunk at once, in NumPy.

A value is an array with a leading axis of blocks, of extent 1 while it is the same in all of them.
Where control flow differs between blocks, the group of blocks splits, and its results are joined.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tilevm.diagnostics import TileError, error
from tilevm.dtypes import Trap
from tilevm.ir import Block, BufferType, Const, Expr, For, If, Kernel, Op, TileType, Value, regions
from tilevm.ir.ops import AllocShared, Assert, Print
from tilevm.vm.bind import Launch, bind
from tilevm.vm.memory import INITIAL, UNDEFINED, Buffer, Conflict, Part

Array = npt.NDArray[Any]
CHUNK_BYTES = 8 * 2**20  # live bytes of one chunk of blocks: the middle of what measured best


@dataclass(frozen=True)
class Event:
    """A value as it is computed: for which blocks, at which values of the loop variables."""

    value: Value
    blocks: Array  # block numbers, int64 [blocks]
    loops: Mapping[str, Any]  # loop variable -> int, or int64 [blocks]
    data: Array  # [blocks or 1, *shape]


Observer = Callable[[Event], None]


def run(
    kernel: Kernel,
    arguments: Mapping[str, Any] | None = None,
    /,
    *,
    chunk_bytes: int = CHUNK_BYTES,
    observe: Observer | None = None,
    output: Callable[[str], None] | None = None,
    **named: Any,
) -> dict[str, Array]:
    """Runs a kernel; returns every buffer that it stores to, as values.

    Arguments are arrays of values for the buffers (by name, or in `arguments`) and integers for shape
    symbols that follow from no array.  They are never changed.  `chunk_bytes` bounds the memory for
    tiles; `observe` is called with every value computed; `output` takes the lines of `print`.
    Raises TileError for whatever is wrong in the arguments, or during the run.
    """
    launch = bind(kernel, {**(arguments or {}), **named})
    return execute(launch, chunk_bytes=chunk_bytes, observe=observe, output=output)


def execute(
    launch: Launch,
    *,
    chunk_bytes: int = CHUNK_BYTES,
    observe: Observer | None = None,
    output: Callable[[str], None] | None = None,
) -> dict[str, Array]:
    """Runs a bound launch; see `run`."""
    kernel = launch.kernel
    buffers = {param: _buffer(launch, param) for param in kernel.params}
    size = chunk_size(launch, chunk_bytes)
    for first in range(0, launch.blocks, size):
        blocks = np.arange(first, min(first + size, launch.blocks), dtype=np.int64)
        machine = _Machine(launch, buffers, blocks, observe, output)
        machine.block(kernel.body, machine.root)
    return {param.name: _result(buffers[param]) for param in kernel.outputs}


def _buffer(launch: Launch, param: Value) -> Buffer:
    buffer = Buffer(param.name, param.dtype, launch.extents[param.name])
    given = launch.arrays.get(param.name)
    if given is not None:
        buffer.values = np.array(given, param.dtype.carrier).reshape(-1)
    if param in launch.kernel.outputs:
        buffer.track(UNDEFINED if given is None else INITIAL, param in launch.kernel.inputs)
    return buffer


def _result(buffer: Buffer) -> Array:
    assert buffer.writer is not None
    unset = buffer.writer == UNDEFINED
    if unset.any():
        at = [int(i) for i in np.unravel_index(int(np.argmax(unset)), buffer.extents)]
        raise error(
            "TV0405",
            f"`{buffer.name}{at}` was never written ({int(unset.sum())} of {unset.size} elements)",
            help=f"pass `{buffer.name}` to give it initial values",
        )
    return buffer.values.reshape(buffer.extents)


# --- chunks


def chunk_size(launch: Launch, chunk_bytes: int) -> int:
    """Blocks per chunk so that their tiles take about `chunk_bytes`; at least one."""
    each = max(1, _live_bytes(launch.kernel.body))
    return max(1, min(launch.blocks, chunk_bytes // each))


def _live_bytes(block: Block) -> int:
    """The most bytes of tiles that are live at one point of a block, per thread block."""
    last: dict[Value, int] = {}
    for number, op in enumerate(block.ops):
        for used in _uses(op):
            last[used] = number
    for value in block.yields:
        last[value] = len(block.ops)
    live = peak = 0
    ends: dict[int, int] = {}
    for number, op in enumerate(block.ops):
        made = sum(_bytes(value) for value in op.results)
        inside = max((_live_bytes(inner) for inner in regions(op)), default=0)
        live += made
        # an op's own temporaries are about as large as what it reads and makes
        peak = max(peak, live + inside + made + sum(_bytes(v) for v in op.operands))
        for value in op.results:
            ends[last.get(value, number)] = ends.get(last.get(value, number), 0) + _bytes(value)
        live -= ends.pop(number, 0)
    return peak


def _uses(op: Op) -> set[Value]:
    found = {*op.operands, *(a.buffer for a in op.accesses)}
    for inner in regions(op):
        for nested in inner.ops:
            found |= _uses(nested)
        found.update(inner.yields)
    return found


def _bytes(value: Value) -> int:
    kind = value.type
    if isinstance(kind, TileType):
        return kind.size * kind.dtype.carrier.itemsize
    return int(np.prod(kind.extents)) * (kind.dtype.carrier.itemsize + 8)


# --- execution


class _Group:
    """Blocks that run together, and what they know; a part of an outer group looks up there."""

    def __init__(self, blocks: Array, rows: Array, outer: _Group | None = None, pick: Array | None = None) -> None:
        self.blocks, self.rows, self.outer, self.pick = blocks, rows, outer, pick
        self.values: dict[Value, Any] = {}
        self.indices: dict[str, Any] = {}
        self.loops: tuple[str, ...] = outer.loops if outer else ()

    def get(self, value: Value) -> Any:
        if value not in self.values:
            assert self.outer is not None, value.name
            self.values[value] = self.taken(self.outer.get(value))
        return self.values[value]

    def taken(self, data: Any) -> Any:
        whole = isinstance(data, Buffer) or self.pick is None or data.shape[0] == 1
        return data if whole else data[self.pick]

    def index(self, name: str) -> Any:
        if name not in self.indices:
            assert self.outer is not None, name
            data = self.outer.index(name)
            self.indices[name] = data[self.pick] if np.ndim(data) and self.pick is not None else data
        return self.indices[name]

    def part(self, pick: Array) -> _Group:
        return _Group(self.blocks[pick], self.rows[pick], self, pick)


class _Indices(Mapping[str, Any]):
    """A group's index symbols, as expressions look them up."""

    def __init__(self, group: _Group) -> None:
        self.group = group

    def __getitem__(self, name: str) -> Any:
        return self.group.index(name)

    def __iter__(self) -> Any:
        return iter(self.group.indices)

    def __len__(self) -> int:
        return len(self.group.indices)


class _Machine:
    def __init__(
        self,
        launch: Launch,
        buffers: Mapping[Value, Buffer],
        blocks: Array,
        observe: Observer | None,
        output: Callable[[str], None] | None,
    ) -> None:
        self.launch, self.observe = launch, observe
        self.output = output or (lambda line: print(line, file=sys.stdout))
        self.root = _Group(blocks, np.arange(len(blocks)))
        self.root.values.update(buffers)
        self.root.indices.update(launch.symbols)
        ids = np.unravel_index(blocks, launch.grid) if launch.grid else ()
        for (name, _), at in zip(launch.kernel.grid, ids, strict=True):
            same = len(blocks) == 1 or bool((at == at[0]).all())
            self.root.indices[name] = int(at[0]) if same else at.astype(np.int64)

    def block(self, block: Block, group: _Group) -> list[Any]:
        for op in block.ops:
            if isinstance(op, For):
                self.loop(op, group)
            elif isinstance(op, If):
                self.branch(op, group)
            else:
                self.step(op, group)
        return [group.get(value) for value in block.yields]

    def step(self, op: Op, group: _Group) -> None:
        if isinstance(op, AllocShared):
            assert isinstance(op.out.type, BufferType)
            kind = op.out.type
            buffer = Buffer(op.out.name, kind.dtype, kind.extents, len(self.root.blocks))
            buffer.shared = True
            buffer.track(UNDEFINED, False)
            group.values[op.out] = buffer
            return
        try:
            result = op.run(*self.arguments(op, group))
        except Conflict as problem:
            raise self.located(op, problem.code, problem.message, problem.block, problem.help) from None
        except Trap as problem:
            number = problem.index[0] if problem.index and problem.index[0] < len(group.blocks) else 0
            message = f"{problem} at element {list(problem.index[1:])}"
            raise self.located(op, "TV0407", message, int(group.blocks[number]), None) from None
        except MemoryError:
            raise self.located(op, "TV0414", f"`{op.name}` does not fit into memory", 0, None) from None
        if isinstance(op, Print):
            self.show(op, result, group)
        elif isinstance(op, Assert):
            self.check(op, result, group)
        elif op.results:
            group.values[op.out] = result
            self.seen(op.out, group)

    def arguments(self, op: Op, group: _Group) -> list[Any]:
        """What `run` takes: tiles, parts of buffers, and the values of index attributes, in field order."""
        found: list[Any] = []
        env = _Indices(group)
        for item in op.fields():
            given = getattr(op, item.name)
            if item.role == "operand":
                found.append(group.get(given))
            elif item.role == "operands":
                found.extend(group.get(v) for v in given)
            elif item.role == "access":
                buffer: Buffer = group.get(given.buffer)
                starts = [self.evaluated(index, env, op) for index in given.indices]
                found.append(Part(buffer, starts, group.blocks, group.rows if buffer.shared else None))
            elif item.hint is Expr:
                found.append(self.evaluated(given, env, op))
        return found

    def evaluated(self, expr: Expr, env: _Indices, op: Op) -> Any:
        try:
            return expr.evaluate(env)
        except TileError as problem:
            first = problem.diagnostics[0]
            raise (problem if first.labels else op.reject(first.code, first.message)) from None

    def seen(self, value: Value, group: _Group) -> None:
        if self.observe is not None:
            loops = {name: group.index(name) for name in group.loops}
            self.observe(Event(value, group.blocks, loops, group.get(value)))

    # --- control flow

    def loop(self, op: For, group: _Group) -> None:
        env = _Indices(group)
        lo, hi, step = (self.evaluated(e, env, op) for e in (op.lo, op.hi, op.step))
        if np.any(np.less(step, 1)):
            raise op.reject("TV0215", f"the step of the loop is {np.min(step)}, it must be at least 1")
        trips = np.maximum(0, -((np.asarray(lo) - hi) // step))
        if trips.ndim and not (trips == trips[0]).all():
            self.split(op, group, trips, lambda part, count: self.rounds(op, part, count))
        else:
            self.finish(op, group, self.rounds(op, group, int(trips if not trips.ndim else trips[0])))

    def rounds(self, op: For, group: _Group, count: int) -> list[Any]:
        env = _Indices(group)
        lo, step = op.lo.evaluate(env), op.step.evaluate(env)
        carried = [group.get(value) for value in op.inits]
        for number in range(count):
            inner = _Group(group.blocks, group.rows, group)
            inner.loops = (*group.loops, op.var)
            inner.indices[op.var] = lo + number * step
            inner.values.update(zip(op.params, carried, strict=True))
            carried = self.block(op.body, inner)
        return carried

    def branch(self, op: If, group: _Group) -> None:
        if isinstance(op.cond, Value):
            taken = np.asarray(group.get(op.cond)).reshape(-1) != 0
        else:
            taken = np.asarray(op.cond.evaluate(_Indices(group))).reshape(-1)
        if taken.all() or not taken.any():
            inner = _Group(group.blocks, group.rows, group)
            self.finish(op, group, self.block(op.then if taken[0] else op.orelse, inner))
        else:
            way = taken.astype(np.int64)
            self.split(op, group, way, lambda part, one: self.block(op.then if one else op.orelse, part))

    def split(self, op: Op, group: _Group, key: Array, each: Callable[[_Group, int], list[Any]]) -> None:
        """Runs the blocks of each key apart, then joins what they yield."""
        joined: list[Array] = [
            np.empty((len(group.blocks), *value.tile.shape), value.dtype.carrier) for value in op.results
        ]
        for one in np.unique(key):
            pick = np.flatnonzero(key == one)
            for whole, piece in zip(joined, each(group.part(pick), int(one)), strict=True):
                whole[pick] = piece
        self.finish(op, group, joined)

    def finish(self, op: Op, group: _Group, results: list[Any]) -> None:
        for value, data in zip(op.results, results, strict=True):
            group.values[value] = data
            self.seen(value, group)

    # --- for people

    def located(self, op: Op, code: str, message: str, block: int, help: str | None) -> TileError:
        problem = op.reject(code, message, "at", help=help)
        if not self.launch.grid:
            return problem
        first = problem.diagnostics[0]
        note = f"in thread block {self.named(block)}"
        return error(code, message, *first.labels, help=help, notes=[*first.notes, note])

    def named(self, block: int) -> str:
        ids = np.unravel_index(block, self.launch.grid) if self.launch.grid else ()
        pairs = zip(self.launch.kernel.grid, ids, strict=True)
        return ", ".join(f"{name} = {int(at)}" for (name, _), at in pairs)

    def show(self, op: Print, data: Array, group: _Group) -> None:
        for number, block in enumerate(group.blocks):
            tile = data[number if len(data) > 1 else 0]
            where = f" [{self.named(int(block))}]" if self.launch.grid else ""
            label = f"{op.label}: " if op.label else ""
            self.output(f"{label}{op.a.name}: {op.a.type}{where} =\n{np.array2string(tile)}")

    def check(self, op: Assert, data: Array, group: _Group) -> None:
        if (data != 0).all():
            return
        at = tuple(int(i) for i in np.argwhere(data == 0)[0])
        said = f": {op.message}" if op.message else ""
        where = f" at element {list(at[1:])}" if len(at) > 1 else ""
        raise self.located(op, "TV0408", f"assertion fails{where}{said}", int(group.blocks[at[0]]), None)


__all__ = ["CHUNK_BYTES", "Const", "Event", "Observer", "execute", "run"]
