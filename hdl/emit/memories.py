"""Contents of memories in files beside the Verilog, in place of assignments in it."""

from __future__ import annotations

import re

FOLDER = "memories"

_MODULE = re.compile(r"^module (\S+?) ?\(.*?^endmodule$", re.M | re.S)
_CONTENTS = re.compile(
    r"^  reg \[(?P<high>\d+):0\] (?P<name>\S+) +\[(?P<last>\d+):0\];\n"
    r"  initial begin\n(?P<words>(?:    \S+ ?\[\d+\] = \S+;\n)+)  end\n",
    re.M,
)
# Yosys writes words of 32 bits in decimal
_WORD = re.compile(r"\[(\d+)\] = (\d+)'([hd])([0-9a-f]+);")


def with_files(text: str) -> tuple[str, dict[str, str]]:
    """Verilog whose memories are read by ``$readmemh``, and the files that it reads, by name.

    They are ``memories/MODULE_MEMORY.hex``, found from the folder in which a tool runs: that of the
    Verilog.
    """
    files: dict[str, str] = {}

    def module(found: re.Match[str]) -> str:
        owner = found[1].strip("\\")

        def memory(held: re.Match[str]) -> str:
            name = f"{FOLDER}/{owner}_{held['name'].strip(chr(92))}.hex"
            words = {int(found[1]): _hex(found) for found in _WORD.finditer(held["words"])}
            assert len(words) == int(held["last"]) + 1, f"{name}: every word has a value"
            # with its address: tools disagree where a memory begins that is declared downwards
            files[name] = "@0\n" + "".join(f"{words[at]}\n" for at in sorted(words))
            declared, _, _ = held[0].partition("\n")
            return f'{declared}\n  initial $readmemh("{name}", {held["name"]} );\n'

        return _CONTENTS.sub(memory, found[0])

    return _MODULE.sub(module, text), files


def _hex(found: re.Match[str]) -> str:
    """The digits of a word in hexadecimal."""
    value = int(found[4], 16 if found[3] == "h" else 10)
    return f"{value:0{-(-int(found[2]) // 4)}x}"
