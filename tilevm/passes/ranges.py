"""Which values each integer tile of a kernel may have, and how wide its sums must be.

>>> import tilevm
>>> kernel = tilevm.parse('''
... kernel f(x: global i8[64], y: global i32[1]) {
...   zero = full i32[] {value = 0}
...   total = for k in 0 .. 8 carry (s = zero) {
...     t: i8[8] = load x[k * 8]
...     part = sum t
...     next = add s, part
...     yield next
...   }
...   store total, y[0]
... }
... ''')["f"]
>>> for sums in accumulators(kernel):
...     print(sums)
`s` of `for`: -8192 .. 8128, held by i14 (written i32): 0 .. 0, and 8 rounds of -1024 .. 1016
`part` of `sum`: -1024 .. 1016, held by i11 (written i32): 8 terms of -128 .. 127

A value of a loop that adds something to what it carries grows by that much each round; any other
carried value may be what it was at first, or what the body makes of anything.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import prod

from tilevm.dtypes import DType
from tilevm.ir import Block, BufferType, Const, Expr, For, If, Kernel, Op, Value, ops
from tilevm.passes.interval import Interval, hull, index_interval, narrowest, whole
from tilevm.passes.transfer import exact, partial_sums

DEEP = 4  # loops inside each other that are looked at twice
NOTHING = Interval(0, 0)
EXACT = 1 << 30  # bits: more than any type has


@dataclass(frozen=True)
class Growth:
    """A value as a carried one plus a number of an interval, equal in the last `bits` bits."""

    of: Value
    by: Interval
    bits: int

    def plus(self, change: Interval, bits: int) -> Growth:
        return Growth(self.of, self.by + change, min(self.bits, bits))


class Ranges:
    """The intervals of all integer values of a kernel."""

    def __init__(self, known: Mapping[Value, Interval], carried: Mapping[Value, Carried]) -> None:
        self._known = known
        self.carried = carried  # by the parameter of the loop

    def __getitem__(self, value: Value) -> Interval:
        """What the elements of an integer tile may be."""
        return self._known.get(value) or whole(value.dtype)

    def proves(self, value: Value, within: Interval) -> bool:
        """Whether every element lies in an interval; False for a tile of floats."""
        if not value.dtype.is_int:
            return False
        found = self[value]
        return found.low in within and found.high in within


@dataclass(frozen=True)
class Carried:
    """A carried value of a loop: all that it is in any round, and how it came about."""

    loop: For
    number: int
    values: Interval
    why: str


@dataclass(frozen=True)
class Accumulator:
    """A sum of integers: every partial result of it, in whatever order, and the narrowest type."""

    op: Op
    name: str
    written: DType
    partial: Interval
    narrowest: DType | None  # None: more than 64 bits
    why: str

    def __str__(self) -> str:
        held = f"held by {self.narrowest}" if self.narrowest else "beyond 64 bits"
        where = f"`{self.name}` of `{self.op.name}`"
        return f"{where}: {self.partial}, {held} (written {self.written}): {self.why}"


def ranges(kernel: Kernel) -> Ranges:
    """The intervals of all values; those of shape symbols are only known once they are bound."""
    walk = _Walk(kernel)
    walk.block(kernel.body)
    return Ranges(walk.known, walk.carried)


def accumulators(kernel: Kernel, found: Ranges | None = None) -> Iterator[Accumulator]:
    """Every sum of integers: each `dot`, `sum` and `shift_add`, and what loops add up."""
    known = ranges(kernel) if found is None else found
    for op in kernel.body.walk():
        if isinstance(op, For):
            for param in op.params:
                if param in known.carried:
                    held = known.carried[param]
                    fit = narrowest(held.values)
                    yield Accumulator(op, param.name, param.dtype, held.values, fit, held.why)
        elif isinstance(op, ops.Dot | ops.Sum | ops.ShiftAdd):
            if all(value.dtype.is_int for value in (*op.operands, op.out)):
                sums = partial_sums(op, known.__getitem__)
                assert sums is not None
                why = _terms(op, known)
                yield Accumulator(op, op.out.name, op.out.dtype, sums, narrowest(sums), why)


def _terms(op: Op, known: Ranges) -> str:
    match op:
        case ops.Dot():
            return f"{op.a.tile.shape[-1]} products of {known[op.a]} and {known[op.b]}"
        case ops.Sum():
            return f"{prod(op.a.tile.shape[d] for d in op.over)} terms of {known[op.a]}"
        case ops.ShiftAdd():
            return f"{op.a.tile.shape[0]} planes of {known[op.a]}"
    raise AssertionError(op.name)


class _Walk:
    """Goes through the statements in order, and through the body of a loop twice."""

    def __init__(self, kernel: Kernel) -> None:
        self.known: dict[Value, Interval] = {}
        self.grown: dict[Value, Growth] = {}
        self.carried: dict[Value, Carried] = {}
        self.indices: dict[str, Interval] = {}
        self.depth = 0
        for param in kernel.params:
            assert isinstance(param.type, BufferType)
            for extent in param.type.shape:
                self.indices.update((s.name, Interval(1, (1 << 63) - 1)) for s in extent.symbols())
        for name, extent in kernel.grid:
            count = self.index(extent)
            if count is not None:
                self.indices[name] = Interval(0, max(0, count.high - 1))

    def of(self, value: Value) -> Interval:
        return self.known.get(value) or whole(value.dtype)

    def index(self, expr: Expr) -> Interval | None:
        return index_interval(expr, self.indices)

    def block(self, block: Block) -> None:
        for op in block.ops:
            if isinstance(op, For):
                self.loop(op)
            elif isinstance(op, If):
                self.branch(op)
            else:
                for inner in op.blocks:
                    self.block(inner)
                self.op(op)

    def op(self, op: Op) -> None:
        values = exact(op, self.of, self.index)
        if values is not None:
            self.known[op.out] = _within(op, values)
        growth = self.growth(op)
        if growth is not None:
            self.grown[op.out] = growth
        elif op.results:
            for value in op.results:
                self.grown.pop(value, None)

    def growth(self, op: Op) -> Growth | None:
        """How the result follows from a carried value."""
        overflow = getattr(op, "overflow", None)
        if overflow == "sat":
            return None
        match op:
            case ops.Add() if op.b in self.grown and op.a.dtype.is_int:
                return self.grown[op.b].plus(self.of(op.a), op.out.dtype.bits)
            case ops.Add() | ops.Sub() if op.a in self.grown and op.a.dtype.is_int:
                change = self.of(op.b) if isinstance(op, ops.Add) else -self.of(op.b)
                return self.grown[op.a].plus(change, op.out.dtype.bits)
            case ops.Cast() if op.a in self.grown and op.to.is_int:
                return self.grown[op.a].plus(NOTHING, op.to.bits)
            case ops.Select():
                return self.joined(op.a, op.b)
        return None

    def joined(self, a: Value, b: Value) -> Growth | None:
        first, second = self.grown.get(a), self.grown.get(b)
        if first is None or second is None or first.of is not second.of:
            return None
        return Growth(first.of, hull(first.by, second.by), min(first.bits, second.bits))

    def branch(self, op: If) -> None:
        for block in op.blocks:
            self.block(block)
        if op.then.leaves or op.orelse.leaves:  # results come from one side alone
            going = op.orelse if op.then.leaves else op.then
            pairs = list(zip(going.yields, going.yields, strict=True))
        else:
            pairs = list(zip(op.then.yields, op.orelse.yields, strict=True))
        for value, (a, b) in zip(op.results, pairs, strict=bool(op.results)):
            if value.dtype.is_int:
                self.known[value] = hull(self.of(a), self.of(b))
                growth = self.joined(a, b)
                if growth is not None:
                    self.grown[value] = growth

    # --- loops

    def loop(self, op: For) -> None:
        rounds = self.rounds(op)
        before = self.indices.get(op.var)
        low, high = self.index(op.lo), self.index(op.hi)
        if low is not None and high is not None:
            self.indices[op.var] = Interval(low.low, max(low.low, high.high - 1))
        else:
            self.indices.pop(op.var, None)
        self.depth += 1
        numbers = [n for n, param in enumerate(op.params) if param.dtype.is_int]
        for n in numbers:
            param = op.params[n]
            self.known[param] = whole(param.dtype)
            self.grown[param] = Growth(param, NOTHING, EXACT)
        self.block(op.body)
        found = {n: self.carry(op, n, rounds) for n in numbers}
        for n, (param_values, result_values, why) in found.items():
            self.known[op.params[n]] = param_values
            self.known[op.results[n]] = result_values
            self.carried[op.params[n]] = Carried(op, n, hull(param_values, result_values), why)
        growths = {n: self.growing(op, n) for n in numbers}
        if self.depth <= DEEP:
            self.block(op.body)  # now that more is known of what is carried
        for n, by in growths.items():
            start = self.grown.get(op.inits[n])
            if start is not None and by is not None and rounds is not None:
                self.grown[op.results[n]] = start.plus(by.upto(rounds), op.results[n].dtype.bits)
        self.depth -= 1
        if before is not None:
            self.indices[op.var] = before

    def rounds(self, op: For) -> int | None:
        """The most rounds that a loop makes."""
        low, high = self.index(op.lo), self.index(op.hi)
        if low is None or high is None or not isinstance(op.step, Const) or op.step.value < 1:
            return None
        return max(0, -(-(high.high - low.low) // op.step.value))

    def growing(self, op: For, n: int) -> Interval | None:
        """What a round adds to a carried value, if that is how it changes."""
        growth = self.grown.get(op.body.yields[n])
        if growth is None or growth.of is not op.params[n]:
            return None
        return growth.by if growth.bits >= op.params[n].dtype.bits else None

    def carry(self, op: For, n: int, rounds: int | None) -> tuple[Interval, Interval, str]:
        """What a carried value is within the loop, and behind it, and why."""
        init, by = self.of(op.inits[n]), self.growing(op, n)
        if by is not None and rounds is not None:
            behind = init + by.upto(rounds)
            if behind.fits(op.params[n].dtype):
                why = f"{init}, and {rounds} rounds of {by}"
                return init + by.upto(max(0, rounds - 1)), behind, why
        either = hull(init, self.of(op.body.yields[n]))
        return either, either, f"{init} at first, then {self.of(op.body.yields[n])}"


def _within(op: Op, values: Interval) -> Interval:
    """What is left of exact values in the type of the result."""
    kind = whole(op.out.dtype)
    if values.fits(op.out.dtype):
        return values
    stays = getattr(op, "overflow", None) in ("sat", "trap")
    return values.clamped(kind) if stays else kind


__all__ = ["Accumulator", "Carried", "Growth", "Ranges", "accumulators", "ranges"]
