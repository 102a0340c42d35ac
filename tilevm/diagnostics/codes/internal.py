"""TV09..: our own bug."""

from tilevm.diagnostics.codes.code import Code

CODES = (
    Code(
        "TV0901",
        "internal error",
        "tilevm itself failed; your program may be right.\n"
        "Please report it with the program, the command and the whole message. Making the program\n"
        "smaller often shows a way around the failure.",
    ),
)
