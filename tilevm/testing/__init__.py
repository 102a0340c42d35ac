"""Tests of programs: random kernels and arguments, and comparisons that need no reference.

>>> from tilevm.testing import inputs, kernels
>>> from hypothesis import find
>>> smallest = find(kernels(), lambda made: bool(made.kernel.outputs))
>>> arrays = inputs(smallest.kernel, smallest.sizes, seed=1)
"""

from tilevm.testing.arguments import inputs
from tilevm.testing.cases import load_case, save_case
from tilevm.testing.kernels import Generated, kernels
from tilevm.testing.oracles import (
    Form,
    assert_equal_everywhere,
    assert_round_trip,
    assert_same,
    simulated,
)
from tilevm.testing.strategies import dtypes, formats, layouts, shapes, tiles

__all__ = [
    "Form",
    "Generated",
    "assert_equal_everywhere",
    "assert_round_trip",
    "assert_same",
    "dtypes",
    "formats",
    "inputs",
    "kernels",
    "layouts",
    "load_case",
    "save_case",
    "shapes",
    "simulated",
    "tiles",
]
