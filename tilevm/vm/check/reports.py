"""The reports of a checked run: each pair of lines once, twenty at most."""

from __future__ import annotations

from collections.abc import Sequence

from tilevm.diagnostics import Diagnostic, Label, Span
from tilevm.ir import Op

LIMIT = 20


class Reports:
    """Collects diagnostics; `diagnostics` are those to be shown."""

    def __init__(self) -> None:
        self.diagnostics: list[Diagnostic] = []
        self._seen: set[tuple[object, ...]] = set()

    def known(self, code: str, *about: object) -> bool:
        """Whether such a report was made, or there is no room for it; else it is made now."""
        key = (code, *about)
        if key in self._seen or len(self._seen) >= LIMIT:
            return True
        self._seen.add(key)
        return False

    def add(
        self,
        code: str,
        message: str,
        labels: Sequence[Label],
        notes: Sequence[str] = (),
        help: str | None = None,
    ) -> None:
        self.diagnostics.append(Diagnostic(code, message, tuple(labels), tuple(notes), help))


def place(op: Op) -> Span | None:
    """Where an op names the element that it touches, or the op itself."""
    return op.loc.parts.get("at") or op.loc.span


def described(op: Op, span: Span | None, text: str) -> tuple[list[Label], list[str]]:
    """A label at the op; a note where the program was not written as text."""
    if span is not None:
        return [Label(span, text)], []
    at = ", ".join(map(str, op.accesses))
    return [], [f"`{op.name}` {at}: {text}"]
