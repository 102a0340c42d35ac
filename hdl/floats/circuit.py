"""Where logic puts what it needs more than once: an expression of Amaranth is written out anew at
each use, a signal is not."""

from __future__ import annotations

from typing import Any

from amaranth import Module, Mux, Signal, Value, signed, unsigned

Lane = Any  # an Amaranth value


class Circuit:
    """Signals of a module, each assigned once, with readable names that differ."""

    def __init__(self, m: Module, prefix: str = "") -> None:
        self._m, self._prefix, self._count = m, prefix, 0

    def keep(self, name: str, value: Lane, bits: int | None = None) -> Signal:
        """A signal that holds a value; with `bits`, the low ones of it, unsigned."""
        value = Value.cast(value)
        shape = value.shape() if bits is None else unsigned(bits)
        kept = Signal(shape, name=f"{self._prefix}{name}_{self._count}")
        self._count += 1
        self.assign(kept, value)
        return kept

    def assign(self, kept: Signal, value: Lane) -> None:
        """Connects a new signal to its value."""
        self._m.d.comb += kept.eq(value)

    def choose(self, name: str, condition: Lane, one: Lane, other: Lane) -> Signal:
        """A signal that holds one of two values."""
        return self.keep(name, Mux(condition, one, other))

    def magnitude(self, name: str, value: Lane) -> Signal:
        """The absolute value of a signed value, unsigned and as wide."""
        return self.keep(name, Mux(value < 0, -value, value), len(value))

    def as_signed(self, name: str, value: Lane, bits: int) -> Signal:
        """The low `bits` bits of a value, signed."""
        kept = Signal(signed(bits), name=f"{self._prefix}{name}_{self._count}")
        self._count += 1
        self.assign(kept, value)
        return kept
