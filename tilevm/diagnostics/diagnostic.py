"""What a diagnostic is, and the exception that carries diagnostics to the caller."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

from tilevm.diagnostics.span import Span

Severity = Literal["error", "warning", "note"]


@dataclass(frozen=True)
class Label:
    """A place in the program and what is to be said about it."""

    span: Span
    message: str = ""


@dataclass(frozen=True)
class Diagnostic:
    """One thing that is wrong, with the places that show it.

    ``labels[0]`` is the primary place (drawn ``^^^``), the others explain it (drawn ``---``).
    ``notes`` state facts; ``help`` says what to do.
    """

    code: str
    message: str
    labels: tuple[Label, ...] = ()
    notes: tuple[str, ...] = ()
    help: str | None = None
    severity: Severity = "error"

    @property
    def span(self) -> Span | None:
        """The primary place, if there is one."""
        return self.labels[0].span if self.labels else None


class TileError(Exception):
    """The user's program, data or command cannot be accepted, for the reasons in ``diagnostics``.

    ``str(error)`` is the rendered text.
    """

    def __init__(self, *diagnostics: Diagnostic) -> None:
        if not diagnostics:
            raise ValueError("a TileError needs at least one diagnostic")
        super().__init__(*diagnostics)
        self.diagnostics: tuple[Diagnostic, ...] = diagnostics

    def __str__(self) -> str:
        from tilevm.diagnostics.render import render  # render.py needs Diagnostic from this file

        return render(self.diagnostics)


def error(
    code: str,
    message: str,
    *labels: Label,
    help: str | None = None,
    notes: Iterable[str] = (),
) -> TileError:
    """A ``TileError`` with one diagnostic, for ``raise error(...)``."""
    return TileError(Diagnostic(code, message, labels, tuple(notes), help))


def nearest(name: str, candidates: Iterable[str]) -> str | None:
    """The candidate that ``name`` most likely misspells, or None if none is close.

    Letters in common (``difflib``'s ratio) must be at least 0.6, or 0.5 for names of one or two
    letters, where one slip weighs more. A difference in case alone always counts. The first
    candidate wins a tie. ``name`` itself is never suggested.
    """
    best: str | None = None
    matcher = SequenceMatcher(autojunk=False)
    matcher.set_seq2(name.casefold())
    bar = 0.5 if len(name) <= 2 else 0.6
    for candidate in candidates:
        if candidate == name:
            continue
        matcher.set_seq1(candidate.casefold())
        if matcher.real_quick_ratio() < bar or matcher.quick_ratio() < bar:
            continue
        ratio = matcher.ratio()
        if ratio > bar or (best is None and ratio == bar):
            best, bar = candidate, ratio
    return best
