"""Reading the text form of a layout."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import NoReturn, TypeVar

from tilevm.diagnostics import Label, Source, Span, TileError, error, nearest
from tilevm.layouts.layout import (
    Layout,
    column_local,
    column_spatial,
    local,
    replicated,
    spatial,
)

Argument = int | list[int]
Item = TypeVar("Item")

FACTORS: Mapping[str, Callable[..., Layout]] = {
    factor.__name__: factor for factor in (local, spatial, column_local, column_spatial, replicated)
}
DIMENSION_OPS = ("reduce", "permute", "squeeze", "unsqueeze", "reshape")

_TOKEN = re.compile(r"\s*(?:(?P<name>[A-Za-z_]\w*)|(?P<number>-?[0-9]+)|(?P<mark>[().,\[\]]))")


def parse(text: str, span: Span | None = None) -> Layout:
    """The layout that ``text`` writes: ``local(2, 1).spatial(8, 4)``, as `str` of a layout does.

    The first call is a factor; the calls after it are factors, which multiply, and the operations
    on dimensions, which take one list: ``spatial(4, 2).reduce([0])``. ``span`` is where the text
    stands in a program, for messages. Raises TileError: TV0338 for text of another form, and the
    code of any step that cannot be done, at the call that asks for it.
    """
    return _Reader(text, span).layout()


class _Reader:
    def __init__(self, text: str, span: Span | None) -> None:
        self.text = text
        self.span = span or Span(Source("<layout>", text), 0, len(text))
        self.start = self.end = 0  # of the token in hand
        self.closed = 0  # the end of the bracket closed last
        self.kind: str | None = None
        self.token = ""
        self.advance()

    def advance(self) -> None:
        match = _TOKEN.match(self.text, self.end)
        if match is None:
            rest = self.text[self.end :]
            self.start = self.end + len(rest) - len(rest.lstrip())
            self.kind, self.token = None, self.text[self.start : self.start + 1]
            self.end = self.start + len(self.token)
        else:
            self.kind = match.lastgroup
            self.start, self.end = match.span(match.lastgroup or 0)
            self.token = match[0].strip()

    def place(self, start: int, end: int) -> Span:
        if self.span.text != self.text:  # the text was rewritten since: offsets would mislead
            return self.span
        return Span(self.span.source, self.span.start + start, self.span.start + end)

    def reject(self, expected: str) -> NoReturn:
        short = self.token if len(self.token) <= 30 else self.token[:27] + "..."
        found = f"`{short}`" if short else "the end"
        raise error(
            "TV0338",
            f"expected {expected} in a layout, found {found}",
            Label(self.place(self.start, self.end), f"expected {expected}"),
        )

    def take(self, mark: str) -> bool:
        if self.token != mark:
            return False
        self.advance()
        return True

    def expect(self, mark: str) -> None:
        if not self.take(mark):
            self.reject(f"`{mark}`")

    def layout(self) -> Layout:
        result = self.call(None)
        while self.take("."):
            result = self.call(result)
        if self.token:
            self.reject("`.` or the end")
        return result

    def call(self, before: Layout | None) -> Layout:
        """One call, applied to the layout of the calls before it."""
        start, end, name = self.start, self.end, self.token
        known = FACTORS if before is None else (*FACTORS, *DIMENSION_OPS)
        if self.kind != "name":
            self.reject("the name of a factor, such as `local`")
        if name not in known:
            near = nearest(name, known)
            raise error(
                "TV0338",
                f"a layout cannot {'start with' if before is None else 'have'} `{name}`",
                Label(self.place(start, end), f"not one of {', '.join(known)}"),
                help=f"did you mean `{near}`?" if near else None,
            )
        self.advance()
        arguments = self.arguments()
        span = self.place(start, self.closed)
        wants_list = name in DIMENSION_OPS
        fits = len(arguments) == 1 if wants_list or name == "replicated" else True
        if not fits or any(isinstance(one, list) != wants_list for one in arguments):
            form = "one list of integers" if wants_list else "integers"
            form = "one integer" if name == "replicated" else form
            raise error("TV0338", f"`{name}` takes {form}", Label(span, f"takes {form}"))
        try:
            function = FACTORS[name] if before is None else getattr(before, name)
            result: Layout = function(*arguments)
        except TileError as failure:
            reason = failure.diagnostics[0]
            raise error(
                reason.code, reason.message, Label(span), help=reason.help, notes=reason.notes
            ) from None
        return result

    def arguments(self) -> list[Argument]:
        """``( argument, ... )``, a comma after the last one allowed; sets ``closed`` to its end."""
        return self.listed("(", ")", self.argument)

    def argument(self) -> Argument:
        return self.listed("[", "]", self.integer) if self.token == "[" else self.integer()

    def integer(self) -> int:
        if self.kind != "number":
            self.reject("an integer")
        if len(self.token) > 19:
            self.reject("an integer below 2**63")
        value = int(self.token)
        self.advance()
        return value

    def listed(self, opening: str, closing: str, item: Callable[[], Item]) -> list[Item]:
        self.expect(opening)
        items: list[Item] = []
        while self.token != closing:
            items.append(item())
            if self.token != closing:
                self.expect(",")
        self.closed = self.end
        self.expect(closing)
        return items
