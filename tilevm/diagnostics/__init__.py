"""Diagnostics: places in a program, what is wrong there, and how to show it.

Every failure that a user can cause is a ``TileError`` with one or more ``Diagnostic`` of a stable
code. ``render`` writes them for people (``text``) or tools (``json``, ``github``, ``sarif``).
"""

from tilevm.diagnostics.codes import CODES, Code
from tilevm.diagnostics.diagnostic import (
    Diagnostic,
    Label,
    Severity,
    TileError,
    error,
    nearest,
)
from tilevm.diagnostics.render import FORMATS, render
from tilevm.diagnostics.span import Source, Span

__all__ = [
    "CODES",
    "FORMATS",
    "Code",
    "Diagnostic",
    "Label",
    "Severity",
    "Source",
    "Span",
    "TileError",
    "error",
    "nearest",
    "render",
]
