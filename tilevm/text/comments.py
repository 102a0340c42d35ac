"""Comments and blank lines: found in the raw text, handed to the statements that they belong to."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

_COMMENT = re.compile(r'"(?:[^"\\\n]|\\.)*"|(#[^\n]*)')
_BLANK = re.compile(r"[ \t\r]*\n")
_BRACKET = re.compile(r'"(?:[^"\\\n]|\\.)*"|#[^\n]*|([\[({])|([\])}])')


@dataclass(frozen=True)
class Comment:
    """A comment from its `#` to the end of its line, without trailing blanks."""

    start: int
    text: str


class Comments:
    """The comments of a text, each taken once, in order, as the statements are read."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.all = [Comment(m.start(1), m[1].rstrip()) for m in _COMMENT.finditer(text) if m[1]]
        self.next = 0

    def before(self, end: int, start: int | None = None) -> tuple[str, ...]:
        """The comments not yet taken that start before `end`, as lines.

        An empty line between two of them stays one, and so does one between the last and what
        they belong to, which begins at `start`.
        """
        first = self.next
        self.next = max(first, bisect_left(self.all, end, key=lambda c: c.start))
        lines: list[str] = []
        for comment in self.all[first : self.next]:
            lines.append(comment.text)
            if start is None or comment.start < start:
                line_end = self.text.find("\n", comment.start)
                if line_end >= 0 and _BLANK.match(self.text, line_end + 1):
                    lines.append("")
        if start is None and lines and not lines[-1]:
            lines.pop()
        return tuple(lines)

    @property
    def place(self) -> int:
        """Where the next comment that is not taken starts; the end of the text if there is none."""
        return self.all[self.next].start if self.next < len(self.all) else len(self.text)

    @contextmanager
    def since(self, offset: int) -> Iterator[None]:
        """Takes comments from the offset on for a while, whatever was taken before."""
        old, self.next = self.next, bisect_left(self.all, offset, key=lambda c: c.start)
        try:
            yield
        finally:
            self.next = old

    def after(self, offset: int) -> str:
        """The comment that is all that follows on this line; '' if something else does."""
        if self.next == len(self.all):
            return ""
        comment = self.all[self.next]
        if comment.start < offset or self.text[offset : comment.start].strip(" \t\r"):
            return ""
        self.next += 1
        return comment.text

    def gap_before(self, offset: int) -> bool:
        """Whether a blank line stands above what begins at the offset, and its comments."""
        first = min(offset, self.place)
        end = self.text.rfind("\n", 0, first)
        if end < 0 or self.text[end:first].strip():
            return False
        return not self.text[self.text.rfind("\n", 0, end) + 1 : end].strip()


def deepest(text: str, limit: int) -> int | None:
    """The offset of the first bracket nested deeper than the limit, if there is one."""
    depth = 0
    for match in _BRACKET.finditer(text):
        if match[1]:
            depth += 1
            if depth > limit:
                return match.start()
        elif match[2]:
            depth = max(0, depth - 1)
    return None
