"""Exact integers wider than 64 bits: arrays of digits, for sums that are to trap or to saturate.

``value = sum over k of parts[k] * 2**(width * k)``.  The parts are any int64 numbers below 2**62 in
size, so sums are taken part by part, and carries only at the end.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tilevm.dtypes.base import Array
from tilevm.dtypes.integers import IntType

Part = npt.NDArray[np.int64]
_HALF = 32


@dataclass(frozen=True)
class Digits:
    """An array of exact integers; `width` is below 63."""

    width: int
    parts: tuple[Part, ...]

    def reshape(self, *shape: int) -> Digits:
        """The same integers under another shape."""
        return Digits(self.width, tuple(part.reshape(shape) for part in self.parts))

    def fit(self, to: IntType, overflow: str | None, operation: str) -> Array:
        """The integers as values of `to`; `overflow` as in its arithmetic, `operation` its name."""
        digits, top = self._carried()
        places = [self.width * k for k in range(len(digits))]
        low = np.zeros(top.shape, np.uint64)
        for place, digit in zip(places, digits, strict=True):
            if place < 64:
                low |= digit.astype(np.uint64) << np.uint64(place)
        end = self.width * len(digits)
        if end < 64:
            low |= top.astype(np.uint64) << np.uint64(end)
        wrapped = to.wrap(low)
        if overflow in (None, "wrap"):
            return wrapped
        over = _shifted(wrapped, end) != top
        for place, digit in zip(places, digits, strict=True):
            over |= _shifted(wrapped, place) & ((1 << self.width) - 1) != digit
        return to.limited(operation, overflow, wrapped, over, top < 0)

    def _carried(self) -> tuple[list[Part], Part]:
        """Digits of 0 .. 2**width - 1, and what is above the last: it has the sign."""
        digits: list[Part] = []
        carry = np.zeros_like(self.parts[0])
        for part in self.parts:
            whole = part + carry
            digits.append(whole & ((1 << self.width) - 1))
            carry = whole >> self.width
        return digits, carry


def split(values: Array, width: int = _HALF) -> Digits:
    """Values of an integer type as digits of `width` bits; the last has the sign."""
    if values.dtype.itemsize < 8 and values.dtype.kind == "i":
        return Digits(width, (values.astype(np.int64),))
    count = -(-64 // width)
    wide = values.astype(np.int64 if values.dtype.kind == "i" else np.uint64)
    mask = wide.dtype.type((1 << width) - 1)
    low = [((wide >> wide.dtype.type(width * k)) & mask) for k in range(count - 1)]
    parts = [*low, wide >> wide.dtype.type(width * (count - 1))]
    return Digits(width, tuple(part.astype(np.int64) for part in parts))


def exact_total(values: Array, axes: tuple[int, ...]) -> Digits:
    """The exact sum over some axes."""
    terms = split(values)
    return Digits(terms.width, tuple(np.asarray(part.sum(axis=axes)) for part in terms.parts))


def _shifted(values: Array, by: int) -> Part:
    """floor(values / 2**by) modulo 2**64, for any `by`."""
    if values.dtype.kind == "i":
        return values.astype(np.int64) >> min(by, 63)
    wide = values.astype(np.uint64)
    return (wide >> np.uint64(by) if by < 64 else np.zeros_like(wide)).astype(np.int64)
