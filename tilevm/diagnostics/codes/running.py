"""TV04..: run time and data."""

from tilevm.diagnostics.codes.code import Code

CODES = (
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
        "== 0` states what the program relies on. `oob = zero`, `oob = value` and\n"
        "`oob = skip` (of ops that write) allow it.",
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
        "no order: the result would be a matter of luck. Give each block elements of its own, or\n"
        "let all blocks meet by `atomic`; or sum over blocks in a second kernel.",
    ),
    Code(
        "TV0407",
        "value that an op refuses",
        "An op met a value that it is told not to accept: an overflow under `overflow = trap`,\n"
        "a division by zero, a NaN for a type without one, an index beyond a table, a shift by a\n"
        "negative amount. The message names the element.",
    ),
    Code(
        "TV0408",
        "assertion fails",
        "An `assert` of the program found an element that is 0. The message names the first\n"
        "one, says how many there are, and the text of the assertion; the notes tell the thread\n"
        "block and, where a `compare` made the tile, what it compared there.",
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
    Code(
        "TV0430",
        "elements of one scatter that meet",
        "Several elements of the tile are to be stored in one element of the buffer, since their\n"
        "indices are equal. Say which of them counts, `duplicate = last`, or that their sum does,\n"
        "`duplicate = add`; `atomic` adds to what the buffer holds.",
    ),
    Code(
        "TV0432",
        "element touched while it is copied to",
        "An asynchronous copy to this element may not have come yet, so what is there is a matter\n"
        "of luck. Three statements stand between a `copy_async` and the first access to what it\n"
        "copies: `commit` closes its group, `wait` covers the group, and a `barrier` makes it\n"
        "visible to all threads. The message says which of them is missing.",
    ),
    Code(
        "TV0433",
        "element written while it is copied from",
        "An asynchronous copy may not have read this element yet, so it would be a matter of luck\n"
        "which value it copies. Write to it behind the `wait` that covers the copy and a\n"
        "`barrier`.",
    ),
    Code(
        "TV0434",
        "block that ends with a copy under way",
        "A thread block started an asynchronous copy and ends without waiting for it. Put\n"
        "`commit` behind the last copies, and `wait` before the end.",
    ),
)
