"""What a design stores, counted from its netlist, is what its Verilog has."""

from __future__ import annotations

import re
from typing import Any

import pytest

import hdl
import tilevm
from tests.hdl.families import program
from tilevm.diagnostics import TileError

BOOK = """
type book = codebook(f16, [-1.5, -0.5, 0.25, 1.0])
kernel f(w: global book[8, 6], x: global f16[6], y: global f32[8])
  grid (n = 4)
{
  a: book[2, 6] = load w[n * 2, 0]
  b: f16[6] = load x[0]
  c = dot a, b {acc = f32}
  store c, y[n * 2]
}
"""


WIDE = """
kernel f(x: global f32[4], y: global f32[4])
{
  a: f32[4] = load x[0]
  b = sigmoid a
  store b, y[0]
}
"""


def constants(text: str) -> int:
    """Bits of all memories of a Verilog text that nobody writes, instance by instance."""
    bits: dict[str, int] = {}
    for name, body in re.findall(r"^module (\S+?) ?\((.*?)^endmodule$", text, re.M | re.S):
        found = re.findall(r"^  reg \[(\d+):0\] (\S+) +\[(\d+):0\];$", body, re.M)
        bits[name] = sum(
            (int(high) + 1) * (int(last) + 1)
            for high, memory, last in found
            if f"{memory}[" in body and not re.search(rf"{re.escape(memory)}\[\S+\] <=", body)
        )
    uses = re.findall(r"^  (\S+) (\S+) \($", text, re.M)
    return sum(bits.get(module, 0) for module, _ in uses)


@pytest.mark.parametrize(
    ("text", "options", "least"),
    [
        pytest.param("a table of a function", {"N": 4, "lanes": 2}, 256 * 8, id="function"),
        pytest.param("a table of a function", {"N": 4, "engines": 2}, 2 * 256 * 8, id="engines"),
        pytest.param(BOOK, {"dot": "mac"}, 4 * 16, id="codebook"),
        pytest.param(WIDE, {"lanes": 2}, 2 * 256 * 64, id="circuit"),
        pytest.param("constants", {"N": 24, "lanes": 1}, 0, id="constants"),
        pytest.param("gemv", {"N": 8}, 0, id="none"),
    ],
)
def test_constant_tables_are_counted(text: str, options: dict[str, Any], least: int) -> None:
    kernel = tilevm.parse(text)["f"] if "\n" in text else program(text, 2, 4)
    design = hdl.build(kernel, **options)
    assert design.rom_bits == constants(design.verilog())
    assert design.rom_bits >= least
    kinds = ("table", "memory", "buffer", "rom", "state")
    assert design.stored_bits() == sum(design.stored_bits(kind) for kind in kinds)
    assert f"| constant tables | {design.rom_bits} bits |" in design.report()


def test_the_limit_of_bits_counts_constant_tables() -> None:
    kernel = program("a table of a function", 2, 4)
    needed = hdl.build(kernel, N=4).stored_bits()
    assert needed > 256 * 8
    assert hdl.build(kernel, N=4, max_bits=needed).stored_bits() == needed
    with pytest.raises(TileError, match=f"TV0616.*stores {needed:,} bits") as caught:
        hdl.build(kernel, N=4, max_bits=needed - 1)
    (problem,) = caught.value.diagnostics
    assert "2,048 of constant tables" in problem.notes[0]
    assert problem.notes[1] == "the largest part is `t`: 2,048 bits"
    assert problem.labels[0].span is not None and "exp s" in problem.labels[0].span.text


@pytest.mark.parametrize("bits", ["x", -1, 1.5, True])
def test_the_limit_of_bits_is_a_whole_number(bits: Any) -> None:
    said = rf"TV0616.*whole number from 0 up, not {bits!r}"
    with pytest.raises(TileError, match=said):
        hdl.build(program("a table of a function", 2, 4), N=4, max_bits=bits)
