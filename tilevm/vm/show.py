"""Elements as people read them."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from decimal import Decimal
from math import isfinite
from typing import Any

import numpy as np

from tilevm.dtypes import CodebookType, DType, FloatType
from tilevm.vm.buffer import Array

WIDTH = 100  # of a line
_WHOLE = 2.0**53  # up to here whole numbers have all their digits


def texts(kind: DType, values: Array, form: str = "value") -> list[str]:
    """Each value [...], in row-major order, in one of the forms of `print`."""
    if form in ("hex", "bits"):
        codes = map(int, kind.encode(values).flat)
        if form == "bits":
            return [f"{code:0{kind.bits}b}" for code in codes]
        return [f"0x{code:0{-(-kind.bits // 4)}x}" for code in codes]
    if isinstance(kind, CodebookType):
        found = texts(kind.entry, kind.lookup(values), form)
        size = kind.vector or 1
        if kind.vector is None:
            return found
        return [f"({' '.join(found[i : i + size])})" for i in range(0, len(found), size)]
    if kind.is_int:
        return [str(int(value)) for value in values.flat]
    if form == "decimal":
        return [_in_full(float(value)) for value in values.flat]
    return _shortest(kind, values)


def _in_full(value: float) -> str:
    """All decimal digits of a float."""
    return f"{Decimal(value):f}" if isfinite(value) else str(value)


def _shortest(kind: DType, values: Array) -> list[str]:
    """As few decimal digits of each value as tell it from all others of its type."""
    flat = values.reshape(-1).astype(np.float64)
    codes = kind.encode(flat)
    found = [repr(value) for value in flat.tolist()]
    if not isinstance(kind, FloatType):
        return found
    left = np.flatnonzero(np.isfinite(flat) & ((np.floor(flat) != flat) | (np.abs(flat) > _WHOLE)))
    for digits in range(1, 17):
        if not left.size:
            break
        short = np.array([float(f"{flat[i]:.{digits}g}") for i in left])
        # rounding up may leave the range
        fits = (np.abs(short) <= float(kind.max)) & np.isfinite(short)
        same = np.zeros(len(left), bool)
        same[fits] = kind.encode(short[fits]) == codes[left[fits]]
        for number, value in zip(left[same], short[same].tolist(), strict=True):
            found[number] = repr(value)
        left = left[~same]
    return found


def grid(shown: Sequence[str], shape: tuple[int, ...]) -> str:
    """The texts of a tile of that shape, in columns, with brackets around each row."""
    width = max(map(len, shown), default=0)
    cells = np.array([text.rjust(width) for text in shown], object).reshape(shape)
    plain: Any = {"all": str}
    return np.array2string(cells, WIDTH, threshold=sys.maxsize, formatter=plain)
