"""Index arithmetic: integer expressions over block ids, loop variables and shape symbols.

Expressions compare structurally (spans do not count), print with the fewest parentheses, evaluate
on Python integers or on one int64 per thread block, and turn into affine forms for analysis.
`/` rounds down and `%` has the sign of the divisor, as in Python.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from operator import index
from typing import Any

import numpy as np

from tilevm.diagnostics import Label, Span, TileError, error

Number = Any  # int, or an int64 array with one entry per block

_LEVEL = {"+": 1, "-": 1, "*": 2, "/": 2, "%": 2}
COMPARISONS = ("==", "!=", "<=", ">=", "<", ">")


class Expr:
    """An integer expression; combine with Python's operators (`//` and `/` both mean `/`)."""

    span: Span | None

    @cached_property
    def names(self) -> frozenset[str]:
        """The symbols in it."""
        return frozenset(symbol.name for symbol in self.symbols())

    def __add__(self, other: Expr | int) -> Expr:
        return Binary("+", self, as_expr(other))

    def __radd__(self, other: int) -> Expr:
        return Binary("+", as_expr(other), self)

    def __sub__(self, other: Expr | int) -> Expr:
        return Binary("-", self, as_expr(other))

    def __rsub__(self, other: int) -> Expr:
        return Binary("-", as_expr(other), self)

    def __mul__(self, other: Expr | int) -> Expr:
        return Binary("*", self, as_expr(other))

    def __rmul__(self, other: int) -> Expr:
        return Binary("*", as_expr(other), self)

    def __truediv__(self, other: Expr | int) -> Expr:
        return Binary("/", self, as_expr(other))

    __floordiv__ = __truediv__

    def __mod__(self, other: Expr | int) -> Expr:
        return Binary("%", self, as_expr(other))

    def evaluate(self, env: Mapping[str, Number]) -> Number:
        """The value, given one for every symbol.

        TileError TV0404 on a division by zero, TV0415 where a step leaves 64 bits (signed).
        """
        raise NotImplementedError

    def symbols(self) -> Iterator[Sym]:
        """Every use of a symbol, left to right."""
        raise NotImplementedError

    def substitute(self, env: Mapping[str, Expr]) -> Expr:
        """The expression with symbols replaced and constants folded."""
        raise NotImplementedError

    def beyond(self) -> TileError:
        """The error for a value that 64 bits cannot hold."""
        labels = [Label(self.span)] if self.span else []
        return error("TV0415", f"`{self}` leaves the range of 64 bits", *labels)


@dataclass(frozen=True)
class Const(Expr):
    """A number."""

    value: int
    span: Span | None = field(default=None, compare=False, repr=False)

    def __str__(self) -> str:
        return str(self.value)

    def evaluate(self, env: Mapping[str, Number]) -> Number:
        if not -(1 << 63) <= self.value < 1 << 63:
            raise self.beyond()
        return self.value

    def symbols(self) -> Iterator[Sym]:
        return iter(())

    def substitute(self, env: Mapping[str, Expr]) -> Expr:
        return self


@dataclass(frozen=True)
class Sym(Expr):
    """A shape symbol, a block id or a loop variable."""

    name: str
    span: Span | None = field(default=None, compare=False, repr=False)

    def __str__(self) -> str:
        return self.name

    def evaluate(self, env: Mapping[str, Number]) -> Number:
        return env[self.name]

    def symbols(self) -> Iterator[Sym]:
        yield self

    def substitute(self, env: Mapping[str, Expr]) -> Expr:
        return env.get(self.name, self)


@dataclass(frozen=True)
class Binary(Expr):
    """``a op b`` for an operator out of ``+ - * / %``."""

    op: str
    a: Expr
    b: Expr
    span: Span | None = field(default=None, compare=False, repr=False)

    def __str__(self) -> str:
        level = _LEVEL[self.op]
        left, right = str(self.a), str(self.b)
        if _level(self.a) < level:
            left = f"({left})"
        if _level(self.b) <= level or (isinstance(self.b, Const) and self.b.value < 0):
            right = f"({right})"
        return f"{left} {self.op} {right}"

    def evaluate(self, env: Mapping[str, Number]) -> Number:
        a, b = self.a.evaluate(env), self.b.evaluate(env)
        if self.op in "/%" and (b == 0 if isinstance(b, int) else np.any(np.equal(b, 0))):
            labels = [Label(self.b.span, "this is 0 here")] if self.b.span else []
            raise error("TV0404", f"division by zero in `{self}`", *labels)
        try:
            return _exact(self.op, a, b)
        except OverflowError:
            raise self.beyond() from None

    def symbols(self) -> Iterator[Sym]:
        yield from self.a.symbols()
        yield from self.b.symbols()

    def substitute(self, env: Mapping[str, Expr]) -> Expr:
        a, b = self.a.substitute(env), self.b.substitute(env)
        match self.op, a, b:
            case (("/" | "%"), _, Const(0)):
                pass
            case _, Const(x), Const(y) if abs(folded := _apply(self.op, x, y)) < 1 << 64:
                return Const(folded, self.span)
            case ("*", Const(0), _) | ("*", _, Const(0)) | ("%", _, Const(1)):
                return Const(0, self.span)
            case ("+" | "-", _, Const(0)) | ("*" | "/", _, Const(1)):
                return a
            case ("+", Const(0), _) | ("*", Const(1), _):
                return b
            case _:
                pass
        return Binary(self.op, a, b, self.span)


