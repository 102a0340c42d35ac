"""TV02..: types."""

from tilevm.diagnostics.codes.code import Code

CODES = (
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
        "The written type says which tile is loaded: `t: i8[16] = load x[n * 16]`, and so for\n"
        "`gather`. Its elements are those of the buffer, its rank at most the buffer's.",
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
        "The extents of a tile are numbers of at least 0, because its size must be known when\n"
        "the program is checked; shape symbols stand in the shapes of buffers. `i32[]` is a\n"
        "tile with a single element, `i32[0]` one without. Tiles, buffers\n"
        "and grids have at most 32 dimensions: `reshape` joins some of them.",
    ),
    Code(
        "TV0217",
        "number out of every range",
        "Whole numbers have at most 64 bits and decimal ones are those of float64: no type\n"
        "holds more. A decimal number so small that float64 makes zero of it is refused as\n"
        "well.",
    ),
    Code(
        "TV0220",
        "fixed point that cannot be",
        "`fixed(i16, -8)` has an integer type of at most 53 bits, and a scale exponent of -128 to\n"
        "128: a value is the integer times two to that power. Values are kept in float64, which\n"
        "does not hold wider ones.",
    ),
    Code(
        "TV0221",
        "codebook that cannot be",
        "`codebook(f32, [-1, 0, 1])` lists 1 to 65536 entries that the type can hold exactly: all\n"
        "numbers, or all lists of one length. The message says which entry is wrong.",
    ),
    Code(
        "TV0222",
        "codes in place of numbers",
        "A tile of a codebook holds codes: they are moved, compared (eq, ne), selected, but not\n"
        "computed with. `decode` gives the numbers that they stand for, `cast` converts them;\n"
        "`dot`, `dot_scaled`, `dequantize`, `sum`, `prod`, and `scan` by `add` or `mul` take\n"
        "codes of single numbers as they are.",
    ),
    Code(
        "TV0223",
        "a name for a name",
        "`type levels = codebook(...)` names a type with arguments. A type that has a name is\n"
        "written by that name everywhere, so that there is one way to read it.",
    ),
    Code(
        "TV0224",
        "mode for the nearest entry",
        "A cast to a codebook takes the nearest entry, of two as near the one with the even code:\n"
        "nothing overflows, and there is no other rounding.",
    ),
    Code(
        "TV0230",
        "largest or smallest of nothing",
        "Over a dimension of extent 0 a sum is 0, but there is no largest or smallest element.\n"
        "`pad` the tile with the value that you want in that case, or leave the op out.",
    ),
    Code(
        "TV0231",
        "rounded op of other numbers than floats",
        "Quotients, roots and functions such as `exp` are rounded, and integers have no rule for\n"
        "that. `floordiv` and `truncdiv` divide integers, `div` also fixed point; or `cast` to a\n"
        "float, compute, and `cast` back with the rounding that you mean.",
    ),
    Code(
        "TV0235",
        "bits that elements do not have",
        "`bitcast` goes between types of one width; `pack` and `unpack` between widths of which\n"
        "one is a multiple of the other; `permute_bytes` and `permute_nibbles` need whole bytes\n"
        "or nibbles in an element. `view` reads the bits of a whole tile anew, across elements.",
    ),
    Code(
        "TV0236",
        "part outside of a tile",
        "`slice` and `insert` name a part by where it starts, one index for each dimension, and\n"
        "the part has to lie within the tile: start at least 0, and its last element, number\n"
        "start + (size - 1) * step, below the extent. A start that is computed is checked in the\n"
        "run (TV0407).",
    ),
    Code(
        "TV0237",
        "wrong number of values",
        "`constant` lists one number for each element of its type, in row-major order. `full`\n"
        "makes a tile of one value, `iota` one that counts, and `reshape` gives another shape.",
    ),
    Code(
        "TV0240",
        "impossible hint",
        "The hints of a loop are numbers of at least 1: `unroll 4` writes out four rounds in\n"
        "one, `pipeline(2)` has two under way at once. They change no result: leave them out.",
    ),
    Code(
        "TV0241",
        "condition of a while that is not carried",
        "`while go carry (go = ...)` asks the carried value `go` before every round; a value that\n"
        "no round changes would never end it. Carry the condition, and yield it from the body.",
    ),
    Code(
        "TV0242",
        "statement behind a return",
        "`return` ends the thread block, so what stands behind it in the same block of statements\n"
        "would never run, and there is nothing to `yield`. Put it last, or into an `if`.",
    ),
    Code(
        "TV0243",
        "fact of the shapes that names something else",
        "`static_assert` is checked before a run, when only the shapes are known: its condition\n"
        "is made of shape symbols and numbers. Block ids, loop variables and tiles are known in\n"
        "the run: `compare` tiles and `assert` the result; `iota` makes a tile of an index.",
    ),
    Code(
        "TV0244",
        "fuel of a loop below 0",
        "`while go carry (...) fuel n` makes at most n rounds in a thread block, so n is at least\n"
        "0; with 0, the loop may only be passed by. Where n is computed from sizes, a `where`\n"
        "states what the program relies on.",
    ),
    Code(
        "TV0245",
        "groups that do not cut the tile",
        "Elements that share a scale form groups, boxes of one size that fill the tile. A tile of\n"
        "scales or zero points has the rank of the codes, and each of its extents divides theirs:\n"
        "scales [64, 4] for codes [64, 128] are one for every 32 elements of a row, and\n"
        "[64, 1] one for each row. `group` lists the extents of one group in the same way.",
    ),
    Code(
        "TV0246",
        "too many bits to be scaled",
        "Scaled values are exact for codes, scales and zero points of at most 53 bits.\n"
        "`cast` wider integers to a type that holds your values.",
    ),
    Code(
        "TV0247",
        "scaled values that are not exact",
        "Without `to`, `dot_scaled` multiplies scaled values that are not rounded at all. That is\n"
        "possible where the bits of codes and scale together are at most 53. Say `{to = f32}`, or\n"
        "another float type: then each scaled value is rounded to it, as `dequantize` does.",
    ),
    Code(
        "TV0250",
        "unknown rounding, overflow or padding mode",
        "Modes are named: rounding is nearest_even, nearest_away, toward_zero, up, down or, of a\n"
        "cast, stochastic; integer overflow is wrap, sat or trap; float overflow is inf, nan, sat\n"
        "or trap; row padding is none, byte or word. A format without infinities has no overflow\n"
        "mode `inf`, one without NaN no mode `nan`. Use one of the modes that the message lists.",
    ),
    Code(
        "TV0251",
        "operation that the type does not have",
        "Bitwise operations and shifts are defined for integers only, and a dot or total of\n"
        "floats has a float result: its rounding would be hidden otherwise.\n"
        "Cast to a type that has the operation, or cast the result.",
    ),
)
