"""RTLIL as Amaranth writes it, made shorter, and quicker to simulate; no bit changes.

It is text: each rule here is a pattern of lines.
"""

from __future__ import annotations

import re

# The wire of a field (``\\x[0]``) and its driver.
_FIELD = re.compile(r"^ *(wire width \d+ (signed )?\\\S+\]$|connect \\\S+\] .*$)", re.M)

# Contents at the start of the memories that are written before they are read.
_ZEROS = re.compile(
    r'^ *cell \$meminit_v2 \S+\n *parameter \\MEMID "\\\\(places|states)\d*"\n.*?^ *end\n',
    re.M | re.S,
)

# The payload that a module gives: ``connect \\out0_payload \\out0__payload [31:0]``.
_GIVEN = re.compile(r"^connect \\(out\d+_payload) (\\\S+) \[(\d+):0\]$", re.M)

# The pins of a stream inside, which are those of the module once more.
_PIN = re.compile(r"^  attribute \\keep 1\n(  wire width 1 \\\w+__(?:valid|ready)$)", re.M)

# Names of modules, where they are and where they are used: ``\\top.x_channel``.
_MODULE = re.compile(r"^(module|  cell) \\\S+", re.M)

# In the order of the text: where a module begins, a product with a constant, a shift right.
_SHIFTS = re.compile(
    r"^module .*$|"
    r"^  cell \$mul \S+\n(?:    parameter .*\n)*?    parameter \\A_WIDTH (?P<factor>\d+)\n"
    r"(?:    parameter .*\n)*    connect \\A .*\n    connect \\B \d+'(?P<constant>[01]+)\n"
    r"    connect \\Y (?P<product>\S+)$|"
    r"^  cell \$shift (?P<name>\S+)\n    parameter \\A_SIGNED 0\n    parameter \\B_SIGNED 0\n"
    r"    parameter \\A_WIDTH (?P<a>\d+)\n    parameter \\B_WIDTH (?P<b>\d+)\n"
    r"    parameter \\Y_WIDTH (?P<y>\d+)\n    connect \\A .*\n    connect \\B (?P<by>\S+)",
    re.M,
)


def shortened(text: str) -> str:
    """The text without what says nothing, with plain names of modules, and quick cells."""
    text = _ZEROS.sub("", _FIELD.sub("", _PIN.sub(r"\1", text)))
    text = _GIVEN.sub(_buffered, _selecting(text))
    return _MODULE.sub(lambda found: found[0].replace(".", "_"), text)


def _buffered(found: re.Match[str]) -> str:
    """A payload through a cell that Yosys keeps, an assignment in Verilog.

    Else bits that are used again, as a sign is, are named after the payload, and an assignment of
    the payload from itself is a loop to other people's tools.
    """
    name, source, high = found.groups()
    return (
        f"attribute \\keep 1\ncell $buf $given_{name}\n  parameter \\WIDTH {int(high) + 1}\n"
        f"  connect \\A {source} [{high}:0]\n  connect \\Y \\{name}\nend"
    )


def _selecting(text: str) -> str:
    """Shifts that never reach beyond their operand as part-selects, ``a[b +: width]``.

    A simulator moves the bits that are wanted only.  Where a part-select reaches beyond, it gives
    x, and a shift zeros: so `b` must be known to stay inside, by its width or as a product.
    """
    most: dict[str, int] = {}  # of products, by their wire

    def cell(found: re.Match[str]) -> str:
        if found["product"]:
            factor = (1 << int(found["factor"])) - 1
            most[found["product"]] = factor * int(found["constant"], 2)
        elif found["by"]:
            largest = min(most.get(found["by"], 1 << 64), (1 << int(found["b"])) - 1)
            if largest + int(found["y"]) <= int(found["a"]):
                return found[0].replace("$shift ", "$shiftx ", 1)
        else:
            most.clear()
        return found[0]

    return _SHIFTS.sub(cell, text)
