"""Values of the program as elements of beats, and back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from hdl.netlist import BeatShape
from hdl.units import Beats, fit
from tilevm.dtypes import DType
from tilevm.ir import Op

Lane = Any  # an Amaranth value


def beat_shape(kind: DType, lanes: int) -> BeatShape:
    """A beat of elements of a type; floats travel as their codes."""
    return BeatShape(lanes, kind.bits, kind.is_int and kind.signed)


def to_beats(values: Any, kind: DType) -> Beats:
    """Values of a type as elements of beats: integers as they are, floats as codes."""
    plain = np.asarray(values) if kind.is_int else kind.encode(values)
    return fit(plain, beat_shape(kind, 1))


def from_beats(beats: Beats, kind: DType) -> Any:
    """The inverse of `to_beats`, as carrier values."""
    if kind.is_int:
        return beats.astype(kind.carrier)
    return kind.decode(beats.astype(np.uint64))


def applied(
    mean: Callable[..., Any], kinds: Iterable[DType], to: DType, operands: Sequence[Beats]
) -> Beats:
    """A function of values of these types, given and taken as beats."""
    arrays = [from_beats(beats, kind) for beats, kind in zip(operands, kinds, strict=True)]
    return to_beats(mean(*arrays), to)


def meant(op: Op, operands: Sequence[Beats]) -> Beats:
    """An op's own meaning, on beats."""
    return applied(op.run, (value.dtype for value in op.operands), op.out.dtype, operands)
