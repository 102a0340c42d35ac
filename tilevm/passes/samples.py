"""The passes that comparisons go through: each one, with options that matter, and some together."""

SAMPLES = (
    "canonicalise",
    "remove_dead_code",
    "share_subexpressions",
    "hoist_invariants",
    "unroll(factor = 0)",
    "unroll(factor = 2)",
    "unroll(factor = 3), share_subexpressions, hoist_invariants",
    "rewrite_dot(form = mac)",
    "rewrite_dot(form = bitserial)",
    "rewrite_dot(form = ternary)",
    *(
        f"rewrite_dot(form = lut, group = {group}, table = {table})"
        for table in ("activations", "weights")
        for group in (1, 3, 4, 8)
    ),
)
