"""Where a statement of a program was written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from tilevm.diagnostics import Span


@dataclass(frozen=True)
class Loc:
    """Where a statement was written, and the comments that belong to it."""

    span: Span | None = None
    parts: Mapping[str, Span] = field(default_factory=dict)  # per operand and attribute
    targets: tuple[Span, ...] = ()  # per result
    comments: tuple[str, ...] = ()  # lines above
    remark: str = ""  # comment at the end of the line
    gap: bool = False  # a blank line above
    closing: tuple[str, ...] = ()  # comments before a region's closing brace
    called: tuple[Span, ...] = ()  # the calls that it was written out for, the innermost first

    def at(self, targets: tuple[Span, ...], parts: Mapping[str, Span]) -> Loc:
        """The same, with the places of the results, and of more operands and attributes."""
        return replace(self, targets=targets, parts={**self.parts, **parts})

    @property
    def notes(self) -> tuple[str, ...]:
        """What a diagnostic says of the calls."""
        return tuple(f"called at {span.source.name}:{span.line}" for span in self.called)
