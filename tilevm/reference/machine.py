"""The machine: one thread block after the other, one statement after the other.

Block by block would hide that the result depends on their order; so every element of a buffer knows
who wrote and who read it, and two blocks that meet there are an error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Any, TypeVar

from tilevm.diagnostics import TileError, error
from tilevm.dtypes import DType
from tilevm.ir import Block, BufferType, Const, Expr, For, If, Kernel, Op, Value, ops
from tilevm.reference.formats import fit
from tilevm.reference.launch import bind, evaluate, holds
from tilevm.reference.numbers import Number, Refused, python
from tilevm.reference.ops import MEANINGS, Index, Tile, indices, tile
from tilevm.reference.random import random_word

_HIGHEST = (1 << 63) - 1


@dataclass
class Memory:
    """A buffer: what its elements hold, if anything, and which blocks wrote and read them."""

    name: str
    dtype: DType
    extents: Index
    values: Tile = field(default_factory=dict)
    writer: dict[Index, Index] = field(default_factory=dict)
    readers: dict[Index, set[Index]] = field(default_factory=dict)

    def has(self, at: Index) -> bool:
        """Whether the element is inside."""
        return all(0 <= n < extent for n, extent in zip(at, self.extents, strict=True))

    def defined(self, places: Iterable[Index]) -> None:
        """Refuses elements that are undefined: TV0405."""
        for at in places:
            if at not in self.values:
                raise error("TV0405", f"`{self.name}{list(at)}` was never written")

    def read(self, at: Index, block: Index) -> Number:
        """An element, which must be defined: TV0406 if another block wrote it."""
        self.alone(at, block, {self.writer.get(at, block)})
        self.readers.setdefault(at, set()).add(block)
        return self.values[at]

    def write(self, at: Index, value: Number, block: Index) -> None:
        """Writes an element: TV0406 if another block wrote or read it."""
        self.alone(at, block, {self.writer.get(at, block), *self.readers.get(at, ())})
        self.writer[at] = block
        self.values[at] = value

    def alone(self, at: Index, block: Index, others: set[Index]) -> None:
        """Refuses what another block has touched."""
        for other in sorted(others - {block}):
            what = f"blocks {list(other)} and {list(block)} both touch `{self.name}{list(at)}`"
            raise error("TV0406", f"{what}, and one of them writes it")

    def nested(self) -> Any:
        """All elements as nested lists of Python numbers; TV0405 if one is undefined."""
        self.defined(indices(self.extents))
        return _nested(self.values, self.extents, ())


def _nested(values: Tile, shape: Index, at: Index) -> Any:
    if len(at) == len(shape):
        return python(values[at])
    return [_nested(values, shape, (*at, n)) for n in range(shape[len(at)])]


def run(
    kernel: Kernel,
    arguments: Mapping[str, Any] | None = None,
    /,
    *,
    output: Callable[[str], None] = print,
    **named: Any,
) -> dict[str, Any]:
    """Runs a kernel; returns every buffer that it stores to, as nested lists of Python numbers.

    Arguments are arrays or nested lists, and integers for shape symbols that follow from no array.
    TileError as from `tilevm.run`, with the first error alone; memory is not checked.
    """
    launch = bind(kernel, {**(arguments or {}), **named})
    buffers = {}
    for param in kernel.params:
        given = launch.data.get(param.name, {})
        buffers[param] = Memory(param.name, param.dtype, launch.extents[param.name], dict(given))
    names = [name for name, _ in kernel.grid]
    for ids in product(*map(range, launch.grid)):
        known = {**launch.symbols, **dict(zip(names, ids, strict=True))}
        ThreadBlock(ids, known, dict(buffers), output).execute(kernel.body)
    return {param.name: buffers[param].nested() for param in kernel.outputs}


@dataclass
class ThreadBlock:
    """A thread block on its way through the program.

    `indices`: the symbols, block ids and loop variables in scope; `tiles`: the values computed.
    """

    ids: Index
    indices: dict[str, int]
    buffers: dict[Value, Memory]
    output: Callable[[str], None]
    tiles: dict[Value, Tile] = field(default_factory=dict)

    def execute(self, block: Block) -> list[Tile]:
        """Runs the statements in order; returns what they yield."""
        for op in block.ops:
            try:
                if type(op) in STATEMENTS:
                    STATEMENTS[type(op)](self, op)
                else:
                    operands = [value and self.tiles[value] for value in op.tiles]
                    found = MEANINGS[type(op)](op, *operands)
                    results = found if isinstance(found, tuple) else (found,)
                    self.tiles.update(zip(op.results, results, strict=True))
            except Refused as problem:
                raise op.reject("TV0407", str(problem)) from None
            except TileError as problem:
                first = problem.diagnostics[0]
                raise (problem if first.labels else op.reject(first.code, first.message)) from None
        return [self.tiles[value] for value in block.yields]

    def index(self, expr: Expr) -> int:
        return evaluate(expr, self.indices)

    def touched(self, op: ops.Load | ops.Store, shape: Index) -> tuple[Memory, dict[Index, Index]]:
        """A buffer, and where in it each element of a tile lies: along its last dimensions.

        TV0403 if the tile leaves the buffer in some dimension, unless the op allows it.
        """
        memory = self.buffers[op.at.buffer]
        start = [self.index(expr) for expr in op.at.indices]
        lead = (0,) * (len(start) - len(shape))
        places = {
            i: tuple(first + n for first, n in zip(start, (*lead, *i), strict=True))
            for i in indices(shape)
        }
        lengths = (*(1 for _ in lead), *shape)
        for first, length, extent in zip(start, lengths, memory.extents, strict=True):
            if op.oob == "trap" and not 0 <= first <= extent - length:
                where = f"{first} .. {first + length} leaves `{memory.name}` {list(memory.extents)}"
                raise op.reject("TV0403", where, "at")
        return memory, places


Statement = Callable[[ThreadBlock, Any], None]
AnyStatement = TypeVar("AnyStatement", bound=Statement)

STATEMENTS: dict[type[Op], Statement] = {}  # ops that see more than tiles: indices, buffers, blocks


def does(kind: type[Op]) -> Callable[[AnyStatement], AnyStatement]:
    """Makes a function what a statement does."""

    def register(statement: AnyStatement) -> AnyStatement:
        STATEMENTS[kind] = statement
        return statement

    return register


@does(For)
def for_(at: ThreadBlock, op: For) -> None:
    lo, hi, step = at.index(op.lo), at.index(op.hi), at.index(op.step)
    if step < 1:
        raise op.reject("TV0215", f"the step of the loop is {step}, it must be at least 1")
    if hi - lo > _HIGHEST:
        raise op.reject("TV0415", f"from {lo} to {hi} are more steps than 64 bits count")
    carried = [at.tiles[init] for init in op.inits]
    for k in range(lo, hi, step):
        at.indices[op.var] = k
        at.tiles.update(zip(op.params, carried, strict=True))
        carried = at.execute(op.body)
    at.tiles.update(zip(op.results, carried, strict=True))


@does(If)
def if_(at: ThreadBlock, op: If) -> None:
    if isinstance(op.cond, Value):
        taken = at.tiles[op.cond][()] == 1
    else:
        taken = holds(op.cond, at.indices)
    yielded = at.execute(op.then if taken else op.orelse)
    at.tiles.update(zip(op.results, yielded, strict=True))


@does(ops.Iota)
def iota(at: ThreadBlock, op: ops.Iota) -> None:
    start = at.index(op.start)
    at.tiles[op.out] = tile(op.out, lambda i: fit(op.out.dtype, start + i[op.dim]))


@does(ops.Random)
def random(at: ThreadBlock, op: ops.Random) -> None:
    first = at.index(op.counter)

    def law(number: int) -> int:
        if op.out.dtype.bits <= 32:
            return random_word(op.seed, number)
        low, high = (random_word(op.seed, 2 * number + i) for i in (0, 1))
        return high << 32 | low

    order = {i: n for n, i in enumerate(indices(op.out.tile.shape))}
    at.tiles[op.out] = tile(op.out, lambda i: fit(op.out.dtype, law(first + order[i])))


@does(ops.AllocShared)
def alloc_shared(at: ThreadBlock, op: ops.AllocShared) -> None:
    kind = op.out.type
    assert isinstance(kind, BufferType)
    extents = tuple(extent.value for extent in kind.shape if isinstance(extent, Const))
    at.buffers[op.out] = Memory(op.out.name, kind.dtype, extents)


@does(ops.Load)
def load(at: ThreadBlock, op: ops.Load) -> None:
    memory, places = at.touched(op, op.out.tile.shape)
    inside = {i: there for i, there in places.items() if memory.has(there)}
    memory.defined(inside.values())
    read = {i: memory.read(there, at.ids) for i, there in inside.items()}
    at.tiles[op.out] = tile(op.out, lambda i: read.get(i, fit(memory.dtype, 0)))


@does(ops.Store)
def store(at: ThreadBlock, op: ops.Store) -> None:
    memory, places = at.touched(op, op.a.tile.shape)
    for i, value in at.tiles[op.a].items():
        if memory.has(places[i]):
            memory.write(places[i], value, at.ids)


@does(ops.Barrier)
def barrier(at: ThreadBlock, op: ops.Barrier) -> None:
    """Nothing: the stores before it are done, as statements run in order."""


@does(ops.Print)
def print_(at: ThreadBlock, op: ops.Print) -> None:
    label, kind = f"{op.label}: " if op.label else "", op.a.tile
    shown = _nested(at.tiles[op.a], kind.shape, ())
    at.output(f"{label}{op.a.name}: {kind} {list(at.ids)} =\n{shown}")


@does(ops.Assert)
def assert_(at: ThreadBlock, op: ops.Assert) -> None:
    for i, bit in at.tiles[op.a].items():
        if bit == 0:
            raise op.reject("TV0408", f"assertion fails at element {list(i)}: {op.message}")
