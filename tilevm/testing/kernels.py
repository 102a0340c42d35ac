"""Random well-typed kernels: every one terminates, stays inside its buffers, and is small."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from hypothesis import strategies as st

from tilevm.dtypes import dtype
from tilevm.ir import REGISTRY, Const, Expr, Kernel, Sym, TileType, Value
from tilevm.ir.builder import condition
from tilevm.testing.families import (
    BEYOND,
    FAMILIES,
    facts,
    indexed,
    memory,
)
from tilevm.testing.writer import Level, Writer

CONTROL = ("for", "if", "while", "call")  # the statements that hold statements
OF_KERNELS = {each.__name__ for each in (facts, indexed, memory)}  # name symbols and buffers
MAX_ROUNDS = 24  # thread blocks times rounds of the loops around one statement


@dataclass(frozen=True, eq=False)
class Generated:
    """A kernel, and the numbers for those of its shape symbols."""

    kernel: Kernel
    sizes: dict[str, int]

    def __repr__(self) -> str:
        sizes = ", ".join(f"{name} = {size}" for name, size in self.sizes.items())
        return f"# {sizes or 'no symbols'}\n{self.kernel}"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """What Hypothesis prints for a failure: the program, not its fields."""
        printer.text(repr(self))


@st.composite
def kernels(
    draw: st.DrawFn,
    *,
    statements: int = 12,
    depth: int = 2,
    written_layouts: bool = True,
    buildable: bool = True,
) -> Generated:
    """Kernels of about `statements` integer statements, loops to `depth`, a grid of rank 0 to 2.

    With `buildable`, only what hardware has rules for; else also fuel that depends on counters.
    """
    writer = Writer(draw, written_layouts)
    _grid(writer)
    _block(writer, statements, depth, buildable)
    for _ in range(writer.pick((1, 1, 2, 3))):
        writer.store(writer.any_value())
    return Generated(writer.builder.kernel(), dict(writer.sizes))


def _grid(w: Writer) -> None:
    for stem in w.pick(((), ("n",), ("n",), ("n", "m"))):
        extent = w.pick((1, 2, 2, 3))
        written: Expr = Const(extent)
        if w.rarely(3):
            scale = w.pick((1, 2, 4))
            written = Sym(w.name("G")) / scale
            w.sizes[next(s.name for s in written.symbols())] = extent * scale
        w.builder.grid(stem, written)
        w.levels.append(Level(stem, tuple(range(extent)), is_grid=True))
    for symbol in list(w.sizes):
        # a symbol is one by being an extent of a parameter
        kind = w.pick(("i8", "u4", "i32"))
        w.inputs.append(w.builder.buffer(w.name("x"), kind, symbol))


def _block(w: Writer, statements: int, depth: int, buildable: bool) -> None:
    for _ in range(w.number(1, statements)):
        if depth and w.rarely(5) and w.rounds < MAX_ROUNDS:
            _loop(w, max(1, statements // 2), depth - 1, buildable)
        elif w.rarely(12):
            _branch(w)
        elif w.rarely(16):
            _function(w)
        elif w.rarely(16 if buildable else 10):
            _while(w, depth, buildable)
        elif w.rarely(12):
            _early_end(w)
        elif w.levels and w.rarely(10):
            w.store(w.any_value())
        elif not buildable and w.rarely(2):
            w.pick(BEYOND)(w)
        else:
            w.pick(FAMILIES)(w)


def _loop(w: Writer, statements: int, depth: int, buildable: bool) -> None:
    trips = w.pick([n for n in (2, 3, 4, 1, 0) if n * w.rounds <= MAX_ROUNDS])
    lo, step = w.pick((0, 0, 1, 5)), w.pick((1, 1, 2, 3))
    hi = lo + trips * step - (w.number(0, step - 1) if trips else 0)
    inits = [w.any_value() for _ in range(w.pick((0, 1, 1, 2, 3)))]
    if len(inits) > 1 and w.rarely(2):
        inits[-1] = w.of_type(inits[0].tile)  # of one type, so that they can swap
    var = w.name("k")
    carry = {w.name("p"): init for init in inits}
    names = [w.name("r") for _ in inits]
    values = tuple(range(lo, hi, step))
    limit: Expr | int = hi
    outer = [level for level in w.levels if level.values]
    if outer and w.rarely(3):
        # fewer rounds in some blocks or rounds of the outer loop
        level = w.pick(outer)
        limit = Const(hi) - Sym(level.name) * w.number(0, 1)
    unroll = w.pick((None, None, None, 1, 4))
    with w.builder.loop(var, lo, limit, step, carry, names, unroll=unroll) as loop:
        with w.inside(Level(var, values), loop.carried):
            _block(w, statements, depth, buildable)
            if w.rarely(3) or not inits:
                w.store(w.any_value())
            yields = [_next(w, param) for param in loop.carried]
            first, last = loop.carried[:1], loop.carried[-1:]
            if len(yields) > 1 and first[0].type == last[0].type and w.rarely(2):
                yields[0], yields[-1] = *last, *first
            w.builder.yield_(*yields)
    w.values.extend(loop.results)


def _while(w: Writer, depth: int, buildable: bool) -> None:
    """A countdown from a loaded number, of as many rounds as the fuel allows; blocks may differ."""
    most = w.pick((2, 3, 1, 0))
    if most * w.rounds > MAX_ROUNDS:
        return
    of = TileType(dtype("u2"), ())
    count, zero = w.load(of), w.op("full", of, value=0)
    limit, one = w.op("full", of, value=most), w.op("full", of, value=1)
    count = w.op("min", count, limit)
    go = w.op("compare", count, zero, pred="gt")
    carry = {w.name("p"): count, w.name("go"): go}
    if w.rarely(2):
        carry[w.name("p")] = w.any_value()
    if w.rarely(3):
        carry = dict(reversed(carry.items()))
    condition, fuel = next(name for name, value in carry.items() if value is go), most
    bound: Expr = Const(fuel)
    if w.levels and not buildable and w.rarely(2):
        level = w.pick(w.levels)
        bound = bound + Sym(level.name) - min(level.values, default=0)
    names = [w.name("r") for _ in carry]
    with w.builder.while_(condition, carry, bound, names) as loop:
        with w.repeated(max(1, most), loop.carried):
            _block(w, 3, min(depth, 1), buildable)
            by_name = dict(zip(carry, loop.carried, strict=True))
            left = w.op("sub", next(by_name[n] for n, v in carry.items() if v is count), one)
            again = w.op("compare", left, zero, pred="gt")
            yields = {id(count): left, id(go): again}
            w.builder.yield_(
                *(yields.get(id(value)) or _next(w, by_name[name]) for name, value in carry.items())
            )
    w.values.extend(loop.results)


def _early_end(w: Writer) -> None:
    """A branch that some thread blocks do not come back from; it may store before."""
    grid = [level for level in w.levels if level.is_grid]
    if not grid:
        return
    level = w.pick(grid)
    cond = condition(Sym(level.name), w.pick(("==", ">=", "<")), w.number(0, len(level.values)))
    for other in [each for each in w.levels if not each.is_grid]:
        if w.rarely(2):
            last = condition(Sym(other.name), "==", max(other.values, default=0))
            cond = replace(last, also=cond)

    def ends() -> None:
        with w.apart():
            if w.rarely(2):
                w.store(w.any_value())
            w.builder.emit(REGISTRY["return"], (), {})

    def goes_on() -> tuple[Value, ...]:
        if not w.rarely(2):
            return ()
        with w.apart():
            w.pick(FAMILIES)(w)
            return (w.any_value(),)

    sides = (ends, goes_on) if w.rarely(2) else (goes_on, ends)
    results = w.builder.if_(cond, *sides)
    w.values.extend(results)


def _next(w: Writer, param: Value) -> Value:
    """What a round hands on: often an accumulation, else anything of the type."""
    if w.rarely(2):
        return w.of_type(param.tile)
    kind = w.pick(("add", "add", "max", "min", "xor", "and", "or", "sub", "mul"))
    operands = [param, w.of_type(param.tile)]
    return w.op(kind, *(operands if w.rarely(2) else operands[::-1]))


def _branch(w: Writer) -> None:
    kind = w.any_value().tile

    def side() -> tuple[Value]:
        with w.apart():
            w.pick(FAMILIES)(w)
            if w.rarely(3):
                w.store(w.any_value())
            return (w.of_type(kind),)

    if w.levels and w.rarely(2):
        cond = condition(Sym(w.pick(w.levels).name), w.pick(("==", "<", ">=")), w.number(0, 2))
        results = w.builder.if_(cond, side, side, [w.name("r")])
    else:
        a = w.any_value()
        one = w.op("amax", a) if a.tile.rank else a
        flag = w.op("compare", one, w.of_type(one.tile), pred=w.pick(("lt", "ge", "ne")))
        results = w.builder.if_(flag, side, side, [w.name("r")])
    w.values.extend(results)


def _function(w: Writer) -> None:
    """A function of a few statements, called once or twice."""
    kinds = {w.name("a"): w.any_value().tile for _ in range(w.number(1, 3))}
    families = [f for f in FAMILIES if f.__module__ not in OF_KERNELS]
    with w.builder.function(w.name("f"), **kinds) as function:
        with w.function([function[name] for name in kinds]):
            for _ in range(w.number(1, 4)):
                w.pick(families)(w)
            yields = [w.any_value() for _ in range(w.number(1, 2))]
            w.builder.yield_(*yields)
    for _ in range(w.number(1, 2)):
        arguments = [w.of_type(kind) for kind in kinds.values()]
        results = w.builder.call(function, *arguments, name=[w.name("r") for _ in yields])
        w.values.extend(results if isinstance(results, tuple) else [results])
