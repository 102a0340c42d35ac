"""Integers and fixed point as whole steps of a power of two, and exact results back from them."""

from __future__ import annotations

from typing import cast

from tilevm.dtypes.base import Array, DType
from tilevm.dtypes.codebook import CodebookType
from tilevm.dtypes.fixed import FixedType, fit_integers, shift_integers
from tilevm.dtypes.integers import IntType


def numbers(a: Array, t: DType) -> tuple[Array, DType]:
    """The numbers that an array stands for, and their type: of a codebook its entries."""
    return (t.lookup(a), t.entry) if isinstance(t, CodebookType) else (a, t)


def steps(a: Array, t: DType) -> tuple[Array, int, int]:
    """Integers, their width with a sign, and the exponent of what one of them is worth."""
    if isinstance(t, FixedType):
        return t.integers(a), t.bits + 1, t.scale
    return a, t.bits + 1, 0


def fit_steps(
    exact: Array, bits: int, scale: int, to: DType, overflow: str | None, operation: str
) -> Array:
    """Exact results of `bits`, in steps of 2**scale, as values of an integer or fixed point type.

    Rounded once, then as `overflow` says.
    """
    if isinstance(to, FixedType):
        return to.fit(exact, bits, scale, overflow=overflow, operation=operation)
    whole = shift_integers(exact, bits, scale)
    return fit_integers(cast(IntType, to), whole, overflow, operation)
