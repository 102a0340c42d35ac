"""How much of an image a launch moves: all of it, or what the beats of a shorter launch take."""

from __future__ import annotations

from amaranth import Array, Const, Mux, Value

from hdl.bus.slots import Bursts, Slots


class Extent:
    """Last words, last bursts and last strobes of a launch of `beats` beats.

    Constants where `beats` is None: the whole image.
    """

    def __init__(self, slots: Slots, beats: Value | None = None) -> None:
        self.slots = slots
        self.beats = beats
        self.last_word: Value = Const(slots.words - 1)
        self.last_strobe: Value = Const(slots.last_strobe, slots.word_bytes)
        if beats is None:
            return
        if slots.words_a_beat > 1:
            self.last_word = beats * slots.words_a_beat - 1
        else:
            shift = (slots.beats_a_word - 1).bit_length()
            before = (beats - 1)[: slots.beats.bit_length()]
            self.last_word = before[shift:]
            if shift:
                strobes = [slots.strobe(count) for count in range(1, slots.beats_a_word + 1)]
                choices = Array(Const(strobe, slots.word_bytes) for strobe in strobes)
                self.last_strobe = choices[before[:shift]]

    def last_burst(self, bursts: Bursts) -> Value:
        """Number of the last burst."""
        if self.beats is None:
            return Const(bursts.count - 1)
        return self.last_word[(bursts.length - 1).bit_length() :]

    def length(self, bursts: Bursts, last: Value) -> Value:
        """Words of a burst, which is the last of the launch or not."""
        if self.beats is None:
            if bursts.last == bursts.length:
                return Const(bursts.length)
            return Mux(last, bursts.last, bursts.length)
        bits = (bursts.length - 1).bit_length()
        return Mux(last, self.last_word[:bits] + 1, bursts.length)
