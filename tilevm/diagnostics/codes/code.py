"""What the catalogue holds of each diagnostic code."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Code:
    """A stable code, its title (one line) and why it happens and how to mend it (a few lines)."""

    code: str
    title: str
    explanation: str
