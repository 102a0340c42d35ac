"""Passes one after the other, as text: ``canonicalise, rewrite_dot(form = bitserial)``."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tilevm.diagnostics import Diagnostic, TileError, error, nearest
from tilevm.ir.attribute import Symbol
from tilevm.passes.registry import PASSES, K, Pass, shown

_STEP = re.compile(r"\s*(\w+)\s*(?:\(([^()]*)\))?\s*(,|$)")
_OPTION = re.compile(r"\s*(\w+)\s*=\s*([\w+-]+)\s*")

Watch = Callable[[str, Any], None]  # a step's text, and the kernel or program after it


@dataclass(frozen=True)
class Step:
    """A pass with its options."""

    of: Pass[Any]
    options: Mapping[str, Any]

    def __str__(self) -> str:
        told = dict(self.options)
        told.update(told.pop("symbols", None) or {})  # as their names and numbers
        given = ", ".join(f"{name} = {shown(value)}" for name, value in told.items())
        return f"{self.of.name}({given})" if given else self.of.name


def steps(text: str) -> tuple[Step, ...]:
    """The passes that a text names, in order.

    TileError TV0510 for a pass that does not exist, TV0501 for an option, TV0511 for a text that
    names no passes.
    """
    return tuple(_steps(text))


def step(name: str, **options: Any) -> Step:
    """One pass with options from Python; raises as `steps` does."""
    found = _named(name)
    return Step(found, found.checked(options))


def transform(kernel: K, passes: str | Iterable[Step], watch: Watch | None = None) -> K:
    """The kernel or program after all the passes; `watch` sees each step and what it gave.

    An error that a pass raises is one of the program; it is raised with the name of the pass.
    """
    for each in steps(passes) if isinstance(passes, str) else passes:
        try:
            kernel = each.of(kernel, **each.options)
        except TileError as problem:
            first: Diagnostic = problem.diagnostics[0]
            notes = [*first.notes, f"in the pass {each}"]
            labels, hint = first.labels, first.help
            raise error(first.code, first.message, *labels, help=hint, notes=notes) from problem
        if watch is not None:
            watch(str(each), kernel)
    return kernel


def _steps(text: str) -> Iterator[Step]:
    at = 0
    while True:
        match = _STEP.match(text, at)
        if not match:
            raise _malformed(text)
        yield _read(_named(match[1]), match[2] or "", text)
        at = match.end()
        if not match[3]:
            return


def _named(name: str) -> Pass[Any]:
    if name not in PASSES:
        near = nearest(name, PASSES)
        hint = f"did you mean `{near}`?" if near else f"passes: {', '.join(PASSES)}"
        raise error("TV0510", f"there is no pass `{name[:80]}`", help=hint)
    return PASSES[name]


def _read(of: Pass[Any], inner: str, text: str) -> Step:
    found: dict[str, Any] = {}
    for part in inner.split(",") if inner.strip() else ():
        match = _OPTION.fullmatch(part)
        if not match:
            raise _malformed(text)
        name = of.option(match[1]).name
        if name in found:
            raise error("TV0501", f"option `{name}` is given twice")
        number = re.fullmatch(r"[+-]?[0-9]{1,18}", match[2])
        found[name] = int(match[2]) if number else Symbol(match[2])
    return Step(of, of.checked(found))


def _malformed(text: str) -> TileError:
    return error(
        "TV0511",
        f"`{text[:80]}` is not a list of passes",
        help="write them as in `canonicalise, rewrite_dot(form = lut, group = 4)`",
    )