def _level(expr: Expr) -> int:
    if isinstance(expr, Binary):
        return _LEVEL[expr.op]
    return 0 if isinstance(expr, Const) and expr.value < 0 else 3


def _apply(op: str, a: Number, b: Number) -> Number:
    match op:
        case "+":
            return a + b
        case "-":
            return a - b
        case "*":
            return a * b
        case "/":
            return a // b
        case _:
            return a % b


def _exact(op: str, a: Number, b: Number) -> Number:
    """The result in 64 bits, signed; OverflowError beyond."""
    if isinstance(a, int) and isinstance(b, int):
        result = _apply(op, a, b)
        if not -(1 << 63) <= result < 1 << 63:
            raise OverflowError
        return result
    x, y = _magnitude(a), _magnitude(b)
    if (x * y if op == "*" else x + y) < 1 << 63:
        return _apply(op, a, b)
    return _apply(op, np.asarray(a, object), np.asarray(b, object)).astype(np.int64)


def _magnitude(x: Number) -> int:
    return abs(x) if isinstance(x, int) else max(abs(int(x.min())), abs(int(x.max())))


def as_expr(value: Expr | int | str) -> Expr:
    """An integer as a constant, a string as a symbol; TypeError for any other number."""
    if isinstance(value, str):
        return Sym(value)
    return value if isinstance(value, Expr) else Const(index(value))


@dataclass(frozen=True)
class Condition:
    """A comparison of two index expressions, or several that all must hold (`and`)."""

    op: str
    a: Expr
    b: Expr
    also: Condition | None = None
    span: Span | None = field(default=None, compare=False, repr=False)

    def __str__(self) -> str:
        rest = f" and {self.also}" if self.also else ""
        return f"{self.a} {self.op} {self.b}{rest}"

    def evaluate(self, env: Mapping[str, Number]) -> Any:
        """A bool, or one bool per block."""
        a, b = self.a.evaluate(env), self.b.evaluate(env)
        compare = {
            "==": np.equal,
            "!=": np.not_equal,
            "<": np.less,
            "<=": np.less_equal,
            ">": np.greater,
            ">=": np.greater_equal,
        }
        here = compare[self.op](a, b)
        return here & self.also.evaluate(env) if self.also else here

    def symbols(self) -> Iterator[Sym]:
        yield from self.a.symbols()
        yield from self.b.symbols()
        if self.also:
            yield from self.also.symbols()

    def substitute(self, env: Mapping[str, Expr]) -> Condition:
        also = self.also.substitute(env) if self.also else None
        return Condition(self.op, self.a.substitute(env), self.b.substitute(env), also, self.span)


@dataclass(frozen=True)
class Affine:
    """``constant + sum(coefficient[s] * s)``; symbols with coefficient 0 are left out."""

    constant: int
    coefficients: Mapping[str, int]

    def get(self, symbol: str) -> int:
        """The coefficient of a symbol, 0 if it does not occur."""
        return self.coefficients.get(symbol, 0)


def affine(expr: Expr) -> Affine | None:
    """The affine form of an expression, or None where it has none (as a product of symbols)."""
    match expr:
        case Const(value):
            return Affine(value, {})
        case Sym(name):
            return Affine(0, {name: 1})
        case Binary(op, left, right):
            a, b = affine(left), affine(right)
            if a is None or b is None:
                return None
            if op in "+-":
                sign = 1 if op == "+" else -1
                return _combine(a, b, 1, sign)
            if op == "*" and not (a.coefficients and b.coefficients):
                scale, form = (a.constant, b) if not a.coefficients else (b.constant, a)
                return _combine(form, Affine(0, {}), scale, 0)
            if op == "/" and not b.coefficients and b.constant > 0:
                parts = [a.constant, *a.coefficients.values()]
                # the quotient of a sum is the sum of quotients where all but the constant divide
                if all(part % b.constant == 0 for part in parts[1:]):
                    divided = {s: c // b.constant for s, c in a.coefficients.items()}
                    return Affine(a.constant // b.constant, divided)
            if op == "%" and not b.coefficients and b.constant > 0:
                if all(c % b.constant == 0 for c in a.coefficients.values()):
                    return Affine(a.constant % b.constant, {})
    return None


def _combine(a: Affine, b: Affine, by_a: int, by_b: int) -> Affine:
    names = {**a.coefficients, **b.coefficients}
    sums = {name: a.get(name) * by_a + b.get(name) * by_b for name in names}
    constant = a.constant * by_a + b.constant * by_b
    return Affine(constant, {name: c for name, c in sums.items() if c})
