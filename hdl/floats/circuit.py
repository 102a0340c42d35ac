"""Where logic puts what it needs more than once, and the tables that it reads.

An expression of Amaranth is written out anew at each use, a signal is not.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

from amaranth import Module, Mux, Signal, Value, signed, unsigned

if TYPE_CHECKING:
    from hdl.units.words import Words

Lane = Any  # an Amaranth value


class Circuit:
    """Signals of a module, each assigned once, with readable names that differ.

    Circuits of one module that are given the same dictionary share their tables.
    """

    def __init__(self, m: Module, prefix: str = "", tables: dict[Any, Words] | None = None) -> None:
        self._m, self._prefix, self._count = m, prefix, 0
        self._tables = {} if tables is None else tables

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

    def look_up(self, name: str, words: Sequence[int], bits: int, index: Lane) -> Signal:
        """The word of `bits` bits at an index that names one of all."""
        key = (name, tuple(words), bits)
        if key not in self._tables:
            from hdl.units.words import Words

            label = f"{name}{len(self._tables)}"
            self._tables[key] = Words(self._m, label, len(words), bits, words)
        return self.keep(name, self._tables[key].read(index))

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


class Unbuilt(Circuit):
    """A circuit in no module, to see what tables it would read: (name, words, bits of a word)."""

    def __init__(self) -> None:
        super().__init__(cast(Module, None))
        self.tables: set[tuple[str, tuple[int, ...], int]] = set()

    def assign(self, kept: Signal, value: Lane) -> None:
        pass

    def look_up(self, name: str, words: Sequence[int], bits: int, index: Lane) -> Signal:
        self.tables.add((name, tuple(words), bits))
        return self.keep(name, index, bits)
