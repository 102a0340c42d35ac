"""TV01..: names."""

from tilevm.diagnostics.codes.code import Code

CODES = (
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
)
