"""Smaller programs from one program: what `tilevm.testing.shrink` tries.

Each edit takes a kernel and returns another, not one with the same results: a statement gone and
zeros in its place, a loop run once, a tile loaded that was computed.  Where an edit leaves no
well-formed program, it raises TileError.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

import numpy as np

from tilevm.diagnostics import TileError
from tilevm.dtypes import DType
from tilevm.ir import (
    Access,
    Block,
    BufferType,
    Call,
    Const,
    For,
    Function,
    If,
    Kernel,
    Op,
    RegionOp,
    Sym,
    TileType,
    Value,
    While,
)
from tilevm.ir.ops import Barrier, Full, Load, Store
from tilevm.passes.remove_dead_code import live
from tilevm.passes.rewrite import Emitter, Rule, Walk, kept, names, rewrite
from tilevm.text import parse

_LAYOUT = re.compile(r" @ [^=\n]+(?= = )")  # behind the type of a result, as it is printed


def statements(kernel: Kernel) -> list[Op]:
    """Every statement, those of its functions behind its own."""
    found = list(kernel.body.walk())
    for function in kernel.functions:
        found.extend(function.body.walk())
    return found


def swept(kernel: Kernel, stops: bool = False) -> Kernel:
    """Without what only computes and is not read, even where it could stop with an error.

    `stops`: it is to stop, so that only constants go.
    """
    missed = (lambda op: not isinstance(op, Full)) if stops else _writes
    return replace(kernel, body=live(kernel.body, missed))


def _writes(op: Op) -> bool:
    if op.blocks:
        return any(_writes(inner) for block in op.blocks for inner in block.ops)
    return not op.results or bool(op.touched("writes"))


# --- statements


def without(kernel: Kernel, gone: Collection[Op]) -> Kernel:
    """Without some statements; zeros take the place of what they computed."""

    def rule(op: Op, emit: Emitter) -> Sequence[Value] | None:
        return [_zeros(emit, value) for value in op.results] if emit.source in gone else None

    return _in_functions(kernel, rule)


def passed_on(kernel: Kernel, at: Op, operand: int) -> Kernel:
    """A statement gone, and one of its operands, of the same type, in place of its result."""

    def rule(op: Op, emit: Emitter) -> Sequence[Value] | None:
        return [op.operands[operand]] if emit.source is at else None

    return _in_functions(kernel, rule)


def _in_functions(kernel: Kernel, rule: Rule) -> Kernel:
    """`rewrite`, of the functions that are called too."""
    made: dict[Function, Function] = {}  # functions that are equal stay so
    known = names(kernel)

    def all_too(op: Op, emit: Emitter) -> Sequence[Value] | None:
        found = rule(op, emit)
        if found is None and isinstance(op, Call) and op.function in made:
            return emit.append(replace(op, function=made[op.function]))
        return found

    walk = Walk(all_too, known)
    for function in kernel.functions:
        body = live(walk.block(function.body, {}, {}), _writes)
        made[function] = replace(function, body=body)
    return rewrite(kernel, all_too)


def _zeros(emit: Emitter, value: Value) -> Value:
    if not isinstance(value.type, TileType):
        return value  # of shared memory: refused as undefined, unless nobody reads it
    kind = replace(value.tile, layout=None)
    try:
        return emit(Full, type=kind, value=0, written=value.tile)
    except TileError:  # a format without a zero
        return emit(Full, type=kind, value=1, written=value.tile)


def unwrapped(kernel: Kernel, at: Op, number: int) -> Kernel:
    """One block of a statement in its place, once: a loop's first round, a branch, a function.

    A block that ends the thread block goes on instead, with zeros for the results.
    """

    def rule(op: Op, emit: Emitter) -> Sequence[Value] | None:
        if emit.source is not at:
            return None
        if isinstance(op, Call):
            function = op.function
            values = dict(zip(function.params, op.arguments, strict=True))
            return emit.inline(function.body, values, {})
        assert isinstance(op, RegionOp)
        index = {op.var: op.lo} if isinstance(op, For) else {}
        inside = dict(zip(op.params, op.inits, strict=True))
        block = op.blocks[number]
        if not block.leaves:
            return emit.inline(block, inside, index)
        emit.inline(replace(block, ops=block.ops[:-1]), inside, index)
        return [_zeros(emit, value) for value in op.results]

    return rewrite(kernel, rule)


def slimmer(kernel: Kernel, at: RegionOp, number: int) -> Kernel:
    """A loop or branch without one of its results: it carries, or yields, one tile less."""

    def rule(op: Op, emit: Emitter) -> Sequence[Value] | None:
        if emit.source is not at:
            return None
        assert isinstance(op, RegionOp)
        changes: dict[str, Any] = {}
        instead = _zeros(emit, op.results[number]) if isinstance(op, If) else op.inits[number]
        blocks = []
        for block in op.blocks:
            inner = emit.inner()
            inside = {op.params[number]: instead} if op.params else {}
            yields = inner.inline(block, inside, {})
            blocks.append(Block(tuple(inner.ops), _but(yields, number)))
        if op.params:
            changes = {"params": _but(op.params, number), "inits": _but(op.inits, number)}
        if isinstance(op, While):
            changes["number"] = op.number - (number < op.number)
        kept = _but([value.name for value in op.results], number)
        made = op.with_blocks(*blocks, named=kept, **changes)
        found = list(emit.append(made))
        return [*found[:number], instead, *found[number:]]

    return rewrite(kernel, rule)


def _but(items: Sequence[Any], number: int) -> tuple[Any, ...]:
    return (*items[:number], *items[number + 1 :])


# --- loads and stores


@dataclass(frozen=True)
class Cut:
    """A tile to be loaded that was computed, and what it was: [*grid, *shape]."""

    value: Value
    data: Any


@dataclass(frozen=True)
class Aim:
    """One result of one statement, to be all that is stored; the extents of the grid."""

    at: Op
    number: int
    grid: tuple[int, ...]


def loaded(
    kernel: Kernel, cuts: Sequence[Cut], aim: Aim | None = None
) -> tuple[Kernel, Mapping[str, Any]]:
    """Tiles come from buffers of their own, and are not computed; these buffers.

    With an `aim` nothing is stored but that, behind its statement.
    """
    known, grid = names(kernel), [name for name, _ in kernel.grid]
    homes: dict[Value, Value] = {}
    arrays: dict[str, Any] = {}
    for cut in cuts:
        homes[cut.value] = _buffer(known, "x", cut.value.dtype, cut.data.shape)
        arrays[homes[cut.value].name] = cut.data.reshape(cut.data.shape or (1,))
    target = None
    if aim is not None:
        result = aim.at.results[aim.number]
        shape = (*aim.grid, *result.tile.shape) or (1,)
        target = _buffer(known, "y", result.dtype, shape)
        arrays[target.name] = result.dtype.random(np.random.default_rng(0), shape)

    def rule(op: Op, emit: Emitter) -> Sequence[Value] | None:
        if aim is not None and target is not None and emit.source is aim.at:
            found = emit.append(op)
            emit.append(Barrier())
            emit.append(Store(a=found[aim.number], at=_first(target, grid)))
            return found
        if aim is not None and isinstance(op, Store) and op.at.buffer in kernel.params:
            return []
        old = emit.source.results
        here = [number for number, value in enumerate(old) if value in homes]
        if not here:
            return None
        several = list(op.results if len(here) == len(old) else emit.append(op))
        for number in here:
            at, kind = _first(homes[old[number]], grid), old[number].tile
            several[number] = emit(Load, at=at, written=kind, number=number)
        return several

    made = rewrite(kernel, rule)
    more = [*homes.values(), *([] if target is None else [target])]
    return replace(made, params=(*made.params, *more)), arrays


def _buffer(known: Counter[str], stem: str, kind: DType, shape: tuple[int, ...]) -> Value:
    name = next(name for number in count() if not known[name := f"{stem}{number}"])
    known[name] += 1
    return Value(name, BufferType("global", kind, tuple(map(Const, shape or (1,)))))


def _first(buffer: Value, grid: Sequence[str]) -> Access:
    """Where a thread block's part of such a buffer begins."""
    assert isinstance(buffer.type, BufferType)
    rest = len(buffer.type.shape) - len(grid)
    return Access(buffer, (*map(Sym, grid), *(Const(0),) * rest))


