"""Verilog as Yosys writes it, made easier to read; the logic stays."""

from __future__ import annotations

import re
import textwrap

# A wire that only names the operand of a part-select: ``wire [9:0] _1_ = x;``.
_SELECT = re.compile(r"^  wire \[\d+:0\] (_\d+_) = (\w+);\n(  assign .* = )\1\[(.*);$", re.M)

# A port that is declared as a wire, too: Verilog needs it once.
_PORT = re.compile(r"^(  (?:input|output) ((?:\[\d+:0\] )?\S+ ?;)\n)  wire \2\n", re.M)

_MODULE = re.compile(r"^module (\S+ ?)\((.*?)\);\n(.*?)^endmodule$", re.M | re.S)
_DECLARED = re.compile(r"^  (?:input|output) (?:\[\d+:0\] )?(\S+ ?);\n", re.M)
_CLOCKS = ("clk", "rst")
_PARTS = ("payload", "valid", "ready")
_COLUMNS = 100

_BIT = r"(?:\d+'h[0-9a-f]+|\w+(?:\[\d+\])?)"
_REPEATED = re.compile(rf"(?<=[{{,] )({_BIT})(?:, \1(?![\w\[']))+(?=[, ])")
_FEW = 2  # of one bit, side by side, are written out


def tidied(text: str) -> str:
    """Ports once, first, stream by stream; part-selects without a wire of their own between.

    Repeated bits are ``{17{x[3]}}``.
    """
    text = _MODULE.sub(_ordered, _PORT.sub(r"\1", text))
    return _REPEATED.sub(_times, _SELECT.sub(r"\3\2[\4;", text))


def _ordered(found: re.Match[str]) -> str:
    """A module with its clock and reset first, then its streams, and their declarations on top."""
    name, listed, body = found.groups()
    lines = {line[1]: line[0] for line in _DECLARED.finditer(body)}
    ports = sorted(listed.split(", "), key=_place) if listed else []
    if set(lines) != set(ports) or "\\" in listed:  # an escaped name ends in a space
        return found[0]
    head = textwrap.fill(", ".join(ports), _COLUMNS - 2, break_long_words=False)
    head = f"\n{textwrap.indent(head, '  ')}\n" if len(head) + len(name) > _COLUMNS else head
    declared = "".join(lines[port] for port in ports)
    return f"module {name}({head});\n{declared}{_DECLARED.sub('', body)}endmodule"


def _place(port: str) -> tuple[int, str, int]:
    stem, _, part = port.rpartition("_")
    if port in _CLOCKS:
        return _CLOCKS.index(port), "", 0
    if part in _PARTS:
        return len(_CLOCKS), stem, _PARTS.index(part)
    return len(_CLOCKS), port, 0


def _times(found: re.Match[str]) -> str:
    count = found[0].count(", ") + 1
    return found[0] if count <= _FEW else f"{{{count}{{{found[1]}}}}}"
