"""TV00..: syntax."""

from tilevm.diagnostics.codes.code import Code

CODES = (
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
)
