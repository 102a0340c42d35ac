"""Diagnostics for programs: an array of objects."""

from __future__ import annotations

import json
from collections.abc import Sequence

from tilevm.diagnostics.diagnostic import Diagnostic, Label
from tilevm.diagnostics.span import Source


def render_json(diagnostics: Sequence[Diagnostic]) -> str:
    """A JSON array (ASCII only) with one object per diagnostic.

    Its keys are those of ``Diagnostic``; a label has ``file``, ``start`` and ``end`` (each with
    ``line`` and ``column`` from 1 and ``offset`` from 0, in code points; the end is exclusive),
    ``message`` and ``primary``.
    """
    return json.dumps([_diagnostic(diagnostic) for diagnostic in diagnostics], indent=2)


def _diagnostic(diagnostic: Diagnostic) -> dict[str, object]:
    return {
        "severity": diagnostic.severity,
        "code": diagnostic.code,
        "message": diagnostic.message,
        "labels": [_label(label, not i) for i, label in enumerate(diagnostic.labels)],
        "notes": list(diagnostic.notes),
        "help": diagnostic.help,
    }


def _label(label: Label, primary: bool) -> dict[str, object]:
    span = label.span
    return {
        "file": span.source.name,
        "start": _place(span.source, span.start),
        "end": _place(span.source, span.end),
        "message": label.message,
        "primary": primary,
    }


def _place(source: Source, offset: int) -> dict[str, int]:
    line, column = source.position(offset)
    return {"line": line, "column": column, "offset": offset}
