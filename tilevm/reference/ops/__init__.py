"""The laws of the ops that compute tiles from tiles, as their docstrings state them."""

from tilevm.reference.ops import (
    bits,
    compare,
    create,
    division,
    elementwise,
    functions,
    matrix,
    pieces,
    reduce,
    scaled,
    scan,
    shape,
)
from tilevm.reference.ops.meaning import MEANINGS, Index, Tile, indices, tile

__all__ = [
    "MEANINGS",
    "Index",
    "Tile",
    "bits",
    "compare",
    "create",
    "division",
    "elementwise",
    "functions",
    "indices",
    "matrix",
    "pieces",
    "reduce",
    "scaled",
    "scan",
    "shape",
    "tile",
]
