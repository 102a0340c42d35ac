"""TV08..: command line and files."""

from tilevm.diagnostics.codes.code import Code

CODES = (
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
    Code(
        "TV0810",
        "counts that depend on data",
        "`tilevm stats` counts without data where it can. Here a tile decides what runs, so the\n"
        "kernel must be run to count.\n"
        "Give its arrays, `-a x=x.npy`; from Python, `tilevm.stats(kernel, sizes, {...})`.",
    ),
    Code(
        "TV0811",
        "not a trace, or damaged",
        "`tilevm diff` reads what `tilevm run --trace` writes: a .jsonl or .npz file that names\n"
        "its format first. This one was cut short or changed, or is something else.",
    ),
    Code(
        "TV0812",
        "traces with nothing in common",
        "Steps of two traces belong together by the name of their value, the thread block and\n"
        "the loop variables; these two have no such pair. Compare traces of one program, or of\n"
        "what passes make of it.",
    ),
    Code(
        "TV0830",
        "the program generator is not installed",
        "`tilevm fuzz` draws random programs, and makes those that fail small, with Hypothesis.\n"
        "That is a tool for tests, which an installation of tilevm alone does not have.\n"
        'Install it: `pip install hypothesis`, or `pip install "tilevm[test]"`.',
    ),
    Code(
        "TV0831",
        "kept program without its arguments",
        "`tilevm fuzz --replay` reads two files that were written together: the program (.tile)\n"
        "and its arguments (.npz, of the same name). The second is missing.\n"
        "Copy both files, or compare a program on new arguments with `tilevm verify`.",
    ),
)
