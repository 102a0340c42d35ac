"""Ways to write random statements: one function for each family of ops, one file for each kind."""

from tilevm.testing.families import create, elementwise, matrix, memory, reduce, shape
from tilevm.testing.families.family import FAMILIES
from tilevm.testing.families.memory import through_shared_memory

__all__ = [
    "FAMILIES",
    "create",
    "elementwise",
    "matrix",
    "memory",
    "reduce",
    "shape",
    "through_shared_memory",
]
