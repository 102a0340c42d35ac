"""Comparisons of codes of floats: which is smaller, and whether there is a NaN."""

from __future__ import annotations

from amaranth import Const, Mux, Value

from hdl.floats.circuit import Circuit, Lane
from hdl.floats.number import unpack
from tilevm.dtypes import FloatFormat


def ordered(c: Circuit, f: FloatFormat, code: Lane, *, signed_zeros: bool) -> Lane:
    """An integer in the order of the values; -0 is below +0, or equal to it."""
    code = Value.cast(code).as_unsigned()
    if not f.signed:
        return code
    size = code[:-1]
    return c.keep("order", Mux(code[-1], -size - 1 if signed_zeros else -size, size))


def is_nan(c: Circuit, f: FloatFormat, code: Lane) -> Lane:
    return Const(0, 1) if f.nan_code is None else unpack(c, f, code).invalid


def smaller(
    c: Circuit, f: FloatFormat, a: Lane, b: Lane, *, larger: bool = False, nan: str = "propagate"
) -> Lane:
    """The smaller (or larger) of two codes, -0 < +0; a NaN goes on, or is left out."""
    x, y = (ordered(c, f, code, signed_zeros=True) for code in (a, b))
    found = Mux((x > y) if larger else (x < y), a, b)
    if f.nan_code is None:
        return c.keep("chosen", found)
    a_nan, b_nan = is_nan(c, f, a), is_nan(c, f, b)
    if nan == "ignore":
        return c.keep("chosen", Mux(a_nan, b, Mux(b_nan, a, found)))
    return c.keep("chosen", Mux(a_nan | b_nan, f.nan_code, found))


def compared(c: Circuit, f: FloatFormat, a: Lane, b: Lane, pred: str) -> Lane:
    """Whether two codes compare so, by the names of `compare`."""
    x, y = (ordered(c, f, code, signed_zeros=False) for code in (a, b))
    unordered = c.keep("unordered", is_nan(c, f, a) | is_nan(c, f, b))
    less, more, same = (c.keep("compared", found) for found in (x < y, x > y, x == y))
    known = ~unordered
    return {
        "eq": known & same,
        "ne": unordered | ~same,
        "lt": known & less,
        "le": known & ~more,
        "gt": known & more,
        "ge": known & ~less,
        "one": known & ~same,
        "ueq": unordered | same,
        "ult": unordered | less,
        "ule": unordered | ~more,
        "ugt": unordered | more,
        "uge": unordered | ~less,
        "ord": known,
        "uno": unordered,
    }[pred]
