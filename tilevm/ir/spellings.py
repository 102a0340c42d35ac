"""What people write for an op who know it from elsewhere, and what it is called here."""

from __future__ import annotations

from tilevm.diagnostics import nearest
from tilevm.ir.op import REGISTRY

_COMPARISONS = ("eq", "ne", "lt", "le", "gt", "ge")
_UPDATES = ("add", "min", "max", "and", "or", "xor", "exchange")

# names of NumPy, CUDA, Triton, Tilus and MLIR, each with the statement that does the same
ELSEWHERE: dict[str, str] = {
    **{f"atomic_{op}": f"atomic a, x[i] {{op = {op}}}" for op in _UPDATES},
    "atomic_xchg": "atomic a, x[i] {op = exchange}",
    "atomic_sub": "atomic minus, x[i] {op = add}",
    **{op: f"compare a, b {{pred = {op}}}" for op in _COMPARISONS},
    "arange": "iota i32[16] {start = 0}",
    "zeros": "full i32[16] {value = 0}",
    "ones": "full i32[16] {value = 1}",
    "splat": "full i32[16] {value = 1}",
    "where": "select c, a, b",
    "matmul": "dot a, b",
    "mma": "dot a, b",
    "cumsum": "scan a {op = add}",
    "cumprod": "scan a {op = mul}",
    "reduce_sum": "sum a {dims = [0]}",
    "reduce_max": "amax a {dims = [0]}",
    "reduce_min": "amin a {dims = [0]}",
    "maximum": "max a, b",
    "minimum": "min a, b",
    "clamp": "clip a {lo = 0, hi = 1}",
    "relu": "clip a {lo = 0}",
    "permute": "transpose a {perm = [1, 0]}",
    "astype": "cast a {to = i32}",
    "convert": "cast a {to = i32}",
    "lshr": "shr a, n",
    "ashr": "shr a, n",
    "cat": "concat a, b",
    "flip": "reverse a",
    "syncthreads": "barrier",
    "sync": "barrier",
}
_REMAINDER = (
    "write `floormod a, b`, whose sign is that of `b`, as in Python, or `truncmod a, b`, as in C"
)
_QUOTIENT = "write `floordiv a, b`, which rounds down, as in Python, or `truncdiv a, b`, as in C"
_SEVERAL = {"rem": _REMAINDER, "mod": _REMAINDER, "remainder": _REMAINDER, "idiv": _QUOTIENT}


def known_elsewhere(name: str) -> str | None:
    """What to write for an op of another system; None for a name that none of them has."""
    return f"write `{ELSEWHERE[name]}`" if name in ELSEWHERE else _SEVERAL.get(name)


def instead(name: str) -> str | None:
    """What to write in place of an op that does not exist; None where nothing is near."""
    known = known_elsewhere(name)
    if known:
        return known
    near = nearest(name, REGISTRY)
    return f"did you mean `{near}`?" if near else None
