"""Ops that move elements or bits and compute nothing: wires and orders of beats, in hardware."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from tilevm.dtypes import CodebookType, DType, IntType, recut
from tilevm.ir.op import Op
from tilevm.ir.ops.create import constants
from tilevm.ir.types import TileType
from tilevm.ir.value import Value
from tilevm.layouts import Layout

Array = npt.NDArray[Any]


@dataclass(frozen=True, kw_only=True, eq=False)
class Reshape(Op, name="reshape", codes=True):
    """The same elements, in row-major order, under another `shape`.

    So it adds and drops dimensions of extent 1 too.
    """

    a: Value
    shape: tuple[int, ...]

    def result(self) -> TileType:
        kind = self.a.tile
        if any(extent < 0 for extent in self.shape) or prod(self.shape) != kind.size:
            raise self.reject(
                "TV0212",
                f"{kind} has {kind.size} elements, "
                f"the shape {list(self.shape)} has {prod(self.shape)}",
                "shape",
                help="a reshape keeps the number of elements",
            )
        return kind.with_shape(*self.shape)

    def run(self, a: Any) -> Any:
        return a.reshape(a.shape[0], *self.shape)


@dataclass(frozen=True, kw_only=True, eq=False)
class Transpose(Op, name="transpose", codes=True):
    """Dimensions in another order: dimension d of the result is dimension ``perm[d]`` of `a`.

    Without `perm` the order is reversed.
    """

    a: Value
    perm: tuple[int, ...] | None = None

    @property
    def order(self) -> tuple[int, ...]:
        """The permutation, also where none was written."""
        return tuple(reversed(range(self.a.tile.rank))) if self.perm is None else self.perm

    def result(self) -> TileType:
        kind = self.a.tile
        if sorted(self.order) != list(range(kind.rank)):
            raise self.reject(
                "TV0211",
                f"{list(self.order)} does not order the {kind.rank} dimensions of {kind}",
                "perm",
                help="name every dimension once, counting from 0",
            )
        return kind.with_shape(*(kind.shape[d] for d in self.order))

    def run(self, a: Any) -> Any:
        return a.transpose(0, *(d + 1 for d in self.order))


@dataclass(frozen=True, kw_only=True, eq=False)
class Broadcast(Op, name="broadcast", codes=True):
    """Repeats a tile along dimensions of extent 1 and along new leading ones, up to `shape`.

    Shapes align at the last dimension, as in NumPy.
    """

    a: Value
    shape: tuple[int, ...]

    def result(self) -> TileType:
        kind = self.a.tile
        tail = self.shape[len(self.shape) - kind.rank :]
        fits = len(self.shape) >= kind.rank and all(
            x in (1, y) for x, y in zip(kind.shape, tail, strict=True)
        )
        if not fits or any(extent < 0 for extent in self.shape):
            raise self.reject(
                "TV0212",
                f"{kind} cannot be repeated to the shape {list(self.shape)}",
                "shape",
                a=f"this is {kind}",
                help="dimensions align at the last one; each is equal, or 1 in the operand "
                "(`reshape` adds dimensions of extent 1)",
            )
        return kind.with_shape(*self.shape)

    def run(self, a: Any) -> Any:
        gap = (1,) * (len(self.shape) - self.a.tile.rank)
        return np.broadcast_to(a.reshape(a.shape[0], *gap, *a.shape[1:]), (a.shape[0], *self.shape))


@dataclass(frozen=True, kw_only=True, eq=False)
class Pad(Op, name="pad", codes=True):
    """Adds ``low[d]`` elements before and ``high[d]`` after dimension d, all equal to `value`.

    The type must be able to hold `value` exactly.
    """

    a: Value
    high: tuple[int, ...]
    low: tuple[int, ...] | None = None
    value: int | float = 0

    @property
    def before(self) -> tuple[int, ...]:
        """`low`, also where none was written."""
        return (0,) * self.a.tile.rank if self.low is None else self.low

    def result(self) -> TileType:
        kind = self.a.tile
        for name, counts in (("low", self.before), ("high", self.high)):
            if len(counts) != kind.rank or any(count < 0 for count in counts):
                raise self.reject(
                    "TV0212",
                    f"`{name}` must give one count of at least 0 for each dimension of {kind}",
                    name,
                    a=f"this is {kind}",
                )
        constants(self, kind.dtype, [self.value], "value")
        sums = zip(self.before, kind.shape, self.high, strict=True)
        return kind.with_shape(*(sum(extents) for extents in sums))

    def run(self, a: Any) -> Any:
        widths = [(0, 0), *zip(self.before, self.high, strict=True)]
        return np.pad(a, widths, constant_values=self.a.dtype.coerce([self.value])[0])


@dataclass(frozen=True, kw_only=True, eq=False)
class View(Op, name="view", needs_type=True, codes=True):
    """The same bits as other elements: ``t: u4[8] = view bits`` reads four ``u1`` as one ``u4``.

    The bits of each place are taken in the order of its steps, least significant first, and cut
    anew; so both layouts must have as many places, and as many bits in each.  Places that hold
    copies afterwards must do so before.  A tile without a written layout lies in one place, in
    row-major order.
    """

    a: Value

    def result(self) -> TileType:
        old, new = self.a.tile, self.written
        if new is None:
            raise self.reject(
                "TV0213",
                "`view` needs the type that it reads the bits as",
                help="write `t: u4[8] = view ...`",
            )
        bits = [
            (kind.dtype.bits * (kind.layout.steps if kind.layout else kind.size))
            for kind in (old, new)
        ]
        places = [kind.layout.places if kind.layout else 1 for kind in (old, new)]
        if bits[0] != bits[1] or places[0] != places[1]:
            raise self.reject(
                "TV0213",
                f"the bits do not agree: {_places(places[0], bits[0])}, "
                f"{_places(places[1], bits[1])}",
                "a",
                a=f"this is {old}",
                written=f"this is {new}",
                help="a view keeps the number of places, and the number of bits in each",
            )
        copied = _copied(old.layout)
        for low, high in _copied(new.layout):
            if not any(low % a == 0 and b % high == 0 for a, b in copied):
                raise self.reject(
                    "TV0213",
                    "places that are to hold copies hold different elements",
                    "a",
                    a=f"this is {old}",
                    written=f"this is {new}",
                    help="`replicated` stands in both layouts, or in the operand's alone",
                )
        return new

    @property
    def may_stop(self) -> bool:
        return super().may_stop or lacks_codes(self.out.dtype)

    def run(self, a: Any) -> Any:
        old, new = self.a.tile, self.written
        assert new is not None
        codes = codes_of(a, old.dtype).reshape(a.shape[0], old.size)
        if old.layout is not None or new.layout is not None:
            there = old.layout.elements() if old.layout else np.arange(old.size)[None]
            codes = codes[:, there]
        codes = recut(codes, old.dtype.bits, new.dtype.bits)
        if new.layout is not None:
            placed = np.empty((a.shape[0], new.size), codes.dtype)
            placed[:, new.layout.elements()] = codes
            codes = placed
        codes = codes.reshape(a.shape[0], *new.shape)
        return values_of(codes, new.dtype)


def _places(places: int, bits: int) -> str:
    if places == 1:
        return f"one place of {bits} bits"
    return f"{places} places of {bits} bits each"


def _copied(layout: Layout | None) -> list[tuple[int, int]]:
    """The digits of the place number that count copies: what one is worth, and the next digit."""
    found, worth = [], 1
    for mode in reversed(layout.spatial_modes if layout else ()):
        if mode.dim is None:
            found.append((worth, worth * mode.extent))
        worth *= mode.extent
    return found


def codes_of(values: Array, kind: DType) -> Array:
    """The bits of values, in an unsigned type that may be narrower than uint64."""
    return kind.codes(values) if isinstance(kind, IntType) else kind.encode(values)


def lacks_codes(kind: DType) -> bool:
    """Whether bits may stand for no value: codes without an entry stop what reads them."""
    return isinstance(kind, CodebookType) and kind.is_partial


def values_of(codes: Array, kind: DType) -> Array:
    """The values of codes that are known to lie below 2**bits."""
    return kind.of_codes(codes) if isinstance(kind, IntType) else kind.decode(codes)
