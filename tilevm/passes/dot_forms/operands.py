"""What the forms of a product share: operands that face each other, and exact totals."""

from __future__ import annotations

from tilevm.dtypes import DType, dtype
from tilevm.ir import Value
from tilevm.ir.ops import Broadcast, Cast, Dot, Reshape, ShiftAdd, Transpose
from tilevm.passes.interval import Interval, narrowest
from tilevm.passes.rewrite import Emitter


def needs_exact(op: Dot) -> bool:
    """Whether a sum that is right modulo 2**64 is not enough."""
    return op.to.is_float or op.overflow in ("sat", "trap")


def by_depth(value: Value, emit: Emitter, name: str, last: bool) -> Value:
    """The operand with the summed dimension last."""
    rank = value.tile.rank
    if last or rank == 1:
        return value
    perm = None if rank == 2 else (*range(rank - 2), rank - 1, rank - 2)
    return emit(Transpose, name=name, a=value, perm=perm)


class Facing:
    """Brings tiles to the one shape in which operands meet: [leads, stacks, M, N, K], K last.

    A missing M or N is missing in the result too.  `leads`: first dimensions that each operand has
    of its own, such as its bit-planes; stacks: those that count products.
    """

    def __init__(
        self, op: Dot, emit: Emitter, leads: tuple[tuple[int, ...], tuple[int, ...]] = ((), ())
    ) -> None:
        self.emit = emit
        (of_a, of_b), depth = leads, op.a.tile.shape[-1]
        rows = op.a.tile.shape[-2:-1]
        columns = op.b.tile.shape[-1:] if op.b.tile.rank > 1 else ()
        stacks = op.out.tile.shape[: op.out.tile.rank - len(rows) - len(columns)]
        self.shape = (*of_a, *of_b, *stacks, *rows, *columns, depth)
        one = [tuple(1 for _ in extents) for extents in (of_a, of_b, rows, columns)]
        own = [value.tile.shape[:-2] for value in (op.a, op.b)]
        for_a, for_b = ((1,) * (len(stacks) - len(each)) + each for each in own)
        self._shape_a = (*of_a, *one[1], *for_a, *rows, *one[3], depth)
        self._shape_b = (*one[0], *of_b, *for_b, *one[2], *columns, depth)

    def side(self, first: bool, value: Value, name: str) -> Value:
        """What belongs to `a` (`first`), [leads of a, M, K], or to `b`, [leads of b, N, K]."""
        spread = self._shape_a if first else self._shape_b
        if value.tile.shape != spread:
            value = self.emit(Reshape, name=f"{name}_spread", a=value, shape=spread)
        if spread != self.shape:
            value = self.emit(Broadcast, name=f"{name}_each", a=value, shape=self.shape)
        return value


def held(values: Interval) -> tuple[DType, str | None]:
    """The narrowest type of an intermediate result, and the overflow to write.

    What 64 bits do not hold wraps on purpose.
    """
    kind = narrowest(values)
    if kind is None:
        return dtype("i64" if values.low < 0 else "u64"), "wrap"
    return kind, None


def total(op: Dot, emit: Emitter, planes: Value, signed: bool, values: Interval) -> Value:
    """The planes added up as the result of the `dot`; `values`: of the exact sum, in 64 bits."""
    if op.to.is_int:
        return emit(
            ShiftAdd, written=op.written, a=planes, signed=signed, acc=op.to, overflow=op.overflow
        )
    kind, _ = held(values)
    exact = emit(ShiftAdd, name="exact", a=planes, signed=signed, acc=kind)
    return emit(Cast, written=op.written, a=exact, to=op.to)
