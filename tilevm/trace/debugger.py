"""A debugger for tile programs: stops before ops, and does what lines of text say.

The thread blocks of a chunk run together; the debugger follows one of them and shows its values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import prod
from typing import Any

import numpy as np

from tilevm.ir import Kernel, Op, TileType
from tilevm.vm import Group, Watcher
from tilevm.vm.whereabouts import named

HELP = """\
s, step            run to the next op
n, next            run to the next op, but not into a loop or branch
c, continue        run to the next breakpoint, or to the end
b, break LINE      stop before ops of this line; without LINE: show the breakpoints
d, delete LINE     no longer stop there
p, print NAME      show a tile or buffer, as in `print t` or `print t[0, 2]`; or an index
l, list            show the program around this line
w, where           show the op that is next, the block and the loop variables
v, values          show the names that are known here
blocks             show the thread blocks that are here together
block N            follow thread block N
q, quit            end the run"""


class Quit(Exception):
    """The run was ended."""


class Debugger(Watcher):
    """Reads commands from `lines`, answers by `say`; `source` is the text of the program.

    Where the lines are at an end, the program runs on without stops.
    """

    def __init__(
        self,
        kernel: Kernel,
        lines: Iterator[str],
        say: Callable[[str], None],
        source: str = "",
        grid: tuple[int, ...] = (),
    ) -> None:
        self.kernel, self.lines, self.say, self.grid = kernel, lines, say, grid
        self.source = source.split("\n")
        self.places = {line for op in kernel.body.walk() if (line := _line(op)) is not None}
        self.breaks: set[int] = set()
        self.focus = 0
        self.stepping = True  # stop before the next op
        self.until: Op | None = None  # the statement that `next` runs to the end of
        self.ended = False
        self.last = ""
        self.op: Op | None = None
        self.group: Group | None = None

    # --- what the machine tells

    def before(self, op: Op, group: Group) -> None:
        if self.ended or self.focus not in group.blocks:
            return
        if not self.stepping and _line(op) not in self.breaks:
            return
        self.op, self.group = op, group
        self.stepping, self.until = False, None
        self.where()
        while self.command():
            pass

    def after(self, op: Op, group: Group) -> None:
        if op is self.until and self.focus in group.blocks:
            self.stepping, self.until = True, None

    # --- commands

    def command(self) -> bool:
        """Does what the next line says; False where the program is to go on."""
        line = next(self.lines, None)
        if line is None:
            self.ended = True
            return False
        line = line.strip() or self.last
        self.last = line
        word, _, rest = line.partition(" ")
        rest = rest.strip()
        match word:
            case "":
                return True
            case "s" | "step":
                self.stepping = True
                return False
            case "n" | "next":
                self.until = self.op
                return False
            case "c" | "continue":
                return False
            case "q" | "quit":
                raise Quit
            case "b" | "break":
                self.set_break(rest)
            case "d" | "delete":
                self.delete(rest)
            case "p" | "print":
                self.show(rest)
            case "l" | "list":
                self.listing()
            case "w" | "where":
                self.where()
            case "v" | "values":
                self.values()
            case "blocks":
                self.blocks()
            case "block":
                return self.follow(rest)
            case "h" | "help" | "?":
                self.say(HELP)
            case _:
                self.say(f"there is no command `{word}`; `help` shows all")
        return True

    def where(self) -> None:
        """The op that is next."""
        assert self.op is not None and self.group is not None
        line = _line(self.op)
        text = self.source[line - 1].strip() if line and line <= len(self.source) else self.op.name
        number = f"line {line}" if line is not None else f"`{self.op.name}`"
        self.say(f"{number}, block {self.named(self.focus)}{self.rounds()}: {text}")

    def rounds(self) -> str:
        """The loop variables of the block."""
        assert self.group is not None
        return "".join(f", {name} = {self.index(name)}" for name in self.group.loops)

    def index(self, name: str) -> int:
        assert self.group is not None
        value = self.group[name]
        return int(value[self.row()] if np.ndim(value) else value)

    def row(self) -> int:
        """Where the followed block is in the group."""
        assert self.group is not None
        return int(np.flatnonzero(self.group.blocks == self.focus)[0])

    def named(self, block: int) -> str:
        """A thread block by number, and by its indices in the grid."""
        ids = named(self.kernel, self.grid, block)
        return f"{block} ({ids})" if ids else str(block)

    def set_break(self, text: str) -> None:
        if not text:
            listed = ", ".join(map(str, sorted(self.breaks)))
            self.say(f"breakpoints: lines {listed}" if listed else "no breakpoints")
            return
        line = self.line(text)
        if line is None:
            return
        later = [place for place in sorted(self.places) if place >= line]
        if not later:
            self.say(f"no op stands in line {line} of `{self.kernel.name}`, or below")
            return
        self.breaks.add(later[0])
        moved = "" if later[0] == line else f", the first op from line {line} on"
        self.say(f"stops before line {later[0]}{moved}")

    def delete(self, text: str) -> None:
        line = self.line(text)
        if line is None:
            return
        if line not in self.breaks:
            self.say(f"there is no breakpoint in line {line}")
            return
        self.breaks.discard(line)
        self.say(f"no longer stops before line {line}")

    def line(self, text: str) -> int | None:
        if not (text.isascii() and text.isdigit() and len(text) < 10):
            self.say(f"a line is a number, as in `break 7`, not `{text}`")
            return None
        return int(text)

    def show(self, text: str) -> None:
        """Prints a value, a part of it, or an index."""
        assert self.group is not None
        name, bracket, rest = text.partition("[")
        name = name.strip()
        value = self.known().get(name)
        if value is None:
            if any(name in group.indices for group in _groups(self.group)):
                self.say(f"{name} = {self.index(name)}")
            else:
                self.say(f"`{name}` is not known here; `values` shows what is")
            return
        kind, data = value
        if bracket:
            try:
                at = tuple(int(part) for part in rest.rstrip().rstrip("]").split(","))
                data = data[at]
            except (ValueError, IndexError):
                self.say(f"`{name}` has shape {list(data.shape)}: write indices, `{name}[0]`")
                return
            self.say(f"{text.strip()} =\n{data}")
            return
        self.say(f"{name}: {kind} =\n{np.array2string(np.asarray(data))}")

    def known(self) -> dict[str, tuple[str, Any]]:
        """The tiles and buffers that the block knows, by name."""
        found: dict[str, tuple[str, Any]] = {}
        group, row = self.group, self.row()
        assert group is not None
        for value in [v for g in _groups(group) for v in g.known]:
            data = group.data(value)
            if isinstance(value.type, TileType):
                found[value.name] = (str(value.type), data[row if len(data) > 1 else 0])
            else:
                copy = int(group.rows[row]) if data.shared else 0
                flat = data.values.reshape(-1, *data.extents)
                found[value.name] = (str(value.type), flat[copy])
        return found

    def listing(self) -> None:
        """The program around the line that is next."""
        assert self.op is not None
        line = _line(self.op)
        if line is None or not self.source:
            self.say("this program was not read from a file")
            return
        first, last = max(1, line - 4), min(len(self.source), line + 4)
        width = len(str(last))
        for number in range(first, last + 1):
            mark = "->" if number == line else "* " if number in self.breaks else "  "
            self.say(f"{mark} {number:{width}}  {self.source[number - 1]}".rstrip())

    def values(self) -> None:
        """The names that are known here."""
        assert self.group is not None
        for name, (kind, _) in self.known().items():
            self.say(f"{name}: {kind}")

    def blocks(self) -> None:
        """The blocks of the group."""
        assert self.group is not None
        numbers = self.group.blocks.tolist()
        shown = ", ".join(map(str, numbers[:16])) + (", ..." if len(numbers) > 16 else "")
        self.say(f"{len(numbers)} here together: {shown}")

    def follow(self, text: str) -> bool:
        """Follows another block; whether to stay, as it is here."""
        assert self.group is not None
        count = prod(self.grid)
        if not (text.isascii() and text.isdigit()) or len(text) > 18 or int(text) >= count:
            self.say(f"blocks are numbered from 0 to {count - 1}, as in `block 0`")
            return True
        self.focus = int(text)
        if self.focus in self.group.blocks:
            self.where()
            return True
        self.stepping = True  # it stops where that block comes to an op
        return False


def _groups(group: Group | None) -> Iterator[Group]:
    """A group and those around it."""
    while group is not None:
        yield group
        group = group.outer


def _line(op: Op) -> int | None:
    return op.loc.span.line if op.loc.span is not None else None
