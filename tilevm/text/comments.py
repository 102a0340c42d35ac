"""Comments and blank lines: found in the raw text, handed to the statements that they belong to."""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass

_COMMENT = re.compile(r'"(?:[^"\\\n]|\\.)*"|(#[^\n]*)')
_BRACKET = re.compile(r'"(?:[^"\\\n]|\\.)*"|#[^\n]*|([\[({])|([\])}])')


@dataclass(frozen=True)
class Comment:
    start: int
    text: str


class Comments:
    """The comments of a text, taken in order by the statements as they are read."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.all = [Comment(m.start(1), m[1].rstrip()) for m in _COMMENT.finditer(text) if m[1]]
        self.next = 0

    def before(self, offset: int) -> tuple[str, ...]:
        """The comments not yet taken that start before the offset."""
        first, self.next = self.next, bisect_left(self.all, offset, key=lambda c: c.start)
        self.next = max(first, self.next)
        return tuple(c.text for c in self.all[first : self.next])

    def after(self, offset: int) -> str:
        """The comment on the rest of the line, if only a comment is left there; otherwise ''."""
        end = self.text.find("\n", offset)
        rest = self.text[offset : end if end >= 0 else len(self.text)]
        if not rest.lstrip().startswith("#") or self.next >= len(self.all):
            return ""
        self.next += 1
        return self.all[self.next - 1].text

    def gap_before(self, offset: int) -> bool:
        """Whether a blank line stands between the statement before (or its comments) and this offset."""
        lines = self.text[:offset].split("\n")[:-1] if offset < 4096 else self._lines_before(offset)
        for line in reversed(lines):
            if not line.strip():
                return True
            if not line.strip().startswith("#"):
                return False
        return False

    def _lines_before(self, offset: int) -> list[str]:
        return self.text[offset - 4096 : offset].split("\n")[1:-1]


def deepest(text: str, limit: int) -> int | None:
    """The offset of the first bracket that is nested deeper than the limit, if there is one."""
    depth = 0
    for match in _BRACKET.finditer(text):
        if match[1]:
            depth += 1
            if depth > limit:
                return match.start()
        elif match[2]:
            depth = max(0, depth - 1)
    return None
