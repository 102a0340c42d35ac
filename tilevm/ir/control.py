"""The statements that hold statements: `for`, `while` and `if`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tilevm.dtypes import dtype
from tilevm.ir.block import Block
from tilevm.ir.index import Condition, Const, Expr, affine
from tilevm.ir.region import RegionOp
from tilevm.ir.types import TileType, Type
from tilevm.ir.value import Value


@dataclass(frozen=True, kw_only=True, eq=False)
class Loop(RegionOp):
    """What loops share: a body that hands its carried values from round to round."""

    repeats: ClassVar[bool] = True

    body: Block

    def result_types(self) -> tuple[Type, ...]:
        if self.body.leaves:
            return tuple(param.type for param in self.params)
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
class For(Loop):
    """``r = for k in lo .. hi step s carry (p = init) { ... yield v }``: a counted loop.

    The body runs for k = lo, lo + s, ... while k < hi; in the first round `p` is `init`, later what
    the round before yielded; the result is what the last round yielded, or `init` when there was
    none.  Behind it may stand `unroll n` and `pipeline(n)`, n at least 1: how many rounds to write
    out in one, and how many to have under way at once.  They are hints, and change no result.
    """

    name: ClassVar[str] = "for"

    lo: Expr
    hi: Expr
    step: Expr
    unroll: int | None = None
    pipeline: int | None = None

    @property
    def header(self) -> str:
        step = "" if self.step == Const(1) else f" step {self.step}"
        unroll = "" if self.unroll is None else f" unroll {self.unroll}"
        pipeline = "" if self.pipeline is None else f" pipeline({self.pipeline})"
        return f"for {self.var} in {self.lo} .. {self.hi}{step}{self.carry}{unroll}{pipeline}"

    @property
    def may_stop(self) -> bool:
        total = affine(self.lo) is not None and affine(self.hi) is not None
        return not (total and isinstance(self.step, Const) and self.step.value > 0)

    def result_types(self) -> tuple[Type, ...]:
        for hint, count in (("unroll", self.unroll), ("pipeline", self.pipeline)):
            if count is not None and count < 1:
                raise self.reject("TV0240", f"`{hint}` is at least 1, not {count}", hint)
        return super().result_types()


@dataclass(frozen=True, kw_only=True, eq=False)
class While(Loop):
    """``r, s = while go carry (x = a, go = b) fuel 100 { ... yield v, w }``: a loop on a condition.

    `go` is one of the carried values, a ``u1[]`` tile.  Rounds are made as long as it is 1, before
    the first round already; the results are the carried values when it is 0.  Thread blocks may
    make different numbers of rounds.  A block that has made `fuel` rounds, an index expression of
    at least 0, and would go on stops with an error: so every program ends.
    """

    name: ClassVar[str] = "while"

    number: int  # of the carried value that is the condition
    fuel: Expr

    @property
    def header(self) -> str:
        return f"while {self.params[self.number].name}{self.carry} fuel {self.fuel}"

    @property
    def may_stop(self) -> bool:
        return True

    @property
    def follows_data(self) -> bool:
        return True

    def result_types(self) -> tuple[Type, ...]:
        if not 0 <= self.number < len(self.params):
            raise self.reject("TV0241", "the condition of the loop is none of its carried values")
        cond = self.params[self.number]
        if cond.tile != TileType(dtype("u1"), ()):
            raise self.reject(
                "TV0209",
                f"the condition of `while` is a `u1[]` tile, not {cond.type}",
                "cond",
                help="`compare` two tiles of rank 0, or reduce with `all` or `any`",
            )
        return super().result_types()


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
    def header(self) -> str:
        return f"if {self.cond.name if isinstance(self.cond, Value) else self.cond}"

    @property
    def follows_data(self) -> bool:
        return isinstance(self.cond, Value)

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
        if self.then.leaves or self.orelse.leaves:  # only the other branch has results
            going = self.orelse if self.then.leaves else self.then
            return () if going.leaves else tuple(value.type for value in going.yields)
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
