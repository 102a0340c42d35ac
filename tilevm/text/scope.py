"""Names: what each one means where it is used, and the errors when it means nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tilevm.diagnostics import Label, Span, TileError, error, nearest
from tilevm.ir import Value


class Skip(Exception):
    """A statement uses a name whose own statement was wrong: nothing more is said about it."""


@dataclass(frozen=True)
class Name:
    """One name: an index symbol, or a value (None if the statement that makes it was wrong)."""

    span: Span
    value: Value | None = None
    index: bool = False
    shape: bool = False  # an index that is a shape symbol


class Scope:
    """The names that are visible in a block: its own, and those of the blocks around it."""

    def __init__(self, outer: Scope | None = None) -> None:
        self.outer = outer
        self.inner: list[Scope] = []
        self.names: dict[str, Name] = {}
        if outer is not None:
            outer.inner.append(self)

    def find(self, name: str) -> Name | None:
        """What the name means here, if anything."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.names:
                return scope.names[name]
            scope = scope.outer
        return None

    def ended(self, name: str) -> Span | None:
        """Where a block that has ended gives the name, if one does."""
        scopes: list[Scope] = []
        scope: Scope | None = self
        while scope is not None:
            scopes, scope = [*scopes, *scope.inner], scope.outer
        while scopes:
            scope = scopes.pop()
            if name in scope.names:
                return scope.names[name].span
            scopes += scope.inner
        return None

    def all(self, index: bool) -> Iterator[str]:
        """The index symbols, or the values, innermost first."""
        scope: Scope | None = self
        while scope is not None:
            yield from (text for text, name in scope.names.items() if name.index == index)
            scope = scope.outer

    def define(self, text: str, name: Name) -> None:
        """Makes a name visible from here on; TV0102 if it means something already."""
        first = self.find(text)
        self.names[text] = name
        if first is not None:
            labels = [Label(name.span), Label(first.span, "first defined here")]
            hint = "a name is given once; choose another"
            raise error("TV0102", f"`{text}` is defined twice", *labels, help=hint)

    def poison(self, text: str, span: Span) -> None:
        """Makes known a name whose statement was wrong."""
        if self.find(text) is None:
            self.names[text] = Name(span)

    def value(self, text: str, span: Span) -> Value:
        """The tile or buffer of that name; TV0101 if there is none, TV0204 if it is an index."""
        name = self.find(text)
        if name is None:
            labels, near = [Label(span)], nearest(text, self.all(index=False))
            hint = f"did you mean `{near}`?" if near else "nothing of that name is defined above"
            gone = self.ended(text)
            if gone is not None:
                labels.append(Label(gone, "known only in its own block, which has ended"))
                hint = "make it before that block, or hand it on by `yield`"
            raise error("TV0101", f"there is no value `{text}`", *labels, help=hint)
        if name.index:
            hint = f"`iota i32[1] {{start = {text}}}` makes a tile of it"
            label = Label(span, "this is an index")
            raise error("TV0204", f"`{text}` is an index, not a tile", label, help=hint)
        if name.value is None:
            raise Skip
        return name.value

    def is_index(self, text: str) -> bool:
        """Whether the name is an index symbol here."""
        name = self.find(text)
        return name is not None and name.index

    def not_an_index(self, text: str, span: Span) -> TileError:
        """The error for a name in index arithmetic that is no index symbol."""
        name = self.find(text)
        if name is not None:
            what = "is not an index"
            hint = "indices are block ids, loop variables and shape symbols"
        else:
            what = "is not defined"
            near = nearest(text, self.all(index=True))
            known = ", ".join(self.all(index=True)) or "none"
            hint = f"did you mean `{near}`?" if near else f"the indices here: {known}"
        return error("TV0101", f"`{text}` {what}", Label(span), help=hint)
