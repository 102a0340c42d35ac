"""Who looks on while a program runs: told of each op before and after it, in groups of blocks."""

from __future__ import annotations

from typing import Protocol

from tilevm.ir import Op
from tilevm.vm.group import Group


class Watcher(Protocol):
    """Is told of every op; it reads values of the group, and changes nothing.

    A statement that holds others comes before them, and again after them.
    """

    def before(self, op: Op, group: Group) -> None: ...

    def after(self, op: Op, group: Group) -> None: ...
