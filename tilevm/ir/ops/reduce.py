"""Ops that reduce a tile over some of its dimensions."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any, Literal

from tilevm.dtypes import DType, IntType, dtype, exact_total, total
from tilevm.ir.op import Op, Value
from tilevm.ir.types import TileType

IntegerOverflow = Literal["wrap", "sat", "trap"]


def default_acc(*kinds: DType) -> DType:
    """The result type of `dot` and `sum` where none is written.

    For floats the widest of theirs, at least f32; for integers i32, or beyond 32 bits i64 (u64 if
    all are unsigned).
    """
    floats = [kind for kind in kinds if kind.is_float]
    if floats:
        return max([*floats, dtype("f32")], key=lambda kind: kind.bits)
    if all(kind.bits <= 32 for kind in kinds):
        return dtype("i32")
    return dtype("i64" if any(kind.signed for kind in kinds) else "u64")


def check_acc_overflow(op: Op, acc: DType, overflow: str | None) -> None:
    """TV0207 for an overflow mode beside a float `acc`: floats round as their format says."""
    if overflow is not None and not acc.is_int:
        raise op.reject(
            "TV0207",
            f"`overflow` is for integer sums, and this one is {acc}",
            "overflow",
            help="leave it out: a float result rounds, and overflows as its format says",
        )


def holds(acc: DType, low: int, high: int) -> bool:
    """Whether an integer type has all values from `low` to `high`."""
    return acc.is_int and acc.min <= low and high <= acc.max


@dataclass(frozen=True, kw_only=True, eq=False)
class Reduction(Op):
    """What reductions share: `dims` (all where none are written) go, the others stay in order."""

    a: Value
    dims: tuple[int, ...] | None = None

    @property
    def over(self) -> tuple[int, ...]:
        """The dimensions that are reduced, in ascending order."""
        return tuple(range(self.a.tile.rank)) if self.dims is None else tuple(sorted(self.dims))

    def reduced(self) -> TileType:
        """The operand's type without the reduced dimensions; TV0211 for a bad list of them."""
        kind = self.a.tile
        if len(set(self.over)) != len(self.over) or any(not 0 <= d < kind.rank for d in self.over):
            raise self.reject(
                "TV0211",
                f"{list(self.over)} is not a set of dimensions of {kind}",
                "dims",
                a=f"this is {kind}",
                help=f"dimensions count from 0 to {kind.rank - 1}, each at most once",
            )
        return kind.with_shape(*(e for d, e in enumerate(kind.shape) if d not in self.over))

    def reduced_of_some(self) -> TileType:
        """As `reduced`; TV0230 where a result would be reduced from no element."""
        kind, found = self.a.tile, self.reduced()
        if any(kind.shape[d] == 0 for d in self.over):
            raise self.reject(
                "TV0230",
                f"`{self.name}` of no element has no value",
                "a",
                a=f"this is {kind}",
                help="`pad` the tile first, with the value that is meant then",
            )
        return found

    @property
    def axes(self) -> tuple[int, ...]:
        """`over`, behind the axis of thread blocks."""
        return tuple(d + 1 for d in self.over)


@dataclass(frozen=True, kw_only=True, eq=False)
class Sum(Reduction, name="sum"):
    """``r = sum of a over dims``: exact, then wrapped (integers) or rounded once (floats) to `acc`.

    An exact zero is +0, and so is the sum of no element.  `acc` is by default i32 for integers (i64
    or u64 above 32 bits), and at least f32 for floats.  `overflow` says what becomes of an exact
    integer sum beyond `acc`: ``wrap``, ``sat``, ``trap``; where it is left out the sum wraps, and a
    checked run reports it.
    """

    acc: DType | None = None
    overflow: IntegerOverflow | None = None

    @property
    def to(self) -> DType:
        return self.acc or default_acc(self.a.dtype)

    def result(self) -> TileType:
        if self.a.dtype.is_float and self.to.is_int:
            raise self.reject("TV0207", f"floats do not sum to the integer type {self.to}", "acc")
        check_acc_overflow(self, self.to, self.overflow)
        return self.reduced().of(self.to)

    @property
    def reports_overflow(self) -> bool:
        kind = self.a.dtype
        if not super().reports_overflow or not isinstance(kind, IntType):
            return False
        count = prod(self.a.tile.shape[d] for d in self.over)
        return not holds(self.to, count * kind.min, count * kind.max)

    def run(self, a: Any) -> Any:
        if isinstance(self.to, IntType) and self.overflow in ("sat", "trap"):
            return exact_total(a, self.axes).fit(self.to, self.overflow, "sum")
        return total(a, self.a.dtype, self.to, self.axes)


@dataclass(frozen=True, kw_only=True, eq=False)
class Amax(Reduction, name="amax"):
    """``r = largest element of a over dims``; NaN if there is one, and -0 < +0.

    A dimension of extent 0 has none, and cannot be reduced.
    """

    def result(self) -> TileType:
        return self.reduced_of_some()

    def run(self, a: Any) -> Any:
        return _fold(self, a, self.a.dtype.maximum)


@dataclass(frozen=True, kw_only=True, eq=False)
class Amin(Reduction, name="amin"):
    """``r = smallest element of a over dims``; NaN if there is one, and -0 < +0.

    A dimension of extent 0 has none, and cannot be reduced.
    """

    def result(self) -> TileType:
        return self.reduced_of_some()

    def run(self, a: Any) -> Any:
        return _fold(self, a, self.a.dtype.minimum)


def _fold(op: Reduction, a: Any, pick: Any) -> Any:
    kept = [d for d in range(a.ndim) if d not in op.axes]
    count = prod(a.shape[d] for d in op.axes)
    flat = a.transpose(*kept, *op.axes).reshape(*(a.shape[d] for d in kept), count)
    while flat.shape[-1] > 1:  # pairwise: log2 steps of whole arrays
        half = flat.shape[-1] // 2
        rest = flat[..., 2 * half :]
        flat = pick(flat[..., :half], flat[..., half : 2 * half])
        if rest.shape[-1]:
            flat = _with_rest(flat, rest, pick)
    return flat[..., 0]


def _with_rest(flat: Any, rest: Any, pick: Any) -> Any:
    flat = flat.copy()
    flat[..., :1] = pick(flat[..., :1], rest)
    return flat
