"""Ways to write random statements: one function for each family of ops, one file for each kind."""

from tilevm.testing.families import (
    bits,
    create,
    elementwise,
    empty,
    facts,
    floats,
    indexed,
    matrix,
    memory,
    pieces,
    reduce,
    scaled,
    shape,
)
from tilevm.testing.families.family import BEYOND, FAMILIES
from tilevm.testing.families.memory import through_shared_memory

__all__ = [
    "BEYOND",
    "FAMILIES",
    "bits",
    "create",
    "elementwise",
    "empty",
    "facts",
    "floats",
    "indexed",
    "matrix",
    "memory",
    "pieces",
    "reduce",
    "scaled",
    "shape",
    "through_shared_memory",
]
