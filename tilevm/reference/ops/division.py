"""Division of integers, and the high half of their product."""

from __future__ import annotations

from tilevm.ir import ops
from tilevm.reference.numbers import Refused
from tilevm.reference.ops.meaning import elementwise, fitted


def floored(a: int, b: int) -> int:
    """The quotient rounded down; Refused for a zero below."""
    if b == 0:
        raise Refused("division by zero")
    return a // b


def truncated(a: int, b: int) -> int:
    """The quotient rounded towards zero."""
    size = floored(abs(a), abs(b))
    return size if (a < 0) == (b < 0) else -size


elementwise(
    {
        ops.FloorDiv: lambda op, a, b: fitted(op, floored(a, b)),
        ops.FloorMod: lambda op, a, b: a - b * floored(a, b),
        ops.TruncDiv: lambda op, a, b: fitted(op, truncated(a, b)),
        ops.TruncMod: lambda op, a, b: a - b * truncated(a, b),
        ops.MulHi: lambda op, a, b: a * b // 2**op.a.dtype.bits,
    }
)
