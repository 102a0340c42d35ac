"""The machine: one thread block after the other, one statement after the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Any, TypeVar

from tilevm.diagnostics import TileError
from tilevm.ir import Block, Call, Expr, For, If, Kernel, Op, Value, While, ops
from tilevm.reference.formats import cast, fit
from tilevm.reference.launch import bind, evaluate, holds
from tilevm.reference.memory import Copies, Memory
from tilevm.reference.numbers import Number, Refused
from tilevm.reference.ops import MEANINGS, Index, Tile, indices, tile
from tilevm.reference.random import random_word

_HIGHEST = (1 << 63) - 1


def run(
    kernel: Kernel,
    arguments: Mapping[str, Any] | None = None,
    /,
    *,
    output: Callable[[str], None] = print,
    after: Callable[[Op, ThreadBlock], None] | None = None,
    **named: Any,
) -> dict[str, Any]:
    """Runs a kernel; returns every buffer that it stores to, as nested lists of Python numbers.

    Arguments are arrays or nested lists, and integers for shape symbols that follow from no array.
    `after` is told of every op that a thread block has done.  TileError as from `tilevm.run`, with
    the first error alone; memory is not checked.
    """
    launch = bind(kernel, {**(arguments or {}), **named})
    buffers = {}
    for param in kernel.params:
        given = launch.data.get(param.name, {})
        buffers[param] = Memory(param.name, param.dtype, launch.extents[param.name], dict(given))
    names = [name for name, _ in kernel.grid]
    for ids in product(*map(range, launch.grid)):
        known = {**launch.symbols, **dict(zip(names, ids, strict=True))}
        block = ThreadBlock(ids, known, dict(buffers), output, after)
        try:
            block.execute(kernel.body)
        except Returned:
            pass
        block.copies.end()
    return {param.name: buffers[param].all() for param in kernel.outputs}


class Returned(Exception):
    """A thread block ends before the last statement."""


@dataclass
class ThreadBlock:
    """A thread block on its way through the program.

    `indices`: the symbols, block ids and loop variables in scope; `tiles`: the values computed.
    """

    ids: Index
    indices: dict[str, int]
    buffers: dict[Value, Memory]
    output: Callable[[str], None]
    after: Callable[[Op, ThreadBlock], None] | None = None
    tiles: dict[Value, Tile] = field(default_factory=dict)
    copies: Copies = field(default_factory=Copies)
    watched: dict[Op, Tile] = field(default_factory=dict)

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
            if self.after is not None:
                self.after(op, self)
        return [self.tiles[value] for value in block.yields]

    def index(self, expr: Expr) -> int:
        return evaluate(expr, self.indices)


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


@does(While)
def while_(at: ThreadBlock, op: While) -> None:
    fuel, rounds = at.index(op.fuel), 0
    if fuel < 0:
        raise op.reject("TV0244", f"the `fuel` of the loop is {fuel}, it must be at least 0")
    carried = [at.tiles[init] for init in op.inits]
    while carried[op.number][()] == 1:
        if rounds >= fuel:
            raise op.reject("TV0464", f"the loop has made {rounds} rounds and would go on")
        at.tiles.update(zip(op.params, carried, strict=True))
        carried, rounds = at.execute(op.body), rounds + 1
    at.tiles.update(zip(op.results, carried, strict=True))


@does(ops.Return)
def return_(at: ThreadBlock, op: ops.Return) -> None:
    if at.after is not None:
        at.after(op, at)
    raise Returned


@does(If)
def if_(at: ThreadBlock, op: If) -> None:
    if isinstance(op.cond, Value):
        taken = at.tiles[op.cond][()] == 1
    else:
        taken = holds(op.cond, at.indices)
    yielded = at.execute(op.then if taken else op.orelse)
    at.tiles.update(zip(op.results, yielded, strict=True))


@does(Call)
def call(at: ThreadBlock, op: Call) -> None:
    """The function knows its parameters, and no index of its caller."""
    given = [at.tiles[argument] for argument in op.arguments]
    at.tiles.update(zip(op.function.params, given, strict=True))
    inside = replace(at, indices={})
    at.tiles.update(zip(op.results, inside.execute(op.function.body), strict=True))


@does(ops.Iota)
def iota(at: ThreadBlock, op: ops.Iota) -> None:
    start = at.index(op.start)
    at.tiles[op.out] = tile(op.out, lambda i: fit(op.out.dtype, start + i[op.dim], op.overflow))


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


@does(ops.Cast)
def cast_(at: ThreadBlock, op: ops.Cast) -> None:
    a, first = at.tiles[op.a], at.index(op.counter)
    order = {i: n for n, i in enumerate(indices(op.out.tile.shape))}

    def law(i: Index) -> Number:
        word = 0 if op.seed is None else random_word(op.seed, first + order[i])
        return cast(a[i], op.a.dtype, op.to, op.rounding, op.overflow, op.nan, word)

    at.tiles[op.out] = tile(op.out, law)
