"""Types with arguments, from text: `fixed(i16, -8)`, `codebook(f32, [0.5, 1])`."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NoReturn

from tilevm.diagnostics import Label, Source, Span, error, nearest
from tilevm.dtypes.base import DType
from tilevm.dtypes.codebook import CodebookType
from tilevm.dtypes.fixed import FixedType
from tilevm.dtypes.integers import IntType

_TOKEN = re.compile(
    r"(?:\s|#[^\n]*)*(?:(?P<number>-?(?:inf|nan)\b|[-+]?[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?)"
    r"|(?P<name>[A-Za-z_]\w*)|(?P<mark>[(),\[\]])|(?P<end>$))"
)
_CONSTRUCTORS = ("fixed", "codebook")
_MAX_DEPTH = 8


def applied(text: str, named: Callable[[str], DType], span: Span | None = None) -> DType:
    """The type that the text writes; `named` gives the types of plain names.

    `span`: where the text stands, for messages.  TV0201 for another form or an unknown name,
    TV0220 and TV0221 for impossible arguments.
    """
    return _Reader(text, named, span).whole()


class _Reader:
    def __init__(self, text: str, named: Callable[[str], DType], span: Span | None) -> None:
        self.text, self.named = text, named
        self.span = span or Span(Source("<type>", text), 0, len(text))
        self.end = 0
        self.advance()

    def advance(self) -> None:
        match = _TOKEN.match(self.text, self.end)
        if match is None:
            self.start = self.end
            self.end = self.start + 1
            self.fail("this is no part of a type")
        self.kind = match.lastgroup or "end"
        self.token = match[self.kind]
        self.start, self.end = match.span(self.kind)

    def fail(self, message: str, code: str = "TV0201", help: str | None = None) -> NoReturn:
        first = self.span.start
        place = Span(self.span.source, first + self.start, first + max(self.end, self.start + 1))
        raise error(code, message, Label(place), help=help)

    def take(self, mark: str) -> None:
        if self.token != mark:
            self.fail(f"expected `{mark}`, not `{self.token or 'the end'}`")
        self.advance()

    def whole(self) -> DType:
        found = self.element()
        if self.kind != "end":
            self.fail(f"expected the end of the type, not `{self.token}`")
        return found

    def element(self, depth: int = 0) -> DType:
        if self.kind != "name" or depth > _MAX_DEPTH:
            self.fail("an element type is meant here, such as i16")
        name, start, end = self.token, self.start, self.end
        self.advance()
        if self.token != "(":
            return self.named(name)
        if name not in _CONSTRUCTORS:
            self.start, self.end = start, end
            near = nearest(name, _CONSTRUCTORS)
            hint = f"did you mean `{near}`?" if near else "these are fixed and codebook"
            self.fail(f"no type `{name}` takes arguments", help=hint)
        self.advance()
        inner = self.element(depth + 1)
        self.take(",")
        made = self.fixed(inner) if name == "fixed" else self.codebook(inner)
        self.take(")")
        return made

    def fixed(self, base: DType) -> DType:
        if not isinstance(base, IntType):
            self.fail(f"fixed point scales an integer type, not {base}", "TV0220")
        scale = self.value()
        if not isinstance(scale, int):
            self.fail("the scale exponent is a whole number, as in fixed(i16, -8)", "TV0220")
        return FixedType(base, scale)

    def codebook(self, entry: DType) -> DType:
        if self.token != "[":
            self.fail("a list of entries is meant here, as in codebook(i8, [-1, 0, 1])", "TV0221")
        entries = self.value()
        return CodebookType(entry, entries)

    def value(self, depth: int = 0) -> Any:
        if self.kind == "number" or self.token in ("inf", "nan"):
            text = self.token
            self.advance()
            return int(text) if re.fullmatch("[-+]?[0-9]+", text) else float(text)
        if depth > 2:
            self.fail("entries are numbers, or lists of numbers", "TV0221")
        self.take("[")
        found = []
        while self.token != "]":
            found.append(self.value(depth + 1))
            if self.token != "]":
                self.take(",")
        self.take("]")
        return tuple(found)
