"""Meanings: from an op and the tiles that it takes to what it makes, element by element."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any, TypeVar

from tilevm.ir import Op, Value
from tilevm.reference.formats import fit
from tilevm.reference.functions import Enclosure
from tilevm.reference.numbers import Number, Refused

Index = tuple[int, ...]
Tile = dict[Index, Number]
Integers = dict[Index, int]
Meaning = Callable[..., Any]  # from the op and its operands to its result, or a tuple of results
AnyMeaning = TypeVar("AnyMeaning", bound=Meaning)

MEANINGS: dict[type[Op], Meaning] = {}


def means(kind: type[Op]) -> Callable[[AnyMeaning], AnyMeaning]:
    """Makes a function the meaning of an op."""

    def register(meaning: AnyMeaning) -> AnyMeaning:
        MEANINGS[kind] = meaning
        return meaning

    return register


def indices(shape: Index) -> list[Index]:
    """Every index of a tile of this shape, in row-major order."""
    return list(product(*map(range, shape)))


def tile(result: Value, law: Callable[[Index], Number]) -> Tile:
    """The tile that has ``law(i)`` at each index; Refused names the first that the law refuses."""
    found: Tile = {}
    for i in indices(result.tile.shape):
        try:
            found[i] = law(i)
        except Refused as problem:
            raise Refused(f"{problem} at element {list(i)}") from None
    return found


def elementwise(laws: dict[type[Op], Callable[..., Number]]) -> None:
    """Makes laws on the elements at one index, ``law(op, *elements)``, the meanings of ops."""

    def meaning(law: Callable[..., Number]) -> Meaning:
        return lambda op, *tiles: tile(op.out, lambda i: law(op, *(t[i] for t in tiles)))

    MEANINGS.update({kind: meaning(law) for kind, law in laws.items()})


def fitted(op: Any, exact: Number) -> Number:
    """An exact result as a value of the op's type, by its overflow and rounding modes."""
    return fit(op.out.dtype, exact, op.overflow, getattr(op, "rounding", "nearest_even"))


def enclosed(op: Any, exact: Number | Enclosure) -> Number:
    """As `fitted`, for a result that bounds close in on, until both are one value of the type."""
    if not callable(exact):
        return fitted(op, exact)
    bits = 64
    while True:
        low, high = (_outcome(op, bound) for bound in exact(bits))
        if low == high:
            return fitted(op, exact(bits)[0])
        bits *= 2


def _outcome(op: Any, bound: Number) -> Number | str:
    try:
        return fitted(op, bound)
    except Refused as problem:
        return str(problem)


def aligned(i: Index, shape: Index) -> Index:
    """Where `i` reads a tile that is repeated: aligned at the last dimension, 0 at extent 1."""
    tail = i[len(i) - len(shape) :]
    return tuple(0 if extent == 1 else n for n, extent in zip(tail, shape, strict=True))


def beginning(i: Index, shape: Index) -> Index:
    """Where `i` reads a tile of its first dimensions: 0 at extent 1."""
    return tuple(0 if extent == 1 else n for n, extent in zip(i, shape, strict=False))
