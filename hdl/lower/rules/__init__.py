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
from hdl.lower.rules.rule import RULES, Need, Plan, Words, flag_table, lowers

__all__ = [
    "RULES",
    "Need",
    "Plan",
    "Words",
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
