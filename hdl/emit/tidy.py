"""Verilog as Yosys writes it, made easier to read; the logic stays."""

from __future__ import annotations

import re

# A wire that only names the operand of a part-select: ``wire [9:0] _1_ = x;``.
_SELECT = re.compile(r"^  wire \[\d+:0\] (_\d+_) = (\w+);\n(  assign .* = )\1\[(.*);$", re.M)

# A port that is declared as a wire, too: Verilog needs it once.
_PORT = re.compile(r"^(  (?:input|output) ((?:\[\d+:0\] )?\S+ ?;)\n)  wire \2\n", re.M)

_BIT = r"(?:\d+'h[0-9a-f]+|\w+(?:\[\d+\])?)"
_REPEATED = re.compile(rf"(?<=[{{,] )({_BIT})(?:, \1(?![\w\[']))+(?=[, ])")
_FEW = 2  # of one bit, side by side, are written out


def tidied(text: str) -> str:
    """Ports once, part-selects of what they select from, repeated bits as ``{17{x[3]}}``."""
    return _REPEATED.sub(_times, _SELECT.sub(r"\3\2[\4;", _PORT.sub(r"\1", text)))


def _times(found: re.Match[str]) -> str:
    count = found[0].count(", ") + 1
    return found[0] if count <= _FEW else f"{{{count}{{{found[1]}}}}}"
