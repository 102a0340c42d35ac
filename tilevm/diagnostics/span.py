"""Places in a source text."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)
class Source:
    """A text and the name that people know it by (a path, or ``<input>``).

    Lines end at ``\\n``; a ``\\r`` before it belongs to the line end. Offsets and columns count
    Unicode code points.
    """

    name: str
    text: str

    @cached_property
    def _line_starts(self) -> tuple[int, ...]:
        starts = [0]
        at = self.text.find("\n")
        while at >= 0:
            starts.append(at + 1)
            at = self.text.find("\n", at + 1)
        return tuple(starts)

    @property
    def line_count(self) -> int:
        """How many lines the text has; an empty text has one."""
        return len(self._line_starts)

    def position(self, offset: int) -> tuple[int, int]:
        """The line and column of ``text[offset]``, both counted from 1.

        An offset outside the text is moved to its nearest end: positions come from error paths,
        which must not fail themselves.
        """
        offset = max(0, min(offset, len(self.text)))
        line = bisect_right(self._line_starts, offset)
        return line, offset - self._line_starts[line - 1] + 1

    def bounds(self, number: int) -> tuple[int, int]:
        """The offsets where line ``number`` (from 1) starts and ends, its line end excluded.

        Raises ``IndexError`` if the text has no such line.
        """
        if not 1 <= number <= self.line_count:
            raise IndexError(f"{self.name} has lines 1 to {self.line_count}, not {number}")
        start = self._line_starts[number - 1]
        if number == self.line_count:
            return start, len(self.text)
        end = self._line_starts[number] - 1
        return start, end - (end > start and self.text[end - 1] == "\r")

    def line(self, number: int) -> str:
        """Line ``number`` (from 1) without its line end.

        Raises ``IndexError`` if the text has no such line.
        """
        start, end = self.bounds(number)
        return self.text[start:end]


@dataclass(frozen=True)
class Span:
    """The characters ``source.text[start:end]``; empty when ``start == end``."""

    source: Source
    start: int
    end: int

    @property
    def line(self) -> int:
        """The line of the first character, from 1."""
        return self.source.position(self.start)[0]

    @property
    def column(self) -> int:
        """The column of the first character, from 1."""
        return self.source.position(self.start)[1]

    @property
    def text(self) -> str:
        """The characters themselves."""
        return self.source.text[self.start : self.end]

    def to(self, other: Span) -> Span:
        """The smallest span that covers this one and ``other``, in either order.

        Raises ``ValueError`` if they are of different sources.
        """
        if other.source is not self.source and other.source != self.source:
            raise ValueError(
                f"cannot join a span of {self.source.name} with one of {other.source.name}"
            )
        return Span(self.source, min(self.start, other.start), max(self.end, other.end))
