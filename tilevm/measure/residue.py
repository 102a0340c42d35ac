"""What is known of an index in every thread block and every round: its residue.

>>> from tilevm.ir import Sym
>>> known = {"n": Residue(1, 0), "k": Residue(4, 2)}  # any number; 2, 6, 10, ...
>>> residue(Sym("n") * 64 + Sym("k"), known)
Residue(modulus=4, rest=2)
>>> residue(Sym("n") % 2 * 16, known).divisor
16
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import gcd

from tilevm.ir import Const, Expr, Sym
from tilevm.ir.index import Binary


@dataclass(frozen=True)
class Residue:
    """The numbers ``rest + modulus * t`` for any whole t; the number `rest` if `modulus` is 0."""

    modulus: int
    rest: int

    @property
    def divisor(self) -> int:
        """The largest number that divides all of them; 0 for the number 0."""
        return gcd(self.modulus, self.rest)


ANY = Residue(1, 0)


def _reduced(modulus: int, rest: int) -> Residue:
    return Residue(modulus, rest % modulus if modulus else rest)


def residue(expr: Expr, known: Mapping[str, Residue]) -> Residue:
    """The residue of an expression, from those of its symbols."""
    match expr:
        case Const(value):
            return Residue(0, value)
        case Sym(name):
            return known.get(name, ANY)
        case Binary(op, left, right):
            a, b = residue(left, known), residue(right, known)
        case _:
            return ANY
    if op in "+-":
        sign = 1 if op == "+" else -1
        return _reduced(gcd(a.modulus, b.modulus), a.rest + sign * b.rest)
    if op == "*":
        parts = (a.modulus * b.modulus, a.modulus * b.rest, b.modulus * a.rest)
        return _reduced(gcd(*parts), a.rest * b.rest)
    if b.modulus or b.rest <= 0:
        return ANY
    if op == "%":
        if a.modulus % b.rest == 0:
            return Residue(0, a.rest % b.rest)
        return _reduced(gcd(a.modulus, b.rest), a.rest)
    if a.modulus % b.rest == 0:
        return _reduced(a.modulus // b.rest, a.rest // b.rest)
    return ANY
