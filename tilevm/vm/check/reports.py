"""The reports of a checked run: each pair of lines once, twenty at most."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from tilevm.diagnostics import Diagnostic, Label, Span
from tilevm.ir import Access, Op

LIMIT = 20


@dataclass(frozen=True)
class Site:
    """Where a program touches a buffer: an op, and which of its accesses it is."""

    op: Op
    access: Access | None = None

    @property
    def span(self) -> Span | None:
        """Its place in the text."""
        return (self.access.span if self.access is not None else None) or self.op.loc.span

    def __str__(self) -> str:
        return f"`{self.op.name}`" + (f" {self.access}" if self.access is not None else "")


class Reports:
    """Collects diagnostics."""

    def __init__(self) -> None:
        self._found: list[Diagnostic] = []
        self._keys: set[tuple[object, ...]] = set()
        self._more: set[tuple[object, ...]] = set()

    @property
    def diagnostics(self) -> list[Diagnostic]:
        """What is to be shown; the last says how many there was no room for."""
        if not self._more:
            return self._found
        last = self._found[-1]
        note = f"and {len(self._more)} more reports, not shown"
        return [*self._found[:-1], replace(last, notes=(*last.notes, note))]

    def take(self) -> Diagnostic:
        """The last report, which its finder raises."""
        return self._found.pop()

    def known(self, code: str, *about: object) -> bool:
        """Whether such a report was made, or there is no room for it; else it is to be made now."""
        key = (code, *about)
        if key in self._keys:
            return True
        if len(self._keys) == LIMIT:
            self._more.add(key)
            return True
        self._keys.add(key)
        return False

    def add(
        self,
        code: str,
        message: str,
        places: Sequence[tuple[Site | Span | None, str]],
        notes: Sequence[str] = (),
        help: str | None = None,
    ) -> None:
        """A report; the first place is where it happens.

        A place that was not written as text, or that has a label already, becomes a note.
        """
        labels: list[Label] = []
        said: list[str] = []
        for where, text in places:
            span = where.span if isinstance(where, Site) else where
            if span is not None and all(span != label.span for label in labels):
                labels.append(Label(span, text))
            elif isinstance(where, Site):
                said.append(f"{where}: {text}" if span is None else text)
        called = [n for where, _ in places if isinstance(where, Site) for n in where.op.loc.notes]
        notes = (*said, *notes, *dict.fromkeys(called))
        self._found.append(Diagnostic(code, message, tuple(labels), tuple(notes), help))
