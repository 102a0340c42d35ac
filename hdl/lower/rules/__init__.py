"""One rule per op that computes, by family; importing this package registers them all."""

from hdl.lower.rules import (
    along,
    elementwise,
    floats,
    functions,
    integers,
    matrix,
    quantize,
    reductions,
    shifts,
    tables,
)
from hdl.lower.rules.rule import RULES, Need, Plan, flag_table, lowers

__all__ = [
    "RULES",
    "Need",
    "Plan",
    "along",
    "elementwise",
    "flag_table",
    "floats",
    "functions",
    "integers",
    "lowers",
    "matrix",
    "quantize",
    "reductions",
    "shifts",
    "tables",
]
