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
        "to one thread block, so the body makes it: `s = alloc_shared i8[64]`. A function takes\n"
        "tiles: `load` one before the call.",
    ),
    Code(
        "TV0106",
        "name that cannot be written",
        "A name is a letter or `_`, then letters, digits and `_`, and is not a word of the\n"
        "language. A program built in Python with another name would have no text form. Choose\n"
        "another name.",
    ),
    Code(
        "TV0107",
        "function that comes to call itself",
        "The statements of a function are written out in place of each call, so a function cannot\n"
        "call itself, nor another one that comes to call it. The message names the circle.\n"
        "Repeat statements with `for` or `while`.",
    ),
    Code(
        "TV0108",
        "calls that grow too large",
        "With every call written out the program would have more statements than anything could\n"
        "work with, or calls are inside one another too deeply: each function that calls another\n"
        "twice doubles it. Put a loop around one call.",
    ),
    Code(
        "TV0109",
        "`return` in a function",
        "`return` ends a thread block, and belongs to the kernel. A function hands on its results\n"
        "with `yield`, as its last statement. Let it yield a condition, and put `if` and `return`\n"
        "behind the call.",
    ),
)
