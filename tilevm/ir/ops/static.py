"""A fact of the shapes: it holds or not before anything runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tilevm.diagnostics import Label, Span, TileError, error
from tilevm.ir.block import Block
from tilevm.ir.fields import Text
from tilevm.ir.index import Condition
from tilevm.ir.op import Op


@dataclass(frozen=True, kw_only=True, eq=False)
class StaticAssert(Op, name="static_assert", pure=False):
    """``static_assert N % 4 == 0 and N < 100, "text"``: stops unless its condition holds.

    The condition compares shape symbols and constants, so it is checked before anything runs: with
    constants alone where the program is read, else as soon as the symbols are bound, wherever the
    statement stands and whether or not a thread block comes to it.  The `message` may be left out.
    """

    condition: Condition
    message: Text = ""

    def result(self) -> None:
        if not isinstance(self.condition, Condition):
            message = f"`{self.name}` takes a comparison of shape symbols"
            raise self.reject("TV0243", message, "condition", help=ONLY_SHAPES)
        if not any(self.condition.symbols()):
            self.check({}, {})

    def check(self, symbols: Mapping[str, int], reasons: Mapping[str, str]) -> None:
        """TileError TV0462 unless it holds; `reasons` tell where each symbol has its value from."""
        try:
            if self.condition.evaluate(symbols):
                return
        except TileError as problem:
            raise self.placed(problem) from None
        wrong = next(each for each in _parts(self.condition) if not each.evaluate(symbols))
        a, b = (side.evaluate(symbols) for side in (wrong.a, wrong.b))
        said = f": {self.message}" if self.message else ""
        names = dict.fromkeys(symbol.name for symbol in self.condition.symbols())
        why = {name: f": {reasons[name]}" if name in reasons else "" for name in names}
        notes = [f"`{name}` is {symbols[name]}{why[name]}" for name in names]
        mend = "pass other shapes, or change" if names else "no shape changes it: change"
        place = wrong.span or self.loc.parts.get("condition")
        labels = [Label(place, f"this is {a} {wrong.op} {b}")] if place else []
        raise error(
            "TV0462",
            f"`{self.condition}` does not hold{said}",
            *labels,
            help=f"{mend} what the program asks for",
            notes=[*notes, *self.loc.notes],
        )

    def run(self) -> Any:
        """Nothing: a run begins when it is known to hold."""


ONLY_SHAPES = "it is checked before a run: name shape symbols and numbers; `assert` checks tiles"


def beyond_shapes(statement: str, name: str, span: Span | None, what: str = "index") -> TileError:
    """The error TV0243 for a name that is no shape symbol."""
    labels = [Label(span)] if span else []
    message = f"`{statement}` is about shapes, and the {what} `{name}` is no shape symbol"
    return error("TV0243", message, *labels, help=ONLY_SHAPES)


def static_asserts(block: Block) -> list[StaticAssert]:
    """Those of a block and of the blocks inside it."""
    return [op for op in block.walk() if isinstance(op, StaticAssert)]


def _parts(condition: Condition) -> list[Condition]:
    """The comparisons that `and` joins."""
    found: list[Condition] = []
    rest: Condition | None = condition
    while rest is not None:
        found.append(Condition(rest.op, rest.a, rest.b, None, rest.span))
        rest = rest.also
    return found
