"""TV05..: lowering and passes."""

from tilevm.diagnostics.codes.code import Code

CODES = (
    Code(
        "TV0501",
        "unknown option of a pass",
        "The pass has no such option, or the value is out of its range. The message lists what\n"
        "may be given.",
    ),
    Code(
        "TV0502",
        "op that cannot be built as hardware",
        "The virtual machine runs the op, but no unit computes it as it stands here: it would\n"
        "have to stop the run (on overflow, at a NaN), or it needs more bits than are allowed (of\n"
        "a table, an accumulator, a memory), or its types or options have no unit. The message\n"
        "gives the reason, and the help what would make it legal.",
    ),
    Code(
        "TV0503",
        "loop bound that is not static",
        "Hardware counts a fixed number of rounds, in fixed steps. A loop whose bounds depend on\n"
        "block ids or outer loops goes as often as the longest, but a step must be a constant,\n"
        "and a bound be computed for at most 1,048,576 blocks and rounds together.\n"
        "Count in steps of 1, and use `if` or `select` for the rounds that do not count.",
    ),
    Code(
        "TV0504",
        "kernel that stores nothing",
        "Hardware is what computes the stored values, and this kernel stores none, so nothing of\n"
        "it would be left.\n"
        "Store a result to a global buffer.",
    ),
    Code(
        "TV0505",
        "number of lanes out of range",
        "`lanes` says how many elements a unit computes in one cycle. It is a whole number, at\n"
        "least 1, and at most what the message says.",
    ),
    Code(
        "TV0506",
        "engines that do not divide the thread blocks",
        "With `engines = E`, each engine runs every E-th block of the outermost dimension of the\n"
        "grid that has more than one: so E divides its extent. The message lists what does.\n"
        "Where memories are touched, no dimension inside of that one has more than one block:\n"
        "their order would change.",
    ),
    Code(
        "TV0510",
        "no pass of that name",
        "A pass rewrites a program into one with the same results. The nearest name is suggested;\n"
        "docs/passes.md lists them all, and so does `tilevm explain passes`.",
    ),
    Code(
        "TV0511",
        "text that does not name passes",
        "Passes are written by name, with options in brackets where they are not the default, and\n"
        "with commas between them: `canonicalise, rewrite_dot(form = lut, group = 4)`.",
    ),
)
