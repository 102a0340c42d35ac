"""Arithmetic of any number format as combinational logic: exact, then rounded once."""

from hdl.floats.arithmetic import divide, multiply, negated, plus
from hdl.floats.circuit import Circuit, Lane
from hdl.floats.number import Number, read, scaled, unpack, whole
from hdl.floats.order import compared, ordered, smaller
from hdl.floats.roots import reciprocal_root, square_root
from hdl.floats.round import quotient, round_integer, round_pack, within

__all__ = [
    "Circuit",
    "Lane",
    "Number",
    "compared",
    "divide",
    "multiply",
    "negated",
    "ordered",
    "plus",
    "quotient",
    "read",
    "reciprocal_root",
    "round_integer",
    "round_pack",
    "scaled",
    "smaller",
    "square_root",
    "unpack",
    "whole",
    "within",
]
