"""Counters in a nest: which step an actor or a reader is at, and what follows from it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property, reduce
from operator import and_, or_
from typing import Any

from amaranth import Const, Module, Mux, Signal, Value


def all_of(conditions: Sequence[Value]) -> Value:
    """1 where all conditions hold; constants are left out, none at all hold."""
    rest = [c for c in conditions if not (isinstance(c, Const) and c.value == 1)]
    return reduce(and_, rest) if rest else Const(1)


def any_of(conditions: Sequence[Value]) -> Value:
    """1 where some condition holds; none of none does."""
    return reduce(or_, conditions) if conditions else Const(0)


class Nest:
    """Counters of the given trip counts, outermost first, that move on wherever `step` is 1.

    After the last step all are at zero again, so a nest runs for launch after launch.  Ask for
    counters and indices outside of any ``m.If``: what first needs them makes them.
    """

    def __init__(self, m: Module, trips: Sequence[int], step: Value, prefix: str = "") -> None:
        self._m, self._step, self._prefix = m, step, prefix
        self.trips = tuple(trips)

    @cached_property
    def counters(self) -> list[Value]:
        """One counter per level; they are made when something first depends on them."""
        counters: list[Value] = [
            Signal(range(count), name=f"{self._prefix}counter{level}") if count > 1 else Const(0)
            for level, count in enumerate(self.trips)
        ]
        self.__dict__["counters"] = counters  # `_roll` reads them by way of `last`
        self._roll(
            "sync",
            step=lambda level: counters[level].eq(counters[level] + 1),
            back=lambda level: counters[level].eq(0),
        )
        return counters

    @cached_property
    def first(self) -> list[Value]:
        """Per level: it is at its first step."""
        levels = zip(self.trips, self.counters, strict=True)
        return [counter == 0 if count > 1 else Const(1) for count, counter in levels]

    @cached_property
    def last(self) -> list[Value]:
        """Per level: it is at its last step."""
        levels = zip(self.trips, self.counters, strict=True)
        return [counter == count - 1 if count > 1 else Const(1) for count, counter in levels]

    @property
    def done(self) -> Value:
        """All levels are at their last step."""
        return all_of(self.last)

    def index(self, name: str, strides: Sequence[int]) -> Value:
        """A register that holds ``sum(counter * stride)``."""
        end = self._span(strides, 0)
        if end == 0:
            return Const(0)
        index = Signal(range(end + 1), name=self._prefix + name)
        self._roll(
            "sync",
            step=lambda level: index.eq(index + self._move(strides, level)),
            end=index.eq(0),
        )
        return index

    def address(self, name: str, strides: Sequence[int], advance: int, modulus: int) -> Value:
        """A register that holds ``(base + sum(counter * stride)) mod modulus``.

        `base` moves on by `advance` where the nest ends.
        """
        if modulus == 1:
            return Const(0)
        m, address = self._m, Signal(range(modulus), name=self._prefix + name)
        moves = [self._move(strides, level) % modulus for level in range(len(self.trips))]
        end = (advance - self._span(strides, 0)) % modulus
        live = {move for move, count in zip(moves, self.trips, strict=True) if count > 1}
        if live | {end} == {end}:
            move: Value = Const(end, range(modulus))
        else:
            move = Signal(range(modulus), name=f"{self._prefix}{name}_move")
            self._roll("comb", step=lambda level: move.eq(moves[level]), end=move.eq(end))
        with m.If(self._step):
            m.d.sync += address.eq(modulo(address + move, modulus))
        return address

    def _span(self, strides: Sequence[int], start: int) -> int:
        """Distance from the first to the last step of the levels from `start` on."""
        levels = zip(self.trips[start:], strides[start:], strict=True)
        return sum((count - 1) * stride for count, stride in levels)

    def _move(self, strides: Sequence[int], level: int) -> int:
        """Distance that a step of `level` covers, as all levels inside go back to zero."""
        return strides[level] - self._span(strides, level + 1)

    def _roll(
        self,
        domain: str,
        step: Callable[[int], Any],
        back: Callable[[int], Any] | None = None,
        end: Any = None,
    ) -> None:
        """At each step of the nest: `step` the innermost level not at its last step, and put
        `back` those inside it; `end` where there is none."""
        m, last = self._m, self.last
        levels = [level for level, count in enumerate(self.trips) if count > 1]

        def roll(at: int) -> None:
            if at < 0:
                m.d[domain] += [] if end is None else end
                return
            with m.If(last[levels[at]]):
                m.d[domain] += [] if back is None else back(levels[at])
                roll(at - 1)
            with m.Else():
                m.d[domain] += step(levels[at])

        with m.If(self._step):
            roll(len(levels) - 1)


def modulo(total: Value, modulus: int) -> Value:
    """`total`, below twice the modulus, reduced to below it."""
    if modulus & (modulus - 1) == 0:
        return total[: modulus.bit_length() - 1]
    return Mux(total >= modulus, total - modulus, total)
