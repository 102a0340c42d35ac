"""Words of memory into beats of a port, and beats into words, as `Slots` lays them out."""

from __future__ import annotations

from typing import Any

from amaranth import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hdl.bus.slots import Slots
from hdl.units.stage import stream_of


class WordsToBeats(wiring.Component):
    """A stream of words to a stream of beats, one a cycle where words keep up.

    `last` is 1 while the beat that comes next is the last of its launch: what is left of the word
    that holds it is dropped.
    """

    def __init__(self, slots: Slots) -> None:
        self.slots = slots
        super().__init__(
            {
                "words": In(stream.Signature(slots.word_bits)),
                "result": Out(stream_of(slots.shape)),
                "last": In(1),
            }
        )

    def elaborate(self, platform: Any) -> Module:
        m, slots, words, result = Module(), self.slots, self.words, self.result
        payload = result.payload.as_value()
        m.d.comb += words.ready.eq(result.ready)
        if slots.words_a_beat > 1:
            held = Signal(slots.word_bits * (slots.words_a_beat - 1), reset_less=True)
            index, whole = Signal(range(slots.words_a_beat)), Signal()
            m.d.comb += [
                whole.eq(index == slots.words_a_beat - 1),
                payload.eq(Cat(held, words.payload)[: len(payload)]),
                result.valid.eq(words.valid & whole),
                words.ready.eq(result.ready | ~whole),
            ]
            with m.If(words.valid & words.ready):
                m.d.sync += index.eq(Mux(whole, 0, index + 1))
                with m.If(~whole):
                    m.d.sync += held.eq(Cat(held, words.payload)[slots.word_bits :])
            return m
        m.d.comb += [result.valid.eq(words.valid), payload.eq(words.payload[: len(payload)])]
        if slots.beats_a_word > 1:
            index, over = Signal(range(slots.beats_a_word)), Signal()
            size = 8 * slots.slot_bytes
            m.d.comb += [
                over.eq((index == slots.beats_a_word - 1) | self.last),
                payload.eq(words.payload.word_select(index, size)[: len(payload)]),
                words.ready.eq(result.ready & over),
            ]
            with m.If(result.valid & result.ready):
                m.d.sync += index.eq(Mux(over, 0, index + 1))
        return m


class BeatsToWords(wiring.Component):
    """A stream of beats to a stream of words; a launch's last word goes when its beats are there.

    `last` is 1 while the beat that comes next is the last of its launch.  Bytes without a beat
    are 0.
    """

    def __init__(self, slots: Slots) -> None:
        self.slots = slots
        super().__init__(
            {
                "source": In(stream_of(slots.shape)),
                "words": Out(stream.Signature(slots.word_bits)),
                "last": In(1),
            }
        )

    def elaborate(self, platform: Any) -> Module:
        m, slots, source, words = Module(), self.slots, self.source, self.words
        payload: Value = source.payload.as_value()
        padding = 8 * slots.slot_bytes - len(payload)
        slot = Cat(payload, Const(0, padding)) if padding else payload
        m.d.comb += [
            words.payload.eq(slot),
            words.valid.eq(source.valid),
            source.ready.eq(words.ready),
        ]
        if slots.words_a_beat > 1:
            index, whole = Signal(range(slots.words_a_beat)), Signal()
            m.d.comb += [
                whole.eq(index == slots.words_a_beat - 1),
                words.payload.eq(slot.word_select(index, slots.word_bits)),
                source.ready.eq(words.ready & whole),
            ]
            with m.If(words.valid & words.ready):
                m.d.sync += index.eq(Mux(whole, 0, index + 1))
        elif slots.beats_a_word > 1:
            index, over = Signal(range(slots.beats_a_word)), Signal()
            held, filled = Signal(slots.word_bits), Signal(slots.word_bits)
            m.d.comb += [
                over.eq((index == slots.beats_a_word - 1) | self.last),
                filled.eq(held),
                filled.word_select(index, len(slot)).eq(slot),
                words.payload.eq(filled),
                words.valid.eq(source.valid & over),
                source.ready.eq(words.ready | ~over),
            ]
            with m.If(source.valid & source.ready):
                m.d.sync += [index.eq(Mux(over, 0, index + 1)), held.eq(Mux(over, 0, filled))]
        return m
