"""TV046.: what a program states of itself, and a run finds broken."""

from __future__ import annotations

from tilevm.diagnostics.codes.code import Code

CODES = (
    Code(
        "TV0460",
        "assumption does not hold",
        "An `assume` states what the program relies on and does not see to itself, and for these\n"
        "inputs it is not so. It is always checked. The message names the first element that is\n"
        "0, and the notes tell what was compared there. Call it with inputs that it is for.",
    ),
    Code(
        "TV0461",
        "tile that is not the expected one",
        "`expect` compares two tiles bit for bit: NaN equals NaN, -0 differs from +0. The message\n"
        "counts the elements that differ, and the notes show the first of them, values and codes.",
    ),
    Code(
        "TV0462",
        "fact of the shapes that does not hold",
        "`static_assert` compares shape symbols and numbers. It is checked before anything runs:\n"
        "with numbers alone when the program is read, else when the symbols get their values. The\n"
        "notes show these. Pass arrays of other shapes, or change what the program asks for.",
    ),
    Code(
        "TV0464",
        "loop out of fuel",
        "A `while` states with `fuel` how many rounds it makes at most: every program ends. A\n"
        "thread block has made them, and its condition is still 1. Give it more fuel, or look at\n"
        "what the body yields for the condition.",
    ),
)
