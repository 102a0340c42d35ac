"""TV044.: what checked runs find."""

from tilevm.diagnostics.codes.code import Code

CODES = (
    Code(
        "TV0440",
        "race between threads of a block",
        "Found in a checked run: two threads of a block touch one element, at least one of them\n"
        "writes it, and no `barrier` stands between. The labels show both lines; in a loop the\n"
        "earlier access may be one of the round before. Put a `barrier` between, or write layouts\n"
        "that give the element to one thread in both tiles. docs/sanitizer.md says which threads\n"
        "hold a tile.",
    ),
    Code(
        "TV0441",
        "integer overflow",
        "Found in a checked run: an exact result does not fit its type, and the op does not say\n"
        "what is then to happen. It wraps in other runs. Use a wider type, or write\n"
        "`{overflow = wrap}` (or `sat`, `trap`) if that is meant.",
    ),
    Code(
        "TV0442",
        "threads that write parts of one byte",
        "Found in a checked run: elements narrower than a byte, or that straddle bytes, are\n"
        "packed without gaps, and two threads of a block write elements that share a byte with\n"
        "no barrier between. Each also writes the rest of the byte, and may undo what the other\n"
        "wrote. Choose a layout in which a thread holds whole bytes, or put a `barrier` between\n"
        "the stores.",
    ),
    Code(
        "TV0443",
        "thread blocks that write parts of one byte",
        "Found in a checked run: elements narrower than a byte, or that straddle bytes, are\n"
        "packed without gaps, and two thread blocks write elements that share a byte. No barrier\n"
        "orders blocks: each may undo what the other wrote. Let every block write whole bytes.",
    ),
)
