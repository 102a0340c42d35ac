"""Diagnostics as SARIF 2.1.0 (OASIS), which code scanning services and editors read."""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib import metadata
from pathlib import PurePath
from urllib.parse import quote

from tilevm.diagnostics.codes import CODES
from tilevm.diagnostics.diagnostic import Diagnostic, Label
from tilevm.diagnostics.span import Span

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)


def render_sarif(diagnostics: Sequence[Diagnostic]) -> str:
    """One SARIF log with one run; its rules are the codes that occur, from the catalogue."""
    codes = sorted({diagnostic.code for diagnostic in diagnostics})
    driver: dict[str, object] = {"name": "tilevm", "rules": [_rule(code) for code in codes]}
    try:
        driver["version"] = metadata.version("tilevm")
    except metadata.PackageNotFoundError:
        pass  # run from a source tree that is not installed; the version is optional
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(item, codes.index(item.code)) for item in diagnostics],
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2)


def _rule(code: str) -> dict[str, object]:
    rule: dict[str, object] = {"id": code}
    if (entry := CODES.get(code)) is not None:
        rule["shortDescription"] = {"text": entry.title}
        rule["fullDescription"] = {"text": entry.explanation}
        rule["help"] = {"text": entry.explanation}
    return rule


def _result(diagnostic: Diagnostic, rule_index: int) -> dict[str, object]:
    lines = [diagnostic.message, *(f"note: {note}" for note in diagnostic.notes)]
    if diagnostic.help is not None:
        lines.append(f"help: {diagnostic.help}")
    result: dict[str, object] = {
        "ruleId": diagnostic.code,
        "ruleIndex": rule_index,
        "level": diagnostic.severity,
        "message": {"text": "\n".join(lines)},
    }
    if diagnostic.labels:
        result["locations"] = [_location(diagnostic.labels[0])]
    if len(diagnostic.labels) > 1:
        result["relatedLocations"] = [
            {"id": index, **_location(label)}
            for index, label in enumerate(diagnostic.labels[1:], start=1)
        ]
    return result


def _location(label: Label) -> dict[str, object]:
    location: dict[str, object] = {
        "physicalLocation": {
            "artifactLocation": {"uri": _uri(label.span.source.name)},
            "region": _region(label.span),
        }
    }
    if label.message:
        location["message"] = {"text": label.message}
    return location


def _region(span: Span) -> dict[str, int]:
    end_line, end_column = span.source.position(span.end)
    return {
        "startLine": span.line,
        "startColumn": span.column,
        "endLine": end_line,
        "endColumn": end_column,
    }


def _uri(name: str) -> str:
    path = PurePath(name)
    quoted = quote(path.as_posix(), errors="surrogatepass")
    return f"file:///{quoted.lstrip('/')}" if path.is_absolute() else quoted