# --- what stands around the statements


def without_param(kernel: Kernel, param: Value) -> Kernel:
    """Without a buffer that no statement touches, and those of its scales."""
    assert isinstance(param.type, BufferType)
    gone = {param.name, *(name for name, _ in param.type.companions(param.name))}
    kept = tuple(each for each in kernel.params if each.name not in gone)
    return replace(kernel, params=kept)


def without_grid(kernel: Kernel, number: int) -> Kernel:
    """Only the first blocks along one dimension of the grid."""
    made = rewrite(kernel, kept, {kernel.grid[number][0]: Const(0)})
    return replace(made, grid=_but(made.grid, number))


def bound(kernel: Kernel, symbols: Mapping[str, int]) -> Kernel:
    """Numbers in place of shape symbols."""
    env = {name: Const(value) for name, value in symbols.items()}
    params = {}
    for param in kernel.params:
        assert isinstance(param.type, BufferType)
        params[param] = replace(param, type=param.type.substitute(env))
    return replace(rewrite(kernel, kept, env, params), where=())


def layouts(kernel: Kernel) -> int:
    """How many layouts are written in it."""
    return len(_LAYOUT.findall(str(kernel)))


def plain(kernel: Kernel, number: int | None = None) -> Kernel:
    """Without one of the layouts that are written, or without any; the rest is inferred."""
    numbers = count()

    def instead(found: re.Match[str]) -> str:
        return "" if number in (None, next(numbers)) else found[0]

    return parse(_LAYOUT.sub(instead, str(kernel)))[kernel.name]
