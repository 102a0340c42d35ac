"""TV03..: layouts and memory."""

from tilevm.diagnostics.codes.code import Code

CODES = (
    Code(
        "TV0301",
        "layout of another shape",
        "The layout written after a type places the elements of that very tile, so both have\n"
        "one shape: the factors of the layout multiply to the tile's extent in every dimension.",
    ),
    Code(
        "TV0302",
        "access that does not fit the buffer",
        "A buffer has at least one dimension. `load` and `store` give one index for each, and\n"
        "their tile has at most as many dimensions: they lie along the buffer's last ones.",
    ),
    Code(
        "TV0303",
        "index tile that does not fit",
        "The dimensions of an index tile are the first ones of the tile that is moved: `i32[64]`\n"
        "goes with `f16[64, 16]`, one index for each row. An extent of 1 is repeated, so\n"
        "`i32[1, 16]` gives one index for each column: `reshape` makes it of `i32[16]`.\n"
        "`dim`, the dimension along which the indices lie, means nothing without indices.",
    ),
    Code(
        "TV0304",
        "asynchronous copy within one memory",
        "`copy_async` moves a tile between global and shared memory, in either direction. Within\n"
        "one of them, `load` the tile and `store` it.",
    ),
    Code(
        "TV0310",
        "shared buffer laid out in no known way",
        "`pad` is the number of unused elements behind each row, at least 0. `swizzle` says how\n"
        "many bits of an address are xored: 0 (none), 1, 2 or 3.",
    ),
    Code(
        "TV0311",
        "conversion to no layout",
        "`convert_layout` moves the elements of a tile to the places of the layout that is\n"
        "written behind its type: `r: i8[16, 8] @ spatial(16, 8) = convert_layout t`.",
    ),
    Code(
        "TV0331",
        "layout with impossible extents",
        "Every extent and every factor of a layout is an integer of at least 1, the factors cover\n"
        "each element of the tile once, and places times steps stay below 2**63.\n"
        "A dimension that a factor does not split has extent 1 there, not 0.",
    ),
    Code(
        "TV0332",
        "layouts of different rank",
        "A product or quotient of layouts works dimension by dimension, so both have the same\n"
        "number of dimensions. Only a layout of rank 0, such as `replicated(4)`, fits any other.\n"
        "Write an extent of 1 for a dimension that is not split: `local(1, 2)`, or use unsqueeze.",
    ),
    Code(
        "TV0333",
        "layouts that do not divide",
        "`a / b` is the layout c with `c * b == a`, and there is no such c: either an extent of a\n"
        "is not a multiple of b's, or the last places or steps of a are not those of b.\n"
        "Print both layouts: the factors of b must be the last ones of a (the first ones for\n"
        "`left_divide`).",
    ),
    Code(
        "TV0334",
        "dimension that a layout does not have",
        "Dimensions are numbered from 0. Each may be named once; `permute` names all of them, and\n"
        "`squeeze` only those of extent 1.",
    ),
    Code(
        "TV0335",
        "layout that cannot be reshaped",
        "The new shape has another number of elements, or it cuts a factor of the layout\n"
        "unevenly: the places of `local(2).spatial(3)` would not form a grid in a tile of\n"
        "shape 3 x 2.\n"
        "Choose a shape whose dimensions are products of whole factors, or another layout.",
    ),
    Code(
        "TV0336",
        "index outside a layout",
        "An element, place or step was asked for that the layout does not have. Indices start\n"
        "at 0 and there is one for each dimension.",
    ),
    Code(
        "TV0337",
        "layout too large to write out",
        "The operation needs the table of a layout, one number for each place and step, and the\n"
        "table would fill memory.\n"
        "Look up single elements instead (`places_of`, `step_of`, `element`), or use a\n"
        "smaller tile.",
    ),
    Code(
        "TV0338",
        "malformed layout",
        "A layout is written as a chain of calls: `local(2, 1).spatial(8, 4).local(1, 2)`.\n"
        "The factors are local, spatial, column_local, column_spatial and replicated; later calls\n"
        "may also be reduce, permute, squeeze, unsqueeze and reshape, which take a list: `[0, 1]`.",
    ),
)
