"""``render``: one entry to every form in which diagnostics are written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType

from tilevm.diagnostics.diagnostic import Diagnostic
from tilevm.diagnostics.render_github import render_github
from tilevm.diagnostics.render_json import render_json
from tilevm.diagnostics.render_sarif import render_sarif
from tilevm.diagnostics.render_text import render_text

FORMATS: Mapping[str, Callable[[Sequence[Diagnostic]], str]] = MappingProxyType(
    {"text": render_text, "json": render_json, "github": render_github, "sarif": render_sarif}
)


def render(diagnostics: Iterable[Diagnostic], format: str = "text") -> str:
    """The diagnostics in ``format`` ("text", "json", "github" or "sarif"), with no last line end.

    Raises ``ValueError`` for a format that is not in ``FORMATS``.
    """
    if format not in FORMATS:
        raise ValueError(f"format must be one of {', '.join(FORMATS)}, not {format!r}")
    return FORMATS[format](tuple(diagnostics))
