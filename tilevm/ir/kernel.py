"""Programs, kernels and the statements that hold statements: `for` and `if`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import ClassVar, Self, final

from tilevm.diagnostics import Label, error, nearest
from tilevm.dtypes import dtype
from tilevm.ir.index import Condition, Const, Expr, affine
from tilevm.ir.op import Block, Loc, Op, OpField, Value
from tilevm.ir.types import MAX_RANK, BufferType, TileType, Type, check_rank


@dataclass(frozen=True, kw_only=True, eq=False)
class RegionOp(Op, pure=False):
    """A statement that holds statements; it has its own form in the text."""

    @classmethod
    def fields(cls) -> tuple[OpField, ...]:
        return ()

    def with_blocks(self, *blocks: Block) -> Self:
        """The same statement around other blocks."""
        raise NotImplementedError

    @property
    def matters(self) -> bool:
        return self.may_stop or any(op.matters for block in self.blocks for op in block.ops)


@dataclass(frozen=True, kw_only=True, eq=False)
class For(RegionOp):
    """``r = for k in lo .. hi step s carry (p = init) { ... yield v }``: a counted loop.

    The body runs for k = lo, lo + s, ... while k < hi; in the first round `p` is `init`, later what
    the round before yielded; the result is what the last round yielded, or `init` when there was
    none.
    """

    name: ClassVar[str] = "for"

    var: str
    lo: Expr
    hi: Expr
    step: Expr
    inits: tuple[Value, ...] = ()
    params: tuple[Value, ...] = ()
    body: Block

    @property
    def operands(self) -> tuple[Value, ...]:
        return self.inits

    @property
    def blocks(self) -> tuple[Block, ...]:
        return (self.body,)

    def with_blocks(self, *blocks: Block) -> Self:
        (body,) = blocks
        return replace(self, body=body, named=tuple(v.name for v in self.results))

    @property
    def may_stop(self) -> bool:
        total = affine(self.lo) is not None and affine(self.hi) is not None
        return not (total and isinstance(self.step, Const) and self.step.value > 0)

    def result_types(self) -> tuple[Type, ...]:
        if len(self.body.yields) != len(self.params):
            raise self.reject(
                "TV0208",
                f"the loop carries {len(self.params)} values, "
                f"but its body yields {len(self.body.yields)}",
                "yield",
                help="end the body with `yield` and one value for each carried name",
            )
        for init, param, last in zip(self.inits, self.params, self.body.yields, strict=True):
            if last.type != param.type:
                raise self.reject(
                    "TV0208",
                    f"carried `{param.name}` changes its type from {param.type} to {last.type}",
                    "yield",
                    **{
                        "yield": f"`{last.name}` is {last.type}",
                        f"carry {param.name}": f"`{init.name}` is {init.type}",
                    },
                    help="a carried value keeps its type: cast it before `yield`",
                )
        return tuple(param.type for param in self.params)


@dataclass(frozen=True, kw_only=True, eq=False)
class If(RegionOp):
    """``r = if cond { ... yield a } else { ... yield b }``: a whole block goes one way.

    The condition compares index expressions, or is a ``u1[]`` tile; thread blocks may differ in it.
    """

    name: ClassVar[str] = "if"

    cond: Condition | Value
    then: Block
    orelse: Block

    @property
    def operands(self) -> tuple[Value, ...]:
        return (self.cond,) if isinstance(self.cond, Value) else ()

    @property
    def blocks(self) -> tuple[Block, ...]:
        return (self.then, self.orelse)

    def with_blocks(self, *blocks: Block) -> Self:
        then, orelse = blocks
        return replace(self, then=then, orelse=orelse, named=tuple(v.name for v in self.results))

    @property
    def may_stop(self) -> bool:
        condition = self.cond if isinstance(self.cond, Condition) else None
        while condition is not None:
            if affine(condition.a) is None or affine(condition.b) is None:
                return True
            condition = condition.also
        return False

    def result_types(self) -> tuple[Type, ...]:
        if isinstance(self.cond, Value) and self.cond.tile != TileType(dtype("u1"), ()):
            raise self.reject(
                "TV0209",
                "a condition is a `u1[]` tile or a comparison of index expressions, "
                f"not {self.cond.type}",
                "cond",
                help="one bit per thread block decides; `select` chooses element by element",
            )
        first, second = (tuple(v.type for v in b.yields) for b in self.blocks)
        if first != second:
            shown = " and ".join("(" + ", ".join(map(str, t)) + ")" for t in (first, second))
            raise self.reject(
                "TV0208",
                f"the two branches yield different types: {shown}",
                "yield",
                help="both branches end with `yield` and values of the same types",
            )
        for value in (*self.then.yields, *self.orelse.yields):
            self._tile_operand("yield", value)
        return first


def regions(op: Op) -> tuple[Block, ...]:
    """The blocks inside an op, in order."""
    return op.blocks


@final
@dataclass(frozen=True, eq=False)
class Kernel:
    """One tile program: buffers, shape constraints, a grid of thread blocks, statements."""

    name: str
    params: tuple[Value, ...]
    where: tuple[Condition, ...]
    grid: tuple[tuple[str, Expr], ...]
    body: Block
    loc: Loc = Loc()

    def __post_init__(self) -> None:
        labels = [Label(extent.span) for _, extent in self.grid[MAX_RANK:] if extent.span]
        check_rank("a grid", len(self.grid), *labels[:1])

    def __str__(self) -> str:
        from tilevm.ir.printer import print_kernel

        return print_kernel(self)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Kernel) and _plain(self) == _plain(other)

    def __hash__(self) -> int:
        return hash(_plain(self))

    @cached_property
    def symbols(self) -> tuple[str, ...]:
        """The shape symbols, in the order in which the parameters first name them."""
        found: dict[str, None] = {}
        for param in self.params:
            assert isinstance(param.type, BufferType)
            for extent in param.type.shape:
                found.update(dict.fromkeys(s.name for s in extent.symbols()))
        return tuple(found)

    def param(self, name: str) -> Value:
        """The buffer of that name; TileError TV0101 if there is none."""
        for value in self.params:
            if value.name == name:
                return value
        names = [p.name for p in self.params]
        near = nearest(name, names)
        raise error(
            "TV0101",
            f"kernel `{self.name}` has no buffer `{name}`",
            help=f"did you mean `{near}`?" if near else f"its buffers are {', '.join(names)}",
        )

    @cached_property
    def _touched(self) -> Mapping[str, frozenset[Value]]:
        found: dict[str, set[Value]] = {}
        for op in self.body.walk():
            for access, hows in op.touches():
                for how in hows:
                    found.setdefault(how, set()).add(access.buffer)
        return {how: frozenset(buffers) for how, buffers in found.items()}

    def touched(self, how: str) -> frozenset[Value]:
        """The buffers, shared ones too, that some op "reads", "writes", or "updates"."""
        return self._touched.get(how, frozenset())

    @cached_property
    def ordered(self) -> bool:
        """Whether the order of thread blocks shows: then they run one after the other.

        So where blocks update one buffer by several statements, or by one in a loop, unless these
        commute and nobody sees what was there before.
        """
        updated = self.touched("updates")
        return any(_ordered(self.body, param) for param in self.params if param in updated)

    @cached_property
    def outputs(self) -> tuple[Value, ...]:
        """The parameters that it writes, in their order."""
        return tuple(param for param in self.params if param in self.touched("writes"))

    @cached_property
    def inputs(self) -> tuple[Value, ...]:
        """The parameters that it reads, in their order."""
        return tuple(param for param in self.params if param in self.touched("reads"))


def _ordered(body: Block, buffer: Value) -> bool:
    """Whether the order of the updates of a buffer by several blocks shows."""
    found = [op for op in body.walk() if any(a.buffer is buffer for a in op.touched("updates"))]
    commuting = {op.commutes for op in found}
    if len(commuting) == 1 and None not in commuting:
        return False
    return len(found) > 1 or found[0] not in _once(body)


def _once(block: Block) -> Iterator[Op]:
    """The ops that a thread block comes to at most once."""
    for op in block.ops:
        yield op
        if isinstance(op, If):
            for inner in op.blocks:
                yield from _once(inner)


def _plain(kernel: Kernel) -> str:
    from tilevm.ir.printer import print_kernel

    return print_kernel(kernel, comments=False)


@final
@dataclass(frozen=True, eq=False)
class Program:
    """The kernels of one file, by name."""

    kernels: Mapping[str, Kernel]
    source: str = "<builder>"
    closing: tuple[str, ...] = ()  # comments after the last kernel

    def __getitem__(self, name: str) -> Kernel:
        if name in self.kernels:
            return self.kernels[name]
        near = nearest(name, self.kernels)
        listed = ", ".join(self.kernels) or "none"
        raise error(
            "TV0101",
            f"{self.source} has no kernel `{name}`",
            help=f"did you mean `{near}`?" if near else f"its kernels: {listed}",
        )

    def __iter__(self) -> Iterator[str]:
        return iter(self.kernels)

    def __len__(self) -> int:
        return len(self.kernels)

    def __str__(self) -> str:
        from tilevm.ir.printer import print_program

        return print_program(self)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Program) and dict(self.kernels) == dict(other.kernels)

    def __hash__(self) -> int:
        return hash(tuple(self.kernels.items()))
