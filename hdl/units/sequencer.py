"""The logic of turns: which place of a program an actor serves now, and how far it is."""

from __future__ import annotations

from amaranth import Const, Module, Signal, Value

from hdl.turns import Turns


class Sequencer:
    """Steps through the turns wherever `step` is 1; after the last firing it is at its start."""

    def __init__(self, m: Module, turns: Turns, step: Value) -> None:
        self._m = m
        leaves = turns.leaves
        self._number = {turn.place: n for n, (turn, _, _) in enumerate(leaves)}
        self.turn = _counter("turn", len(leaves))
        self.beat = _counter("turn_beat", max(turn.beats for turn, _, _ in leaves))
        rounds = [_counter(f"round{n}", loop.trips) for n, loop in enumerate(turns.loops)]
        first = {number: leaf for leaf, (_, begins, _) in enumerate(leaves) for number in begins}
        with m.If(step), m.Switch(self.turn):
            for leaf, (turn, _, ends) in enumerate(leaves):
                with m.Case(leaf) if leaf + 1 < len(leaves) else m.Default():
                    self._leaf(turns, turn.beats, ends, leaf, rounds, first)

    def _leaf(
        self,
        turns: Turns,
        beats: int,
        ends: tuple[int, ...],
        leaf: int,
        rounds: list[Value],
        first: dict[int, int],
    ) -> None:
        """One turn: its beats, then the loop that goes round, or the turn that follows."""
        m = self._m
        after = (leaf + 1) % len(self._number)

        def go(at: int) -> None:
            if at == len(ends):
                self._set(self.turn, Const(after))
                return
            number = ends[at]
            trips = turns.loops[number].trips
            if trips == 1:
                go(at + 1)
                return
            with m.If(rounds[number] == trips - 1):
                self._set(rounds[number], Const(0))
                go(at + 1)
            with m.Else():
                self._set(rounds[number], rounds[number] + 1)
                self._set(self.turn, Const(first[number]))

        if beats == 1:
            go(0)
            return
        with m.If(self.beat == beats - 1):
            self._set(self.beat, Const(0))
            go(0)
        with m.Else():
            self._set(self.beat, self.beat + 1)

    def _set(self, counter: Value, value: Value) -> None:
        if not isinstance(counter, Const):
            self._m.d.sync += counter.eq(value)

    def at(self, place: int) -> Value:
        """Whether a place has its turn."""
        if isinstance(self.turn, Const):
            return Const(1)
        return self.turn == self._number[place]


def _counter(name: str, count: int) -> Value:
    return Signal(range(count), name=name) if count > 1 else Const(0)
