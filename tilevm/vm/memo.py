"""What is worked out about an object once, and forgotten with it."""

from __future__ import annotations

from typing import Generic, TypeVar
from weakref import ref

T = TypeVar("T")


class Memo(Generic[T]):
    """A dictionary from objects to values by identity: equality of kernels would print them."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[ref[object], T]] = {}

    def get(self, owner: object) -> T | None:
        """The value kept for this very object, if any."""
        found = self._known.get(id(owner))
        return found[1] if found is not None and found[0]() is owner else None

    def keep(self, owner: object, value: T) -> T:
        """Keeps a value as long as the object lives; returns it."""
        number = id(owner)
        self._known[number] = (ref(owner, lambda _: self._known.pop(number, None)), value)
        return value
