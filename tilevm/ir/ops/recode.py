"""Ops that read the bits of elements anew, wherever these lie: the cousins of `view`.

They move bits within the last dimension, so layouts have no say; `view` follows the layouts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from tilevm.dtypes import DType, IntType, counting, recut
from tilevm.ir.op import Op
from tilevm.ir.ops.elementwise import Elementwise
from tilevm.ir.ops.shape import codes_of, lacks_codes, values_of
from tilevm.ir.types import TileType
from tilevm.ir.value import Value


class Recode(Op):
    """What ops share that read bits as another type."""

    @property
    def may_stop(self) -> bool:
        return super().may_stop or any(lacks_codes(value.dtype) for value in self.results)


@dataclass(frozen=True, kw_only=True, eq=False)
class Bitcast(Recode, name="bitcast"):
    """``r[i]`` is the `to` whose bits are those of ``a[i]``: between types of one width.

    A NaN has the bits of the one NaN of its format, and every NaN that is read becomes that one.
    """

    a: Value
    to: DType

    def result(self) -> TileType:
        kind = self.a.tile
        if kind.dtype.bits != self.to.bits:
            raise self.reject(
                "TV0235",
                f"{kind.dtype} has {kind.dtype.bits} bits, and {self.to} has {self.to.bits}",
                "to",
                a=f"this is {kind}",
                help="`pack` and `unpack` go between widths; `cast` converts values",
            )
        return kind.of(self.to)

    def run(self, a: Any) -> Any:
        return values_of(codes_of(a, self.a.dtype), self.to)


@dataclass(frozen=True, kw_only=True, eq=False)
class Pack(Recode, name="pack"):
    """``r[..., j]`` has the bits of ``a[..., j * f] .. a[..., j * f + f - 1]``, the first lowest.

    `f` is how many elements of `a` make one of `to`; the last dimension shrinks by it.
    """

    a: Value
    to: DType

    def result(self) -> TileType:
        kind = self.a.tile
        factor = _factor(self, self.to, kind.dtype)
        if kind.rank == 0 or kind.shape[-1] % factor:
            raise self.reject(
                "TV0212",
                f"the last dimension of {kind} is not a multiple of {factor}, "
                f"the elements in one {self.to}",
                "a",
                a=f"this is {kind}",
                help="`pad` it, or pack to another width",
            )
        return TileType(self.to, (*kind.shape[:-1], kind.shape[-1] // factor))

    def run(self, a: Any) -> Any:
        old = self.a.dtype
        return values_of(recut(codes_of(a, old), old.bits, self.to.bits), self.to)


@dataclass(frozen=True, kw_only=True, eq=False)
class Unpack(Recode, name="unpack"):
    """``r[..., j * f + i]`` has bits ``i * b .. i * b + b - 1`` of ``a[..., j]``: undoes `pack`.

    `b` is the width of `to`, `f` how many such elements one of `a` holds; the last dimension grows
    by `f`.
    """

    a: Value
    to: DType

    def result(self) -> TileType:
        kind = self.a.tile
        factor = _factor(self, kind.dtype, self.to)
        if kind.rank == 0:
            raise self.reject(
                "TV0212",
                "`unpack` needs a last dimension to lengthen",
                "a",
                a=f"this is {kind}",
                help="`reshape` it to [1] first",
            )
        return TileType(self.to, (*kind.shape[:-1], kind.shape[-1] * factor))

    def run(self, a: Any) -> Any:
        old = self.a.dtype
        return values_of(recut(codes_of(a, old), old.bits, self.to.bits), self.to)


def _factor(op: Pack | Unpack, wide: DType, narrow: DType) -> int:
    """How many elements lie in one; TV0235 if it is no whole number."""
    if wide.bits % narrow.bits:
        raise op.reject(
            "TV0235",
            f"{wide} has {wide.bits} bits, which is no multiple of the {narrow.bits} of {narrow}",
            "to",
            a=f"this is {op.a.tile}",
            help="`view` reads the bits of a whole tile anew, across elements",
        )
    return wide.bits // narrow.bits


@dataclass(frozen=True, kw_only=True, eq=False)
class Permute(Elementwise):
    """What the permutations within elements share: `order` names a field for each field."""

    a: Value
    order: tuple[int, ...]

    def fields_of(self, bits: int, called: str) -> TileType:
        """The operand's type; TV0235, TV0207 unless it has such fields and `order` names them."""
        kind = self.integers_only("a")
        count, rest = divmod(kind.dtype.bits, bits)
        if rest:
            raise self.reject(
                "TV0235",
                f"the {kind.dtype.bits} bits of {kind.dtype} are no whole number of {called}",
                "a",
                a=f"this is {kind}",
                help="`cast` to a wider type first, or `unpack` it",
            )
        if len(self.order) != count or any(not 0 <= i < count for i in self.order):
            raise self.reject(
                "TV0207",
                f"`order` names {count} {called} of {kind.dtype}, each from 0 to {count - 1}, "
                f"not {list(self.order)}",
                "order",
                a=f"this is {kind}",
                help="number 0 is the lowest; a number may occur twice",
            )
        return kind

    @property
    def kind(self) -> IntType:
        return cast(IntType, self.a.dtype)


@dataclass(frozen=True, kw_only=True, eq=False)
class PermuteBytes(Permute, name="permute_bytes"):
    """Byte i of ``r`` is byte ``order[i]`` of the same element of `a`; byte 0 is the lowest.

    `order` has a number for each byte of an element; one may occur twice.
    """

    def result(self) -> TileType:
        return self.fields_of(8, "bytes")

    def run(self, a: Any) -> Any:
        return counting.permuted(self.kind, a, self.order, 8)


@dataclass(frozen=True, kw_only=True, eq=False)
class PermuteNibbles(Permute, name="permute_nibbles"):
    """Nibble i of ``r`` is nibble ``order[i]`` of the same element of `a`; nibble 0 is the lowest.

    A nibble is four bits.  `order` has a number for each of an element; one may occur twice.
    """

    def result(self) -> TileType:
        return self.fields_of(4, "nibbles")

    def run(self, a: Any) -> Any:
        return counting.permuted(self.kind, a, self.order, 4)
