"""The passes that comparisons go through: each one, with options that matter, and some together."""

SAMPLES = (
    "inline",
    "canonicalise",
    "remove_dead_code",
    "fold_constants",
    "share_subexpressions",
    "hoist_invariants",
    "unroll(factor = 0)",
    "unroll(factor = 2)",
    "unroll(factor = 3), share_subexpressions, hoist_invariants",
    "narrow_accumulators",
    "rewrite_dot(form = mac)",
    "rewrite_dot(form = bitserial)",
    "rewrite_dot(form = ternary)",
    "rewrite_dot(form = lut, group = 1, table = activations)",
    "rewrite_dot(form = lut, group = 4, table = activations)",
    "rewrite_dot(form = lut, group = 3, table = weights)",
    "rewrite_dot(form = lut, group = 8, table = weights)",
    "unroll(factor = 2), rewrite_dot(form = bitserial), fold_constants, narrow_accumulators",
)
