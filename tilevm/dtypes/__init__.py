"""Number formats of any width: codes, packing, casts, and arithmetic exact or rounded once."""

from tilevm.dtypes import counting, division
from tilevm.dtypes.applied import applied
from tilevm.dtypes.base import (
    FLOAT_OVERFLOWS,
    INTEGER_OVERFLOWS,
    NAN_MODES,
    PREDICATES,
    ROUNDINGS,
    STOCHASTIC,
    DType,
    Trap,
    as_array,
    trap_where,
)
from tilevm.dtypes.closeness import LOOKED_AT, closest
from tilevm.dtypes.codebook import CodebookType, codebook
from tilevm.dtypes.digits import Digits, exact_total, split
from tilevm.dtypes.exact_products import product
from tilevm.dtypes.fixed import FixedType, exact_integers, fit_integers
from tilevm.dtypes.floats import FloatType
from tilevm.dtypes.formats import FloatFormat
from tilevm.dtypes.functions import FUNCTIONS, evaluate
from tilevm.dtypes.integer_dot import exact_dot
from tilevm.dtypes.integers import IntType
from tilevm.dtypes.names import dtype
from tilevm.dtypes.packed_dot import PackedDot, packed_dot
from tilevm.dtypes.packing import PADDINGS, row_bytes
from tilevm.dtypes.products import dot, total
from tilevm.dtypes.recut import recut
from tilevm.dtypes.scaling import (
    as_floats,
    codes_of,
    largest_scale,
    range_scale,
    scaled,
    scaled_is_exact,
    scaled_sums,
    scales_come_last,
)
from tilevm.dtypes.steps import fit_steps, numbers, steps

__all__ = [
    "FLOAT_OVERFLOWS",
    "FUNCTIONS",
    "INTEGER_OVERFLOWS",
    "LOOKED_AT",
    "NAN_MODES",
    "PADDINGS",
    "PREDICATES",
    "ROUNDINGS",
    "STOCHASTIC",
    "CodebookType",
    "DType",
    "Digits",
    "FixedType",
    "FloatFormat",
    "FloatType",
    "IntType",
    "PackedDot",
    "Trap",
    "applied",
    "as_array",
    "as_floats",
    "closest",
    "codebook",
    "codes_of",
    "counting",
    "division",
    "dot",
    "dtype",
    "evaluate",
    "exact_dot",
    "exact_integers",
    "exact_total",
    "fit_integers",
    "fit_steps",
    "largest_scale",
    "numbers",
    "packed_dot",
    "product",
    "range_scale",
    "recut",
    "row_bytes",
    "scaled",
    "scaled_is_exact",
    "scaled_sums",
    "scales_come_last",
    "split",
    "steps",
    "total",
    "trap_where",
]
