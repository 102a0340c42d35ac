"""Every diagnostic code, with what ``tilevm explain CODE`` prints.

One file for each class, which is the first digit behind ``TV0``: 0 syntax, 1 names, 2 types,
3 layouts and memory, 4 run time and data, 5 lowering and passes, 6 hardware, 8 command line and
files, 9 our own bug. A code never changes its meaning. Entries are ordered by code.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import chain
from types import MappingProxyType

from tilevm.diagnostics.codes import (
    checking,
    commands,
    facts,
    hardware,
    internal,
    layouts,
    lowering,
    names,
    running,
    syntax,
    types,
)
from tilevm.diagnostics.codes.code import Code

__all__ = ["CODES", "Code"]

_CLASSES = (
    syntax,
    names,
    types,
    layouts,
    running,
    checking,
    facts,
    lowering,
    hardware,
    commands,
    internal,
)


def _by_code(entries: Iterable[Code]) -> Mapping[str, Code]:
    table: dict[str, Code] = {}
    for entry in entries:
        if entry.code in table:
            raise ValueError(f"diagnostic code {entry.code} is in the catalogue twice")
        table[entry.code] = entry
    return MappingProxyType(table)


CODES: Mapping[str, Code] = _by_code(chain.from_iterable(part.CODES for part in _CLASSES))
