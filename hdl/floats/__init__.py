"""Arithmetic of any number format as combinational logic: exact, then rounded once."""

from hdl.floats.arithmetic import divide, multiply, negated, plus
from hdl.floats.circuit import Circuit, Lane, Unbuilt
from hdl.floats.exponential import exp, exp2, expm1
from hdl.floats.logarithm import log, log2
from hdl.floats.number import Number, read, scaled, unpack, whole
from hdl.floats.order import compared, ordered, smaller
from hdl.floats.roots import reciprocal_root, square_root
from hdl.floats.round import normalised, quotient, round_integer, round_pack, within
from hdl.floats.sigmoids import sigmoid, silu, tanh

__all__ = [
    "Circuit",
    "Lane",
    "Number",
    "Unbuilt",
    "compared",
    "divide",
    "exp",
    "exp2",
    "expm1",
    "log",
    "log2",
    "multiply",
    "negated",
    "normalised",
    "ordered",
    "plus",
    "quotient",
    "read",
    "reciprocal_root",
    "round_integer",
    "round_pack",
    "scaled",
    "sigmoid",
    "silu",
    "smaller",
    "square_root",
    "tanh",
    "unpack",
    "whole",
    "within",
]
