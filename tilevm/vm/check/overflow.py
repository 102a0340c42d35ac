"""Integer overflow that no program asked for: results that do not fit, where no mode is written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tilevm.dtypes import Trap
from tilevm.ir import Op
from tilevm.ir.ops import Dot, ShiftAdd, Sum
from tilevm.vm.check.reports import Site
from tilevm.vm.group import Group

if TYPE_CHECKING:
    from tilevm.vm.check.checker import Checker


class Overflows:
    """Runs ops, and those whose overflow is left open first as ``overflow = trap``."""

    def __init__(self, checker: Checker) -> None:
        self.checker = checker
        self._trapping: dict[Op, Op | None] = {}

    def run(self, op: Op, arguments: list[Any], group: Group) -> Any:
        """The result of an op, as in a run that is not checked."""
        if op not in self._trapping:
            open_end = op.reports_overflow
            self._trapping[op] = trapping(op) if open_end else None
        twin = self._trapping[op]
        if twin is None:
            return op.run(*arguments)
        try:
            return twin.run(*arguments)  # equal where nothing overflows
        except Trap as problem:
            result = op.run(*arguments)  # which may stop for another reason
            self.report(op, problem.index, arguments, group)
            return result

    def report(self, op: Op, index: tuple[int, ...], arguments: list[Any], group: Group) -> None:
        """Reports the first element that does not fit."""
        reports = self.checker.reports
        if reports.known("TV0441", op):
            return
        position, *at = index
        kind = op.results[0].dtype
        exact = exact_value(op, index, arguments)
        said = f"is {exact}" if exact is not None else "does not fit"
        name = f"{op.results[0].name}{list(at) or ''}"
        block = int(group.blocks[position if position < len(group.blocks) else 0])
        reports.add(
            "TV0441",
            f"`{name}` of `{op.name}` {said}, but {kind} holds {kind.min} .. {kind.max}",
            [(Site(op), "wraps around here")],
            self.checker.where(block, group),
            "use a wider type, or write `{overflow = wrap}` if it is meant",
        )


def trapping(op: Op) -> Op:
    """The same op, stopping at what does not fit."""
    names = tuple(value.name for value in op.results)
    changes: dict[str, Any] = {"overflow": "trap", "named": names}
    return replace(op, **changes)


_EXACT: dict[str, Callable[..., int]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "neg": lambda a: -a,
    "abs": abs,
    "shl": lambda a, n: a << n if n < 1 << 12 else 0,
    "cast": lambda a: a,
}


def exact_value(op: Op, index: tuple[int, ...], arguments: list[Any]) -> int | None:
    """The exact result at [block, *element], None for an op that this does not know."""
    tiles = arguments[: len(op.tiles)]  # behind them come index attributes
    whole = [a[index[0] if len(a) > 1 else 0] for a in tiles]
    at = index[1:]
    if op.name in _EXACT:
        return _EXACT[op.name](*(int(a[at]) for a in whole))
    if isinstance(op, Dot):
        row, column = (a[place] for a, place in zip(whole, op.place(at), strict=True))
        return sum(int(a) * int(b) for a, b in zip(row, column, strict=True))
    if isinstance(op, Sum):
        numbers = iter(at)
        picked = tuple(slice(None) if d in op.over else next(numbers) for d in range(whole[0].ndim))
        return sum(int(a) for a in whole[0][picked].reshape(-1))
    if isinstance(op, ShiftAdd):
        planes = [int(a) for a in whole[0][(slice(None), *at)]]
        last = len(planes) - 1
        return sum((-a if op.signed and p == last else a) << p for p, a in enumerate(planes))
    return None
