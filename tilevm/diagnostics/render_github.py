"""Diagnostics as GitHub workflow commands, which annotate the lines of a change."""

from __future__ import annotations

from collections.abc import Sequence

from tilevm.diagnostics.diagnostic import Diagnostic
from tilevm.diagnostics.visible import printable

_COMMANDS = {"error": "error", "warning": "warning", "note": "notice"}


def render_github(diagnostics: Sequence[Diagnostic]) -> str:
    """One workflow command per line; GitHub shows the labels, notes and help as further lines."""
    return "\n".join(_command(diagnostic) for diagnostic in diagnostics)


def _command(diagnostic: Diagnostic) -> str:
    properties = {"title": diagnostic.code}
    if (span := diagnostic.span) is not None:
        end_line, end_column = span.source.position(span.end)
        properties |= {"file": span.source.name, "line": str(span.line), "endLine": str(end_line)}
        if end_line == span.line:  # GitHub refuses columns for a range of several lines
            properties |= {"col": str(span.column), "endColumn": str(end_column)}
    fields = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    message = _data("\n".join(_lines(diagnostic)))
    return f"::{_COMMANDS[diagnostic.severity]} {fields}::{message}"


def _lines(diagnostic: Diagnostic) -> list[str]:
    lines = [diagnostic.message]
    for label in diagnostic.labels:
        if label.message:
            lines.append(f"{label.span.source.name}:{label.span.line}: {label.message}")
    lines += [f"note: {note}" for note in diagnostic.notes]
    if diagnostic.help is not None:
        lines.append(f"help: {diagnostic.help}")
    return lines


def _data(text: str) -> str:
    """``text`` after the second ``::``; the runner decodes exactly these escapes."""
    shown = printable(text, keep="\n")
    return shown.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
