"""Arithmetic of any number format as combinational logic: exact, then rounded once."""

from hdl.floats.arithmetic import divide, multiply, negated, plus
from hdl.floats.circuit import Circuit, Lane
from hdl.floats.number import Number, read, scaled, unpack, whole
from hdl.floats.order import compared, ordered, smaller
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
    "round_integer",
    "round_pack",
    "scaled",
    "smaller",
    "unpack",
    "whole",
    "within",
]
