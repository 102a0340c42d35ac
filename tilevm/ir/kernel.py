"""Kernels and programs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import final

from tilevm.diagnostics import Label, error, nearest
from tilevm.dtypes import DType
from tilevm.ir.block import Block
from tilevm.ir.function import Function, functions_of
from tilevm.ir.index import Condition, Expr
from tilevm.ir.loc import Loc
from tilevm.ir.op import Op
from tilevm.ir.region import RegionOp
from tilevm.ir.types import MAX_RANK, BufferType, check_rank
from tilevm.ir.value import Value


@final
@dataclass(frozen=True, eq=False)
class Kernel:
    """One tile program: buffers, shape constraints, a grid of thread blocks, statements.

    Its parameters are buffers in global memory, whose extents name the shape symbols; `where` is
    checked when it is launched, and each thread block of the grid runs the statements.
    """

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

    @property
    def declared(self) -> tuple[Value, ...]:
        """The parameters that are written; those of scales and zero points follow from them."""
        implied = {
            name
            for param in self.params
            if isinstance(param.type, BufferType)
            for name, _ in param.type.companions(param.name)
        }
        return tuple(param for param in self.params if param.name not in implied)

    @cached_property
    def functions(self) -> tuple[Function, ...]:
        """The functions that it calls, itself or through others: what is called comes first."""
        return functions_of(self.body)

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
        near = nearest(str(name), names)
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
        """The buffers, shared ones too, that some op touches so: see `OpField`."""
        return self._touched.get(how, frozenset())

    @cached_property
    def only_updated(self) -> frozenset[Value]:
        """The buffers that no op touches but by updates, each in one step."""
        found = [pair for op in self.body.walk() for pair in op.touches()]
        others = {access.buffer for access, hows in found if "updates" not in hows}
        return self.touched("updates") - others

    @cached_property
    def ordered(self) -> bool:
        """Whether the order of thread blocks shows: then they run one after the other.

        So where blocks update one buffer by several statements, or by one in a loop, unless these
        commute and nobody sees what was there before.
        """
        updated = self.touched("updates")
        return any(_ordered(self.body, param) for param in self.params if param in updated)

    @cached_property
    def fixed(self) -> bool:
        """Whether shapes alone say which elements of its buffers each statement touches."""
        return not any(op.follows_data for op in self.body.walk())

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
        if isinstance(op, RegionOp) and not op.repeats:
            for inner in op.blocks:
                yield from _once(inner)


def _plain(kernel: Kernel) -> str:
    from tilevm.ir.printer import print_kernel

    return print_kernel(kernel, comments=False)


@final
@dataclass(frozen=True, eq=False)
class Declared:
    """An element type that a file gives a name: ``type levels = codebook(i8, [-1, 0, 1])``."""

    name: str
    type: DType
    loc: Loc = Loc()


@final
@dataclass(frozen=True, eq=False)
class Program:
    """The kernels and functions of one file, by name.

    `order`: all their names as they are written; functions come first where it is left out.
    """

    kernels: Mapping[str, Kernel]
    source: str = "<builder>"
    closing: tuple[str, ...] = ()  # comments after the last kernel
    types: tuple[Declared, ...] = ()
    functions: Mapping[str, Function] = field(default_factory=dict)
    order: tuple[str, ...] = ()

    @property
    def items(self) -> Iterator[Kernel | Function]:
        """Kernels and functions in the order in which they are written."""
        both: dict[str, Kernel | Function] = {**self.functions, **self.kernels}
        for name in dict.fromkeys((*self.order, *both)):
            if name in both:
                yield both[name]

    def __getitem__(self, name: str) -> Kernel:
        if name in self.kernels:
            return self.kernels[name]
        if name in self.functions:
            message = f"`{name}` in {self.source} is a function, not a kernel"
            raise error("TV0101", message, help="take a kernel that calls it")
        near = nearest(str(name), self.kernels)
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
        return (
            isinstance(other, Program)
            and dict(self.kernels) == dict(other.kernels)
            and dict(self.functions) == dict(other.functions)
        )

    def __hash__(self) -> int:
        return hash(tuple(self.kernels.items()))
