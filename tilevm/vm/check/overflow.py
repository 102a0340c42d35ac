"""Overflow that no program asked for: results that do not fit, where no mode is written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from tilevm.dtypes import CodebookType, DType, Trap
from tilevm.ir import Op
from tilevm.ir.ops import Dot, Iota, Prod, Scan, ShiftAdd, Sum
from tilevm.vm.check.reports import Site
from tilevm.vm.group import Group

if TYPE_CHECKING:
    from tilevm.vm.check.checker import Checker


Exact = Fraction | int | None


class Overflows:
    """Runs ops, and those whose overflow is left open first as ``overflow = trap``."""

    def __init__(self, checker: Checker) -> None:
        self.checker = checker
        self._trapping: dict[Op, Op | None] = {}

    def run(self, op: Op, arguments: list[Any], group: Group) -> Any:
        """The result of an op, as in a run that is not checked."""
        if op not in self._trapping:
            open_end = op.reports_overflow and op.pure  # updates report their sums themselves
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
        position, *at = index
        name = f"{op.results[0].name}{list(at) or ''}"
        block = int(group.blocks[position if position < len(group.blocks) else 0])
        exact = exact_value(op, index, arguments)
        self.wrapped(Site(op), name, op.results[0].dtype, exact, block, group)

    def wrapped(
        self, site: Site, name: str, kind: DType, exact: Exact, block: int, group: Group
    ) -> None:
        """Reports an element of a tile or a buffer that does not hold its exact value."""
        reports = self.checker.reports
        if reports.known("TV0441", site.op):
            return
        said = "does not fit" if exact is None else f"is {shown(exact)}"
        reports.add(
            "TV0441",
            f"`{name}` of `{site.op.name}` {said}, but {kind} holds {kind.min} .. {kind.max}",
            [(site, "wraps around here")],
            self.checker.where(block, group),
            "use a wider type, or write `{overflow = wrap}` if it is meant",
        )


def trapping(op: Op) -> Op:
    """The same op, stopping at what does not fit."""
    names = tuple(value.name for value in op.results)
    changes: dict[str, Any] = {"overflow": "trap", "named": names}
    return replace(op, **changes)


def shown(exact: Fraction | int) -> str:
    """A number as people read it; a long fraction to six digits."""
    exact = Fraction(exact)
    if exact.denominator == 1 and abs(exact) < 1 << 128:
        return str(exact)
    near = float(exact) if abs(exact) < 1 << 1000 else 0.0
    if near and near == exact and len(repr(near)) <= 18:
        return repr(near)
    return f"about {near:.6g}" if near else "far beyond"


_EXACT: dict[str, Callable[..., Exact]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: Fraction(a) / b,
    "floordiv": lambda a, b: a // b,
    "truncdiv": lambda a, b: -(-a // b) if (a < 0) != (b < 0) else a // b,
    "neg": lambda a: -a,
    "abs": abs,
    "shl": lambda a, n: a * 2**n if n < 1 << 12 else None,
    "cast": lambda a: a,
}


def exact_value(op: Op, index: tuple[int, ...], arguments: list[Any]) -> Exact:
    """The exact result at [block, *element], None for an op that this does not know."""
    tiles = arguments[: len(op.tiles)]  # behind them come index attributes
    whole = [a[index[0] if len(a) > 1 else 0] for a in tiles]
    kinds = [value.dtype for value in op.operands]
    at = index[1:]
    if isinstance(op, Iota):
        starts = np.asarray(arguments[0]).reshape(-1)
        return int(starts[index[0] if len(starts) > 1 else 0]) + at[op.dim]
    if op.name in _EXACT:
        elements = [_numbers(a[at], kind) for a, kind in zip(whole, kinds, strict=True)]
        return _EXACT[op.name](*(number for (number,) in elements))
    if isinstance(op, Dot):
        parts = zip(whole, op.place(at), kinds, strict=True)
        row, column = (_numbers(a[place], kind) for a, place, kind in parts)
        return sum((a * b for a, b in zip(row, column, strict=True)), 0)
    if isinstance(op, Sum | Prod):
        numbers = iter(n for d, n in enumerate(at) if not op.keepdims or d not in op.over)
        picked = tuple(slice(None) if d in op.over else next(numbers) for d in range(whole[0].ndim))
        terms = _numbers(whole[0][picked], kinds[0])
        found: Exact = sum(terms) if isinstance(op, Sum) else prod(terms)
        return found
    if isinstance(op, Scan):
        line = (*at[: op.dim], slice(None), *at[op.dim + 1 :])
        return prefix(op, _numbers(whole[0][line], kinds[0]), at[op.dim])
    if isinstance(op, ShiftAdd):
        planes = _numbers(whole[0][(slice(None), *at)], kinds[0])
        last = len(planes) - 1
        return sum(
            ((-a if op.signed and p == last else a) * (1 << p) for p, a in enumerate(planes)), 0
        )
    return None


def prefix(op: Scan, terms: list[Fraction], end: int) -> Fraction | int:
    """The exact sum or product that a scan of ``terms`` has at ``end``."""
    own = 0 if op.exclusive else 1
    behind = terms[end + 1 - own :] if op.reverse else terms[: end + own]
    return prod(behind) if op.op == "mul" else sum(behind)


def _numbers(values: Any, kind: DType) -> list[Fraction]:
    """The exact numbers that elements stand for, in row-major order."""
    if isinstance(kind, CodebookType):
        values, kind = kind.lookup(values), kind.entry
    whole = np.asarray(values).reshape(-1).tolist()
    return [Fraction(number) for number in whole]
