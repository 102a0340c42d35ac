"""Functions of tiles, and the statement that calls one."""

from __future__ import annotations

from dataclasses import MISSING, dataclass, replace
from functools import cached_property
from typing import ClassVar, final

from tilevm.diagnostics import Label, TileError, error
from tilevm.ir.block import Block
from tilevm.ir.fields import OpField
from tilevm.ir.loc import Loc
from tilevm.ir.op import Op
from tilevm.ir.types import TileType, Type
from tilevm.ir.value import Value

MAX_DEPTH = 64  # of functions that call functions
MAX_STATEMENTS = 100_000  # of a program when every call is written out


@final
@dataclass(frozen=True, eq=False)
class Function:
    """Statements with a name: tiles in, tiles out.

    Its body sees its parameters, and no tile, buffer or index of whoever calls it.
    """

    name: str
    params: tuple[Value, ...]
    body: Block
    loc: Loc = Loc()

    def __post_init__(self) -> None:
        for op in self.body.walk():
            if op.name == "return":
                labels = [Label(op.loc.span)] if op.loc.span else []
                message = f"`return` stands in the function `{self.name}`"
                hint = "a function ends with `yield`; `return` ends a thread block, in a kernel"
                raise error("TV0109", message, *labels, help=hint)
        for value in self.body.yields:
            if not isinstance(value.type, TileType):
                labels = [Label(self.body.yield_loc.span)] if self.body.yield_loc.span else []
                message = f"a function yields tiles, not the buffer `{value.name}`"
                raise error("TV0204", message, *labels, help="load a tile first")
        what = f"the function `{self.name}`"
        if self.depth > MAX_DEPTH:
            raise too_large(f"{what} is call number {self.depth} inside one another", self.loc)
        check_size(what, self.size, self.loc)

    def __str__(self) -> str:
        from tilevm.ir.printer import print_function

        return print_function(self)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Function) and self._plain == other._plain

    def __hash__(self) -> int:
        return hash(self._plain)

    @cached_property
    def _plain(self) -> str:
        from tilevm.ir.printer import print_function

        return print_function(self, comments=False)

    @cached_property
    def functions(self) -> tuple[Function, ...]:
        """The functions that it calls, itself or through others: what is called comes first."""
        return functions_of(self.body)

    @cached_property
    def depth(self) -> int:
        """How many calls may be inside one another: 1 if it calls no function."""
        return 1 + max((f.depth for f in self.functions), default=0)

    @cached_property
    def size(self) -> int:
        """How many statements it is when every call is written out."""
        return size_of(self.body)

    @cached_property
    def matters(self) -> bool:
        """Whether a run differs without it even if nobody reads what it yields."""
        return any(op.matters for op in self.body.walk())


@dataclass(frozen=True, kw_only=True, eq=False)
class Call(Op):
    """``y, z = call f(a, b)``: the statements of `f`, with `a` and `b` in place of its parameters.

    The results are what the function yields.  A parameter with a layout takes its tile in that
    layout.  The function may stand above or below, and cannot come to call itself.
    """

    name: ClassVar[str] = "call"

    function: Function
    arguments: tuple[Value, ...] = ()

    @classmethod
    def fields(cls) -> tuple[OpField, ...]:
        hint = tuple[Value, ...]
        return (OpField(name="arguments", role="operands", hint=hint, default=MISSING),)

    @property
    def matters(self) -> bool:
        return self.function.matters

    @property
    def may_stop(self) -> bool:
        return any(op.may_stop for op in self.function.body.walk())

    def result_types(self) -> tuple[Type, ...]:
        function, params = self.function, self.function.params
        if len(self.arguments) != len(params):
            listed = ", ".join(param.name for param in params) or "none"
            count = f"{len(params)} tile" + "s" * (len(params) != 1)
            message = f"`{function.name}` takes {count} ({listed}), not {len(self.arguments)}"
            raise _beside(self.reject("TV0202", message), function.loc, "the function is here")
        for number, (given, param) in enumerate(zip(self.arguments, params, strict=True)):
            if given.type != param.type:
                problem = self.reject(
                    "TV0203",
                    f"`{param.name}` of `{function.name}` is {param.type}, not {given.type}",
                    f"argument {number}",
                    **{f"argument {number}": f"`{given.name}` is {given.type}"},
                    help=f"cast or reshape first: the call needs {param.type}",
                )
                raise _beside(problem, Loc(param.span), f"`{param.name}` is {param.type}")
        return tuple(value.type for value in function.body.yields)


def functions_of(block: Block) -> tuple[Function, ...]:
    """The functions that a block calls, itself or through others: what is called comes first."""
    found: dict[int, Function] = {}
    for op in block.walk():
        if isinstance(op, Call):
            found.update((id(each), each) for each in (*op.function.functions, op.function))
    return tuple(found.values())


def size_of(block: Block) -> int:
    """How many statements a block is when every call is written out; one of nothing counts too."""
    return sum(max(op.function.size, 1) if isinstance(op, Call) else 1 for op in block.walk())


def check_size(what: str, size: int, loc: Loc) -> None:
    """TileError TV0108 for more than `MAX_STATEMENTS`."""
    if size > MAX_STATEMENTS:
        raise too_large(f"{what} is {size} statements with its calls written out", loc)


def too_large(message: str, loc: Loc) -> TileError:
    """The error TV0108."""
    labels = [Label(loc.span)] if loc.span else []
    hint = f"at most {MAX_STATEMENTS} statements, and {MAX_DEPTH} calls inside one another"
    return error("TV0108", message, *labels, help=hint)


def _beside(problem: TileError, loc: Loc, text: str) -> TileError:
    """The error with one more place to show."""
    (only,) = problem.diagnostics
    labels = (*only.labels, Label(loc.span, text)) if loc.span else only.labels
    return TileError(replace(only, labels=labels))
