"""The image of a port in memory: which bytes hold each beat, and how many words a launch moves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hdl.netlist import BeatShape

PAGE = 4096  # bytes: what a burst never leaves, and what base addresses are multiples of


@dataclass(frozen=True)
class Slots:
    """Where the `beats` beats of a launch lie in memory that is read in words of `word_bits` bits.

    Beat b begins at byte ``b * slot_bytes`` of the image: a power of two where a word holds several
    beats, else whole words.  A beat's payload takes the lowest bits of its slot, lowest byte first.

    >>> slots = Slots(BeatShape(3, 8), beats=5, word_bits=64)
    >>> slots.slot_bytes, slots.beats_a_word, slots.words, slots.bytes
    (4, 2, 3, 20)
    >>> Slots(BeatShape(9, 8), beats=5, word_bits=64).words
    10
    """

    shape: BeatShape
    beats: int
    word_bits: int

    @property
    def word_bytes(self) -> int:
        return self.word_bits // 8

    @property
    def slot_bytes(self) -> int:
        """Bytes from one beat to the next."""
        size = -(-self.shape.width // 8)
        if size >= self.word_bytes:
            return -(-size // self.word_bytes) * self.word_bytes
        return int(1 << (size - 1).bit_length())

    @property
    def beats_a_word(self) -> int:
        return max(self.word_bytes // self.slot_bytes, 1)

    @property
    def words_a_beat(self) -> int:
        return max(self.slot_bytes // self.word_bytes, 1)

    @property
    def words(self) -> int:
        """Words of a launch; the last may be used in part."""
        return self.words_of(self.beats)

    @property
    def bytes(self) -> int:
        """Bytes of the image."""
        return self.beats * self.slot_bytes

    @property
    def last_strobe(self) -> int:
        """A bit for each byte of the last word: whether a beat is there."""
        return self.strobe(self.beats)

    def strobe(self, beats: int) -> int:
        """The same where the image ends after so many beats."""
        return (1 << beats * self.slot_bytes - (self.words_of(beats) - 1) * self.word_bytes) - 1

    def words_of(self, beats: int) -> int:
        """Words that hold the first beats of the image."""
        return -(-beats * self.slot_bytes // self.word_bytes)

    def image(self, payloads: Sequence[int]) -> bytes:
        """Beats as the bytes in memory."""
        return b"".join(payload.to_bytes(self.slot_bytes, "little") for payload in payloads)

    def payloads(self, image: bytes) -> list[int]:
        """The inverse of `image`; what stands above a payload, or behind all, is dropped."""
        mask, size = (1 << self.shape.width) - 1, self.slot_bytes
        return [
            int.from_bytes(image[at : at + size], "little") & mask
            for at in range(0, min(len(image), self.bytes), size)
        ]


@dataclass(frozen=True)
class Bursts:
    """A launch of `words` words as bursts: all of `length` words, but the last.

    `length` is a power of two and a burst's bytes divide a page: with a base address that is a
    multiple of a page no burst leaves its page.
    """

    words: int
    length: int

    @classmethod
    def of(cls, slots: Slots, longest: int) -> Bursts:
        """As long as `longest` words, the page and the image allow."""
        whole = 1 << (slots.words - 1).bit_length()
        return cls(slots.words, min(longest, PAGE // slots.word_bytes, whole))

    @property
    def count(self) -> int:
        return -(-self.words // self.length)

    @property
    def last(self) -> int:
        """Words of the last burst."""
        return self.words - (self.count - 1) * self.length
